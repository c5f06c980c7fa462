"""Output files: complete or absent.

A file is written aside and renamed; a folder made for it is removed again if the work fails.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from afe.errors import AfeError, ErrorCode


def write_atomically(path: Path, pieces: Iterable[bytes]) -> None:
    """`path` with the bytes of `pieces`, or AfeError OUTPUT_FAILED and no trace."""
    aside = ""
    try:
        handle, aside = tempfile.mkstemp(prefix=f".{path.name[:64]}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
            os.fchmod(file.fileno(), 0o666 & ~_umask())
        os.replace(aside, path)
    except OSError as error:
        _remove(aside)
        raise _failed(path, error) from error
    except BaseException:
        _remove(aside)
        raise


@contextlib.contextmanager
def output_folder(folder: Path) -> Iterator[Path]:
    """`folder`, made with its parents and writable; what was made goes again on an exception."""
    # Known before the first is made: an interruption at any moment finds them all.
    missing = [path for path in [*reversed(folder.parents), folder] if not path.exists()]
    try:
        _make(folder, missing)
        yield folder
    except BaseException:
        for path in reversed(missing):
            with contextlib.suppress(OSError):
                path.rmdir()
        raise


def _make(folder: Path, missing: Iterable[Path]) -> None:
    try:
        for path in missing:
            path.mkdir(exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(20, "Not a directory")
        # Asking the kernel is the only reliable test of a read-only or foreign file system.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _failed(folder, error) from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _remove(aside: str) -> None:
    if aside:
        with contextlib.suppress(OSError):
            os.unlink(aside)


def _failed(path: Path, error: OSError) -> AfeError:
    reason = error.strerror or str(error)
    return AfeError(
        ErrorCode.OUTPUT_FAILED,
        f"cannot write '{path}': {reason}; choose another folder or make room",
    )
