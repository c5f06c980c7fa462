"""tosa.resize with half-pixel centres reads in front of its image: on the MLA and on the A65."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from afe import runtime
from afe.compiler import compile_model
from afe.options import CompileOptions
from afe.source import read_source
from numpy.typing import NDArray
from tosa_files import operator, program, tensor

SCALE, OFFSET, BORDER = (4, 2, 4, 2), (-1, -1), (1, 1)
ROWS, COLS, CHANNELS = 4, 5, 3
SHAPE = (2 * ROWS, 2 * COLS, CHANNELS)


def _shape(name: str, numbers: tuple[int, ...]) -> dict[str, Any]:
    return {"name": name, "rank": len(numbers), "data": np.array(numbers, "<i8").tobytes()}


def _program() -> bytes:
    operators = [operator("const_shape", [], [name]) for name in ("s", "o", "b")]
    operators.append(operator("resize", ["x", "s", "o", "b"], ["y"], mode=2))
    tensors = [tensor("x", (1, ROWS, COLS, CHANNELS), "i8"), tensor("y", (1, *SHAPE), "i32")]
    shapes = [_shape("s", SCALE), _shape("o", OFFSET), _shape("b", BORDER)]
    return program(tensors, operators, ["x"], ["y"], shapes=shapes)


def _along(count: int, axis: int, size: int) -> list[tuple[int, int, int]]:
    """Per result: the two positions it lies between, and the weight of the second."""
    found = []
    for index in range(count):
        place = index * SCALE[2 * axis + 1] + OFFSET[axis]
        first = place // SCALE[2 * axis]
        weight = place - first * SCALE[2 * axis]
        found.append((min(max(first, 0), size - 1), min(max(first + 1, 0), size - 1), weight))
    return found


def _expected(image: NDArray[np.int8]) -> NDArray[np.int64]:
    """The specification's pseudo-code."""
    result = np.zeros(SHAPE, np.int64)
    wide = image.astype(np.int64)
    for y, (top, bottom, dy) in enumerate(_along(SHAPE[0], 0, ROWS)):
        for x, (left, right, dx) in enumerate(_along(SHAPE[1], 1, COLS)):
            upper = wide[top, left] * (SCALE[2] - dx) + wide[top, right] * dx
            lower = wide[bottom, left] * (SCALE[2] - dx) + wide[bottom, right] * dx
            result[y, x] = upper * (SCALE[0] - dy) + lower * dy
    return result


@pytest.mark.parametrize("arm_only", [False, True])
def test_bilinear_interpolation_in_front_of_the_image(tmp_path: Path, arm_only: bool) -> None:
    path = tmp_path / "resize.tosa"
    path.write_bytes(_program())
    options = CompileOptions(arm_only=arm_only)
    report = compile_model(lambda: read_source(path), tmp_path / "out", options)
    image = np.random.default_rng(1).integers(-128, 128, (ROWS, COLS, CHANNELS)).astype(np.int8)
    (result,) = runtime.load(report.archive).run([image[None]]).outputs
    np.testing.assert_array_equal(result[0], _expected(image))
