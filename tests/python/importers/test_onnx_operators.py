"""Every operator of the ONNX importer against onnxruntime, element by element.

A model of one operator between quantized tensors is run by the `ortq` oracle and, imported, by the
numpy evaluator of TOSA. Shapes are odd and asymmetric, zero points are off centre.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto
from onnx_models import Qdq, assert_equal, both, imported, operations
from reference.ortq import kernels_are_exact

RNG = np.random.default_rng(5)


def int8(*shape: int) -> Any:
    """Random weights."""
    return RNG.integers(-127, 128, shape, np.int8)


def scales(count: int) -> Any:
    """Random per-channel scales."""
    return RNG.uniform(0.001, 0.02, count).astype(np.float32)


@pytest.fixture(params=[False, True], ids=["s8", "u8"])
def qdq(request: pytest.FixtureRequest) -> Qdq:
    """A model with int8 and one with uint8 activations."""
    if request.param and not kernels_are_exact():
        pytest.skip("the u8s8 kernels of onnxruntime saturate on this processor")
    return Qdq(unsigned=request.param)


def zero(m: Qdq, offset: int) -> int:
    """A zero point `offset` from the centre of the model's type."""
    return offset + (128 if m.dtype == np.uint8 else 0)


CONVOLUTIONS: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "3x3": ((1, 5, 9, 7), (6, 5, 3, 3), {"pads": [1, 1, 1, 1]}),
    "valid": ((2, 3, 8, 11), (4, 3, 3, 2), {}),
    "stride whose last row is padding": ((1, 3, 8, 8), (5, 3, 3, 3),
                                         {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
    "stride that leaves rows unread": ((1, 3, 8, 10), (5, 3, 1, 1), {"strides": [2, 3]}),
    "asymmetric padding": ((1, 2, 6, 5), (3, 2, 3, 4), {"pads": [0, 3, 2, 1]}),
    "dilated": ((1, 2, 11, 9), (3, 2, 3, 2), {"dilations": [2, 3], "pads": [2, 1, 2, 1]}),
    "same upper": ((1, 3, 7, 10), (4, 3, 3, 4), {"auto_pad": "SAME_UPPER", "strides": [2, 3]}),
    "same lower": ((1, 3, 7, 10), (4, 3, 3, 4), {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    "depthwise": ((1, 6, 9, 7), (6, 1, 3, 3), {"group": 6, "pads": [1, 1, 1, 1]}),
    "depthwise, multiplier 2": ((1, 5, 7, 6), (10, 1, 3, 2), {"group": 5, "strides": [2, 1]}),
    "groups": ((1, 6, 5, 7), (9, 2, 3, 3), {"group": 3, "pads": [1, 0, 1, 0]}),
    "one dimension": ((1, 3, 17), (5, 3, 4), {"strides": [2], "pads": [1, 2]}),
}  # fmt: skip


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_conv(qdq: Qdq, case: str) -> None:
    """Convolutions of every kind, per channel, with an int32 bias, equal QLinearConv."""
    shape, kernel, attributes = CONVOLUTIONS[case]
    x = qdq.input(shape, 0.05, zero(qdq, 9))
    factors = scales(kernel[0])
    w = qdq.weights(int8(*kernel), factors)
    b = qdq.weights(RNG.integers(-900, 900, kernel[0], np.int32), np.float32(0.05) * factors)
    y = qdq.quantized(qdq.node("Conv", [x, w, b], **attributes), 0.11, zero(qdq, -21))
    assert_equal(qdq.model(y))


def test_conv_per_tensor_with_relu(qdq: Qdq) -> None:
    """A Relu behind a convolution is a limit of its requantization, and writes nothing else."""
    x = qdq.input((1, 3, 6, 5), 0.05, zero(qdq, 9))
    w = qdq.weights(int8(4, 3, 3, 3), 0.01)
    y = qdq.quantized(qdq.node("Conv", [x, w]), 0.11, zero(qdq, -21))
    z = qdq.quantized(qdq.node("Relu", [y]), 0.08, zero(qdq, -128))
    fused = qdq.quantized(qdq.node("Relu", [qdq.node("Conv", [x, w])]), 0.11, zero(qdq, -21))
    assert_equal(qdq.model(z))
    wanted, got = both(qdq.model(y, fused))
    relu = np.maximum(wanted[0], 0)
    assert np.array_equal(got[1], relu) and np.any(relu == 0) and np.any(relu > 0)
    assert operations(imported(qdq.model(fused))).count("clamp") == 1


def test_conv_with_unsigned_asymmetric_weights(qdq: Qdq) -> None:
    """uint8 weights with a zero point of their own."""
    if qdq.dtype == np.int8:
        pytest.skip("onnxruntime has no kernel of int8 activations and uint8 weights")
    x = qdq.input((1, 3, 7, 5), 0.05, 140)
    w = qdq.weights(RNG.integers(0, 256, (4, 3, 3, 3), np.uint8), 0.01, 113)
    assert_equal(qdq.model(qdq.quantized(qdq.node("Conv", [x, w]), 0.3, 77)))


def test_conv_with_a_float_bias(qdq: Qdq) -> None:
    """A bias left in float is rounded to the accumulators' unit: at most one code beside."""
    x = qdq.input((1, 3, 7, 5), 0.05, zero(qdq, 9))
    w = qdq.weights(int8(4, 3, 3, 3), 0.01)
    b = qdq.floats([0.5, -1.25, 3.0, 0.001])
    wanted, got = both(qdq.model(qdq.quantized(qdq.node("Conv", [x, w, b]), 0.1, zero(qdq, 3))))
    assert np.abs(wanted[0] - got[0]).max() <= 0.1001
    assert np.mean(wanted[0] != got[0]) < 0.02


TRANSPOSED: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "stride 2": ((1, 5, 4, 6), (5, 3, 3, 2), {"strides": [2, 2]}),
    "padded": ((1, 4, 5, 3), (4, 6, 4, 4), {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    "output padding": ((1, 4, 5, 3), (4, 6, 3, 3),
                       {"strides": [2, 3], "pads": [1, 0, 1, 1], "output_padding": [1, 2]}),
    "groups": ((1, 6, 4, 5), (6, 2, 3, 3), {"group": 3}),
    "dilated": ((1, 3, 4, 5), (3, 2, 2, 3), {"dilations": [3, 2]}),
    "one dimension": ((1, 3, 9), (3, 4, 4), {"strides": [3], "pads": [1, 2]}),
}  # fmt: skip


@pytest.mark.parametrize("case", TRANSPOSED, ids=str)
def test_conv_transpose(qdq: Qdq, case: str) -> None:
    """Transposed convolutions, for which onnxruntime sums in f32: at most one code, rarely."""
    shape, kernel, attributes = TRANSPOSED[case]
    x = qdq.input(shape, 0.05, zero(qdq, 9))
    w = qdq.weights(int8(*kernel), scales(kernel[1]), axis=1)
    node = qdq.node("ConvTranspose", [x, w], **attributes)
    wanted, got = both(qdq.model(qdq.quantized(node, 0.11, zero(qdq, -21))))
    assert got[0].shape == wanted[0].shape
    assert np.abs(wanted[0] - got[0]).max() <= 0.1101
    assert np.count_nonzero(wanted[0] != got[0]) <= 1


@pytest.mark.parametrize("transposed", [0, 1])
def test_gemm(qdq: Qdq, transposed: int) -> None:
    """Gemm with either order of the weights equals QGemm."""
    x = qdq.input((3, 37), 0.05, zero(qdq, 9))
    array, factors = int8(11, 37), scales(11)
    w = qdq.weights(array if transposed else array.T.copy(), factors, axis=1 - transposed)
    b = qdq.weights(RNG.integers(-900, 900, 11, np.int32), np.float32(0.05) * factors)
    node = qdq.node("Gemm", [x, w, b], transB=transposed)
    assert_equal(qdq.model(qdq.quantized(node, 0.2, zero(qdq, -21))))


def test_gemm_of_a_flattened_image(qdq: Qdq) -> None:
    """A flatten of a channels-last tensor moves into the weights: no transpose is written."""
    x = qdq.input((1, 3, 6, 5), 0.05, zero(qdq, 9))
    image = qdq.quantized(
        qdq.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2]), 0.05, zero(qdq, 9)
    )
    flat = qdq.quantized(qdq.node("Flatten", [image]), 0.05, zero(qdq, 9))
    w = qdq.weights(int8(7, 18), scales(7))
    model = qdq.model(qdq.quantized(qdq.node("Gemm", [flat, w], transB=1), 0.2, zero(qdq, -21)))
    assert_equal(model)
    assert operations(imported(model)).count("transpose") == 1


@pytest.mark.parametrize("shape", [(5, 19), (2, 5, 19), (2, 3, 5, 19)], ids=str)
def test_matmul_by_weights(qdq: Qdq, shape: tuple[int, ...]) -> None:
    """MatMul by a constant, per column, equals QLinearMatMul."""
    x = qdq.input(shape, 0.05, zero(qdq, 9))
    w = qdq.weights(int8(19, 7), scales(7), axis=1)
    y = qdq.quantized(qdq.node("MatMul", [x, w]), 0.2, zero(qdq, -21))
    assert_equal(qdq.model(y))


@pytest.mark.parametrize(
    "shapes", [((5, 19), (19, 4)), ((3, 5, 19), (3, 19, 4)), ((2, 3, 5, 7), (1, 3, 7, 4))], ids=str
)
def test_matmul_of_activations(qdq: Qdq, shapes: tuple[tuple[int, ...], ...]) -> None:
    """MatMul of two activations with two zero points, batches broadcast."""
    a, b = (qdq.input(shape, 0.05, zero(qdq, 9 * k)) for k, shape in enumerate(shapes, 1))
    y = qdq.quantized(qdq.node("MatMul", [a, b]), 0.2, zero(qdq, -21))
    assert_equal(qdq.model(y))


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div", "Min", "Max"])
@pytest.mark.parametrize(
    "shapes",
    [((1, 3, 5, 4), (1, 3, 5, 4)), ((1, 3, 5, 4), (3, 1, 1)), ((2, 1, 4), (5, 1))],
    ids=str,
)
def test_two_activations(qdq: Qdq, op: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    """Elementwise operators of two activations of different scales, with broadcasting."""
    a, b = qdq.input(shapes[0], 0.031, zero(qdq, 9)), qdq.input(shapes[1], 0.047, zero(qdq, 77))
    y = qdq.quantized(qdq.node(op, [a, b]), 0.053, zero(qdq, -21))
    assert_equal(qdq.model(y))


def test_add_keeps_channels_last(qdq: Qdq) -> None:
    """A residual of convolutions is added as it lies; only the edges are transposed."""
    x = qdq.input((1, 3, 6, 5), 0.05, zero(qdq, 9))
    w = qdq.weights(int8(3, 3, 3, 3), scales(3))
    y = qdq.quantized(qdq.node("Conv", [x, w], pads=[1, 1, 1, 1]), 0.11, zero(qdq, -21))
    z = qdq.quantized(qdq.node("Relu", [qdq.node("Add", [x, y])]), 0.13, zero(qdq, -100))
    model = qdq.model(z)
    assert_equal(model)
    assert operations(imported(model)).count("transpose") == 2


UNARY: dict[str, dict[str, Any]] = {
    "Relu": {}, "LeakyRelu": {"alpha": 0.07}, "Elu": {"alpha": 0.7}, "Selu": {}, "Celu": {},
    "ThresholdedRelu": {"alpha": 0.3}, "HardSigmoid": {"alpha": 0.17}, "HardSwish": {}, "Mish": {},
    "Sigmoid": {}, "Tanh": {}, "Softplus": {}, "Softsign": {}, "Exp": {}, "Erf": {}, "Abs": {},
    "Neg": {}, "Floor": {}, "Ceil": {}, "Round": {}, "Sign": {}, "Sin": {}, "Cos": {}, "Atan": {},
    "Shrink": {"bias": 0.1},
}  # fmt: skip


@pytest.mark.parametrize("op", UNARY)
def test_function_becomes_a_table(qdq: Qdq, op: str) -> None:
    """A function of an 8-bit tensor is one table, with onnxruntime's value for every code."""
    qdq.opset = 18
    x = qdq.input((1, 2, 16, 16), 0.043, zero(qdq, 5))
    y = qdq.quantized(qdq.node(op, [x], **UNARY[op]), 0.0173, zero(qdq, -19))
    model = qdq.model(y)
    wanted, got = both(model)
    assert np.array_equal(wanted[0], got[0]) and np.ptp(wanted[0]) > 0
    assert operations(imported(model)) == ["quantize", "table", "dequantize"]


@pytest.mark.parametrize("op", ["Sqrt", "Log", "Reciprocal"])
def test_function_of_positive_numbers(qdq: Qdq, op: str) -> None:
    """Functions that need positive numbers."""
    x = qdq.input((1, 2, 16, 16), 0.043, zero(qdq, -128))
    y = qdq.quantized(qdq.node("Max", [x, qdq.floats(0.043)]), 0.043, zero(qdq, -128))
    z = qdq.quantized(qdq.node(op, [y]), 0.0173, zero(qdq, -19))
    assert_equal(qdq.model(z))


def test_clip_and_silu_are_tables(qdq: Qdq) -> None:
    """Clip, x * sigmoid(x), and arithmetic with numbers are functions of one tensor."""
    x = qdq.input((1, 2, 16, 16), 0.043, zero(qdq, 5))
    clipped = qdq.quantized(
        qdq.node("Clip", [x, qdq.floats(-0.5), qdq.floats(1.5)]), 0.0173, zero(qdq, -19)
    )
    silu = qdq.quantized(qdq.node("Mul", [x, qdq.node("Sigmoid", [x])]), 0.0173, zero(qdq, -19))
    shifted = qdq.node("Pow", [qdq.node("Add", [x, qdq.floats([3.0])]), qdq.floats(2.0)])
    model = qdq.model(clipped, silu, qdq.quantized(shifted, 0.11, zero(qdq, -19)))
    assert_equal(model)
    names = operations(imported(model))
    assert names.count("table") == 3 and "mul" not in names


def test_functions_not_quantized_before_a_second_operand(qdq: Qdq) -> None:
    """A gate that is multiplied before it is quantized: f32 operations, also after being moved."""
    x, y = qdq.input((1, 3, 5, 4), 0.043, zero(qdq, 5)), qdq.input((1, 3, 5, 4), 0.03, zero(qdq, 1))
    gate = qdq.node("HardSigmoid", [qdq.node("Relu", [x])], alpha=0.25)
    shifted = qdq.node("Add", [gate, qdq.floats(0.5)])
    moved = qdq.node("Pad", [shifted, qdq.ints([0, 0, 1, 0, 0, 0, -1, 0])])
    soft = qdq.node("Softsign", [x])
    products = [qdq.node("Mul", [y, factor]) for factor in (shifted, moved, soft)]
    model = qdq.model(*(qdq.quantized(name, 0.021, zero(qdq, -19)) for name in products))
    assert_equal(model)
    assert operations(imported(model)).count("qdq.lookup") == 1


POOLS: dict[str, dict[str, Any]] = {
    "2x2": {"kernel_shape": [2, 2], "strides": [2, 2]},
    "3x2 padded": {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 1, 1, 0]},
    "ceil": {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    "ceil padded": {
        "kernel_shape": [3, 2],
        "strides": [3, 2],
        "pads": [1, 0, 0, 1],
        "ceil_mode": 1,
    },
    "same": {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
}  # fmt: skip


@pytest.mark.parametrize("case", POOLS, ids=str)
def test_max_pool(qdq: Qdq, case: str) -> None:
    """Maximum pooling, also where its result is quantized anew."""
    x = qdq.input((1, 3, 10, 8), 0.05, zero(qdq, 9))
    y = qdq.quantized(qdq.node("MaxPool", [x], **POOLS[case]), 0.05, zero(qdq, 9))
    z = qdq.quantized(qdq.node("MaxPool", [x], **POOLS[case]), 0.07, zero(qdq, -9))
    assert_equal(qdq.model(y, z))


@pytest.mark.parametrize("case", POOLS, ids=str)
def test_average_pool(qdq: Qdq, case: str) -> None:
    """Average pooling, padding left out of the count."""
    x = qdq.input((1, 3, 10, 8), 0.05, zero(qdq, 9))
    y = qdq.quantized(qdq.node("AveragePool", [x], **POOLS[case]), 0.03, zero(qdq, 9))
    assert_equal(qdq.model(y))


def test_average_pool_over_the_whole_image(qdq: Qdq) -> None:
    """A window as large as the image is a mean over it, which needs no window."""
    x = qdq.input((1, 13, 7, 5), 0.05, zero(qdq, 9))
    pooled = qdq.quantized(qdq.node("AveragePool", [x], kernel_shape=[7, 5]), 0.013, zero(qdq, 9))
    model = qdq.model(pooled)
    assert_equal(model)
    assert "avg_pool2d" not in operations(imported(model))


def test_average_pool_counting_padding(qdq: Qdq) -> None:
    """Average pooling, padding counted as zeros; and one-dimensional pools."""
    x = qdq.input((1, 3, 10, 8), 0.05, zero(qdq, 9))
    node = qdq.node("AveragePool", [x], kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
    line = qdq.input((1, 3, 13), 0.05, zero(qdq, 9))
    pooled = qdq.node("MaxPool", [line], kernel_shape=[3], strides=[2])
    outputs = [qdq.quantized(name, 0.03, zero(qdq, 9)) for name in (node, pooled)]
    assert_equal(qdq.model(*outputs))


SCALE_OF = {
    "GlobalAveragePool": 0.013, "GlobalMaxPool": 0.083, "ReduceMean": 0.017, "ReduceSum": 0.17,
    "ReduceMax": 0.083, "ReduceMin": 0.083,
}  # fmt: skip
"""Output scales at which results neither saturate nor vanish."""


@pytest.mark.parametrize("op", ["GlobalAveragePool", "GlobalMaxPool"])
@pytest.mark.parametrize("size", [(4, 4), (7, 7), (5, 3)], ids=str)
def test_global_pool(qdq: Qdq, op: str, size: tuple[int, int]) -> None:
    """Pools over the whole image."""
    x = qdq.input((1, 13, *size), 0.05, zero(qdq, 9))
    assert_equal(qdq.model(qdq.quantized(qdq.node(op, [x]), SCALE_OF[op], zero(qdq, -5))))


@pytest.mark.parametrize("op", ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"])
@pytest.mark.parametrize("axes", [[2, 3], [-1], [1], [1, 3]], ids=str)
def test_reduce(qdq: Qdq, op: str, axes: list[int]) -> None:
    """Reductions over some axes, which disappear; axes as input and as attribute."""
    x = qdq.input((2, 5, 4, 6), 0.05, zero(qdq, 9))
    newest = op == "ReduceSum"
    node = (
        qdq.node(op, [x, qdq.ints(axes)], keepdims=0)
        if newest
        else qdq.node(op, [x], axes=axes, keepdims=0)
    )
    assert_equal(qdq.model(qdq.quantized(node, SCALE_OF[op], zero(qdq, -5))))


def test_concat(qdq: Qdq) -> None:
    """Inputs of equal and of different scales, and a constant, joined along channels."""
    a, b = (qdq.input((1, n, 3, 4), 0.05, zero(qdq, 9)) for n in (2, 5))
    c = qdq.input((1, 3, 3, 4), 0.031, zero(qdq, -40))
    same = qdq.quantized(qdq.node("Concat", [a, b], axis=1), 0.05, zero(qdq, 9))
    filler = qdq.floats(np.linspace(-1, 1, 24).reshape(1, 2, 3, 4))
    mixed = qdq.quantized(qdq.node("Concat", [a, c, filler], axis=-3), 0.061, zero(qdq, 3))
    assert_equal(qdq.model(same, mixed))


def move_reshape(m: Qdq, x: str) -> Any:
    return m.node("Reshape", [x, m.ints([0, 3, -1, 2])])


def move_transpose(m: Qdq, x: str) -> Any:
    return m.node("Transpose", [x], perm=[0, 3, 1, 2])


def move_slice(m: Qdq, x: str) -> Any:
    operands = [[1, 5, 0], [6, 0, 99], [1, 2, 3], [2, -2, 3]]
    return m.node("Slice", [x, *(m.ints(values) for values in operands)])


def move_pad(m: Qdq, x: str) -> Any:
    return m.node("Pad", [x, m.ints([0, 1, 2, 0, 0, 0, 1, -1])])


def move_pad_by_number(m: Qdq, x: str) -> Any:
    return m.node("Pad", [x, m.ints([0, 0, 2, 0, 0, 0, 1, 3]), m.floats(0.3333)])


def move_squeeze(m: Qdq, x: str) -> Any:
    return m.node("Unsqueeze", [m.node("Squeeze", [x, m.ints([0])]), m.ints([1, -1])])


def move_tile(m: Qdq, x: str) -> Any:
    return m.node("Tile", [x, m.ints([1, 2, 1, 3])])


def move_expand(m: Qdq, x: str) -> Any:
    return m.node("Expand", [x, m.ints([4, 6, 6, 4])])


def move_gather(m: Qdq, x: str) -> Any:
    return m.node("Gather", [x, m.ints([[0, 1, 4], [5, 5, -6]])], axis=1)


def move_depth_to_space(m: Qdq, x: str) -> Any:
    deep = m.node("Reshape", [x, m.ints([1, 12, 4, 3])])
    return m.node("DepthToSpace", [deep], blocksize=2, mode="CRD")


def move_space_to_depth(m: Qdq, x: str) -> Any:
    return m.node("DepthToSpace", [m.node("SpaceToDepth", [x], blocksize=2)], blocksize=2)


def move_identity(m: Qdq, x: str) -> Any:
    return m.node("Dropout", [m.node("Identity", [x])])


MOVES = [
    move_reshape, move_transpose, move_slice, move_pad, move_pad_by_number, move_squeeze, move_tile,
    move_expand, move_gather, move_depth_to_space, move_space_to_depth, move_identity,
]  # fmt: skip


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
@pytest.mark.parametrize("pooled", [False, True], ids=["plain", "channels last"])
def test_movement(qdq: Qdq, move: Callable[[Qdq, str], Any], pooled: bool) -> None:
    """Data movement of a tensor in the model's order, and of one that is channels-last inside."""
    x = qdq.input((1, 6, 6, 4), 0.05, zero(qdq, 9))
    if pooled:
        x = qdq.node("MaxPool", [x], kernel_shape=[1, 1])
    assert_equal(qdq.model(qdq.quantized(move(qdq, x), 0.05, zero(qdq, 9))))


def test_split(qdq: Qdq) -> None:
    """Parts of given sizes, each quantized by itself."""
    x = qdq.input((1, 7, 3, 4), 0.05, zero(qdq, 9))
    parts = qdq.node("Split", [x, qdq.ints([2, 4, 1])], count=3, axis=1)
    outputs = [qdq.quantized(part, 0.05, zero(qdq, 9 + k)) for k, part in enumerate(parts)]
    assert_equal(qdq.model(*outputs))


RESIZES: list[tuple[list[float], dict[str, Any]]] = [
    ([2.0, 2.0], {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
    ([3.0, 2.0], {"coordinate_transformation_mode": "half_pixel"}),
    ([1.5, 2.5], {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "ceil"}),
    ([0.5, 0.7], {"nearest_mode": "round_prefer_ceil"}),
    ([2.0, 1.7], {"coordinate_transformation_mode": "align_corners"}),
]


@pytest.mark.parametrize(("factors", "attributes"), RESIZES, ids=str)
def test_resize_nearest(qdq: Qdq, factors: list[float], attributes: dict[str, Any]) -> None:
    """Nearest-neighbour resizing, by tosa.resize or by a gather."""
    x = qdq.input((1, 3, 6, 5), 0.05, zero(qdq, 9))
    factor = qdq.floats([1, 1, *factors])
    y = qdq.quantized(qdq.node("Resize", [x, "", factor], **attributes), 0.05, zero(qdq, 9))
    assert_equal(qdq.model(y))


@pytest.mark.parametrize("opset", [11, 13])
def test_softmax_at_the_tail(qdq: Qdq, opset: int) -> None:
    """Softmax in float behind the last DequantizeLinear, to f32's own accuracy."""
    m = Qdq(unsigned=qdq.dtype == np.uint8, opset=opset)
    x = m.input((2, 3, 7), 0.05, zero(m, 9))
    wanted, got = both(m.model(m.node("Softmax", [x], axis=1)))
    assert np.allclose(wanted[0], got[0], rtol=1e-6, atol=1e-7)
    assert np.allclose(got[0].reshape(2, -1).sum(1), 1.0 if opset == 11 else 7.0, atol=1e-5)


def test_arg_max(qdq: Qdq) -> None:
    """ArgMax of codes gives i64 indices."""
    x = qdq.input((2, 9, 4, 3), 0.05, zero(qdq, 9))
    index = qdq.node("ArgMax", [x], axis=1, keepdims=0)
    assert_equal(qdq.model(index, types={index: TensorProto.INT64}))


def test_quantized_input_and_output(qdq: Qdq) -> None:
    """A model whose input and output are 8-bit keeps their type, and says what they mean."""
    kind = TensorProto.UINT8 if qdq.dtype == np.uint8 else TensorProto.INT8
    raw = qdq.raw_input((1, 3, 6, 5), kind)
    factors = [qdq.floats(0.05), qdq.constant(np.array(zero(qdq, 9), qdq.dtype))]
    x = qdq.node("DequantizeLinear", [raw, *factors])
    w = qdq.weights(int8(4, 3, 3, 3), scales(4))
    target = [qdq.floats(0.11), qdq.constant(np.array(zero(qdq, -7), qdq.dtype))]
    y = qdq.node("QuantizeLinear", [qdq.node("Conv", [x, w]), *target])
    model = qdq.model(y, types={y: kind})
    assert_equal(model)
    result = imported(model)
    assert result.inputs[0].quantization is not None and result.outputs[0].quantization is not None
    assert result.inputs[0].quantization.zero_point == zero(qdq, 9)
    assert result.outputs[0].quantization.zero_point == zero(qdq, -7)


def test_shape_arithmetic_is_folded(qdq: Qdq) -> None:
    """Shape, Gather, Concat, Mul… that lead to a Reshape leave no trace."""
    x = qdq.input(("batch", 6, 4, 3), 0.05, zero(qdq, 9))
    shape = qdq.node("Shape", [x])
    batch = qdq.node("Gather", [shape, qdq.ints(0)], axis=0)
    rest = qdq.node("Slice", [shape, qdq.ints([2]), qdq.ints([4])])
    area = qdq.node("ReduceProd", [rest], keepdims=1)
    dims = [qdq.node("Unsqueeze", [batch, qdq.ints([0])]), qdq.ints([-1]), area]
    target = qdq.node("Cast", [qdq.node("Concat", dims, axis=0)], to=TensorProto.INT64)
    y = qdq.quantized(qdq.node("Reshape", [x, target]), 0.05, zero(qdq, 9))
    model = qdq.model(y)
    assert_equal(model)
    assert operations(imported(model)) == ["quantize", "dequantize", "reshape"]


def test_older_opsets_take_attributes(qdq: Qdq) -> None:
    """Axes, splits and pads that were attributes before opset 13."""
    m = Qdq(unsigned=qdq.dtype == np.uint8, opset=11)
    x = m.input((1, 6, 4, 3), 0.05, zero(m, 9))
    parts = m.node("Split", [x], count=2, axis=1, split=[2, 4])
    flat = m.node("Unsqueeze", [m.node("Squeeze", [parts[1]], axes=[0])], axes=[2])
    total = m.node("ReduceSum", [parts[0]], axes=[1], keepdims=0)
    assert_equal(m.model(*(m.quantized(name, 0.06, zero(m, 9)) for name in (flat, total))))
