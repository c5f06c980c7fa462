"""Runs an archive on the host: `afe.runtime.load("m_mpk.tar.gz").run(inputs)`.

The chain is executed from the archive's JSON alone: EV74 kernels in numpy, MLA programs in the
simulator, A65 functions in an AArch64 emulator.
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afe.runtime.session import LoadedArchive

__all__ = ["load"]


def load(archive: str | PathLike[str]) -> LoadedArchive:
    """Reads and checks an archive.

    Raises AfeError with one of the loader's codes; a loaded archive has a consistent chain whose
    programs are present.
    """
    from afe.runtime.session import load_archive

    return load_archive(archive)
