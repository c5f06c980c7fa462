"""Arrays in `.npz` files: read without executing anything, written completely or not at all."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode
from afe.files import write_atomically


def read_npz(path: str | PathLike[str]) -> dict[str, NDArray[Any]]:
    """All arrays of a file by name; AfeError FILE_NOT_FOUND or FILE_INVALID."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("it holds one array, not arrays by name")
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise AfeError(ErrorCode.FILE_NOT_FOUND, f"there is no file '{path}'") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise AfeError(
            ErrorCode.FILE_INVALID, f"'{path}' is not an .npz file of arrays: {error}"
        ) from error


def write_npz(path: str | PathLike[str], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes arrays by name, in order; AfeError OUTPUT_FAILED leaves nothing behind.

    Members are stored under any name: numpy's own writer takes names as keywords and so lets none
    be called `file`.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
            # A fixed time keeps equal arrays equal files.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    write_atomically(Path(path), [buffer.getvalue()])
