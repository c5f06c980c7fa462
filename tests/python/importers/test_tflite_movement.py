"""Operators that move, cut and join elements equal LiteRT's reference kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from litert_oracle import Cases, constant
from tflite_files import T

DTYPES = [pytest.param(np.int8, id="int8"), pytest.param(np.uint8, id="uint8")]


@dataclass(frozen=True)
class Move:
    """One operator on tensors of one quantization."""

    code: str
    shape: tuple[int, ...]
    results: Sequence[tuple[int, ...]]
    constants: Sequence[Any] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    options: str = ""
    version: int = 2
    constants_first: bool = False
    copies: int = 1


PADDING = [[0, 0], [1, 2], [0, 1], [1, 0]]
MOVES = [
    Move("RESHAPE", (2, 3, 5, 7), [(6, 35)], [[6, -1]], version=1),
    Move("RESHAPE", (2, 3, 5, 7), [(6, 35)], fields={"newShape": [6, -1]}, version=1),
    Move("SQUEEZE", (1, 3, 1, 7), [(1, 3, 7)], fields={"squeezeDims": [2]}, version=1),
    Move("SQUEEZE", (1, 3, 1, 7), [(3, 7)], fields={"squeezeDims": []}, version=1),
    Move("EXPAND_DIMS", (3, 7), [(3, 1, 7)], [[-2]], version=1),
    Move("TRANSPOSE", (2, 3, 5, 7), [(2, 7, 3, 5)], [[0, 3, 1, 2]]),
    Move("REVERSE_V2", (2, 3, 5, 7), [(2, 3, 5, 7)], [[2]], options="ReverseV2Options"),
    Move("SPACE_TO_DEPTH", (2, 4, 6, 5), [(2, 2, 3, 20)], fields={"blockSize": 2}),
    Move("DEPTH_TO_SPACE", (2, 4, 6, 8), [(2, 8, 12, 2)], fields={"blockSize": 2}, version=1),
    Move("TILE", (2, 3, 5), [(4, 3, 15)], [[2, 1, 3]]),
    Move("BROADCAST_TO", (3, 1, 5), [(2, 3, 4, 5)], [[2, 3, 4, 5]], version=3),
    Move("SLICE", (2, 3, 5, 7), [(1, 3, 3, 2)], [[1, 0, 2, 4], [1, -1, 3, 2]]),
    Move("SPLIT", (2, 6, 5), [(2, 2, 5)] * 3, [[1]], {"numSplits": 3}, constants_first=True),
    Move(
        "SPLIT_V", (2, 6, 5), [(2, 2, 5), (2, 1, 5), (2, 3, 5)], [[2, -1, 3], [1]], {"numSplits": 3}
    ),
    Move("PACK", (2, 3), [(2, 2, 3)], fields={"axis": 1, "valuesCount": 2}, copies=2),
    Move("UNPACK", (2, 3, 4), [(2, 4)] * 3, fields={"axis": 1, "num": 3}),
    Move("PAD", (2, 3, 5, 7), [(2, 6, 6, 8)], [PADDING]),
    Move("MIRROR_PAD", (2, 3, 5, 7), [(2, 6, 6, 8)], [PADDING], {"mode": 0}),
    Move("MIRROR_PAD", (2, 3, 5, 7), [(2, 6, 6, 8)], [PADDING], {"mode": 1}),
    Move("GATHER", (2, 6, 5), [(2, 2, 2, 5)], [[[3, 0], [5, 5]]], {"axis": 1}),
    Move(
        "GATHER",
        (2, 3, 6, 5),
        [(2, 3, 4, 5)],
        [[[3, 0, 1, 5], [5, 5, 2, 0]]],
        {"axis": 2, "batchDims": 1},
    ),
    Move("GATHER_ND", (3, 4, 5), [(2, 5)], [[[2, 3], [0, 1]]]),
    Move("GATHER_ND", (3, 4, 5), [(2, 2)], [[[[2, 3, 4], [0, 1, 0]], [[1, 1, 1], [0, 0, 2]]]]),
    Move("SPACE_TO_BATCH_ND", (2, 4, 5, 3), [(12, 2, 3, 3)], [[2, 3], [[0, 0], [1, 3]]]),
    Move("SPACE_TO_BATCH_ND", (2, 4, 5), [(4, 3, 5)], [[2], [[1, 1]]]),
    Move("BATCH_TO_SPACE_ND", (12, 2, 3, 5), [(2, 3, 7, 5)], [[2, 3], [[1, 0], [0, 2]]]),
    Move("BATCH_TO_SPACE_ND", (6, 2, 5), [(2, 5, 5)], [[3], [[0, 1]]]),
    Move("CONCATENATION", (2, 3, 5), [(2, 9, 5)], fields={"axis": -2}, copies=3),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.code)
def test_movement(move: Move, dtype: Any) -> None:
    """Values arrive unchanged where the kernel puts them."""
    cases = Cases(1)
    x = cases.activation(move.shape, dtype)
    activations = [x, *(cases.activation(move.shape, dtype, x) for _ in range(move.copies - 1))]
    constants = [constant(values) for values in move.constants]
    inputs = constants + activations if move.constants_first else activations + constants
    outputs = [cases.activation(shape, dtype, x) for shape in move.results]
    options = (
        move.options
        or OPTIONS.get(move.code)
        or ("".join(part.title() for part in move.code.split("_")) + "Options")
    )
    cases.check(move.code, inputs, outputs, options, move.fields, version=move.version)


OPTIONS = {
    "SPACE_TO_BATCH_ND": "SpaceToBatchNDOptions",
    "BATCH_TO_SPACE_ND": "BatchToSpaceNDOptions",
}


STRIDED = [
    ([0, 1, 0, 5], [2, 3, 5, 0], [1, 1, 2, -2], {}, (2, 2, 3, 3)),
    (
        [0, 0, -1],
        [0, 2, 0],
        [1, 1, 1],
        {"beginMask": 1, "endMask": 5, "shrinkAxisMask": 4},
        (2, 2, 7),
    ),
    ([1, -3, 1, 1], [2, 100, 100, 7], [1, 2, 3, 4], {"shrinkAxisMask": 1}, (2, 2, 2)),
    ([0, 0, 4, 6], [0, 0, 0, 0], [1, 1, -3, -1], {"beginMask": 15, "endMask": 15}, (2, 3, 2, 7)),
    ([0, 0, 3], [0, 0, 6], [1, 1, 2], {"ellipsisMask": 1, "newAxisMask": 2}, (2, 3, 5, 1, 2)),
    (
        [0, 1, 9, 2],
        [0, 2, 9, 0],
        [1, 1, 1, 1],
        {"newAxisMask": 1, "ellipsisMask": 4, "shrinkAxisMask": 8},
        (1, 1, 3, 5),
    ),
]


@pytest.mark.parametrize(("begin", "end", "steps", "fields", "shape"), STRIDED)
def test_strided_slice(begin: Any, end: Any, steps: Any, fields: Any, shape: Any) -> None:
    """Masks, negative bounds and steps, steps that do not divide."""
    cases = Cases(2)
    x = cases.activation((2, 3, 5, 7), np.int8)
    inputs = [x, constant(begin), constant(end), constant(steps)]
    y = cases.activation(shape, np.int8, x)
    cases.check("STRIDED_SLICE", inputs, y, "StridedSliceOptions", fields, version=2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_pad_v2(dtype: Any) -> None:
    """The padding value is a stored value of the tensor's own quantization."""
    cases = Cases(3)
    x = cases.activation((2, 3, 5, 7), dtype)
    value = T(data=cases.integers(dtype, (1,)), scale=x.scale, zero_point=x.zero_point)
    y = cases.activation((2, 6, 6, 8), dtype, x)
    cases.check("PADV2", [x, constant(PADDING), value], y, "PadV2Options", {}, version=2)


def test_uint8_concatenation_rescales() -> None:
    """uint8 operands of other quantizations are brought to the output's, in float."""
    for seed in range(10):
        cases = Cases(seed)
        inputs = [cases.activation((2, 3, 5, n), np.uint8) for n in (7, 2)]
        y = cases.activation((2, 3, 5, 9), np.uint8)
        cases.check("CONCATENATION", inputs, y, "ConcatenationOptions", {"axis": -1})


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("target", "tag"), [(np.int32, 2), (np.float32, 0)])
def test_cast(dtype: Any, target: Any, tag: int) -> None:
    """Stored values; uint8 counts from 0 to 255."""
    cases = Cases(4)
    fields = {"inDataType": 9 if dtype == np.int8 else 3, "outDataType": tag}
    x = cases.activation((2, 3, 50), dtype)
    cases.check("CAST", [x], T((2, 3, 50), target), "CastOptions", fields)
