"""OUTPUT against the oracle: every requantization, both residual additions, clamps, tables, raw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from harness import TINY, Arena, Fields, compare
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_arithmetic import DOUBLE, F32_RNE, bits_of

Draw = Any
MULTIPLIERS = st.one_of(
    st.integers(1 << 30, (1 << 31) - 1),
    st.sampled_from([0, 1, (1 << 31) - 1, -(1 << 31), -5, 1 << 30]),
)
SHIFTS = st.one_of(st.integers(30, 40), st.sampled_from([2, 31, 32, 62]))
SCALES = st.one_of(
    st.floats(2**-13, 2**-5, width=32).map(bits_of),
    st.sampled_from([bits_of(0.5), bits_of(float("nan")), bits_of(float("inf")), bits_of(-1e30)]),
)


def fill(draw: Draw, arena: Arena, oc: int) -> tuple[Fields, list[Fields]]:
    """Shape of a bank, and the TENSORs that fill it from random sums of all magnitudes."""
    shape = {key: draw(st.integers(1, n)) for key, n in (("images", 2), ("rows", 3), ("cols", 5))}
    shape |= {"oc": oc, "bank": draw(st.integers(0, 3))}
    pixels = shape["images"] * shape["rows"] * shape["cols"]
    blocks = -(-oc // 16)
    bits = arena.rng.integers(1, 32, (blocks, pixels, 16))
    sums = arena.rng.integers(-(1 << bits.astype(np.int64)), 1 << bits.astype(np.int64))
    psum = arena.put(np.clip(sums, -(1 << 31), (1 << 31) - 1).astype("<i4"))
    zero = arena.put(bytes(256 * blocks))
    f: Fields = {
        **shape, "op": "tensor", "kh": 1, "kw": 1, "ic": 1, "grid_p": 4 // blocks, "in": zero,
        "weights": zero, "w_so": 256, "use_psum": 1, "psum": psum, "psum_sx": 64,
        "psum_sy": 64 * shape["cols"], "psum_sn": 64 * shape["cols"] * shape["rows"],
        "psum_sc": 64 * pixels,
    }  # fmt: skip
    return shape, [f]


def _parameters(draw: Draw, arena: Arena, mode: int, oc: int) -> Fields:
    """Per tensor, or per channel with a bias."""
    value = SCALES if mode == F32_RNE else MULTIPLIERS
    if draw(st.booleans()):
        return {"multiplier": draw(value), "shift": draw(SHIFTS)}
    block = b""
    for _ in range(-(-oc // 16)):
        bias = arena.rng.integers(-(1 << 31), 1 << 31, 16)
        block += bias.astype("<i4").tobytes()
        block += np.array([draw(value) for _ in range(16)], "<i4").tobytes()
        if mode != F32_RNE:
            block += np.array([draw(SHIFTS) for _ in range(16)], "<i1").tobytes()
    return {"has_params": 1, "per_channel": 1, "params": arena.put(block)}


def place(draw: Draw, arena: Arena, shape: Fields, name: str, blocks: int) -> Fields:
    """Strides of a tensor of bytes in blocks of 16 channels."""
    pixel = 16 + draw(st.integers(0, 4))
    row = pixel * shape["cols"] + draw(st.integers(0, 4))
    image = row * shape["rows"]
    block = image * shape["images"]
    return {name: arena.take(block * blocks + 16), f"{name}_sx": pixel, f"{name}_sy": row,
            f"{name}_sn": image, f"{name}_sc": block}  # fmt: skip


def _residual(draw: Draw, arena: Arena, shape: Fields, kind: int, blocks: int) -> Fields:
    f = place(draw, arena, shape, "res", blocks)
    value = st.floats(2**-10, 1.0, width=32).map(bits_of) if kind == 2 else MULTIPLIERS
    f |= {f"{name}_mult": draw(value) for name in ("res", "self", "sum")}
    f |= {f"{name}_shift": draw(SHIFTS) for name in ("res", "self", "sum")}
    f |= {f"{name}_zp": draw(st.integers(-128, 127)) for name in ("res", "self", "sum")}
    low = draw(st.integers(-128, 100))
    return f | {"residual": kind, "res_unsigned": draw(st.integers(0, 1)), "left_shift": 20,
                "sum_lo": low, "sum_hi": draw(st.integers(low, 127))}  # fmt: skip


@pytest.mark.parametrize("residual", [0, 1, 2])
@pytest.mark.parametrize("mode", [1, 2, 3])
@settings(max_examples=20, derandomize=True, deadline=None)
@given(data=st.data())
def test_modes_equal_the_oracle(mode: int, residual: int, data: Any) -> None:
    """Three requantizations, per tensor or channel, with or without a residual and a table."""
    draw = data.draw
    arena = Arena(np.random.default_rng(draw(st.integers(0, 1000))))
    oc = draw(st.integers(1, 40))
    blocks = -(-oc // 16)
    shape, program = fill(draw, arena, oc)
    low = draw(st.integers(-128, 200))
    f = {**shape, "op": "output", "mode": mode, "out_zp": draw(st.integers(-128, 255)),
         "lo": low, "hi": draw(st.integers(low, 255))}  # fmt: skip
    f |= _parameters(draw, arena, mode, oc)
    if residual:
        f |= _residual(draw, arena, shape, residual, blocks)
    if draw(st.booleans()):
        first = bool(residual) and draw(st.booleans())
        f |= {"use_table": 2 if first else 1, "table": arena.take(256)}
    f |= place(draw, arena, shape, "out", blocks)
    compare(arena.image, [*program, f])


def test_raw_output_adds_the_bias() -> None:
    """Raw int32 is accumulator plus bias, wrapping, without clamp."""
    arena = Arena(np.random.default_rng(5))

    class First:
        """Draws the smallest of everything."""

        def __call__(self, strategy: Any) -> Any:
            return strategy.start if hasattr(strategy, "start") else 1

    shape, program = fill(First(), arena, 16)
    bias = arena.put(np.arange(-(1 << 31), -(1 << 31) + 16).astype("<i4"))
    f = {**shape, "op": "output", "has_params": 1, "params": bias, "out": arena.take(64 * 40),
         "out_sx": 64, "out_sy": 320, "out_sn": 960, "lo": 3, "hi": 4}  # fmt: skip
    compare(arena.image, [*program, f], TINY)


def test_double_rounding_differs_from_single_where_it_should() -> None:
    """Ties of the doubling multiplication: the two modes disagree, and each with its definition."""
    values = np.array([[*range(-8, 8)]] * 1, "<i4") * 3 + 1
    results = {}
    for mode in (DOUBLE, 2):
        arena = Arena(np.random.default_rng(6))
        zero = arena.put(bytes(256))
        psum = arena.put(values)
        tensor = {"op": "tensor", "images": 1, "rows": 1, "cols": 1, "oc": 16, "kh": 1, "kw": 1,
                  "ic": 1, "grid_p": 1, "in": zero, "weights": zero, "use_psum": 1,
                  "psum": psum}  # fmt: skip
        out = arena.take(16)
        output = {"op": "output", "images": 1, "rows": 1, "cols": 1, "oc": 16, "mode": mode,
                  "multiplier": (1 << 30) + 1, "shift": 33, "lo": -128, "hi": 127,
                  "out": out}  # fmt: skip
        results[mode] = compare(arena.image, [tensor, output])[out : out + 16].tolist()
    assert results[DOUBLE] != results[2]
