"""Transforms for `Model.create_auxiliary_network`, under the SDK's names.

Networks in front of a model and behind it are lists of these:

    preprocess = Model.create_auxiliary_network(
        [resize_transform(target_height=224, target_width=224, keep_aspect=False,
                          deposit_location=ResizeDepositLocation.CENTER,
                          method=ResizeMethod.LINEAR),
         normalization_transform(channel_params=[(255.0, 0.5, 0.25)])],
        {"images": TensorType(ScalarType.uint8, (1, 480, 640, 3))})
    whole = Model.compose([preprocess, model], "whole")

`Transform.apply` gives the result for an array: the same values that the compiled network computes,
softmax and sigmoid within a few units in the last place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from afe.errors import AfeError, ErrorCode
from afe.transforms.base import Composition
from afe.transforms.base import Transform as Transform
from afe.transforms.colours import BgrRgb, ChromaUpsample, YuvRgb
from afe.transforms.colours import ChromaSampling as ChromaSampling
from afe.transforms.colours import ColorConversion as ColorConversion
from afe.transforms.colours import ColorSpaceStandard as ColorSpaceStandard
from afe.transforms.movement import Crop, Layout, Reshape, Slice
from afe.transforms.numbers import (
    Argmax,
    Dequantization,
    NmsMaxpool,
    Normalization,
    Quantization,
    Sigmoid,
    Softmax,
)
from afe.transforms.numbers import RoundType as RoundType
from afe.transforms.resizing import Resize
from afe.transforms.resizing import ResizeDepositLocation as ResizeDepositLocation
from afe.transforms.resizing import ResizeMethod as ResizeMethod

QUANTIZED_BITS = (8, 16)


def argmax(*, axis: int) -> Transform:
    """Index (int32) of the first largest value over `axis`, which disappears."""
    return Argmax(_whole("axis", axis, low=-8))


def reshape_transform(*, newshape: Sequence[int]) -> Transform:
    """Other dimensions; the first one, images, stays; one may be -1."""
    return Reshape(tuple(_whole("newshape", size, low=-1) for size in newshape))


def layout_transform(*, src_layout: str, dst_layout: str) -> Transform:
    """Dimensions reordered, named by letters: from "NHWC" to "NCHW"."""
    return Layout(str(src_layout), str(dst_layout))


def slice_transform(*, begin: Sequence[int], end: Sequence[int]) -> Transform:
    """The box from `begin` to `end` (past the last), one bound per dimension."""
    return Slice(tuple(_whole("begin", b) for b in begin), tuple(_whole("end", e) for e in end))


def crop_transform(*, bounding_box: Sequence[tuple[int, int]]) -> Transform:
    """The part of images between two points (x, y), the second past the end."""
    if len(bounding_box) != 2:
        raise _invalid("bounding_box", bounding_box, "two points (x, y)")
    first, second = (
        (_whole("bounding_box", x), _whole("bounding_box", y)) for x, y in bounding_box
    )
    return Crop((first, second))


def normalization_transform(*, channel_params: Sequence[tuple[float, float, float]]) -> Transform:
    """(x / divisor - mean) / deviation in float32; one tuple, or one per channel."""
    entries = _channel_params(channel_params, 3)
    if any(entry[0] == 0 or entry[2] == 0 for entry in entries):
        raise _invalid("channel_params", channel_params, "divisors and deviations other than 0")
    return Normalization(tuple((a, b, c) for a, b, c in entries))


def quantization_transform(
    *,
    channel_params: Sequence[tuple[float, int]],
    num_bits: int,
    rounding: RoundType = RoundType.TONEAREST,
) -> Transform:
    """saturate(round(x * scale) + zero_point) as int8 or int16; one tuple, or one per channel."""
    if num_bits not in QUANTIZED_BITS:
        raise _invalid("num_bits", num_bits, " or ".join(map(str, QUANTIZED_BITS)))
    if not isinstance(rounding, RoundType):
        raise _invalid("rounding", rounding, "a RoundType")
    return Quantization(_scales(channel_params), num_bits, rounding)


def dequantization_transform(*, channel_params: Sequence[tuple[float, int]]) -> Transform:
    """(q - zero_point) / scale in float32; one tuple, or one per channel."""
    return Dequantization(_scales(channel_params))


def resize_transform(
    *,
    target_height: int,
    target_width: int,
    keep_aspect: bool,
    deposit_location: ResizeDepositLocation,
    method: ResizeMethod,
) -> Transform:
    """Images [N, H, W, C] at another size; with `keep_aspect` 0 surrounds the image."""
    return Resize(
        _whole("target_height", target_height, low=1),
        _whole("target_width", target_width, low=1),
        bool(keep_aspect),
        ResizeDepositLocation(deposit_location),
        ResizeMethod(method),
    )


def chroma_upsample_transform(
    *, frame_height: int, frame_width: int, yuv_sampling: ChromaSampling
) -> Transform:
    """Planes of video [N, rows, W, 1] as YUV [N, H, W, 3]."""
    height, width = _whole("frame_height", frame_height, 1), _whole("frame_width", frame_width, 1)
    return ChromaUpsample(height, width, ChromaSampling(yuv_sampling))


def yuv_rgb_conversion_transform(
    *, conversion: ColorConversion, std: ColorSpaceStandard
) -> Transform:
    """YUV of limited range to RGB, or back; uint8."""
    return YuvRgb(ColorConversion(conversion), ColorSpaceStandard(std))


def bgr_rgb_conversion_transform(*, conversion: ColorConversion) -> Transform:
    """Three channels in the opposite order."""
    return BgrRgb(ColorConversion(conversion))


def sigmoid_transform() -> Transform:
    """1 / (1 + exp(-x)) of a float32 tensor."""
    return Sigmoid()


def softmax_transform(*, axis: int) -> Transform:
    """Softmax of a float32 tensor over `axis`."""
    return Softmax(_whole("axis", axis, low=-8))


def nms_maxpool_transform(*, kernel: int) -> Transform:
    """float32 values that are the largest of the window around them, 0 elsewhere."""
    if _whole("kernel", kernel, low=1) % 2 == 0:
        raise _invalid("kernel", kernel, "an odd size")
    return NmsMaxpool(kernel)


def compose(transforms: Sequence[Transform]) -> Transform:
    """Transforms one after another as one."""
    return Composition(tuple(transforms))


def identity() -> Transform:
    """The tensor as it is."""
    return Composition()


def _scales(channel_params: Sequence[tuple[float, int]]) -> tuple[tuple[float, int], ...]:
    entries = _channel_params(channel_params, 2)
    if any(scale == 0 or zero != int(zero) for scale, zero in entries):
        raise _invalid("channel_params", channel_params, "scales other than 0, whole zero points")
    return tuple((scale, int(zero)) for scale, zero in entries)


def _channel_params(value: Sequence[Sequence[float]], count: int) -> list[list[float]]:
    try:
        entries = [[float(number) for number in entry] for entry in value]
    except (TypeError, ValueError) as error:
        raise _invalid("channel_params", value, f"tuples of {count} numbers") from error
    finite = all(math.isfinite(number) for entry in entries for number in entry)
    if not entries or not finite or any(len(entry) != count for entry in entries):
        raise _invalid("channel_params", value, f"tuples of {count} finite numbers")
    return entries


def _whole(option: str, value: object, low: int = 0) -> int:
    if type(value) is not int or value < low:
        raise _invalid(option, value, f"whole numbers from {low}")
    return value


def _invalid(option: str, value: object, allowed: str) -> AfeError:
    return AfeError(ErrorCode.INVALID_OPTION, f"option '{option}' is {value!r}; allowed: {allowed}")
