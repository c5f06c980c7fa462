"""Damaged files, foreign files and unknown operators end in one AfeError that names the thing."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from afe.errors import AfeError, ErrorCode
from afe.importers import import_model
from litert_oracle import Cases, constant, import_bytes
from tflite_files import Op, T, make_file


def small_network(cases: Cases) -> bytes:
    """Convolution, RELU, ADD, MEAN, SOFTMAX and RESHAPE in less than two kilobytes."""
    map_shape = (1, 4, 5, 4)
    tensors = [
        T((1, 7, 9, 3), np.int8, 0.05, 3, name="in"),
        T(data=cases.integers(np.int8, (4, 3, 3, 3)), scale=[0.01, 0.02, 0.03, 0.04]),
        T(data=np.arange(4, dtype=np.int32), scale=1e-3),
        T(map_shape, np.int8, 0.1, -4),
        T(map_shape, np.int8, 0.1, -4),
        T(map_shape, np.int8, 0.2, -4),
        constant([1, 2]),
        T((1, 4), np.int8, 0.1, 5),
        T((1, 4), np.int8, 1 / 256, -128),
        constant([2, 2]),
        T((2, 2), np.int8, 1 / 256, -128),
    ]
    stride = {"strideH": 2, "strideW": 2, "dilationHFactor": 1, "dilationWFactor": 1}
    ops = [
        Op("CONV_2D", [0, 1, 2], [3], "Conv2DOptions", stride),
        Op("RELU", [3], [4]),
        Op("ADD", [3, 4], [5], "AddOptions", {}),
        Op("MEAN", [5, 6], [7], "ReducerOptions", {}),
        Op("SOFTMAX", [7], [8], "SoftmaxOptions", {"beta": 1.0}),
        Op("RESHAPE", [8, 9], [10], "ReshapeOptions", {"newShape": [2, 2]}),
    ]
    return make_file(tensors, ops, [0], [10])


def outcome(data: bytes) -> str:
    """ "ok" or the error's code; any other exception fails the test."""
    try:
        import_bytes(data)
    except AfeError as error:
        return error.code.value
    return "ok"


def mutated(data: bytes, kind: int, random: np.random.Generator) -> bytes:
    """Cut off, or one to three bits, bytes or words changed."""
    if kind == 0:
        return data[: int(random.integers(0, len(data)))]
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 4))):
        place = int(random.integers(0, len(data) - 4))
        if kind == 1:
            changed[place] ^= 1 << int(random.integers(0, 8))
        elif kind == 2:
            changed[place] = int(random.integers(0, 256))
        else:
            changed[place : place + 4] = random.bytes(4)
    return bytes(changed)


def test_mutations_are_refused_or_valid() -> None:
    """4,000 mutations of a small network: no other exception, no hang; some of each outcome."""
    data, random = small_network(Cases(1)), np.random.default_rng(7)
    start = time.monotonic()
    outcomes = [outcome(mutated(data, index % 4, random)) for index in range(4000)]
    assert {"ok", "file-invalid", "invalid-model", "unsupported-operator"} <= set(outcomes)
    assert outcomes.count("ok") > 100
    assert time.monotonic() - start < 60


def test_every_truncation_is_refused() -> None:
    """A file cut off anywhere before its last constant is no model."""
    data = small_network(Cases(2))
    assert {outcome(data[:size]) for size in range(0, len(data) - 64, 7)} == {"file-invalid"}


def refused(data: bytes, code: ErrorCode, *words: str) -> None:
    """The import fails with `code` and a message or note that has all the words."""
    with pytest.raises(AfeError) as caught:
        import_bytes(data)
    assert caught.value.code is code, caught.value
    for word in words:
        assert word in str(caught.value)


def test_float_model() -> None:
    """The remedy is named: quantize first."""
    tensors = [T((1, 8), np.float32, name="x"), T((1, 8), np.float32)]
    data = make_file(tensors, [Op("RELU", [0], [1])], [0], [1])
    refused(data, ErrorCode.FLOAT_MODEL, "float", "representative_dataset")


def test_float_operator_in_a_quantized_model() -> None:
    """The operator and its tensor are named."""
    tensors = [
        T((1, 2, 2, 8), np.int8, 0.1, 3),
        T((1, 2, 2, 8), np.float32, name="wide"),
        T((1, 4, 4, 8), np.float32, name="y"),
        T(data=np.array([4, 4], np.int32)),
    ]
    ops = [
        Op("DEQUANTIZE", [0], [1]),
        Op("RESIZE_BILINEAR", [1, 3], [2], "ResizeBilinearOptions", {}),
    ]
    data = make_file(tensors, ops, [0], [2])
    refused(data, ErrorCode.FLOAT_MODEL, "operator 1 RESIZE_BILINEAR 'y'", "'wide'")


def test_unknown_operator() -> None:
    """Operator, index, name of its output, and what would help."""
    tensors = [T((1, 8), np.int8, 0.1, 3), T((1, 8), np.int8, 0.1, 3, name="out")]
    data = make_file(tensors, [Op("RFFT2D", [0], [1])], [0], [1])
    refused(data, ErrorCode.UNSUPPORTED_OPERATOR, "operator 0 RFFT2D 'out'", "1 of 1", "replace")


def test_custom_operator_is_named() -> None:
    """A custom operator appears under its own name."""
    tensors = [T((1, 8), np.int8, 0.1, 3), T((1, 8), np.int8, 0.1, 3)]
    data = make_file(tensors, [Op("CUSTOM", [0], [1], custom="Foo_Bar")], [0], [1])
    refused(data, ErrorCode.UNSUPPORTED_OPERATOR, "CUSTOM:Foo_Bar")


def test_dynamic_shape() -> None:
    """Only the batch may be dynamic."""
    x = T((1, 1, 8), np.int8, 0.1, 3, signature=(-1, -1, 8), name="x")
    data = make_file([x, T((1, 1, 8), np.int8, 0.1, 3)], [Op("RELU", [0], [1])], [0], [1])
    refused(data, ErrorCode.DYNAMIC_SHAPE, "'x'", "[-1, -1, 8]")


def test_dynamic_batch_is_one() -> None:
    """A dynamic batch is imported as 1."""
    x = T((1, 8), np.int8, 0.1, 3, signature=(-1, 8))
    data = make_file([x, T((1, 8), np.int8, 0.1, 3)], [Op("RELU", [0], [1])], [0], [1])
    assert import_bytes(data).inputs[0].shape == (1, 8)


def test_int16_activations() -> None:
    """16x8 models are refused by type."""
    tensors = [T((1, 8), np.int16, 0.1, 0, name="x"), T((1, 8), np.int16, 0.1, 0)]
    data = make_file(tensors, [Op("RELU", [0], [1])], [0], [1])
    refused(data, ErrorCode.UNSUPPORTED_TYPE, "operator 0 RELU", "'x'", "INT16")


def test_scales_that_make_no_sense() -> None:
    """A scale of zero names its tensor."""
    tensors = [T((1, 8), np.int8, 0.0, 3, name="x"), T((1, 8), np.int8, 0.1, 3)]
    data = make_file(tensors, [Op("RELU", [0], [1])], [0], [1])
    refused(data, ErrorCode.INVALID_MODEL, "operator 0 RELU", "'x'", "scale")


def test_constant_of_the_wrong_size() -> None:
    """Shape and buffer must agree."""
    tensors = [T((1, 8), np.int8, 0.1, 3), T((3, 8), np.int8, 0.1, 3), T((1, 3), np.int8, 0.1, 3)]
    tensors[1] = T(data=np.zeros((3, 8), np.int8), scale=0.1, name="weights")
    data = make_file(
        tensors, [Op("FULLY_CONNECTED", [0, 1, -1], [2], "FullyConnectedOptions", {})], [0], [2]
    )
    shape = np.array([3, 8], np.int32).tobytes()
    assert data.count(shape) == 1
    broken = data.replace(shape, np.array([3, 9], np.int32).tobytes())
    refused(broken, ErrorCode.INVALID_MODEL, "'weights'", "27 bytes", "24")


def test_missing_file_folder_and_foreign_suffix(tmp_path: Path) -> None:
    """Each has its code, and the file is named."""
    folder, foreign, empty = tmp_path / "folder", tmp_path / "net.h5", tmp_path / "net.tflite"
    folder.mkdir()
    foreign.write_bytes(b"\x89HDF")
    empty.write_bytes(b"")
    expected = {
        tmp_path / "none.tflite": ErrorCode.FILE_NOT_FOUND,
        folder: ErrorCode.FILE_INVALID,
        foreign: ErrorCode.UNSUPPORTED_FORMAT,
        empty: ErrorCode.FILE_INVALID,
    }
    for path, code in expected.items():
        with pytest.raises(AfeError) as caught:
            import_model(path)
        assert caught.value.code is code
        assert path.name in caught.value.message


def test_another_schema_version() -> None:
    """Version 3 is the only one."""
    data = bytearray(small_network(Cases(3)))
    import tflite

    model = tflite.Model.GetRootAs(bytes(data), 0)
    place = model._tab.Pos + model._tab.Offset(4)
    data[place] = 2
    refused(bytes(data), ErrorCode.UNSUPPORTED_VERSION, "version 2")
