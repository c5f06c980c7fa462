"""Objects to shared objects, with lld.

The target's libraries are not needed for it: for lld, empty libraries of the same names and
functions stand in. So a call of anything else is an error here, and the loader on the target finds
the names of the libraries that are really needed.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

from afe.a65.codegen import compile_assembly
from afe.a65.libraries import LIBRARIES
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
        for library, stand_in in _stand_ins().items():
            (folder / library).write_bytes(stand_in)
        arguments = ["-z", "defs", "-z", "noexecstack", "-z", "relro", "-z", "now", "--gc-sections"]
        return _lld(folder, [*arguments, "code.o", "--as-needed", *LIBRARIES])


@functools.cache
def _stand_ins() -> dict[str, bytes]:
    """An empty library for each of the target's, by its name."""
    return {library: _stand_in(library, names) for library, names in LIBRARIES.items()}


def _stand_in(library: str, functions: tuple[str, ...]) -> bytes:
    text = "\n".join(f"define void @{function}() {{ ret void }}" for function in functions)
    with tempfile.TemporaryDirectory(prefix="afe-a65-") as name:
        folder = Path(name)
        (folder / "code.o").write_bytes(compile_assembly(text))
        return _lld(folder, ["-soname", library, "code.o"])


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
