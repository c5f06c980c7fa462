"""Operators between DequantizeLinear and QuantizeLinear that compute in f32, against onnxruntime.

Where the order of onnxruntime's f32 sums is its own, a result between two codes may be one code
off: at most one element of these small tensors is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx_models import Qdq, assert_equal, both, imported, operations
from reference.ortq import kernels_are_exact

RNG = np.random.default_rng(23)


@pytest.fixture(params=[False, True], ids=["s8", "u8"])
def qdq(request: pytest.FixtureRequest) -> Qdq:
    """A model with int8 and one with uint8 activations."""
    return Qdq(unsigned=request.param)


def zero(m: Qdq, offset: int) -> int:
    """A zero point `offset` from the centre of the model's type."""
    return offset + (128 if m.dtype == np.uint8 else 0)


def assert_close(model: onnx.ModelProto, scale: float, seed: int = 0) -> None:
    """At most one element differs from onnxruntime's, by one code of `scale`."""
    for wanted, got in zip(*both(model, seed), strict=True):
        assert got.shape == wanted.shape and got.dtype == wanted.dtype
        assert np.ptp(wanted) > 5 * scale, "the test's own result is nearly constant"
        distance = np.abs(got - wanted) / scale
        assert np.count_nonzero(distance > 1e-3) <= 1 and distance.max() < 1.001


def reals(*shape: int) -> Any:
    """f32 numbers around 1."""
    return RNG.normal(1, 0.4, shape).astype(np.float32)


@pytest.mark.parametrize(("shape", "axis"), [((2, 9, 33), -1), ((1, 7, 5, 6), 2), ((3, 16), -1)])
def test_layer_normalization(qdq: Qdq, shape: tuple[int, ...], axis: int) -> None:
    """Over the last axis and over several; with scale and bias."""
    x = qdq.input(shape, 0.043, zero(qdq, 5))
    inner = shape[axis:]
    operands = [x, qdq.floats(reals(*inner)), qdq.floats(reals(*inner))]
    y = qdq.node("LayerNormalization", operands, axis=axis, epsilon=1e-4)
    assert_close(qdq.model(qdq.quantized(y, 0.031, zero(qdq, -7))), 0.031)


def test_decomposed_layer_normalization(qdq: Qdq) -> None:
    """As exporters without the operator write it: ReduceMean, Sub, Pow, Sqrt, Div, Mul, Add."""
    x = qdq.input((2, 7, 24), 0.043, zero(qdq, 5))
    centred = qdq.node("Sub", [x, qdq.node("ReduceMean", [x], axes=[-1])])
    squares = qdq.node("Pow", [centred, qdq.floats(2)])
    variance = qdq.node("ReduceMean", [squares], axes=[-1])
    deviation = qdq.node("Sqrt", [qdq.node("Add", [variance, qdq.floats(1e-5)])])
    scaled = qdq.node("Mul", [qdq.node("Div", [centred, deviation]), qdq.floats(reals(24))])
    y = qdq.node("Add", [scaled, qdq.floats(reals(24))])
    assert_close(qdq.model(qdq.quantized(y, 0.031, zero(qdq, -7))), 0.031)


@pytest.mark.parametrize("opset", [17, 21])
@pytest.mark.parametrize("op", ["InstanceNormalization", "GroupNormalization"])
def test_normalization_of_images(op: str, opset: int) -> None:
    """Per channel, and per group of channels, whose scales belong to groups before opset 21."""
    m = Qdq(opset=18 if op == "GroupNormalization" and opset == 17 else opset)
    x = m.input((2, 6, 5, 7), 0.043, 5)
    groups = 3 if op == "GroupNormalization" else 6
    count = 6 if opset == 21 else groups
    more = {"num_groups": groups} if op == "GroupNormalization" else {}
    y = m.node(op, [x, m.floats(reals(count)), m.floats(reals(count))], **more)
    assert_close(m.model(m.quantized(y, 0.031, -7)), 0.031)


def test_batch_normalization(qdq: Qdq) -> None:
    """Known statistics make it a product and a sum per channel."""
    x = qdq.input((2, 6, 5, 7), 0.043, zero(qdq, 5))
    numbers = [qdq.floats(reals(6) if index < 3 else reals(6) ** 2) for index in range(4)]
    y = qdq.node("BatchNormalization", [x, *numbers])
    assert_close(qdq.model(qdq.quantized(y, 0.031, zero(qdq, -7))), 0.031)


@pytest.mark.parametrize("opset", [11, 13, 21])
@pytest.mark.parametrize(("shape", "axis"), [((2, 5, 19), 2), ((2, 9, 3, 4), 1), ((3, 21), 1)])
def test_softmax(shape: tuple[int, ...], axis: int, opset: int) -> None:
    """Of codes: one table of exponentials, over any axis, or from it on before opset 13."""
    m = Qdq(opset=opset)
    x = m.input(shape, 0.061, 5)
    scaled = m.node("Mul", [x, m.floats(0.5)])
    model = m.model(
        m.quantized(m.node("Softmax", [x], axis=axis), 1 / 256, -128),
        m.quantized(m.node("Softmax", [scaled], axis=axis), 1 / 300, -128),
    )
    assert_close(model, 1 / 300 + 1e-3)
    assert operations(imported(model)).count("qdq.softmax") == 2


def test_softmax_of_two_tensors(qdq: Qdq) -> None:
    """Of a masked tensor, which no table holds: f32 operations."""
    x, y = qdq.input((2, 5, 19), 0.061, zero(qdq, 5)), qdq.input((2, 1, 19), 0.02, zero(qdq, 0))
    masked = qdq.node("Add", [x, y])
    model = qdq.model(
        qdq.quantized(qdq.node("Softmax", [masked], axis=-1), 1 / 256, zero(qdq, -128))
    )
    assert_close(model, 1 / 256)
    assert operations(imported(model)).count("exp") == 1


@pytest.mark.parametrize("axis", [0, 1])
def test_gather_by_computed_indices(qdq: Qdq, axis: int) -> None:
    """Rows of bytes; indices of the model's input, negative ones from the end."""
    data = RNG.integers(-128, 128, (11, 9)).astype(np.int8)
    table = qdq.weights(data.view(qdq.dtype), 0.05, zero(qdq, 3))
    indices = qdq.raw_input((2, 5), TensorProto.INT32)
    bounded = qdq.node("Mod", [indices, qdq.constant(np.array(9, np.int32))])
    shifted = qdq.node("Sub", [bounded, qdq.constant(np.array(4, np.int32))])
    y = qdq.quantized(qdq.node("Gather", [table, shifted], axis=axis), 0.05, zero(qdq, 3))
    model = qdq.model(y)
    assert_equal(model)
    assert "dequantize" not in operations(imported(model))[:-1]


def test_gather_of_elements_and_slices(qdq: Qdq) -> None:
    """Known indices of single elements, of slices of two axes, and many of one axis."""
    x = qdq.input((5, 80, 4), 0.043, zero(qdq, 5))
    picked = RNG.integers(-80, 80, (5, 7, 4))
    pairs = RNG.integers(0, 5, (6, 2))
    many = RNG.permutation(80)
    results = [
        qdq.node("GatherElements", [x, qdq.ints(picked)], axis=1),
        qdq.node("GatherND", [x, qdq.ints(pairs)]),
        qdq.node("Gather", [x, qdq.ints(many)], axis=1),
    ]
    assert_equal(qdq.model(*(qdq.quantized(y, 0.043, zero(qdq, 5)) for y in results)))


@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap"])
def test_pad(mode: str) -> None:
    """The modes that repeat elements move codes; rows and columns by different amounts."""
    m = Qdq(opset=19)
    x = m.input((1, 3, 5, 7), 0.043, 5)
    y = m.node("Pad", [x, m.ints([0, 0, 3, 1, 0, 1, 2, 4])], mode=mode)
    model = m.model(m.quantized(y, 0.043, 5))
    assert_equal(model)
    assert not {"quantize", "dequantize"} & set(operations(imported(model))[2:-2])


RESIZES: dict[str, dict[str, Any]] = {
    "linear, half pixel": {"mode": "linear"},
    "linear, align corners": {
        "mode": "linear", "coordinate_transformation_mode": "align_corners",
    },
    "linear, asymmetric": {"mode": "linear", "coordinate_transformation_mode": "asymmetric"},
    "linear, pytorch": {
        "mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel",
    },
    "cubic": {"mode": "cubic", "cubic_coeff_a": -0.5},
}  # fmt: skip


@pytest.mark.parametrize("factors", [[2.0, 2.0], [3.0, 1.5], [0.6, 0.75]])
@pytest.mark.parametrize("case", RESIZES)
def test_resize(qdq: Qdq, case: str, factors: list[float]) -> None:
    """Interpolation in f32, by whole and other factors, up and down."""
    more = RESIZES[case]
    x = qdq.input((1, 3, 5, 8), 0.043, zero(qdq, 5))
    sizes = [1, 3, int(5 * factors[0]), int(8 * factors[1])]
    operands = [x, "", "", qdq.ints(sizes)]
    if "align" not in case:
        operands = [x, "", qdq.floats([1, 1, *factors])]
    y = qdq.quantized(qdq.node("Resize", operands, **more), 0.047, zero(qdq, 1))
    assert_close(qdq.model(y), 0.047)


def test_pools_with_dilation(qdq: Qdq) -> None:
    """Maxima are of codes, averages in f32; padding does not count, or does."""
    x = qdq.input((1, 3, 11, 9), 0.043, zero(qdq, 5))
    window = {"kernel_shape": [3, 2], "dilations": [2, 3], "pads": [1, 0, 2, 1], "strides": [2, 1]}
    assert_equal(qdq.model(qdq.quantized(qdq.node("MaxPool", [x], **window), 0.043, zero(qdq, 5))))
    for counts in (0, 1):
        m = Qdq(opset=19)
        x = m.input((1, 3, 11, 9), 0.043, 5)
        y = m.node("AveragePool", [x], count_include_pad=counts, **window)
        assert_close(m.model(m.quantized(y, 0.031, 2)), 0.031)


REDUCTIONS = ["ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare", "ReduceProd"]


@pytest.mark.parametrize("op", REDUCTIONS)
def test_reductions(op: str) -> None:
    """Sums of functions, functions of sums, products."""
    m = Qdq()
    x = m.input((2, 3, 5), 0.013, -100)
    y = m.node(op, [x], axes=[2], keepdims=0)
    assert_close(m.model(m.quantized(y, 0.07, -90)), 0.07)


def test_minima_and_last_maxima(qdq: Qdq) -> None:
    """ArgMin of codes, and the last of equal maxima."""
    x = qdq.input((2, 5, 7), 0.9, zero(qdq, 5))
    last = qdq.node("ArgMax", [x], axis=1, select_last_index=1)
    least = qdq.node("ArgMin", [x], axis=2, keepdims=0)
    assert_equal(qdq.model(last, least, types={last: TensorProto.INT64, least: TensorProto.INT64}))


def test_comparisons_and_choices(qdq: Qdq) -> None:
    """Masks of comparisons and logic; a choice between codes of one meaning stays 8-bit."""
    x, y = qdq.input((2, 5, 7), 0.043, zero(qdq, 5)), qdq.input((5, 1), 0.05, zero(qdq, 9))
    less = qdq.node("Less", [x, y])
    positive = qdq.node("GreaterOrEqual", [x, qdq.floats(0.3)])
    mask = qdq.node("Or", [qdq.node("Not", [less]), qdq.node("And", [less, positive])])
    same = qdq.quantized(qdq.node("Where", [mask, x, qdq.floats(0)]), 0.043, zero(qdq, 5))
    other = qdq.quantized(qdq.node("Where", [mask, x, y]), 0.06, zero(qdq, 1))
    assert_equal(qdq.model(same, other))


def test_casts(qdq: Qdq) -> None:
    """Real numbers are cut towards zero, bools and bytes become real numbers."""
    x = qdq.input((2, 5, 7), 0.043, zero(qdq, 5))
    whole = qdq.node("Cast", [x], to=TensorProto.INT32)
    mask = qdq.node("Cast", [whole], to=TensorProto.BOOL)
    weight = qdq.node("Cast", [mask], to=TensorProto.FLOAT)
    back = qdq.node("Cast", [qdq.node("Mul", [whole, whole])], to=TensorProto.FLOAT)
    y = qdq.node("Add", [qdq.node("Mul", [x, weight]), back])
    assert_equal(qdq.model(qdq.quantized(y, 0.3, zero(qdq, -70)), whole, types={whole: 6}))


def test_bytes_as_an_input() -> None:
    """An image of bytes, cast, scaled and shifted before it is quantized, is one table."""
    m = Qdq()
    image = m.raw_input((1, 3, 5, 4), TensorProto.UINT8)
    scaled = m.node("Div", [m.node("Cast", [image], to=TensorProto.FLOAT), m.floats(255)])
    centred = m.node("Div", [m.node("Sub", [scaled, m.floats(0.45)]), m.floats(0.225)])
    model = m.model(m.quantized(centred, 0.02, 3))
    assert_equal(model)
    assert operations(imported(model)) == ["rescale", "table", "dequantize"]


PRODUCTS = {"bij,bjk->bik": ((2, 5, 7), (2, 7, 3)), "bhid,bjhd->bhij": ((1, 2, 5, 8), (1, 6, 2, 8)),
            "ij,kj->ki": ((5, 7), (3, 7))}  # fmt: skip


@pytest.mark.parametrize("equation", PRODUCTS)
def test_einsum(equation: str) -> None:
    """Products of two activations under any order of labels are integer products."""
    a, b = PRODUCTS[equation]
    m = Qdq()
    x, y = m.input(a, 0.043, 5), m.input(b, 0.03, -9)
    model = m.model(m.quantized(m.node("Einsum", [x, y], equation=equation), 0.12, -3))
    assert_close(model, 0.12)
    assert operations(imported(model)).count("matmul") == 1


def test_products_left_in_float(qdq: Qdq) -> None:
    """A product and a convolution that nobody quantized are computed in f32, on the A65."""
    if qdq.dtype == np.uint8 and not kernels_are_exact():
        pytest.skip("the u8s8 kernels of onnxruntime saturate on this processor")
    x = qdq.input((1, 3, 7, 5), 0.043, zero(qdq, 5))
    kernel = (reals(4, 3, 3, 3) - 1).astype(np.float32)
    y = qdq.node("Conv", [x, qdq.floats(kernel), qdq.floats(reals(4))], pads=[1, 1, 1, 1])
    z = qdq.quantized(qdq.node("Relu", [y]), 0.06, zero(qdq, -90))
    gemm = qdq.node("Gemm", [qdq.node("Reshape", [z, qdq.ints([4, 35])]), qdq.floats(reals(35, 6))])
    assert_close(qdq.model(qdq.quantized(gemm, 0.9, zero(qdq, -100))), 0.9)


@pytest.mark.parametrize("op", ["DequantizeLinear", "QuantizeLinear"])
def test_scales_per_channel(op: str) -> None:
    """Activations of a scale per channel, which no exporter writes but the specification has."""
    m = Qdq()
    x = m.raw_input((2, 5, 3), TensorProto.INT8 if op == "DequantizeLinear" else TensorProto.FLOAT)
    factors = [m.floats(reals(5) ** 2 * 0.1), m.constant(RNG.integers(-9, 9, 5, np.int8))]
    y = m.node(op, [x, *factors], axis=1)
    types = {} if op == "DequantizeLinear" else {y: TensorProto.INT8}
    assert_equal(m.model(y, types=types))
