#!/usr/bin/env bash
# Installs what the build, the compiler and its tests need from Debian 12: MLIR and LLVM 22, clang-22,
# lld-22, CMake, Ninja; for the tests a C compiler and an emulator for AArch64. Installs only what is
# missing, as root or through sudo; does nothing when all is there.
set -euo pipefail

packages=(
  libmlir-22-dev mlir-22-tools llvm-22-dev llvm-22-tools llvm-22   # libraries, FileCheck, readelf
  clang-22 lld-22 clang-format-22                                  # compiler, linkers, formatter
  cmake ninja-build ccache make git python3-venv
  gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user            # tests: C programs on AArch64
)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi

run=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "missing system packages, and neither root nor sudo is there to install them:" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  run=(sudo)
fi
echo "installing ${missing[*]}"
"${run[@]}" apt-get update -q
"${run[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -q -y --no-install-recommends "${missing[@]}"
