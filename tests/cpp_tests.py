"""Builds and runs the C++ test executables of the plain libraries, under sanitizers.

They need no MLIR and compile in seconds, so that a test run never uses a stale executable. The
project's own compiler is taken if its sanitizer runtime is installed, else g++ (the libraries are
plain C++17, only MLIR code minds the compiler), else undefined behaviour alone is trapped.
"""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SANITIZED = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
TRAPPED = ["-fsanitize=undefined", "-fsanitize-trap=undefined"]


def _links(compiler: list[str], folder: Path) -> bool:
    """Whether `compiler` can make an executable, which its sanitizer's runtime may prevent."""
    source = folder / "empty.cpp"
    source.write_text("int main() {}\n")
    command = [*compiler, str(source), "-o", str(folder / "empty")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _compiler(folder: Path, sanitize: bool) -> list[str]:
    """The command to compile with: clang++-22 or g++, and flags."""
    if not sanitize:
        return ["clang++-22", "-O2"]
    for name in ("clang++-22", "g++"):
        candidate = [name, "-O1", "-g", *SANITIZED]
        if shutil.which(name) and _links(candidate, folder):
            return candidate
    return ["clang++-22", "-O1", "-g", *TRAPPED]


def build(
    folder: Path,
    name: str,
    sources: list[str],
    *,
    sanitize: bool = True,
    flags: tuple[str, ...] = (),
) -> Path:
    """Compiles `sources` (paths and globs from the project's root) into `folder`/`name`."""
    files = [str(path) for pattern in sources for path in sorted(ROOT.glob(pattern))]
    objects: list[str] = []
    launcher = ["ccache"] if shutil.which("ccache") else []
    command = [*_compiler(folder, sanitize), "-std=c++17", f"-I{ROOT / 'lib'}", *flags]
    running: list[subprocess.Popen[bytes]] = []
    for file in files:
        objects.append(str(folder / f"{name}-{len(objects)}.o"))
        if len(running) >= (os.cpu_count() or 1):
            assert running.pop(0).wait() == 0, "compilation failed"
        running.append(subprocess.Popen([*launcher, *command, "-c", file, "-o", objects[-1]]))
    assert all(process.wait() == 0 for process in running), "compilation failed"
    subprocess.run([*command, *objects, "-o", str(folder / name)], check=True)
    return folder / name


def run(executable: Path, *arguments: str) -> str:
    """Runs a test executable, fails with what it printed if a case fails, and returns that."""
    done = subprocess.run(
        [str(executable), *arguments], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
