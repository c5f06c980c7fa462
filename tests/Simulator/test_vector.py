"""VECTOR against the oracle: every micro-operation, windows, reductions, resizing, layouts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from afe import _sim
from harness import MLSOC, TINY, Arena, Fields, compare, program_of, simulate
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_arithmetic import bits_of

Draw = Any
SIZES = {1: 1, 2: 1, 3: 2, 4: 4}
UNARY = ["clz", "abs", "fsqrt", "itof"]
BINARY = ["add", "sub", "mul", "shl", "lshr", "min", "max", "and", "or", "xor",
          "fadd", "fsub", "fmul", "fdiv", "fmin", "fmax"]  # fmt: skip
WORDS = np.array(
    [0, 1, -1, 2, 31, 32, -(1 << 31), (1 << 31) - 1, bits_of(1.5), bits_of(-2.5), bits_of(0.5),
     bits_of(3e9), bits_of(-3e9), bits_of(1e-40), bits_of(float("nan")), bits_of(float("inf")),
     -(1 << 31) | 1, 1 << 30, 12345, -98765, 255, 128, 127],
    "<i8",
).astype("<i4")  # fmt: skip


def operand(arena: Arena, shape: Fields, name: str, kind: int, extra: int = 0) -> Fields:
    """A whole operand or result in blocks of 16 channels."""
    size = SIZES[kind]
    pixel = 16 * size + extra
    row = pixel * shape["cols"]
    image = row * shape["rows"]
    block = image * shape["images"]
    blocks = -(-shape["channels"] // 16)
    return {name: arena.take(block * blocks), f"{name}_type": kind, f"{name}_sl": size,
            f"{name}_sx": pixel, f"{name}_sy": row, f"{name}_sn": image,
            f"{name}_sc": block}  # fmt: skip


def shape_of(images: int, rows: int, cols: int, channels: int) -> Fields:
    return {"op": "vector", "images": images, "rows": rows, "cols": cols, "channels": channels}


def words(arena: Arena, f: Fields, name: str, blocks: int) -> None:
    """Fills an int32 operand with values that matter."""
    count = blocks * f[f"{name}_sc"] // 4
    data = arena.rng.choice(WORDS, count)
    data[::3] = arena.rng.integers(-(1 << 31), 1 << 31, len(data[::3]))
    data[1::3] = arena.rng.normal(0, 100, len(data[1::3])).astype("<f4").view("<i4")
    arena.image[f[name] : f[name] + 4 * count] = data.view(np.uint8)


def with_program(arena: Arena, f: Fields, ops: list[Fields], tables: bytes = b"") -> Fields:
    code, cost = _sim.micro_program(ops, kh=f.get("kh", 0), kw=f.get("kw", 0))
    return f | cost | {"program": arena.put(code + tables)}


def run_lanes(ops: list[Fields], tables: bytes = b"") -> None:
    """The operations on three int32 operands of odd shape, and the result."""
    arena = Arena(np.random.default_rng(7))
    f = shape_of(1, 2, 3, 37)
    for name in ("a0", "a1", "a2"):
        f |= operand(arena, f, name, 4)
        words(arena, f, name, 3)
    f |= operand(arena, f, "r0", 4)
    loads = [{"op": "load", "d": i, "x": i} for i in range(3)]
    f = with_program(arena, f, [*loads, *ops, {"op": "store", "a": 3}], tables)
    compare(arena.image, [f])


@pytest.mark.parametrize("name", BINARY)
def test_binary_operations(name: str) -> None:
    """Two-operand arithmetic, integer and f32, on ordinary and extreme words."""
    run_lanes([{"op": name, "d": 3, "a": 0, "b": 1}])


@pytest.mark.parametrize("name", UNARY)
def test_unary_operations(name: str) -> None:
    """One-operand arithmetic."""
    run_lanes([{"op": name, "d": 3, "a": 0}])


@pytest.mark.parametrize("mode", [0, 1, 2])
@pytest.mark.parametrize("name", ["cmp", "fcmp"])
def test_comparisons_and_select(name: str, mode: int) -> None:
    """Comparisons give 1 or 0, select takes b where a is not 0."""
    run_lanes(
        [
            {"op": name, "mode": mode, "d": 4, "a": 0, "b": 1},
            {"op": "select", "d": 3, "a": 4, "b": 2, "c": 1},
        ]
    )


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_float_to_int(mode: int) -> None:
    """Half to even, floor, truncation; saturation and NaN."""
    run_lanes([{"op": "ftoi", "mode": mode, "d": 3, "a": 0}])


@pytest.mark.parametrize("mode", [0, 1])
def test_shift_right(mode: int) -> None:
    """Arithmetic, plain and rounded, amounts beyond 31 modulo 32."""
    run_lanes([{"op": "shr", "mode": mode, "d": 3, "a": 0, "b": 1}])


@pytest.mark.parametrize("x", [0, 1, 15, 31, 62])
def test_mul_shift(x: int) -> None:
    """Rounded in 64 bits, low 32 bits kept."""
    run_lanes([{"op": "mul_shift", "d": 3, "a": 0, "b": 1, "x": x}])


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_rescale(mode: int) -> None:
    """By constants and by lanes, in the three rounding modes, saturated."""
    x = bits_of(0.0371) if mode == 3 else 1518500250
    run_lanes([{"op": "rescale", "mode": mode, "d": 3, "a": 0, "x": x, "y": 35, "z": -7}])
    run_lanes(
        [
            {"op": "imm", "d": 5, "x": 31},
            {"op": "and", "d": 5, "a": 5, "b": 2},
            {"op": "rescale_c", "mode": mode, "d": 3, "a": 0, "b": 1, "c": 5, "x": 9},
        ]
    )


def test_clamp_and_constants() -> None:
    """clamp and imm; a constant is broadcast to every lane."""
    run_lanes([{"op": "clamp", "d": 3, "a": 0, "x": -100, "y": 77}])
    run_lanes([{"op": "imm", "d": 4, "x": -5}, {"op": "add", "d": 3, "a": 4, "b": 0}])


def test_tables() -> None:
    """Byte, word and interpolated int16 tables, behind the micro-program."""
    rng = np.random.default_rng(8)
    at = 20 * 5
    for name, mode, bytes_ in (("table8", 0, 256), ("table8", 1, 256), ("table32", 0, 1024),
                               ("table16", 0, 1026)):  # fmt: skip
        table = rng.integers(0, 256, bytes_, dtype=np.uint8).tobytes()
        run_lanes([{"op": name, "mode": mode, "d": 3, "a": 0, "x": at}], table)


@pytest.mark.parametrize(
    "name",
    ["sum_c", "max_c", "fsum_c", "fmax_c", "argmax_c", "sum_p", "max_p", "fsum_p"],
)
@pytest.mark.parametrize("channels", [1, 16, 37])
def test_reductions(name: str, channels: int) -> None:
    """Over channels or pixels, broadcast back, then used with values of every shape."""
    arena = Arena(np.random.default_rng(9))
    f = shape_of(2, 3, 2, channels)
    f |= operand(arena, f, "a0", 4)
    if name.startswith("f"):
        count = -(-channels // 16) * f["a0_sc"] // 4
        data = arena.rng.normal(0, 50, count).astype("<f4")
        arena.image[f["a0"] : f["a0"] + 4 * count] = data.view(np.uint8)
    else:
        words(arena, f, "a0", -(-channels // 16))
    f |= operand(arena, f, "r0", 4) | operand(arena, f, "r1", 4)
    ops = [
        {"op": "load", "d": 0},
        {"op": name, "d": 1, "a": 0},
        {"op": "imm", "d": 2, "x": 3},
        {"op": "xor", "d": 3, "a": 1, "b": 2},
        {"op": "xor", "d": 4, "a": 3, "b": 0},
        {"op": "store", "a": 4},
        {"op": "store", "a": 3, "x": 1},
    ]
    compare(arena.image, [with_program(arena, f, ops)])


def test_both_reductions_in_one_program() -> None:
    """A sum over pixels of a maximum over channels."""
    arena = Arena(np.random.default_rng(10))
    f = shape_of(2, 3, 3, 20)
    f |= operand(arena, f, "a0", 1) | operand(arena, f, "r0", 4)
    ops = [
        {"op": "load", "d": 0},
        {"op": "max_c", "d": 1, "a": 0},
        {"op": "sub", "d": 2, "a": 0, "b": 1},
        {"op": "sum_p", "d": 3, "a": 2},
        {"op": "sum_p", "d": 4, "a": 1},
        {"op": "add", "d": 5, "a": 3, "b": 4},
        {"op": "store", "a": 5},
    ]
    compare(arena.image, [with_program(arena, f, ops)])


def test_mean_writes_one_pixel() -> None:
    """A per-channel result stored with pixel strides of 0."""
    arena = Arena(np.random.default_rng(11))
    f = shape_of(2, 3, 5, 21)
    f |= operand(arena, f, "a0", 1)
    f |= {"r0": arena.take(2 * 32), "r0_type": 1, "r0_sl": 1, "r0_sn": 32, "r0_sc": 16}
    ops = [
        {"op": "load", "d": 0},
        {"op": "sum_p", "d": 1, "a": 0},
        {"op": "rescale", "mode": 1, "d": 1, "a": 1, "x": 1 << 30, "y": 34},
        {"op": "store", "a": 1},
    ]
    done = with_program(arena, f, ops)
    assert (done["cost"], done["row_cost"], done["channel_cost"]) == (1, 0, 1)
    compare(arena.image, [done])


def _typed(draw: Draw, arena: Arena, shape: Fields, name: str) -> Fields:
    """An operand of any type, now and then broadcast over channels or rows."""
    kind = draw(st.integers(1, 4))
    f = operand(arena, shape, name, kind, draw(st.integers(0, 3)))
    if name[0] == "a" and draw(st.booleans()):
        f |= {f"{name}_sl": 0, f"{name}_sc": 0}
    if name[0] == "a" and draw(st.booleans()):
        f[f"{name}_sy"] = 0
    return f


@settings(max_examples=40, derandomize=True, deadline=None)
@given(data=st.data())
def test_layouts_and_types(data: Any) -> None:
    """Operands and results of all types, strides and channel counts."""
    draw = data.draw
    arena = Arena(np.random.default_rng(draw(st.integers(0, 1000))))
    f = shape_of(draw(st.integers(1, 2)), draw(st.integers(1, 4)), draw(st.integers(1, 5)),
                 draw(st.integers(1, 40)))  # fmt: skip
    for name in ("a0", "a1", "a3", "r0", "r1"):
        f |= _typed(draw, arena, f, name)
    ops = [
        {"op": "load", "d": 0, "x": 0},
        {"op": "load", "d": 1, "x": 1},
        {"op": "load", "d": 2, "x": 3},
        {"op": "add", "d": 3, "a": 0, "b": 1},
        {"op": "channel", "d": 4},
        {"op": "row", "d": 5},
        {"op": "mul", "d": 4, "a": 4, "b": 5},
        {"op": "col", "d": 6},
        {"op": "add", "d": 4, "a": 4, "b": 6},
        {"op": "sub", "d": 4, "a": 4, "b": 2},
        {"op": "store", "a": 3},
        {"op": "store", "a": 4, "x": 1},
    ]
    compare(arena.image, [with_program(arena, f | {"y0": -2, "x0": 3}, ops)])


def _tile(draw: Draw, arena: Arena, f: Fields) -> Fields:
    """Operand 0 as a tile of its own size."""
    size = {"in_h": draw(st.integers(1, 6)), "in_w": draw(st.integers(1, 6))}
    inner = f | {"rows": size["in_h"], "cols": size["in_w"]}
    return size | operand(arena, inner, "a0", draw(st.integers(1, 4)), draw(st.integers(0, 2)))


@settings(max_examples=40, derandomize=True, deadline=None)
@given(data=st.data())
def test_windows(data: Any) -> None:
    """Sum, maximum and count over windows, padding, strides, dilation, empty windows."""
    draw = data.draw
    arena = Arena(np.random.default_rng(draw(st.integers(0, 1000))))
    f = shape_of(draw(st.integers(1, 2)), draw(st.integers(1, 4)), draw(st.integers(1, 4)),
                 draw(st.integers(1, 20)))  # fmt: skip
    f |= _tile(draw, arena, f)
    f |= {
        key: draw(st.integers(1, 3))
        for key in ("kh", "kw", "stride_y", "stride_x", "dil_y", "dil_x")
    }
    f |= {key: draw(st.integers(-3, 3)) for key in ("y0", "x0")}
    f |= operand(arena, f, "r0", 4) | operand(arena, f, "r1", 4)
    ops = [
        {"op": "win_sum", "d": 0},
        {"op": "win_count", "d": 1},
        {"op": "win_max", "d": 2},
        {"op": "add", "d": 3, "a": 0, "b": 1},
        {"op": "store", "a": 3},
        {"op": "store", "a": 2, "x": 1},
    ]
    compare(arena.image, [with_program(arena, f, ops)])


@settings(max_examples=25, derandomize=True, deadline=None)
@given(data=st.data())
def test_resizing(data: Any) -> None:
    """Bilinear and nearest at computed positions, beyond the edges too."""
    draw = data.draw
    arena = Arena(np.random.default_rng(draw(st.integers(0, 1000))))
    f = shape_of(draw(st.integers(1, 2)), draw(st.integers(1, 4)), draw(st.integers(1, 4)),
                 draw(st.integers(1, 20)))  # fmt: skip
    f |= _tile(draw, arena, f) | operand(arena, f, "r0", 4) | operand(arena, f, "r1", 4)
    bits = draw(st.integers(1, 15))
    rounding = {"x": bits, "y": draw(st.integers(0, 30))}
    ops = [
        {"op": "row", "d": 0},
        {"op": "col", "d": 1},
        {"op": "imm", "d": 2, "x": draw(st.integers(0, 3 << bits))},
        {"op": "mul", "d": 3, "a": 0, "b": 2},
        {"op": "mul", "d": 4, "a": 1, "b": 2},
        {"op": "bilinear", "d": 5, "a": 3, "b": 4, "mode": draw(st.integers(0, 2)), **rounding},
        {"op": "nearest", "d": 6, "a": 1, "b": 0},
        {"op": "store", "a": 5},
        {"op": "store", "a": 6, "x": 1},
    ]
    mode = draw(st.sampled_from([0, 1, 2, 4, 5, 6]))
    along_one_axis = {**ops[5], "op": "linear", "mode": mode}
    f |= {"y0": -1, "x0": -1}
    compare(arena.image, [with_program(arena, f, ops)])
    compare(arena.image, [with_program(arena, f, [*ops[:5], along_one_axis, *ops[6:]])])


@pytest.mark.parametrize("kind", range(1, 5))
def test_zero_points_of_loads_and_clamps_of_stores(kind: int) -> None:
    """For every element type, beyond its range as well."""
    arena = Arena(np.random.default_rng(kind))
    f = shape_of(2, 3, 2, 21)
    f |= operand(arena, f, "a0", kind) | operand(arena, f, "r0", kind) | operand(arena, f, "r1", 4)
    ops = [
        {"op": "load", "d": 0, "y": 97},
        {"op": "load", "d": 1, "y": -(1 << 31)},
        {"op": "add", "d": 2, "a": 0, "b": 0},
        {"op": "store", "a": 2, "mode": 1, "y": -100, "z": 120},
        {"op": "store", "a": 1, "x": 1, "mode": 1, "y": -(1 << 31), "z": -(1 << 31) + 100},
    ]
    compare(arena.image, [with_program(arena, f, ops)])


BAD_OPS = [
    ([{"op": "load", "d": 0, "x": 1}, {"op": "store", "a": 0}], "operand that the instruction"),
    ([{"op": "load", "d": 0}, {"op": "store", "a": 0, "x": 1}], "result that the instruction"),
    ([{"op": "load", "d": 0}, {"op": "table8", "d": 0, "a": 0, "x": -(1 << 20)}], "table outside"),
    ([{"op": "load", "d": 0}, {"op": "table32", "d": 0, "a": 0, "x": 65000}], "table outside"),
    ([{"op": "win_sum", "d": 0}], "needs a window"),
    ([{"op": "imm", "d": 0}, {"op": "nearest", "d": 0, "a": 0, "b": 0}], "needs operand 0"),
    ([{"op": "load", "d": 0}, {"op": "rescale", "d": 0, "a": 0}], "mode 1, 2 or 3"),
    ([{"op": "load", "d": 0}, {"op": "rescale", "mode": 1, "d": 0, "a": 0, "y": 63}], "shift of"),
    ([{"op": "load", "d": 0}, {"op": "ftoi", "mode": 3, "d": 0, "a": 0}], "mode 0, 1 or 2"),
    ([{"op": "load", "d": 0}, {"op": "store", "a": 0, "mode": 2}], "mode 0 or 1"),
    ([{"op": "load", "d": 0}, {"op": "mul_shift", "d": 0, "a": 0, "b": 0, "x": 63}], "0 to 62"),
]


@pytest.mark.parametrize("ops, message", BAD_OPS)
def test_bad_micro_programs_fault(ops: list[Fields], message: str) -> None:
    """An operation that is none, or reaches outside, stops the simulation and is named."""
    arena = Arena(np.random.default_rng(12), 4096)
    f = shape_of(1, 1, 1, 16)
    f |= operand(arena, f, "a0", 1) | operand(arena, f, "r0", 1)
    f = with_program(arena, f, ops)
    with pytest.raises(RuntimeError, match=f"vector at .*micro-operation .*{message}"):
        simulate(arena.image, [f], TINY)


def test_garbage_instead_of_a_micro_program_faults() -> None:
    """Unknown opcodes, registers never written, set reserved bits, wrong costs."""
    arena = Arena(np.random.default_rng(13), 4096)
    f = shape_of(1, 1, 1, 16) | {"length": 1}
    f |= operand(arena, f, "r0", 1)
    cases = {
        bytes([0xEE] + 19 * [0]): "no such micro-operation",
        bytes([0x10, 0, 1, 2] + 16 * [0]): "never written",
        bytes([0x03, 40] + 18 * [0]): "no such register",
        bytes([0x03, 1, 0, 0, 0, 0, 1] + 13 * [0]): "reserved",
        bytes([0x01, 1] + 18 * [0]): "does not have",
    }
    for code, message in cases.items():
        with pytest.raises(RuntimeError, match=message):
            simulate(arena.image, [f | {"program": arena.put(code)}], TINY)
    good = with_program(arena, f, [{"op": "imm", "d": 0, "x": 1}, {"op": "store", "a": 0}])
    with pytest.raises(RuntimeError, match=r"costs 0, 0, 0"):
        simulate(arena.image, [good | {"cost": 4}], TINY)


def test_simulated_programs_start_without_results_of_others() -> None:
    """Poisoned memory shows reads of bytes that nobody wrote; zeroed memory hides them."""
    f = shape_of(1, 1, 1, 16) | {"a0": 8000, "a0_type": 1, "a0_sl": 1}
    f |= {"r0": 0, "r0_type": 1, "r0_sl": 1}
    arena = Arena(np.random.default_rng(14), 4096)
    arena.next = 64
    f = with_program(arena, f, [{"op": "load", "d": 0}, {"op": "store", "a": 0}])
    program = _sim.build(program_of(4096, [f], MLSOC))
    for poison in (-1, 7):
        outputs, _ = _sim.simulate(program, MLSOC, [arena.image], poison=poison)
        assert outputs[0][:16].tolist() == [max(poison, 0)] * 16
