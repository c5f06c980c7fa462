"""Float operators between quantized ones equal LiteRT's reference kernels, up to the last bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from afe.errors import AfeError, ErrorCode
from litert_oracle import Cases, constant, import_bytes
from reference import tosa_numpy
from tflite_files import Op, T, make_file, run_reference

SHAPE = (2, 3, 4, 5)
ACTIVATION = {"fusedActivationFunction": 3}


@dataclass(frozen=True)
class Island:
    """DEQUANTIZE, one float operator, and its f32 result."""

    code: str
    operands: Sequence[tuple[int, ...]] = (SHAPE,)
    result: tuple[int, ...] = SHAPE
    constants: Sequence[Any] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    options: str | None = None
    dtype: Any = np.float32
    lowest: int = -128
    scale: float = 0.04
    version: int = 1


ISLANDS = [
    *(
        Island(code, (SHAPE, (4, 1)), fields=ACTIVATION, options=f"{code.title()}Options")
        for code in ("ADD", "SUB", "MUL")
    ),
    Island("DIV", (SHAPE, (5,)), fields=ACTIVATION, options="DivOptions", lowest=9),
    *(Island(code, (SHAPE, (4, 1))) for code in ("MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE")),
    Island("POW", (SHAPE, SHAPE), lowest=9),
    Island("ADD_N", (SHAPE, SHAPE, SHAPE)),
    Island("PRELU", (SHAPE, (1, 1, 5))),
    *(
        Island(code, (SHAPE, (5,)), dtype=np.bool_)
        for code in ("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL")
    ),
    *(
        Island(code)
        for code in (
            "ABS", "EXP", "SIN", "COS", "FLOOR", "TANH", "NEG", "SQUARE", "SIGN",
            "LOGISTIC", "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "HARD_SWISH",
        )
    ),
    *(Island(code, lowest=9) for code in ("LOG", "SQRT", "RSQRT")),
    Island("LEAKY_RELU", fields={"alpha": 0.3}, options="LeakyReluOptions"),
    Island("GELU", fields={"approximate": False}, options="GeluOptions"),
    Island("GELU", fields={"approximate": True}, options="GeluOptions"),
    Island("SOFTMAX", fields={"beta": 0.7}, options="SoftmaxOptions"),
    Island("LOG_SOFTMAX"),
    Island("L2_NORMALIZATION", options="L2NormOptions"),
    *(
        Island(code, result=(2, 5), constants=[[1, 2]], options="ReducerOptions")
        for code in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD")
    ),
    Island("MEAN", result=(2, 3, 4, 1), constants=[[-1]], fields={"keepDims": True},
           options="ReducerOptions"),
    Island("ARG_MAX", result=(2, 3, 5), constants=[[2]], fields={"outputType": 2},
           options="ArgMaxOptions", dtype=np.int32),
    Island("ARG_MIN", result=(2, 3, 4), constants=[[3]], fields={"outputType": 4},
           options="ArgMinOptions", dtype=np.int64),
    *(
        Island(code, ((1, 5, 6, 3),), (1, 3, 3, 3), options="Pool2DOptions", fields={
            "padding": 0, "strideH": 2, "strideW": 2, "filterHeight": 2, "filterWidth": 3,
            "fusedActivationFunction": 1,
        })
        for code in ("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D")
    ),
    Island("BATCH_MATMUL", ((2, 3, 4), (2, 5, 4)), (2, 3, 5), options="BatchMatMulOptions",
           fields={"adjY": True}),
]  # fmt: skip


def island_file(case: Island, weights: Sequence[T] = ()) -> tuple[bytes, list[Any]]:
    """The model and its int8 inputs."""
    cases = Cases(17)
    count = len(case.operands)
    codes = [T(shape, np.int8, case.scale, 3) for shape in case.operands]
    reals = [T(shape, np.float32) for shape in case.operands]
    extra = [*weights, *(constant(values) for values in case.constants)]
    tensors = [*codes, *reals, *extra, T(case.result, case.dtype)]
    result = len(tensors) - 1
    ops = [Op("DEQUANTIZE", [i], [count + i], version=2) for i in range(count)]
    inputs = list(range(count, result))
    ops.append(Op(case.code, inputs, [result], case.options, case.fields, case.version))
    data = make_file(tensors, ops, list(range(count)), [result])
    arrays = [np.maximum(cases.integers(np.int8, shape), case.lowest) for shape in case.operands]
    return data, [array.astype(np.int8) for array in arrays]


def check(data: bytes, inputs: list[Any], *, registered: bool = True) -> None:
    """Shapes and types equal, values up to a few units in the last place.

    Operators without a `registered` reference kernel are compared with the only one there is.
    """
    (expected,) = run_reference(data, inputs, optimized=not registered)
    (actual,) = tosa_numpy.evaluate(import_bytes(data).module, inputs).outputs
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(actual, expected, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("case", ISLANDS, ids=lambda case: case.code)
def test_island(case: Island) -> None:
    """Every operator, broadcast where it can."""
    check(*island_file(case))


@pytest.mark.parametrize("code", ["CEIL", "ROUND", "ELU"])
def test_island_of_the_default_kernels(code: str) -> None:
    """LiteRT registers no reference kernels for these (with a scale that both round alike)."""
    check(*island_file(Island(code, scale=0.03125)), registered=False)


WEIGHTS = np.random.default_rng(3)


def real_constant(*shape: int) -> T:
    """A constant of small numbers."""
    return T(data=WEIGHTS.normal(0, 0.5, shape).astype(np.float32))


LAYERS = [
    (
        Island("FULLY_CONNECTED", ((3, 7),), (3, 4), options="FullyConnectedOptions",
               fields=ACTIVATION),
        [real_constant(4, 7), real_constant(4)],
    ),
    (
        Island("CONV_2D", ((1, 6, 5, 3),), (1, 3, 3, 4), options="Conv2DOptions", fields={
            "padding": 0, "strideH": 2, "strideW": 2, "dilationHFactor": 1, "dilationWFactor": 1,
        }),
        [real_constant(4, 3, 2, 3), real_constant(4)],
    ),
    (
        Island("DEPTHWISE_CONV_2D", ((1, 6, 5, 3),), (1, 4, 3, 6), options="DepthwiseConv2DOptions",
               fields={"padding": 1, "strideH": 1, "strideW": 1, "depthMultiplier": 2,
                       "dilationHFactor": 1, "dilationWFactor": 2}),
        [real_constant(1, 3, 2, 6), real_constant(6)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("case", "weights"), LAYERS, ids=lambda value: getattr(value, "code", ""))
def test_layer(case: Island, weights: list[T]) -> None:
    """Products with constant weights; the bias is added last."""
    check(*island_file(case, weights))


def test_dynamic_range_weights_are_refused() -> None:
    """int8 weights of float activations: the kernel quantizes at run time."""
    weights = T(data=np.ones((4, 7), np.int8), scale=0.1)
    case = Island("FULLY_CONNECTED", ((3, 7),), (3, 4), options="FullyConnectedOptions")
    data, _ = island_file(case, [weights])
    with pytest.raises(AfeError, match="dynamic range") as caught:
        import_bytes(data)
    assert caught.value.code == ErrorCode.UNSUPPORTED_OPERATOR


def test_float_operator_on_integers_is_refused() -> None:
    """With the type in the message."""
    cases = Cases(1)
    data = cases.single("SIN", [cases.activation((2, 3), np.int8)], T((2, 3), np.int8, 0.1))
    with pytest.raises(AfeError, match="float32 is needed") as caught:
        import_bytes(data)
    assert caught.value.code == ErrorCode.UNSUPPORTED_TYPE
