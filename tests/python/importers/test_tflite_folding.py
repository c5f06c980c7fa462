"""Shape arithmetic of models with a dynamic batch disappears while importing."""

from __future__ import annotations

import numpy as np
from litert_oracle import Cases, assert_exact, constant, import_bytes
from tflite_files import Op, T, make_file


def flatten_as_keras_writes_it() -> bytes:
    """RESHAPE to [batch, height * width * channels], the batch and the product computed."""
    x = T((2, 3, 5, 7), np.int8, 0.1, 3, signature=(-1, 3, 5, 7))
    tensors = [
        x,
        T((4,), np.int32),  # 1: shape
        constant([0]),
        constant([1]),
        constant([4]),
        T((), np.int32),  # 5: batch
        T((3,), np.int32),  # 6: the rest of the shape
        constant([0]),
        T((), np.int32),  # 8: its product
        T((2,), np.int32),  # 9: new shape
        T((2, 105), np.int8, 0.1, 3),
    ]
    ops = [
        Op("SHAPE", [0], [1], "ShapeOptions", {"outType": 2}),
        Op("STRIDED_SLICE", [1, 2, 3, 3], [5], "StridedSliceOptions", {"shrinkAxisMask": 1}),
        Op("STRIDED_SLICE", [1, 3, 4, 3], [6], "StridedSliceOptions", {}),
        Op("REDUCE_PROD", [6, 7], [8], "ReducerOptions", {"keepDims": False}),
        Op("PACK", [5, 8], [9], "PackOptions", {"axis": 0, "valuesCount": 2}),
        Op("RESHAPE", [0, 9], [10], "ReshapeOptions", {"newShape": []}),
    ]
    return make_file(tensors, ops, [0], [10])


def test_flatten_becomes_one_reshape() -> None:
    """Nothing but the RESHAPE is left, and it equals LiteRT."""
    data = flatten_as_keras_writes_it()
    assert_exact(data, [Cases(1).integers(np.int8, (2, 3, 5, 7))])
    operations = import_bytes(data).module.body.operations[0].regions[0].blocks[0].operations
    names = [op.operation.name for op in operations]
    assert names == ["tosa.const_shape", "tosa.reshape", "func.return"]


def test_arithmetic_on_shapes() -> None:
    """(batch * 6 - 2) // 5 rows of a TILE, with GATHER, CAST and CONCATENATION on the way."""
    tensors = [
        T((2, 3), np.int8, 0.1, 3),
        T((2,), np.int64),  # 1: shape
        T((2,), np.int32),  # 2: as int32
        constant([1, 0]),
        T((2,), np.int32),  # 4: [3, 2]
        constant([6]),
        T((2,), np.int32),  # 6: [18, 12]
        constant([2]),
        T((2,), np.int32),  # 8: [16, 10]
        constant([5]),
        T((2,), np.int32),  # 10: [3, 2]
        T((6, 6), np.int8, 0.1, 3),
    ]
    ops = [
        Op("SHAPE", [0], [1], "ShapeOptions", {"outType": 4}),
        Op("CAST", [1], [2], "CastOptions", {"inDataType": 4, "outDataType": 2}),
        Op("GATHER", [2, 3], [4], "GatherOptions", {}),
        Op("MUL", [4, 5], [6], "MulOptions", {}),
        Op("SUB", [6, 7], [8], "SubOptions", {}),
        Op("FLOOR_DIV", [8, 9], [10], "FloorDivOptions", {}),
        Op("TILE", [0, 10], [11], "TileOptions", {}),
    ]
    data = make_file(tensors, ops, [0], [11])
    assert_exact(data, [Cases(2).integers(np.int8, (2, 3))])
