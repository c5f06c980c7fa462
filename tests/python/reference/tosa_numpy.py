"""Evaluates a TOSA module of our conventions with numpy: the whole team's test oracle.

    outputs = evaluate(module, [array, …])                     # in the results' order
    values = evaluate(module, arrays, keep=True).by_location   # every value, by location name

`module` is an `afe.ir.Module`. Arrays have the arguments' own dtypes (uint8 for ui8).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from afe import ir

from . import litert_kernels as litert
from . import tosa_kernels as tosa
from .tosa_kernels import Array

DTYPES = {
    "i8": np.int8, "ui8": np.uint8, "i16": np.int16, "i32": np.int32, "i64": np.int64,
    "f32": np.float32, "i1": np.bool_, "index": np.int64, "i48": np.int64,
}  # fmt: skip


@dataclass
class Evaluation:
    """Results in order; with `keep`, also the last value made at every location name."""

    outputs: list[Array]
    by_location: dict[str, Array] = field(default_factory=dict)


Observer = Callable[[Any, Array], Array]
"""Sees every operation with its result, and returns the array that goes on in its place."""


def evaluate(
    module: ir.Module,
    inputs: Sequence[Array] | Mapping[str, Array],
    *,
    keep: bool = False,
    observe: Observer | None = None,
) -> Evaluation:
    """Runs `@main`; inputs in order or by `afe.name`."""
    with module.context:
        function = next(op for op in module.body.operations if op.operation.name == "func.func")
        return _run(function.operation, inputs, keep, observe)


def _run(
    function: Any,
    inputs: Sequence[Array] | Mapping[str, Array],
    keep: bool,
    observe: Observer | None,
) -> Evaluation:
    block = function.regions[0].blocks[0]
    if isinstance(inputs, Mapping):
        names = [ir.StringAttr(ir.DictAttr(a)["afe.name"]).value for a in arg_attributes(function)]
        inputs = [inputs[name] for name in names]
    values: dict[Any, Array] = {}
    for argument, array in zip(block.arguments, inputs, strict=True):
        shape, dtype = type_of(argument)
        if array.shape != shape or array.dtype != dtype:
            raise ValueError(f"argument of {shape} {dtype} given {array.shape} {array.dtype}")
        values[argument] = array
    evaluation = Evaluation([])
    for view in block.operations:
        op = view.operation
        operands = [values[operand] for operand in op.operands]
        if op.name == "func.return":
            evaluation.outputs = operands
            return evaluation
        results = _evaluate_op(Op(op), operands)
        for value, array in zip(op.results, results, strict=True):
            shape, dtype = type_of(value)
            if array.shape != shape or array.dtype != dtype:
                raise ValueError(f"{op.name} made {array.shape} {array.dtype}, not {shape} {dtype}")
            values[value] = array if observe is None else observe(op, array)
            if keep and op.name not in ("tosa.const", "tosa.const_shape"):
                evaluation.by_location[location_name(op)] = array
    raise ValueError("the function does not return")


def arg_attributes(function: Any) -> list[Any]:
    """The attribute dictionaries of a function's arguments."""
    return list(ir.ArrayAttr(function.attributes["arg_attrs"]))


def location_name(op: Any) -> str:
    """Name of an operation's location: the quoted part of `loc("name"(...))`."""
    found = re.search(r'"((?:[^"\\]|\\.)*)"', str(op.location))
    return found.group(1) if found else ""


def type_of(value: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and numpy dtype of a value (a `!tosa.shape<n>` is n int64)."""
    text = str(value.type)
    if text.startswith("!tosa.shape"):
        return (int(text[len("!tosa.shape<") : -1]),), np.dtype(np.int64)
    *sizes, element = re.sub(r"^tensor<|>$", "", text).split("x")
    return tuple(int(size) for size in sizes), np.dtype(DTYPES[element])


class Op:
    """An operation with its attributes as Python values."""

    def __init__(self, op: Any) -> None:
        self._op = op
        self.name: str = op.name

    def __getattr__(self, name: str) -> Any:
        return python_value(self._op.attributes[name])

    def has(self, name: str) -> bool:
        return name in self._op.attributes

    def raw(self, name: str) -> Any:
        return self._op.attributes[name]

    @property
    def result(self) -> tuple[tuple[int, ...], np.dtype[Any]]:
        return type_of(self._op.results[0])


def python_value(attribute: Any) -> Any:
    """An attribute as bool, int, float, str or list; enums as their name."""
    text = str(attribute)
    if text in ("true", "false"):
        return text == "true"
    if text.startswith('"'):
        return ir.StringAttr(attribute).value
    if text.startswith("array<"):
        return [int(item) for item in re.findall(r"-?\d+", text.partition(":")[2])]
    if text.startswith("#tosa."):
        return text[text.index("<") + 1 : -1]
    if re.fullmatch(r"-?\d+ : \w+", text):
        return int(text.split(" ")[0])
    if text.endswith(("f32", "f64")):
        return ir.FloatAttr(attribute).value
    return text


def constant(op: Op) -> Array:
    """The values of a tosa.const or tosa.const_shape."""
    shape, dtype = op.result
    array = np.asarray(op.raw("values"))
    if array.dtype != dtype:
        array = array.view(dtype) if array.dtype.itemsize == dtype.itemsize else array.astype(dtype)
    return np.broadcast_to(array, shape) if array.shape != shape else array


def _custom(op: Op, operands: list[Array]) -> Array | list[Array]:
    facts = {
        named.name: python_value(named.attr)
        for named in ir.DictAttr(ir.Attribute.parse(op.implementation_attrs))
    }
    x = operands[0]
    shape, dtype = op.result
    match op.operator_name:
        case "quantize":
            return litert.quantize(x, facts["scale"], facts["zero_point"], facts["rounding"], dtype)
        case "dequantize":
            return litert.dequantize(x, facts["scale"], facts["zero_point"])
        case "div_f32":
            return litert.div_f32(*operands)
        case "sqrt_f32":
            with np.errstate(invalid="ignore"):
                return np.sqrt(x)
        case "qdq.softmax":
            return litert.table_softmax(*operands)
        case "qdq.lookup":
            return operands[1][x.astype(np.int64) + 128]
        case "litert.softmax":
            return litert.softmax(x, **facts)
        case "litert.average_pool_2d":
            return litert.average_pool_2d(
                x, facts["kernel"], facts["stride"], facts["pad"], facts["min"], facts["max"],
                facts.get("unsigned", False),
            )  # fmt: skip
        case "litert.detection_postprocess":
            return list(litert.detection_postprocess(*operands, **facts))
        case "litert.resize_bilinear":
            return litert.resize_bilinear(x, shape[1:3], **facts)
        case "litert.resize_nearest":
            return litert.resize_nearest(x, shape[1:3], **facts)
    raise NotImplementedError(op.operator_name)


def _conv(kernel: Callable[..., Array]) -> Callable[[Op, list[Array]], Array]:
    return lambda op, v: kernel(*v, pad=op.pad, stride=op.stride, dilation=op.dilation)


def _slice(x: Array, start: Array, size: Array) -> Array:
    return x[tuple(slice(a, a + n) for a, n in zip(start.tolist(), size.tolist(), strict=True))]


def _f32(function: Callable[[Any], Any]) -> Callable[[Op, list[Array]], Array]:
    """A transcendental function computed in f64 and rounded once."""

    def run(op: Op, v: list[Array]) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(function(v[0].astype(np.float64))).astype(np.float32)

    return run


def _erf(x: Any) -> Any:
    import math

    return np.vectorize(math.erf, otypes=[np.float64])(x)


def _binary(function: Callable[[Any, Any], Any]) -> Callable[[Op, list[Array]], Array]:
    def run(op: Op, v: list[Array]) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(function(v[0], v[1])).astype(op.result[1], copy=False)

    return run


EVALUATORS: dict[str, Callable[[Op, list[Array]], Array | list[Array]]] = {
    "const": lambda op, v: constant(op),
    "const_shape": lambda op, v: constant(op),
    "identity": lambda op, v: v[0],
    "conv2d": _conv(tosa.conv2d),
    "depthwise_conv2d": _conv(tosa.depthwise_conv2d),
    "transpose_conv2d": lambda op, v: tosa.transpose_conv2d(
        *v, out_pad=op.out_pad, stride=op.stride
    ),
    "matmul": lambda op, v: tosa.matmul(*v),
    "max_pool2d": lambda op, v: tosa.max_pool2d(v[0], op.kernel, op.stride, op.pad),
    "avg_pool2d": lambda op, v: tosa.avg_pool2d(v[0], op.kernel, op.stride, op.pad),
    "resize": lambda op, v: tosa.resize_nearest(*v, mode=op.mode),
    "rescale": lambda op, v: tosa.rescale(*v, dtype=op.result[1], rounding=op.rounding_mode),
    "clamp": lambda op, v: np.clip(v[0], op.min_val, op.max_val).astype(v[0].dtype),
    "cast": lambda op, v: tosa.cast(v[0], op.result[1]),
    "mul": lambda op, v: tosa.mul(*v),
    "table": lambda op, v: tosa.table(*v),
    "select": lambda op, v: np.where(v[0], v[1], v[2]),
    "add": _binary(np.add),
    "sub": _binary(np.subtract),
    "maximum": _binary(np.maximum),
    "minimum": _binary(np.minimum),
    "pow": lambda op, v: np.power(v[0].astype(np.float64), v[1]).astype(np.float32),
    "intdiv": lambda op, v: np.trunc(v[0] / v[1]).astype(np.int32),
    "equal": _binary(np.equal),
    "greater": _binary(np.greater),
    "greater_equal": _binary(np.greater_equal),
    "logical_and": _binary(np.logical_and),
    "logical_or": _binary(np.logical_or),
    "logical_not": lambda op, v: ~v[0],
    "bitwise_not": lambda op, v: ~v[0],
    "logical_xor": _binary(np.logical_xor),
    "bitwise_xor": _binary(np.bitwise_xor),
    "bitwise_and": _binary(np.bitwise_and),
    "bitwise_or": _binary(np.bitwise_or),
    "logical_left_shift": _binary(np.left_shift),
    "arithmetic_right_shift": lambda op, v: tosa.arithmetic_right_shift(*v, rounds=op.round),
    "clz": lambda op, v: tosa.clz(v[0]),
    "abs": lambda op, v: np.abs(v[0]),
    "negate": lambda op, v: -v[0],
    "floor": lambda op, v: np.floor(v[0]),
    "ceil": lambda op, v: np.ceil(v[0]),
    "reciprocal": lambda op, v: np.float32(1) / v[0],
    "rsqrt": _f32(lambda x: 1 / np.sqrt(x)),
    "exp": _f32(np.exp),
    "log": _f32(np.log),
    "tanh": _f32(np.tanh),
    "sigmoid": _f32(lambda x: 1 / (1 + np.exp(-x))),
    "erf": _f32(_erf),
    "sin": _f32(np.sin),
    "cos": _f32(np.cos),
    "reduce_sum": lambda op, v: tosa.reduce_sum(v[0], op.axis),
    "reduce_product": lambda op, v: tosa.reduce_product(v[0], op.axis),
    "reduce_max": lambda op, v: v[0].max(axis=op.axis, keepdims=True),
    "reduce_min": lambda op, v: v[0].min(axis=op.axis, keepdims=True),
    "reduce_all": lambda op, v: v[0].all(axis=op.axis, keepdims=True),
    "reduce_any": lambda op, v: v[0].any(axis=op.axis, keepdims=True),
    "argmax": lambda op, v: v[0].argmax(axis=op.axis).astype(np.int32),
    "reshape": lambda op, v: v[0].reshape(op.result[0]),
    "transpose": lambda op, v: np.ascontiguousarray(v[0].transpose(op.perms)),
    "concat": lambda op, v: np.concatenate(v, axis=op.axis),
    "slice": lambda op, v: _slice(*v),
    "pad": lambda op, v: tosa.pad(*v),
    "tile": lambda op, v: np.tile(v[0], v[1].tolist()),
    "reverse": lambda op, v: np.flip(v[0], op.axis),
    "gather": lambda op, v: tosa.gather(*v),
    "custom": _custom,
}


def _evaluate_op(op: Op, operands: list[Array]) -> list[Array]:
    evaluator = EVALUATORS.get(op.name.removeprefix("tosa."))
    if evaluator is None:
        raise NotImplementedError(op.name)
    made = evaluator(op, operands)
    return made if isinstance(made, list) else [np.asarray(made)]
