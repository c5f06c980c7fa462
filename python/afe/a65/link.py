"""Objects to shared objects, with lld.

They need no library: what LLVM calls by itself comes with them, and a call of anything else is an
error here.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

from afe.a65.codegen import compile_assembly
from afe.a65.memory_functions import MEMORY_FUNCTIONS
from afe.errors import AfeError, ErrorCode

LINKERS = ("ld.lld-22", "ld.lld")

_FLAGS = ("-shared", "--build-id=none", "-Bsymbolic", "--hash-style=both", "--strip-all")


def link_shared_object(object_file: bytes) -> bytes:
    """The shared object of one object file; the bytes depend on nothing else.

    Raises AfeError COMPILE_FAILED where lld is missing or fails.
    """
    with tempfile.TemporaryDirectory(prefix="afe-a65-") as name:
        folder = Path(name)
        (folder / "code.o").write_bytes(object_file)
        (folder / "memory.o").write_bytes(_memory_functions())
        arguments = ["-z", "defs", "-z", "noexecstack", "-z", "relro", "-z", "now", "--gc-sections"]
        return _lld(folder, [*arguments, "code.o", "memory.o"])


@functools.cache
def _memory_functions() -> bytes:
    return compile_assembly(MEMORY_FUNCTIONS)


def _lld(folder: Path, arguments: list[str]) -> bytes:
    command = [_linker(), *_FLAGS, *arguments, "-o", "out.so"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise AfeError(
            ErrorCode.COMPILE_FAILED,
            f"lld cannot link the code for the Cortex-A65: {lines[0] if lines else 'no message'}",
            notes=lines[1:],
        )
    return (folder / "out.so").read_bytes()


def _linker() -> str:
    for name in LINKERS:
        if path := shutil.which(name):
            return path
    raise AfeError(
        ErrorCode.COMPILE_FAILED,
        f"the model needs Cortex-A65 code, and no linker is installed ({' or '.join(LINKERS)})",
        notes=["install LLVM's lld 22, or quantize the layers that the fallbacks name"],
    )
