"""The EV74 kernels against their definitions, element by element."""

from __future__ import annotations

import math

import numpy as np
import pytest
from afe.errors import AfeError, ErrorCode
from afe.package.network import TensorType
from afe.runtime.ev74 import run_kernel
from afe.runtime.schema import Plugin
from hypothesis import given
from hypothesis import strategies as st


def plugin(kernel, inputs, outputs, params):
    """A plugin of a kernel; types by (scalar, shape)."""
    return Plugin(
        kernel,
        "EV74",
        kernel,
        "kernel_name_tbd",
        tuple(f"i{i}" for i in range(len(inputs))),
        tuple(f"o{i}" for i in range(len(outputs))),
        tuple(TensorType(*t) for t in inputs),
        tuple(TensorType(*t) for t in outputs),
        params,
    )


def quantize(values, scalar="int8", **params):
    """The quantization of a list of floats."""
    x = np.array(values, np.float32)
    shape = (len(values),)
    return run_kernel(
        plugin("quantization_transform", [("float32", shape)], [(scalar, shape)], params), [x]
    )[0].tolist()


def test_quantization_rounds_halves_to_even_and_saturates():
    """rint(x / divisor) + zero_point, limited to the type."""
    params = {"channel_params": [[2.0, -3]], "divisor": 0.5, "rounding": "TONEAREST"}
    assert quantize([0.25, 0.75, -0.25, 1e9, -1e9], **params) == [-3, -1, -3, 127, -128]


def test_quantization_can_round_halves_away_from_zero():
    """As LiteRT quantizes floats."""
    params = {"channel_params": [[2.0, 0]], "divisor": 0.5, "rounding": "HALF_AWAY"}
    assert quantize([0.25, 0.75, -0.25, -0.2], **params) == [1, 2, -1, 0]


def test_the_divisor_rules_over_the_multiplier():
    """x / 0.1 and x * (1 / 0.1) differ in f32; the exact form is the division."""
    value = 0.35  # f32: 0.35 / 0.1 is 3.5 exactly, 0.35 * 10 is a little less or more
    expected = int(np.rint(np.float32(value) / np.float32(0.1)))
    assert quantize([value], channel_params=[[10.0, 0]], divisor=0.1) == [expected]
    multiplied = int(np.rint(np.float32(value) * np.float32(10.0)))
    assert quantize([value], channel_params=[[10.0, 0]]) == [multiplied]


def test_infinities_saturate_and_nan_becomes_the_zero_point():
    """No undefined conversions."""
    params = {"channel_params": [[1.0, 5]], "divisor": 1.0}
    assert quantize([math.inf, -math.inf, math.nan], "uint8", **params) == [255, 0, 5]


def test_dequantization_is_the_f32_product():
    """f32(q - zero_point) * scale."""
    q = np.array([[-128, 0, 127]], np.int8)
    scale = np.float32(0.1)
    kernel = plugin(
        "dequantization_transform",
        [("int8", (1, 3))],
        [("float32", (1, 3))],
        {"channel_params": [[10.0, -3]], "scale": 0.1},
    )
    expected = np.array([[-125, 3, 130]], np.float32) * scale
    assert run_kernel(kernel, [q])[0].tolist() == expected.tolist()


def test_a_padded_frame_has_zeros_behind_its_channels():
    """HWC16: channels up to the next multiple of 16."""
    x = np.arange(2 * 3 * 5, dtype=np.int8).reshape(1, 2, 3, 5)
    params = {"slice_shape": [2, 3, 5], "align_c16": True, "cblock": False, "frame_type": "int8"}
    kernel = plugin("tessellation_transform", [("int8", x.shape)], [("int8", (1, 96))], params)
    out = run_kernel(kernel, [x])[0].reshape(2, 3, 16)
    assert out[1, 2].tolist() == [25, 26, 27, 28, 29] + [0] * 11


def test_channel_blocks_stand_outermost():
    """cblock: [C / 16][H][W][16] within a slice."""
    x = np.arange(1 * 2 * 20, dtype=np.int8).reshape(1, 1, 2, 20)
    params = {"slice_shape": [1, 2, 20], "align_c16": True, "cblock": True, "frame_type": "int8"}
    kernel = plugin("tessellation_transform", [("int8", x.shape)], [("int8", (1, 64))], params)
    blocks = run_kernel(kernel, [x])[0].reshape(2, 1, 2, 16)
    assert blocks[0, 0, 1].tolist() == list(range(20, 36))
    assert blocks[1, 0, 0].tolist() == [16, 17, 18, 19] + [0] * 12


@given(
    frames=st.integers(1, 3),
    shape=st.tuples(st.integers(1, 7), st.integers(1, 5), st.integers(1, 37)),
    steps=st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(1, 40)),
    align=st.booleans(),
    block=st.booleans(),
)
def test_detessellation_undoes_tessellation(frames, shape, steps, align, block):
    """For every slice shape and alignment."""
    x = np.random.default_rng(1).integers(-128, 127, (frames, *shape), np.int8)
    params = {
        "slice_shape": list(steps),
        "align_c16": align,
        "cblock": block,
        "frame_type": "int8",
    }
    steps = [min(step, full) for step, full in zip(steps, shape, strict=True)]
    widths = [min(steps[2], shape[2] - c) for c in range(0, shape[2], steps[2])]
    padded = sum(-(-w // 16) * 16 if align or block else w for w in widths)
    size = frames * shape[0] * shape[1] * padded
    there = plugin("tessellation_transform", [("int8", x.shape)], [("int8", (1, size))], params)
    back = plugin(
        "detessellation_transform",
        [("int8", (1, size))],
        [("int8", x.shape)],
        params | {"frame_shape": list(shape)},
    )
    assert np.array_equal(run_kernel(back, run_kernel(there, [x]))[0], x)


def test_pack_and_unpack_keep_bytes_and_types():
    """Tensors of different types through one buffer."""
    a, b = np.array([[1, -2, 3]], np.int8), np.array([[70000, -5]], np.int32)
    types = [("int8", (1, 3)), ("int32", (1, 2))]
    packed = run_kernel(plugin("pack_transform", types, [("int8", (1, 11))], {}), [a, b])[0]
    params = {"tensor_types": ["int8", "int32"], "tensor_shapes": [[1, 3], [1, 2]]}
    out = run_kernel(plugin("unpack_transform", [("int8", (1, 11))], types, params), [packed])
    assert out[0].tolist() == a.tolist() and out[1].tolist() == b.tolist()


@pytest.mark.parametrize(
    ("kernel", "shape", "params", "expected"),
    [
        ("layout_transform", (1, 3, 2), {"src_layout": "NCW", "dst_layout": "NWC"}, [0, 3, 1, 4]),
        ("reshape_transform", (3, 2), {"newshape": [3, 2]}, [0, 1, 2]),
        ("slice_transform", (1, 1, 3), {"begin": [0, 1, 0], "end": [1, 2, 3]}, [3, 4, 5]),
        ("cast_transform", (1, 2, 3), {"out_dtype": "int16"}, [0, 1, 2]),
    ],
)
def test_data_movement(kernel, shape, params, expected):
    """Each moves [1, 2, 3] = 0..5 as its parameters say."""
    x = np.arange(6, dtype=np.int8).reshape(1, 2, 3)
    scalar = params.get("out_dtype", "int8")
    out = run_kernel(plugin(kernel, [("int8", x.shape)], [(scalar, shape)], params), [x])[0]
    assert out.shape == shape and out.dtype == scalar
    assert out.reshape(-1)[: len(expected)].tolist() == expected


@pytest.mark.parametrize(
    ("kernel", "params"),
    [
        ("no_such_kernel", {}),
        ("quantization_transform", {}),
        ("layout_transform", {"src_layout": "NC", "dst_layout": "NX"}),
        ("reshape_transform", {"newshape": [7]}),
        ("slice_transform", {"begin": [0], "end": [1]}),
        ("unpack_transform", {"tensor_types": ["int8"], "tensor_shapes": [[2]]}),
        ("tessellation_transform", {"slice_shape": [1]}),
    ],
)
def test_parameters_that_do_not_fit_are_a_schema_error(kernel, params):
    """Never a Python exception of another kind."""
    x = np.arange(6, dtype=np.int8).reshape(1, 2, 3)
    kernel = plugin(kernel, [("int8", x.shape)], [("int8", x.shape)], params)
    with pytest.raises(AfeError) as error:
        run_kernel(kernel, [x])
    assert error.value.code is ErrorCode.SCHEMA_ERROR
