"""Reference outputs of the shared models: `s<k>_in<i>` and `s<k>_out<i>_<kind>` in an .npz."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Sample:
    """Inputs in the model's order, and outputs in its order by kind of oracle."""

    inputs: list[Array]
    outputs: dict[str, list[Array]]


def samples(models: Path, name: str) -> list[Sample]:
    """All samples of a model's golden file."""
    with np.load(models / "golden" / f"{name}.npz") as arrays:
        names = sorted(arrays.files)
        return [
            _sample(arrays, [n for n in names if n.startswith(f"{prefix}_")])
            for prefix in sorted({n.split("_")[0] for n in names})
        ]


def _sample(arrays: Any, names: list[str]) -> Sample:
    outputs: dict[str, list[Array]] = {}
    for name in names:
        _, role, *kind = name.split("_")
        if role.startswith("out"):
            outputs.setdefault(kind[0], []).append(arrays[name])
    return Sample([arrays[n] for n in names if n.split("_")[1].startswith("in")], outputs)


def differing(got: Array, wanted: Array) -> int:
    """Elements that are not equal; shape and dtype must be the same."""
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    return int(np.count_nonzero(got != wanted))
