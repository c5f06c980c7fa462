"""VECTOR for the oracle: the micro-program runs once per element, reductions in passes before it.

Registers are dictionaries from elements to values; nothing is vectorized.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracle_arithmetic import (
    INT32_MIN,
    bits_of,
    clamp,
    f32_of,
    saturate,
    scale,
    to_int,
    wrap,
)

Fields = dict[str, Any]
Memory = NDArray[np.uint8]
Element = tuple[int, int, int, int]
Values = dict[Element, int]

FORMATS = {1: "<b", 2: "<B", 3: "<h", 4: "<i"}
NAMES: dict[int, str] = {}  # opcode -> name, filled by the harness from Micro.def


def _at(f: Fields, name: str, n: int, y: int, x: int, c: int) -> int:
    s = {k: f[f"{name}_{k}"] for k in ("sn", "sy", "sx", "sc", "sl")}
    block = c // 16 * s["sc"] + c % 16 * s["sl"]
    return int(f[name] + n * s["sn"] + y * s["sy"] + x * s["sx"] + block)


def _read(l1: Memory, f: Fields, name: str, n: int, y: int, x: int, c: int) -> int:
    form = FORMATS[f[f"{name}_type"]]
    address = _at(f, name, n, y, x, c)
    assert 0 <= address <= len(l1) - struct.calcsize(form)
    return int(struct.unpack_from(form, l1, address)[0])


def _store(l1: Memory, f: Fields, name: str, element: Element, value: int) -> None:
    size = struct.calcsize(FORMATS[f[f"{name}_type"]])
    data = struct.pack("<I", value & 0xFFFFFFFF)[:size]
    address = _at(f, name, *element)
    assert 0 <= address <= len(l1) - size
    l1[address : address + size] = np.frombuffer(data, np.uint8)


def _fill_last_block(l1: Memory, f: Fields, name: str, shape: tuple[int, int, int, int]) -> None:
    """Lanes past the last channel, to the end of their block, are written as 0."""
    images, rows, cols, channels = shape
    if f[f"{name}_sl"] == 0:
        return
    for n, y, x in np.ndindex(images, rows, cols):
        for c in range(channels, -(-channels // 16) * 16):
            _store(l1, f, name, (n, y, x, c), 0)


def _taps(f: Fields, y: int, x: int) -> list[tuple[int, int]]:
    rows = [f["y0"] + y * f["stride_y"] + k * f["dil_y"] for k in range(f["kh"])]
    cols = [f["x0"] + x * f["stride_x"] + k * f["dil_x"] for k in range(f["kw"])]
    return [(r, c) for r in rows for c in cols if 0 <= r < f["in_h"] and 0 <= c < f["in_w"]]


def _float(function: Callable[[np.float32, np.float32], Any]) -> Callable[[int, int], int]:
    def run(a: int, b: int) -> int:
        with np.errstate(all="ignore"):
            return bits_of(np.float32(function(f32_of(a), f32_of(b))))

    return run


def _shift_right(a: int, b: int, rounded: int) -> int:
    b &= 31
    return (a >> b) + ((a >> (b - 1)) & 1 if rounded and b else 0)


BINARY: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: wrap(a + b),
    "sub": lambda a, b: wrap(a - b),
    "mul": lambda a, b: wrap(a * b),
    "shl": lambda a, b: wrap(a << (b & 31)),
    "lshr": lambda a, b: wrap((a & 0xFFFFFFFF) >> (b & 31)),
    "min": min,
    "max": max,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "fadd": _float(lambda a, b: a + b),
    "fsub": _float(lambda a, b: a - b),
    "fmul": _float(lambda a, b: a * b),
    "fdiv": _float(lambda a, b: a / b),
    "fmin": lambda a, b: b if f32_of(b) < f32_of(a) else a,
    "fmax": lambda a, b: b if f32_of(a) < f32_of(b) else a,
}
COMPARE: list[Callable[[Any, Any], bool]] = [
    lambda a, b: bool(a == b),
    lambda a, b: bool(a > b),
    lambda a, b: bool(a >= b),
]


def _table(l1: Memory, f: Fields, op: Fields, a: int) -> int:
    base = f["program"] + op["x"]
    if op["op"] == "table8":
        return int(struct.unpack_from("<B" if op["mode"] else "<b", l1, base + (a & 255))[0])
    if op["op"] == "table32":
        return int(struct.unpack_from("<i", l1, base + 4 * (a & 255))[0])
    value = clamp(a, -32768, 32767) + 32768
    low, high = struct.unpack_from("<hh", l1, base + 2 * (value // 128))
    return int(low * 128 + (high - low) * (value % 128))


def _ftoi(op: Fields, a: int) -> int:
    value = f32_of(a)
    with np.errstate(all="ignore"):
        return to_int([np.rint, np.floor, np.trunc][op["mode"]](value))


def _lane(l1: Memory, f: Fields, op: Fields, a: int, b: int, c: int) -> int:
    """A lane-wise operation on the values of its sources."""
    name = op["op"]
    if name in BINARY:
        return BINARY[name](a, b)
    if name == "mul_shift":
        half = (1 << op["x"]) >> 1
        return wrap((a * b + half) >> op["x"])
    if name == "shr":
        return _shift_right(a, b, op["mode"])
    if name == "clz":
        return 32 - (a & 0xFFFFFFFF).bit_length()
    if name == "abs":
        return wrap(abs(a))
    if name == "clamp":
        return min(max(a, op["x"]), op["y"])
    if name == "cmp":
        return int(COMPARE[op["mode"]](a, b))
    if name == "fcmp":
        return int(COMPARE[op["mode"]](f32_of(a), f32_of(b)))
    if name == "select":
        return b if a != 0 else c
    if name == "rescale":
        return saturate(scale(op["mode"], a, op["x"], op["y"]) + op["z"])
    if name == "rescale_c":
        return saturate(scale(op["mode"], a, b, clamp(c, 2, 62)) + op["x"])
    if name.startswith("table"):
        return _table(l1, f, op, a)
    if name == "fsqrt":
        with np.errstate(all="ignore"):
            return bits_of(np.sqrt(f32_of(a)))
    if name == "itof":
        return bits_of(np.float32(a))
    if name == "ftoi":
        return _ftoi(op, a)
    raise AssertionError(f"the oracle does not know {name}")


def _rounded(total: int, op: Fields) -> int:
    """total / 2^y: down, half up, half away from zero."""
    one = 1 << op["y"]
    if op["mode"] % 4 == 2:
        half_up = (2 * abs(total) + one) // (2 * one)
        return half_up if total >= 0 else -half_up
    return (2 * total + one) // (2 * one) if op["mode"] % 4 == 1 else total // one


def _tile(l1: Memory, f: Fields, op: Fields, e: Element, a: int, b: int) -> int:
    n, _, _, c = e

    def at(row: int, col: int) -> int:
        row, col = clamp(row, 0, f["in_h"] - 1), clamp(col, 0, f["in_w"] - 1)
        return _read(l1, f, "a0", n, row, col, c)

    if op["op"] == "nearest":
        return at(a, b)
    one = 1 << op["x"]
    y, fy, x, fx = a // one, a % one, b // one, b % one
    if op["op"] == "linear":
        along_row = op["mode"] // 4
        other = at(y, x + 1) if along_row else at(y + 1, x)
        fraction = fx if along_row else fy
        return _rounded(wrap(at(y, x) * (one - fraction) + other * fraction), op)
    top = at(y, x) * (one - fx) + at(y, x + 1) * fx
    bottom = at(y + 1, x) * (one - fx) + at(y + 1, x + 1) * fx
    return _rounded(wrap(top * (one - fy) + bottom * fy), op)


def _source(l1: Memory, f: Fields, op: Fields, e: Element) -> int:
    """An operation without registers as sources."""
    n, y, x, c = e
    name = op["op"]
    if name == "load":
        return wrap(_read(l1, f, f"a{op['x']}", n, y, x, c) - op["y"])
    if name == "imm":
        return int(op["x"])
    if name in ("row", "col"):
        return y + f["y0"] if name == "row" else x + f["x0"]
    if name == "channel":
        return c
    taps = [_read(l1, f, "a0", n, row, col, c) for row, col in _taps(f, y, x)]
    if name == "win_count":
        return len(taps)
    return wrap(sum(taps)) if name == "win_sum" else max(taps, default=INT32_MIN)


def _fold(name: str, values: list[int]) -> int:
    if name.startswith("fsum"):
        total = np.float32(0)
        for value in values:
            with np.errstate(all="ignore"):
                total = np.float32(total + f32_of(value))
        return bits_of(total)
    if name.startswith("fmax"):
        best = values[0]
        for value in values[1:]:
            best = BINARY["fmax"](best, value)
        return best
    if name.startswith("argmax"):
        return values.index(max(values))
    return wrap(sum(values)) if name.startswith("sum") else max(values)


def _reduce(name: str, a: Values, shape: tuple[int, int, int, int]) -> Values:
    _, rows, cols, channels = shape
    result: Values = {}
    for n, y, x, c in a:
        if name.endswith("_c"):
            group = [a[n, y, x, i] for i in range(channels)] if c == 0 else []
            result[n, y, x, c] = _fold(name, group) if c == 0 else result[n, y, x, 0]
        elif (y, x) == (0, 0):
            group = [a[n, i, j, c] for i in range(rows) for j in range(cols)]
            result[n, y, x, c] = _fold(name, group)
        else:
            result[n, y, x, c] = result[n, 0, 0, c]
    return result


def decode(l1: Memory, f: Fields) -> list[Fields]:
    """The operations of the micro-program in L1."""
    ops = []
    for i in range(f["length"]):
        words = struct.unpack_from("<6BHiii", l1, f["program"] + 20 * i)
        keys = ("op", "d", "a", "b", "c", "mode", "zero", "x", "y", "z")
        op = dict(zip(keys, words, strict=True))
        ops.append({**op, "op": NAMES[words[0]]})
    return ops


def run_vector(l1: Memory, f: Fields) -> None:
    """The whole block, operation by operation."""
    shape = (f["images"], f["rows"], f["cols"], f["channels"])
    elements = list(itertools.product(*(range(size) for size in shape)))
    registers: dict[int, Values] = {}
    for op in decode(l1, f):
        name = op["op"]
        if name == "store":
            for e in elements:
                value = registers[op["a"]][e]
                if op["mode"] == 1:
                    value = min(max(value, op["y"]), op["z"])
                _store(l1, f, f"r{op['x']}", e, value)
            _fill_last_block(l1, f, f"r{op['x']}", shape)
        elif name[-2:] in ("_c", "_p") and name != "rescale_c":
            registers[op["d"]] = _reduce(name, registers[op["a"]], shape)
        elif name in ("load", "imm", "row", "col", "channel", "win_sum", "win_max", "win_count"):
            registers[op["d"]] = {e: _source(l1, f, op, e) for e in elements}
        elif name in ("bilinear", "linear", "nearest"):
            a, b = registers[op["a"]], registers[op["b"]]
            registers[op["d"]] = {e: _tile(l1, f, op, e, a[e], b[e]) for e in elements}
        else:
            zero = dict.fromkeys(elements, 0)
            a, b, c = (registers.get(op[k], zero) for k in "abc")
            registers[op["d"]] = {e: _lane(l1, f, op, a[e], b[e], c[e]) for e in elements}
