"""Vector programs of the mla dialect in numpy: every lane of the iteration space at once.

A lane is an int64 array that holds wrapped int32 values, or a float32 array. The iteration space
has rank 4 (image, row, column, channel); reduced lanes have size 1 in the reduced axes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from . import tosa_kernels as tosa
from .tosa_kernels import Array
from .tosa_numpy import Op, python_value, type_of


def wrap(x: Array) -> Array:
    """int64 to wrapped int32 values, kept in int64; f32 as it is."""
    if x.dtype == np.float32:
        return x
    return x.astype(np.int64).astype(np.int32).astype(np.int64)


def scale(x: Array, mode: str, multiplier: Array, shift: Array) -> Array:
    """x scaled and rounded in a requantization mode (multiplier: int32, or f32 bits), as int64."""
    if mode == "f32_rne":
        factor = np.asarray(multiplier, np.int32).view(np.float32)
        product = x.astype(np.int32).astype(np.float32) * factor
        return saturate(np.rint(product).astype(np.float64))
    wide, shift = x.astype(np.int64), np.asarray(shift, np.int64)
    rounding = np.int64(1) << (shift - 1)
    if mode == "double":
        extra = np.where(wide >= 0, 1 << 30, -(1 << 30))
        rounding = rounding + np.where(shift > 31, extra, 0)
    return (wide * np.asarray(multiplier, np.int64) + rounding) >> shift


def saturate(x: Array) -> Array:
    """Whole f64 values limited to int32, NaN to 0."""
    return np.clip(np.nan_to_num(x, nan=0.0), -(2.0**31), 2.0**31 - 1).astype(np.int64)


def to_rank4(shape: tuple[int, ...]) -> tuple[int, ...]:
    """[C], [N,C], [N,S,C] or [N,H,W,C] as image, row, column, channel."""
    if len(shape) == 1:
        return (1, 1, 1, shape[0])
    if len(shape) == 3:
        return (shape[0], shape[1], 1, shape[2])
    return shape if len(shape) == 4 else (shape[0], 1, 1, shape[1])


class Program:
    """One `mla.vector` on given operands."""

    def __init__(self, op: Any, operands: list[Array]) -> None:
        self.op = op
        self.results = [type_of(result) for result in op.results]
        self.operands = [array.reshape(to_rank4(array.shape)) for array in operands]
        self.window = _window(op)
        self.out = to_rank4(self.results[0][0])
        self.lanes: dict[Any, Array] = {}

    def run(self) -> list[Array]:
        """The stored outputs."""
        block = self.op.regions[0].blocks[0]
        for argument, array in zip(block.arguments, self.operands, strict=True):
            is_float = array.dtype == np.float32
            self.lanes[argument] = array if is_float else array.astype(np.int64)
        for view in block.operations:
            lane = view.operation
            values = [self.lanes[operand] for operand in lane.operands]
            if lane.name == "mla.v.yield":
                return [self._stored(v, *r) for v, r in zip(values, self.results, strict=True)]
            with np.errstate(all="ignore"):
                result = self._lane(Op(lane), values)
            is_float = type_of_lane(lane) == "f32"
            self.lanes[lane.results[0]] = (
                np.asarray(result, np.float32) if is_float else wrap(result)
            )
        raise ValueError("the program does not yield")

    def _stored(self, lane: Array, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        full = np.broadcast_to(lane, to_rank4(shape)).reshape(shape)
        return full if dtype == np.float32 else full.astype(dtype)

    def _lane(self, op: Op, v: list[Array]) -> Array:
        name = op.name.removeprefix("mla.v.")
        if name in LANES:
            return LANES[name](op, v)
        if name.startswith("window_"):
            return self._windowed(name)
        axis = {"row": 1, "col": 2, "channel": 3}.get(name)
        if axis is not None:
            shape = [1] * 4
            shape[axis] = self.out[axis]
            return np.arange(self.out[axis]).reshape(shape)
        return self._gathered(name, op, v)

    def _windowed(self, name: str) -> Array:
        assert self.window is not None
        x = self.operands[0].astype(np.int64)
        if name == "window_count":
            ones = np.ones_like(x)
            return self._taps(ones, 0).sum(axis=(4, 5))
        if name == "window_max":
            return self._taps(x, -(1 << 31)).max(axis=(4, 5))
        return self._taps(x, 0).sum(axis=(4, 5))

    def _taps(self, x: Array, outside: int) -> Array:
        assert self.window is not None
        kernel, stride, pad, dilation = self.window
        view = tosa.windows(tosa.padded(x, pad, outside), kernel, stride, dilation)
        return view[:, : self.out[1], : self.out[2]]

    def _gathered(self, name: str, op: Op, v: list[Array]) -> Array:
        x = self.operands[0].astype(np.int64)
        height, width = x.shape[1:3]
        rows, columns = (lane[:, :, :, 0][0] for lane in np.broadcast_arrays(*v))

        def at(row: Array, column: Array) -> Array:
            return x[:, np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]

        if name == "gather_nearest":
            return at(rows, columns)
        bits = op.fraction_bits
        one = 1 << bits
        y, fy = rows >> bits, (rows & (one - 1))[None, :, :, None]
        z, fx = columns >> bits, (columns & (one - 1))[None, :, :, None]
        if name == "gather_linear":
            other, fraction = (at(y, z + 1), fx) if op.has("columns") else (at(y + 1, z), fy)
            return at(y, z) * (one - fraction) + other * fraction
        return (
            at(y, z) * (one - fy) * (one - fx)
            + at(y, z + 1) * (one - fy) * fx
            + at(y + 1, z) * fy * (one - fx)
            + at(y + 1, z + 1) * fy * fx
        )


def vector(op: Any, operands: list[Array]) -> list[Array]:
    """The results of an `mla.vector`."""
    return Program(op, operands).run()


def type_of_lane(op: Any) -> str:
    """ "i32" or "f32"."""
    return str(op.results[0].type)


def _window(op: Any) -> tuple[list[int], list[int], list[int], list[int]] | None:
    """Kernel, stride, pad (top, bottom, left, right), dilation."""
    if "window" not in op.attributes:
        return None
    found = dict(re.findall(r"(\w+) = (-?\d+)", str(op.attributes["window"])))
    get = {name: int(value) for name, value in found.items()}
    return (
        [get["kernelRows"], get["kernelCols"]],
        [get["strideRows"], get["strideCols"]],
        [get["padTop"], get["padBottom"], get["padLeft"], get["padRight"]],
        [get.get("dilationRows", 1), get.get("dilationCols", 1)],
    )


# --- lane operations -----------------------------------------------------------------------------

CASES = {
    "predicate": ["eq", "gt", "ge"],
    "rounding": ["half_even", "floor", "trunc"],
    "kind": ["sum", "max", "argmax"],
    "axis": ["channels", "pixels"],
    "mode": ["none", "double", "single", "f32_rne"],
}


def case(op: Op, name: str) -> str:
    """The case of an enum attribute, which is kept as a number."""
    value = python_value(op.raw(name))
    return CASES[name][value] if isinstance(value, int) else str(value)


def _constant(op: Op, v: list[Array]) -> Array:
    value = python_value(op.raw("value"))
    is_float = isinstance(value, float)
    return np.full((1, 1, 1, 1), value, np.float32 if is_float else np.int64)


def _compare(op: Op, v: list[Array]) -> Array:
    compare = {"eq": np.equal, "gt": np.greater, "ge": np.greater_equal}[case(op, "predicate")]
    return compare(v[0], v[1]).astype(np.int64)


def _to_int(op: Op, v: list[Array]) -> Array:
    rounding = {"half_even": np.rint, "floor": np.floor, "trunc": np.trunc}[case(op, "rounding")]
    return saturate(rounding(v[0]).astype(np.float64))


def _rescale(op: Op, v: list[Array]) -> Array:
    scaled = scale(v[0], case(op, "mode"), np.int32(op.multiplier), np.int32(op.shift)) + op.zp
    return np.clip(scaled, -(1 << 31), (1 << 31) - 1)


def _rescale_channel(op: Op, v: list[Array]) -> Array:
    x, multiplier, shift = np.broadcast_arrays(*v)
    scaled = scale(x, case(op, "mode"), multiplier.astype(np.int32), shift) + op.zp
    return np.clip(scaled, -(1 << 31), (1 << 31) - 1)


def _table(dtype: type) -> Callable[[Op, list[Array]], Array]:
    def run(op: Op, v: list[Array]) -> Array:
        entries = np.array(op.table, dtype)
        if type_of_lane(op._op) == "f32":
            return entries.view(np.float32)[v[0] & 255]
        return entries[v[0] & 255].astype(np.int64)

    return run


def _table16(op: Op, v: list[Array]) -> Array:
    entries = np.array(op.table, np.int64)
    index, fraction = (v[0] + (1 << 15)) >> 7, v[0] & 127
    return (entries[index] << 7) + (entries[index + 1] - entries[index]) * fraction


def _shift_right(op: Op, v: list[Array]) -> Array:
    amount = v[1] & 31
    carry = np.where(amount > 0, v[0] >> np.maximum(amount - 1, 0), 0) & 1
    return (v[0] >> amount) + (carry if op.has("round") else 0)


def _mul_shift(op: Op, v: list[Array]) -> Array:
    product = v[0] * v[1]
    return (product + (1 << (op.shift - 1))) >> op.shift if op.shift else product


def _reduce(op: Op, v: list[Array]) -> Array:
    kind = case(op, "kind")
    x = v[0]
    if case(op, "axis") == "pixels":
        x = x.reshape(x.shape[0], -1, 1, x.shape[3])
        axis = 1
    else:
        axis = 3
    if kind == "argmax":
        return x.argmax(axis=axis, keepdims=True)
    if kind == "max":
        return x.max(axis=axis, keepdims=True)
    if x.dtype != np.float32:
        return x.sum(axis=axis, keepdims=True)
    # Ascending, one addition after the other.
    return np.add.accumulate(x, axis=axis, dtype=np.float32).take([-1], axis=axis)


def _clz(op: Op, v: list[Array]) -> Array:
    bits = (v[0] & 0xFFFFFFFF).astype(np.float64)
    return np.where(bits == 0, 32, 31 - np.floor(np.log2(np.maximum(bits, 1)))).astype(np.int64)


LANES: dict[str, Callable[[Op, list[Array]], Array]] = {
    "const": _constant,
    "add": lambda op, v: v[0] + v[1],
    "sub": lambda op, v: v[0] - v[1],
    "mul": lambda op, v: v[0] * v[1],
    "min": lambda op, v: np.minimum(v[0], v[1]),
    "max": lambda op, v: np.maximum(v[0], v[1]),
    "div": lambda op, v: v[0] / v[1],
    "sqrt": lambda op, v: np.sqrt(v[0]),
    "abs": lambda op, v: np.abs(v[0]),
    "clz": _clz,
    "clamp": lambda op, v: np.clip(v[0], op.lo, op.hi),
    "shl": lambda op, v: v[0] << (v[1] & 31),
    "lshr": lambda op, v: (v[0] & 0xFFFFFFFF) >> (v[1] & 31),
    "shr": _shift_right,
    "and": lambda op, v: v[0] & v[1],
    "or": lambda op, v: v[0] | v[1],
    "xor": lambda op, v: v[0] ^ v[1],
    "mul_shift": _mul_shift,
    "cmp": _compare,
    "select": lambda op, v: np.where(v[0] != 0, v[1], v[2]),
    "rescale": _rescale,
    "rescale_channel": _rescale_channel,
    "table8": _table(np.int8),
    "table32": _table(np.int32),
    "table16": _table16,
    "int_to_float": lambda op, v: v[0].astype(np.float32),
    "float_to_int": _to_int,
    "reduce": _reduce,
}
