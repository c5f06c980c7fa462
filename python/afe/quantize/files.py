"""Calibration samples in files: `.npz` by input name, `.npy` of the only input, or a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode
from afe.quantize.net import Edge
from afe.runtime.npz import read_npz

Array = NDArray[Any]


def read_calibration(path: Path, inputs: Sequence[Edge]) -> list[dict[str, Array]]:
    """All samples, those of a folder in the order of its files' names.

    Raises AfeError FILE_NOT_FOUND or FILE_INVALID.
    """
    if not path.is_dir():
        return [_read(path, inputs)]
    files = sorted(file for file in path.iterdir() if file.suffix in (".npz", ".npy"))
    if not files:
        raise AfeError(
            ErrorCode.FILE_NOT_FOUND,
            f"folder '{path}' holds no calibration data; expected .npz or .npy files",
        )
    return [_read(file, inputs) for file in files]


def _read(file: Path, inputs: Sequence[Edge]) -> dict[str, Array]:
    if file.suffix != ".npy":
        return read_npz(file)
    if len(inputs) != 1:
        names = ", ".join(f"'{edge.name}'" for edge in inputs)
        raise AfeError(
            ErrorCode.FILE_INVALID,
            f"'{file}' holds one array, the network has the inputs {names}; expected an .npz file "
            "with arrays by these names",
        )
    try:
        array = np.load(file, allow_pickle=False)
    except FileNotFoundError as error:
        raise AfeError(ErrorCode.FILE_NOT_FOUND, f"there is no file '{file}'") from error
    except (OSError, ValueError, EOFError) as error:
        raise AfeError(
            ErrorCode.FILE_INVALID, f"'{file}' is not an .npy file of one array: {error}"
        ) from error
    return {inputs[0].name: array}
