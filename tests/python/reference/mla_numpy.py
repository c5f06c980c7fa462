"""Evaluates lowered modules with numpy: layer operations of the mla dialect, segments, EV74.

    outputs = evaluate(module, [array, …]).outputs

`module` is an `afe.ir.Module` behind `afe-lower-to-mla` (layer operations among TOSA in `@main`) or
behind `afe-partition` (calls of segments). TOSA operations are left to `tosa_numpy`. An oracle for
tests, written from the dialect's documentation: slow, exact, and without the compiler's code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from afe import ir

from . import litert_kernels as litert
from . import mla_lanes as lanes
from . import tosa_kernels as tosa
from . import tosa_numpy
from .tosa_kernels import Array
from .tosa_numpy import Evaluation, Op, type_of

RESIDUAL_LITERT, RESIDUAL_F32 = "litert_add", "f32_add"


def evaluate(module: ir.Module, inputs: Sequence[Array]) -> Evaluation:
    """Runs `@main` on arrays in the order of its arguments."""
    with module.context:
        symbols = {}
        for view in module.body.operations:
            op = view.operation
            symbols[ir.StringAttr(op.attributes["sym_name"]).value] = op
        evaluation = Evaluation([])
        evaluation.outputs = _run(symbols["main"], list(inputs), symbols, evaluation)
        return evaluation


def _run(
    function: Any, inputs: list[Array], symbols: dict[str, Any], evaluation: Evaluation
) -> list[Array]:
    """The results of a function or segment; values by location go into `evaluation`."""
    block = function.regions[0].blocks[0]
    values: dict[Any, Array] = dict(zip(block.arguments, inputs, strict=True))
    for view in block.operations:
        op = view.operation
        operands = [values[operand] for operand in op.operands]
        if op.name in ("func.return", "mla.return", "a65.return"):
            return operands
        if op.name in ("mla.call", "a65.call"):
            callee = str(op.attributes["callee"]).lstrip("@").strip('"')
            results = _run(symbols[callee], operands, symbols, evaluation)
        else:
            results = _evaluate(op, operands)
        for value, array in zip(op.results, results, strict=True):
            shape, dtype = type_of(value)
            if array.shape != shape or array.dtype != dtype:
                raise ValueError(f"{op.name} made {array.shape} {array.dtype}, not {shape} {dtype}")
            values[value] = array
            evaluation.by_location[tosa_numpy.location_name(op)] = array
    raise ValueError("the function does not return")


def _evaluate(op: Any, operands: list[Array]) -> list[Array]:
    if op.name.startswith("mla."):
        return LAYERS[op.name.removeprefix("mla.")](Op(op), operands)
    if op.name == "a65.ev74":
        return [_ev74(Op(op), operands[0])]
    return tosa_numpy._evaluate_op(Op(op), operands)


# --- attributes ----------------------------------------------------------------------------------


def struct(attribute: Any) -> dict[str, Any]:
    """`#mla.requant<double, multipliers = [1, 2], zp = 3>` as a dict; the first word is `mode`."""
    text = str(attribute)
    body = text[text.index("<") + 1 : -1]
    fields: dict[str, Any] = {"mode": body.partition(",")[0].strip()}
    for name, values, number in re.findall(r"(\w+) = (?:\[([^\]]*)\]|(-?\d+))", body):
        fields[name] = [int(v) for v in values.split(",")] if values else int(number)
    return fields


def requantized(accumulator: Array, fields: dict[str, Any]) -> Array:
    """The epilogue's requantization and clamp, in i64."""
    mode = fields["mode"]
    if mode == "none":
        return accumulator
    multipliers = np.array(fields["multipliers"], np.int32)
    shifts = np.array(fields.get("shifts", [0]), np.int32)
    scaled = lanes.scale(accumulator, mode, multipliers, shifts) + fields.get("zp", 0)
    return np.clip(scaled, fields.get("lo", -128), fields.get("hi", 127))


def with_residual(value: Array, residual: Array, fields: dict[str, Any]) -> Array:
    """The fused addition."""
    if "selfTable" in fields:
        value = np.array(fields["selfTable"], np.int8)[value & 255]
    a = value.astype(np.int64) - fields["selfZp"]
    b = residual.astype(np.int64) - fields["residualZp"]
    if fields["mode"] == RESIDUAL_F32:
        scales = [
            np.int32(fields[name]).view(np.float32)
            for name in ("selfMultiplier", "residualMultiplier", "sumMultiplier")
        ]
        total = a.astype(np.float32) * scales[0] + b.astype(np.float32) * scales[1]
        rounded = np.rint(total / scales[2]).astype(np.int64)
    else:
        left = fields.get("leftShift", 20)
        total = lanes.scale(
            a << left, "double", np.int32(fields["selfMultiplier"]), np.int32(fields["selfShift"])
        ) + lanes.scale(
            b << left, "double",
            np.int32(fields["residualMultiplier"]), np.int32(fields["residualShift"]),
        )  # fmt: skip
        rounded = lanes.scale(
            total, "double", np.int32(fields["sumMultiplier"]), np.int32(fields["sumShift"])
        )
    return np.clip(rounded + fields["sumZp"], fields.get("lo", -128), fields.get("hi", 127))


# --- convolution-like layers ---------------------------------------------------------------------


def _epilogue(op: Op, accumulator: Array, residual: Array | None) -> list[Array]:
    value = requantized(accumulator, struct(op.raw("requant")))
    if residual is not None:
        value = with_residual(value, residual, struct(op.raw("residual_add")))
    if op.has("table"):
        value = np.array(op.table, np.int8)[value & 255]
    return [value.astype(np.int64).astype(op.result[1])]


def _parts(op: Op, operands: list[Array]) -> tuple[Array, Array, Array, Array | None]:
    """Input, weights, bias, residual."""
    sizes = [
        int(n) for n in re.findall(r"-?\d+", str(op.raw("operandSegmentSizes")).partition(":")[2])
    ]
    parts: list[Array | None] = []
    rest = list(operands)
    for size in sizes:
        parts.append(rest.pop(0) if size else None)
    x, weights, bias, residual = parts
    assert x is not None and weights is not None
    return x, weights, np.zeros(1, np.int32) if bias is None else bias, residual


def _scalar(value: int) -> Array:
    return np.array([value])


def _conv2d(op: Op, operands: list[Array]) -> list[Array]:
    x, weights, bias, residual = _parts(op, operands)
    groups = op.groups if op.has("groups") else 1
    inputs = np.split(x, groups, axis=3)
    kernels = np.split(weights, groups, axis=0)
    biases = np.split(np.broadcast_to(bias, len(weights)), groups)
    accumulators = [
        tosa.conv2d(
            part, kernel, some, _scalar(op.input_zp), _scalar(op.weight_zp),
            op.pad, op.stride, op.dilation,
        )
        for part, kernel, some in zip(inputs, kernels, biases, strict=True)
    ]  # fmt: skip
    return _epilogue(op, np.concatenate(accumulators, axis=3), residual)


def _depthwise_conv2d(op: Op, operands: list[Array]) -> list[Array]:
    x, weights, bias, residual = _parts(op, operands)
    accumulator = tosa.depthwise_conv2d(
        x, weights, bias, _scalar(op.input_zp), _scalar(op.weight_zp),
        op.pad, op.stride, op.dilation,
    )  # fmt: skip
    return _epilogue(op, accumulator, residual)


def _transpose_conv2d(op: Op, operands: list[Array]) -> list[Array]:
    x, weights, bias, residual = _parts(op, operands)
    accumulator = tosa.transpose_conv2d(
        x, weights, bias, _scalar(op.input_zp), _scalar(op.weight_zp), op.out_pad, op.stride
    )
    return _epilogue(op, accumulator, residual)


def _matmul(op: Op, operands: list[Array]) -> list[Array]:
    lhs, rhs = operands
    if op.has("transpose_rhs"):
        rhs = rhs.transpose(0, 2, 1)
    accumulator = tosa.matmul(lhs, rhs, _scalar(op.lhs_zp), _scalar(op.rhs_zp))
    return _epilogue(op, accumulator, None)


def _scale(op: Op, operands: list[Array]) -> list[Array]:
    x, factors = (operand.astype(np.int64) for operand in operands)
    return _epilogue(op, (x - op.input_zp) * (factors - op.factors_zp), None)


# --- data movement -------------------------------------------------------------------------------


def _slice(op: Op, operands: list[Array]) -> list[Array]:
    strides = op.strides if op.has("strides") else [1] * len(op.start)
    box = tuple(
        slice(start, start + (size - 1) * stride + 1, stride)
        for start, size, stride in zip(op.start, op.size, strides, strict=True)
    )
    return [np.ascontiguousarray(operands[0][box])]


def _pad(op: Op, operands: list[Array]) -> list[Array]:
    amounts = list(zip(op.low, op.high, strict=True))
    return [np.pad(operands[0], amounts, constant_values=op.value)]


def _const(op: Op, operands: list[Array]) -> list[Array]:
    shape, dtype = op.result
    array = np.asarray(op.raw("value"))
    if array.dtype != dtype:
        array = array.view(dtype) if array.dtype.itemsize == dtype.itemsize else array.astype(dtype)
    return [np.broadcast_to(array, shape)]


LAYERS = {
    "const": _const,
    "conv2d": _conv2d,
    "depthwise_conv2d": _depthwise_conv2d,
    "transpose_conv2d": _transpose_conv2d,
    "matmul": _matmul,
    "scale": _scale,
    "vector": lambda op, v: lanes.vector(op._op, v),
    "concat": lambda op, v: [np.concatenate(v, axis=op.axis)],
    "slice": _slice,
    "pad": _pad,
    "reshape": lambda op, v: [v[0].reshape(op.result[0])],
    "transpose": lambda op, v: [np.ascontiguousarray(v[0].transpose(op.perms))],
}


# --- the EV74 ------------------------------------------------------------------------------------


def _ev74(op: Op, x: Array) -> Array:
    shape, dtype = op.result
    params = {
        named.name: tosa_numpy.python_value(named.attr) for named in ir.DictAttr(op.raw("params"))
    }
    match op.kernel:
        case "quantization_transform":
            return litert.quantize(
                x, params["divisor"], params["zero_point"], params["rounding"], dtype
            )
        case "dequantization_transform":
            return litert.dequantize(x, params["scale"], params["zero_point"])
        case "layout_transform":
            return np.ascontiguousarray(x.transpose(params["perms"]))
        case "reshape_transform":
            return x.reshape(shape)
        case "cast_transform":
            return x.astype(dtype)
    raise NotImplementedError(op.kernel)
