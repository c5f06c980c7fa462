# How lit finds the tests and the tools they run.
# Through a build (`ninja check-lit`) the tools come from there; `lit tests` takes the build named
# by `--param build=DIR`, else the newest of build*/ in the project, else what is on the PATH.
# ruff: noqa: F821  (lit defines `config` and `lit_config`)
import os
import shutil
import subprocess
from pathlib import Path

import lit.formats

PROJECT = Path(__file__).resolve().parent.parent


def newest_build():
    """The bin folder of the build made last, or None."""
    builds = [tool.parent for tool in PROJECT.glob("build*/**/bin/mla-opt")]
    return max(builds, key=lambda folder: (folder / "mla-opt").stat().st_mtime, default=None)


def afe_tools_dir():
    """Where mla-opt is: as the site configuration or the parameter says, or where it is found."""
    if hasattr(config, "afe_tools_dir"):
        return Path(config.afe_tools_dir)
    if build := lit_config.params.get("build"):
        return Path(build) / "bin"
    on_path = shutil.which("mla-opt")
    return newest_build() or (Path(on_path).parent if on_path else None)


def llvm_tools_dir():
    """Where FileCheck, not and split-file are."""
    if hasattr(config, "llvm_tools_dir"):
        return Path(config.llvm_tools_dir)
    llvm_config = shutil.which("llvm-config-22")
    if llvm_config is None:
        return Path("/usr/lib/llvm-22/bin")
    return Path(
        subprocess.run(
            [llvm_config, "--bindir"], capture_output=True, text=True, check=True
        ).stdout.strip()
    )


config.name = "afe"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".s"]
config.excludes = ["python", "e2e", "properties", "Inputs"]
config.test_source_root = str(PROJECT / "tests")

tools = afe_tools_dir()
if tools is None or not (tools / "mla-opt").exists():
    lit_config.fatal(
        "no mla-opt: build one (cmake -G Ninja -B build && ninja -C build mla-opt), or name a "
        "build with --param build=DIR"
    )
config.available_features |= {tool.name for tool in tools.iterdir()}
config.test_exec_root = str(tools.parent / "tests" / "output")
config.environment["PATH"] = os.pathsep.join(
    [str(tools), str(llvm_tools_dir()), config.environment.get("PATH", "")]
)
config.environment["PYTHONPATH"] = str(PROJECT / "python")
config.substitutions.append(("%project", str(PROJECT)))
