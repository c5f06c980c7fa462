"""Operators on indices and of indices equal LiteRT's reference kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from afe.errors import AfeError
from litert_oracle import Cases, assert_exact, constant, import_bytes
from tflite_files import Op, T, make_file

SHAPE = (3, 4, 5)
DTYPES = [pytest.param(np.int8, id="int8"), pytest.param(np.uint8, id="uint8")]


def small(cases: Cases, shape: tuple[int, ...], low: int, high: int) -> Any:
    """int32 from low to high, without 0."""
    values = cases.random.integers(low, high, shape).astype(np.int32)
    return np.where(values == 0, np.int32(3), values)


def model(tensors: list[T], op: Op, inputs: list[int], outputs: list[int]) -> bytes:
    """One operator beside a quantized one, without which the model counts as no quantized one."""
    count = len(tensors)
    more = [T((1, 3), np.int8, 0.5, 3), T((1, 3), np.int8, 0.5, 3)]
    identity = Op("MAXIMUM", [count, count], [count + 1])
    return make_file([*tensors, *more], [op, identity], [*inputs, count], [*outputs, count + 1])


REST = np.array([[1, 2, 3]], np.int8)


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("code", ["FLOOR_DIV", "FLOOR_MOD", "DIV"])
def test_division(code: str, fixed: bool) -> None:
    """All signs; by a tensor and by a constant."""
    cases = Cases(3)
    x, y = small(cases, SHAPE, -50, 50), small(cases, (5,), -9, 9)
    tensors = [T(SHAPE, np.int32), T((5,), np.int32, data=y if fixed else None), T(SHAPE, np.int32)]
    options = "DivOptions" if code == "DIV" else None
    op = Op(code, [0, 1], [2], options, {} if options else None)
    data = model(tensors, op, [0] if fixed else [0, 1], [2])
    assert_exact(data, [x, REST] if fixed else [x, y, REST])


def test_division_by_the_constant_zero_is_refused() -> None:
    """At import, not at run time."""
    tensors = [T(SHAPE, np.int32), constant([1, 2, 0, 4, 5]), T(SHAPE, np.int32)]
    with pytest.raises(AfeError, match="constant 0"):
        import_bytes(model(tensors, Op("FLOOR_DIV", [0, 1], [2]), [0], [2]))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("code", ["REDUCE_ANY", "REDUCE_ALL"])
def test_reduction_of_booleans(code: str, keep: bool) -> None:
    """Two axes."""
    cases = Cases(4)
    result = (1, 4, 1) if keep else (4,)
    op = Op(code, [0, 1], [2], "ReducerOptions", {"keepDims": keep})
    data = model([T(SHAPE, np.bool_), constant([0, 2]), T(result, np.bool_)], op, [0], [2])
    assert_exact(data, [cases.random.random(SHAPE) < 0.8, REST])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("index_type", [np.int32, np.int64])
def test_computed_gather(dtype: Any, index_type: Any) -> None:
    """Indices that are an input."""
    cases = Cases(5)
    x = cases.activation((2, 6, 5), dtype)
    y = cases.activation((2, 3, 5), dtype, x)
    indices = cases.random.integers(0, 6, 3).astype(index_type)
    data = cases.single("GATHER", [x, T((3,), index_type)], y, "GatherOptions", {"axis": 1})
    assert_exact(data, [cases.integers(dtype, x.shape), indices])


@pytest.mark.parametrize("dtype", DTYPES)
def test_computed_gather_nd(dtype: Any) -> None:
    """Index pairs that are an input."""
    cases = Cases(6)
    x = cases.activation((4, 6, 5), dtype)
    y = cases.activation((7, 5), dtype, x)
    indices = np.stack([cases.random.integers(0, n, 7) for n in (4, 6)], axis=1).astype(np.int32)
    data = cases.single("GATHER_ND", [x, T((7, 2), np.int32)], y)
    assert_exact(data, [cases.integers(dtype, x.shape), indices])


def test_constant_indices_out_of_range_are_refused() -> None:
    """GATHER_ND with an index that is one too large."""
    cases = Cases(6)
    x = cases.activation((4, 6, 5), np.int8)
    data = cases.single("GATHER_ND", [x, constant([[3, 6]])], cases.activation((1, 5), np.int8, x))
    with pytest.raises(AfeError, match="outside"):
        import_bytes(data)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("k", [1, 4, 9])
def test_top_k(dtype: Any, k: int) -> None:
    """Equal values in the order of their places; the lowest value among them."""
    cases = Cases(7)
    x = cases.activation((2, 3, 9), dtype)
    y = [cases.activation((2, 3, k), dtype, x), T((2, 3, k), np.int32)]
    data = cases.single("TOPK_V2", [x, constant(k)], y)
    low = np.iinfo(dtype).min
    assert_exact(data, [cases.random.integers(low, low + 5, x.shape).astype(dtype)])


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_one_hot(axis: int) -> None:
    """On and off values of int8; indices that hit nothing."""
    cases = Cases(8)
    shape = {-1: (2, 3, 6), 0: (6, 2, 3), 1: (2, 6, 3)}[axis]
    values = [T(data=np.array(v, np.int8), scale=0.1) for v in (77, -9)]
    inputs = [T((2, 3), np.int32), constant(6), *values]
    data = cases.single("ONE_HOT", inputs, T(shape, np.int8, 0.1), "OneHotOptions", {"axis": axis})
    assert_exact(data, [cases.random.integers(-2, 8, (2, 3)).astype(np.int32)])


@pytest.mark.parametrize("dtype", DTYPES)
def test_embedding_lookup(dtype: Any) -> None:
    """Rows of a quantized table."""
    cases = Cases(9)
    table = T(data=cases.integers(dtype, (11, 7)), scale=0.1, zero_point=3)
    data = cases.single("EMBEDDING_LOOKUP", [T((4,), np.int32), table], T((4, 7), dtype, 0.1, 3))
    assert_exact(data, [cases.random.integers(0, 11, 4).astype(np.int32)])


def test_fill_and_zeros_like() -> None:
    """A computed value in a constant shape; zeros of another tensor's shape."""
    tensors = [
        constant([2, 3]), T((), np.int32), T((2, 3), np.int32), T((2, 3), np.int32),
        T((1, 3), np.int8, 0.5, 3), T((1, 3), np.int8, 0.5, 3), T((2, 3), np.int32),
    ]  # fmt: skip
    ops = [
        Op("FILL", [0, 1], [2]), Op("ZEROS_LIKE", [2], [3]), Op("MAXIMUM", [4, 4], [5]),
        Op("ADD", [2, 3], [6], "AddOptions", {}),
    ]  # fmt: skip
    data = make_file(tensors, ops, [1, 4], [2, 6, 5])
    assert_exact(data, [np.array(41, np.int32), REST])
