"""TENSOR in all its modes against the oracle, drained raw: odd shapes, strides, padding, groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from harness import TINY, Arena, Fields, compare
from hypothesis import given, settings
from hypothesis import strategies as st

Draw = Any


def _input(draw: Draw, arena: Arena, f: Fields, dense: bool) -> None:
    """A tile of random strides: blocks of 16 channels, or dense rows of `ic` channels."""
    images, height, width = f["images"], f["in_h"], f["in_w"]
    blocks = 1 if dense else -(-f["ic"] // 16)
    pixel = f["ic"] if dense else 16 + draw(st.integers(0, 3))
    row = width * pixel + draw(st.integers(0, 9))
    image = height * row + draw(st.integers(0, 9))
    f["in"] = arena.take(image * images * blocks + 16)
    f |= {"in_sx": pixel, "in_sy": row, "in_sn": image, "in_sc": image * images}


def _zero_points(draw: Draw, f: Fields) -> None:
    for name in ("in", "w"):
        unsigned = draw(st.integers(0, 1))
        low = 0 if unsigned else -128
        f[f"{name}_unsigned"] = unsigned
        f[f"{name}_zp"] = draw(st.sampled_from([0, low, low + 255, low + 100]))


def _shape(draw: Draw, mode: int) -> Fields:
    small = st.integers(1, 4)
    f: Fields = {"op": "tensor", "mode": mode, "images": draw(st.integers(1, 2))}
    f |= {key: draw(small) for key in ("rows", "cols", "kh", "kw", "stride_y", "stride_x")}
    f |= {key: draw(st.integers(1, 7)) for key in ("in_h", "in_w")}
    f |= {key: draw(st.integers(-3, 2)) for key in ("y0", "x0")}
    f |= {"dil_y": draw(small), "dil_x": 1 if mode == 1 else draw(small)}
    f["ic"] = draw(st.integers(1, 11 if mode == 1 else 40))
    f["oc"] = draw(st.integers(1, 40))
    if mode == 1:
        f["dil_y"] = 1
    if mode == 2:
        f["multiplier"] = draw(st.integers(0, 3))
    return f


def _weights(arena: Arena, f: Fields) -> None:
    steps = {
        0: f["kh"] * f["kw"] * -(-f["ic"] // 16) * 256,
        1: f["kh"] * -(-f["kw"] * f["ic"] // 16) * 256,
        2: f["kh"] * f["kw"] * 16,
    }[f["mode"]]
    blocks = -(-f["oc"] // 16)
    f["w_so"] = steps + 5
    f["weights"] = arena.take(blocks * (steps + 5))


def drain(arena: Arena, f: Fields) -> Fields:
    """A raw OUTPUT of the bank that `f` fills."""
    out = {key: f[key] for key in ("images", "rows", "cols", "oc", "bank")}
    pixel, row = 64, 64 * f["cols"] + 3
    image = row * f["rows"]
    block = image * f["images"]
    out |= {"op": "output", "out_sx": pixel, "out_sy": row, "out_sn": image, "out_sc": block}
    return out | {"out": arena.take(block * -(-f["oc"] // 16))}


@pytest.mark.parametrize("mode", [0, 1, 2])
@settings(max_examples=25, derandomize=True, deadline=None)
@given(data=st.data())
def test_modes_equal_the_oracle(mode: int, data: Any) -> None:
    """Convolution, packed and depthwise, with zero points, padding, dilation and odd channels."""
    draw = data.draw
    arena = Arena(np.random.default_rng(draw(st.integers(0, 1000))), 60000)
    f = _shape(draw, mode)
    _zero_points(draw, f)
    _input(draw, arena, f, dense=mode == 1)
    _weights(arena, f)
    f |= {"grid_p": 24 // -(-f["oc"] // 16), "bank": draw(st.integers(0, 3))}
    compare(arena.image, [f, drain(arena, f)])


def _small(arena: Arena, **changes: Any) -> Fields:
    f: Fields = {
        "op": "tensor", "images": 1, "rows": 2, "cols": 3, "kh": 2, "kw": 1, "stride_y": 1,
        "stride_x": 1, "dil_y": 1, "dil_x": 1, "in_h": 3, "in_w": 3, "ic": 19, "oc": 21,
        "grid_p": 2, "in_zp": 3, "bank": 1,
    }  # fmt: skip
    f |= changes
    f["in"] = arena.take(3 * 3 * 32)
    f |= {"in_sx": 16, "in_sy": 48, "in_sn": 288, "in_sc": 144}
    f["weights"] = arena.take(2 * 1024)
    return f | {"w_so": 1024}


def test_banks_accumulate_and_stay_apart() -> None:
    """Two TENSORs add up in one bank while another bank is filled and drained between them."""
    arena = Arena(np.random.default_rng(1))
    first, second = _small(arena), _small(arena, accumulate=1)
    other = _small(arena, bank=2, oc=5)
    compare(arena.image, [first, other, drain(arena, other), second, drain(arena, second)], TINY)


def test_partial_sums_start_from_l1() -> None:
    """A raw OUTPUT read back as psum continues the same sums."""
    arena = Arena(np.random.default_rng(2))
    first = _small(arena)
    saved = drain(arena, first)
    psum = {f"psum{key}": saved[f"out{key}"] for key in ("", "_sn", "_sy", "_sx", "_sc")}
    second = _small(arena, use_psum=1, bank=0) | psum
    compare(arena.image, [first, saved, second, drain(arena, second)])


def test_groups_are_channel_offsets() -> None:
    """Group 1 of a grouped convolution reads its channels at an offset of `in`."""
    arena = Arena(np.random.default_rng(3))
    f = _small(arena, ic=5, oc=7)
    f["in"] += 5
    compare(arena.image, [f, drain(arena, f)])


def test_deep_convolution_passes_through_many_steps() -> None:
    """More steps than a kernel's pass takes, more pixels than its tile, extreme values."""
    arena = Arena(np.random.default_rng(4), 120000)
    f: Fields = {
        "op": "tensor", "images": 1, "rows": 1, "cols": 17, "kh": 1, "kw": 1, "stride_x": 1,
        "stride_y": 1, "in_h": 1, "in_w": 17, "ic": 1100, "oc": 33, "grid_p": 8,
        "in_zp": 127, "w_zp": -128, "in_sx": 16, "in_sc": 272, "bank": 3,
    }  # fmt: skip
    f["in"] = arena.take(272 * 69)
    f |= {"weights": arena.take(69 * 256 * 3), "w_so": 69 * 256}
    arena.image[f["in"] :][:4000] = 128
    arena.image[f["weights"] :][:9000] = 127
    compare(arena.image, [f, drain(arena, f)])
