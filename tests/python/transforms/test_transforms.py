"""Transforms: the values in numpy, the same compiled, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from afe import runtime
from afe.apis import transform as t
from afe.apis.model import Model
from afe.errors import AfeError
from afe.ir.tensor_type import ScalarType, TensorType

TOP, CENTER, BOTTOM = t.ResizeDepositLocation


def _resize(height, width, method, keep_aspect=False, where=CENTER):
    return t.resize_transform(
        target_height=height,
        target_width=width,
        keep_aspect=keep_aspect,
        deposit_location=where,
        method=method,
    )


LINEAR, NEAREST, AREA, CUBIC = t.ResizeMethod

EXACT = {
    "normalization of bytes": (
        t.normalization_transform(channel_params=[(255.0, 0.485, 0.229), (255.0, 0.456, 0.224)]),
        ("uint8", (2, 3, 5, 2)),
    ),
    "normalization by one": (
        t.normalization_transform(channel_params=[(1.0, 127.5, 64.0)]),
        ("float32", (1, 7)),
    ),
    "quantization": (
        t.quantization_transform(channel_params=[(31.7, -3)], num_bits=8),
        ("float32", (1, 4, 9)),
    ),
    "quantization, halves away": (
        t.quantization_transform(
            channel_params=[(2.0, 1)], num_bits=8, rounding=t.RoundType.HALF_AWAY
        ),
        ("float32", (1, 4, 9)),
    ),
    "quantization to 16 bits": (
        t.quantization_transform(channel_params=[(8190.0, 7)], num_bits=16),
        ("float32", (1, 4, 9)),
    ),
    "quantization by channel": (
        t.quantization_transform(channel_params=[(20.0, -3), (900.0, 5), (0.5, 0)], num_bits=8),
        ("float32", (2, 4, 3)),
    ),
    "dequantization": (
        t.dequantization_transform(channel_params=[(31.7, -3)]),
        ("int8", (1, 4, 9)),
    ),
    "dequantization by channel": (
        t.dequantization_transform(channel_params=[(31.7, -3), (0.3, 9)]),
        ("int16", (3, 4, 2)),
    ),
    "layout": (
        t.layout_transform(src_layout="NHWC", dst_layout="NCHW"),
        ("uint8", (1, 3, 5, 2)),
    ),
    "reshape": (t.reshape_transform(newshape=[2, -1, 5]), ("int8", (2, 3, 5, 2))),
    "slice": (
        t.slice_transform(begin=[0, 1, 0, 1], end=[2, 3, 5, 2]),
        ("uint8", (2, 3, 5, 2)),
    ),
    "crop": (t.crop_transform(bounding_box=[(1, 0), (4, 2)]), ("uint8", (2, 3, 5, 2))),
    "argmax": (t.argmax(axis=-1), ("float32", (2, 3, 5))),
    "argmax of bytes": (t.argmax(axis=1), ("uint8", (2, 9, 5))),
    "nms": (t.nms_maxpool_transform(kernel=3), ("float32", (1, 6, 7, 2))),
    "bgr": (
        t.bgr_rgb_conversion_transform(conversion=t.ColorConversion.BGR2RGB),
        ("uint8", (1, 3, 5, 3)),
    ),
    "yuv to rgb": (
        t.yuv_rgb_conversion_transform(
            conversion=t.ColorConversion.YUV2RGB, std=t.ColorSpaceStandard.BT709
        ),
        ("uint8", (1, 13, 16, 3)),
    ),
    "rgb to yuv": (
        t.yuv_rgb_conversion_transform(
            conversion=t.ColorConversion.RGB2YUV, std=t.ColorSpaceStandard.BT601
        ),
        ("uint8", (2, 13, 16, 3)),
    ),
    "nv12": (
        t.chroma_upsample_transform(
            frame_height=8, frame_width=6, yuv_sampling=t.ChromaSampling.NV12
        ),
        ("uint8", (2, 12, 6, 1)),
    ),
    "yuv420": (
        t.chroma_upsample_transform(
            frame_height=8, frame_width=6, yuv_sampling=t.ChromaSampling.YUV420
        ),
        ("uint8", (2, 12, 6, 1)),
    ),
    "yuv422": (
        t.chroma_upsample_transform(
            frame_height=8, frame_width=6, yuv_sampling=t.ChromaSampling.YUV422
        ),
        ("uint8", (1, 16, 6, 1)),
    ),
    "linear, larger": (_resize(11, 9, LINEAR), ("float32", (1, 5, 7, 2))),
    "linear, smaller": (_resize(3, 4, LINEAR), ("uint8", (2, 7, 10, 3))),
    "nearest": (_resize(11, 4, NEAREST), ("uint8", (1, 5, 7, 3))),
    "area": (_resize(3, 2, AREA), ("uint8", (1, 6, 8, 3))),
    "with its aspect, in the middle": (_resize(9, 9, LINEAR, True), ("uint8", (1, 4, 7, 3))),
    "with its aspect, at the top": (_resize(6, 12, NEAREST, True, TOP), ("uint8", (1, 4, 4, 1))),
    "with its aspect, at the bottom": (_resize(9, 5, AREA, True, BOTTOM), ("int8", (1, 10, 10, 1))),
    "several": (
        t.compose(
            [_resize(4, 4, NEAREST), t.normalization_transform(channel_params=[(255, 0, 1)])]
        ),
        ("uint8", (1, 8, 8, 3)),
    ),
    "none": (t.identity(), ("uint8", (1, 3, 5, 2))),
}
CLOSE = {
    "softmax": (t.softmax_transform(axis=-1), ("float32", (2, 3, 17))),
    "sigmoid": (t.sigmoid_transform(), ("float32", (1, 3, 17))),
}


def _array(scalar, shape):
    random = np.random.default_rng(3)
    if scalar == "float32":
        return (random.normal(size=shape) * 4).astype(np.float32)
    limits = np.iinfo(scalar)
    return random.integers(limits.min, limits.max + 1, shape).astype(scalar)


def _compiled(transform, scalar, shape, folder, batch=1):
    network = Model.create_auxiliary_network(
        [transform], {"x": TensorType(ScalarType(scalar), shape)}
    )
    report = network.compile(folder, log_level=50, target="tiny", batch_size=batch)
    return network, runtime.load(report.archive)


@pytest.mark.parametrize("what", EXACT)
def test_compiled_transforms_are_the_same_to_the_bit(tmp_path, what):
    """Type, shape and every element."""
    transform, (scalar, shape) = EXACT[what]
    network, archive = _compiled(transform, scalar, shape, tmp_path)
    array = _array(scalar, shape)
    expected = transform.apply(array)
    (result,) = archive.run([array]).outputs
    assert (result.dtype, result.shape) == (expected.dtype, expected.shape)
    assert np.array_equal(result, expected)
    result_type = transform.get_result_type(TensorType(scalar, shape))
    assert network.outputs[0].shape == result_type.shape == expected.shape
    assert result_type.scalar == expected.dtype.name


@pytest.mark.parametrize("what", CLOSE)
def test_exponentials_agree_within_a_few_units(tmp_path, what):
    """numpy's exp is another function than the processor's."""
    transform, (scalar, shape) = CLOSE[what]
    _, archive = _compiled(transform, scalar, shape, tmp_path)
    array = _array(scalar, shape)
    (result,) = archive.run([array]).outputs
    np.testing.assert_array_max_ulp(result, transform.apply(array), 4)


def test_an_auxiliary_network_takes_a_batch(tmp_path):
    """Images are independent of one another."""
    transform = _resize(6, 5, LINEAR)
    _, archive = _compiled(transform, "uint8", (1, 4, 8, 3), tmp_path, batch=3)
    images = _array("uint8", (4, 4, 8, 3))
    assert np.array_equal(archive.run([images]).outputs[0], transform.apply(images))


@pytest.mark.parametrize(
    ("transform", "scalar", "shape", "text"),
    [
        (t.sigmoid_transform(), "int8", (1, 3), "expected float32"),
        (t.softmax_transform(axis=0), "float32", (1, 3), "axis 0 counts images"),
        (t.argmax(axis=3), "float32", (1, 3), "axis 3 of a tensor of 2"),
        (t.reshape_transform(newshape=[1, 7]), "int8", (1, 3, 5), "cannot become"),
        (t.reshape_transform(newshape=[5, 3]), "int8", (1, 3, 5), "cannot become"),
        (t.layout_transform(src_layout="NHWC", dst_layout="NCHH"), "int8", (1, 1, 1, 1), "become"),
        (t.layout_transform(src_layout="NHWC", dst_layout="HNWC"), "int8", (1, 1, 1, 1), "first"),
        (t.slice_transform(begin=[0, 2], end=[1, 9]), "int8", (1, 3), "no part of a dimension"),
        (t.slice_transform(begin=[1, 0], end=[2, 3]), "int8", (2, 3), "kept whole"),
        (t.crop_transform(bounding_box=[(0, 0), (9, 1)]), "int8", (1, 3, 5, 2), "no part of an"),
        (_resize(5, 5, CUBIC), "uint8", (1, 3, 5, 2), "cubic is not supported"),
        (_resize(2, 5, AREA), "uint8", (1, 3, 5, 2), "is no multiple of"),
        (_resize(1, 1, NEAREST), "uint8", (1, 40, 40, 1), "above 1/16"),
        (EXACT["nv12"][0], "uint8", (1, 8, 6, 3), "expected"),
        (EXACT["bgr"][0], "uint8", (1, 8, 6, 4), "4 channels, expected 3"),
        (EXACT["yuv to rgb"][0], "float32", (1, 8, 6, 3), "expected uint8"),
        (EXACT["quantization by channel"][0], "float32", (1, 4), "3 entries for 4 channels"),
        (t.bgr_rgb_conversion_transform(conversion="YUV2RGB"), "uint8", (1, 1, 1, 3), "BGR and"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(transform, scalar, shape, text):
    """By `apply`, by `get_result_type` and when a network is made."""
    with pytest.raises(AfeError, match=text):
        transform.get_result_type(TensorType(scalar, shape))
    with pytest.raises(AfeError, match=text):
        transform.apply(np.zeros(shape, scalar))
    with pytest.raises(AfeError, match=text):
        Model.create_auxiliary_network([transform], {"x": TensorType(scalar, shape)})


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: t.argmax(axis="x"), "'axis'"),
        (lambda: t.quantization_transform(channel_params=[(1, 0)], num_bits=4), "'num_bits'"),
        (lambda: t.quantization_transform(channel_params=[(0, 0)], num_bits=8), "other than 0"),
        (lambda: t.quantization_transform(channel_params=[(1, 0.5)], num_bits=8), "whole zero"),
        (lambda: t.dequantization_transform(channel_params=[]), "tuples of 2"),
        (lambda: t.normalization_transform(channel_params=[(1, 2)]), "tuples of 3"),
        (lambda: t.normalization_transform(channel_params=[(0, 2, 1)]), "other than 0"),
        (lambda: t.normalization_transform(channel_params=[(float("nan"), 2, 1)]), "finite"),
        (lambda: t.nms_maxpool_transform(kernel=2), "an odd size"),
        (lambda: t.crop_transform(bounding_box=[(0, 0)]), "two points"),
    ],
)
def test_parameters_that_are_wrong_are_refused(make, text):
    """INVALID_OPTION when the transform is made."""
    with pytest.raises(AfeError, match=text):
        make()


@pytest.mark.parametrize(
    ("transforms", "types", "text"),
    [
        (["resize"], {"x": TensorType("uint8", (1, 2))}, "transforms holds 'resize'"),
        ([], {}, "must name at least one input"),
        ([], {"x": (1, 2)}, "expected a TensorType"),
        ([], {"x": TensorType("float64", (1, 2))}, "expected a TensorType"),
        ([], {"x": TensorType("uint8", (0, 2))}, "expected sizes"),
        ([], {"": TensorType("uint8", (1, 2))}, "keys are names"),
    ],
)
def test_networks_of_nothing_are_refused(transforms, types, text):
    """INVALID_OPTION."""
    with pytest.raises(AfeError, match=text):
        Model.create_auxiliary_network(transforms, types)
