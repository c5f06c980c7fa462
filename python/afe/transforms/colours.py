"""Transforms of colours: chroma upsampling, YUV and RGB, the order of channels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from afe.package.network import TensorType
from afe.transforms.base import Array, Stored, Transform, Writer

F32 = np.float32


class ColorSpaceStandard(StrEnum):
    """Standards of YUV: BT601 for SD video, BT709 for HD, BT2020 for HDR."""

    BT601 = "BT601"
    BT709 = "BT709"
    BT2020 = "BT2020"


class ColorConversion(StrEnum):
    """Directions of a conversion."""

    YUV2RGB = "YUV2RGB"
    RGB2YUV = "RGB2YUV"
    BGR2RGB = "BGR2RGB"
    RGB2BGR = "RGB2BGR"


class ChromaSampling(StrEnum):
    """How chroma planes are stored: NV12 interleaves U and V, the others keep two planes."""

    NV12 = "NV12"
    YUV420 = "YUV420"
    YUV422 = "YUV422"


_LUMA = {
    ColorSpaceStandard.BT601: (0.299, 0.587, 0.114),
    ColorSpaceStandard.BT709: (0.2126, 0.7152, 0.0722),
    ColorSpaceStandard.BT2020: (0.2627, 0.6780, 0.0593),
}
"""Shares of red, green and blue in luma; everything else follows from them."""

_LIMITED = ((16.0, 219.0), (128.0, 224.0), (128.0, 224.0))
"""Offset and extent of Y, U and V in limited range, as video stores them."""


@dataclass(frozen=True)
class YuvRgb(Transform):
    """YUV of limited range (Y from 16 to 235) to RGB of 0 to 255, or back: uint8 [N, H, W, 3]."""

    conversion: ColorConversion
    std: ColorSpaceStandard

    name = "yuv_rgb_conversion"

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        if self.conversion not in (ColorConversion.YUV2RGB, ColorConversion.RGB2YUV):
            self.refuse(f"{self.conversion} is not a conversion between YUV and RGB")
        self.demand_scalar(parameter_type, ("uint8",))
        if self.demand_image(parameter_type)[3] != 3:
            self.refuse(f"the tensor has {parameter_type.shape[3]} channels, expected 3")
        return parameter_type

    def _matrix(self) -> tuple[Array, Array]:
        """f32 rows of factors, and what is added to each sum."""
        red, green, blue = _LUMA[self.std]
        to_yuv = np.array(
            [
                [red, green, blue],
                np.array([-red, -green, 1 - blue]) / (2 * (1 - blue)),
                np.array([1 - red, -green, -blue]) / (2 * (1 - red)),
            ]
        )
        scale = np.array([[extent / 255] for _, extent in _LIMITED])
        offset = np.array([start for start, _ in _LIMITED])
        forward = to_yuv * scale
        if self.conversion is ColorConversion.RGB2YUV:
            return forward.astype(F32), offset.astype(F32)
        backward = np.linalg.inv(forward)
        return backward.astype(F32), (-backward @ offset).astype(F32)

    def compute(self, t: Array) -> Array:
        matrix, added = self._matrix()
        first, second, third = (t[..., channel : channel + 1].astype(F32) for channel in range(3))
        sums = [
            ((first * row[0] + second * row[1]) + third * row[2]) + constant
            for row, constant in zip(matrix, added, strict=True)
        ]
        result: Array = np.clip(np.rint(np.concatenate(sums, axis=-1)), 0, 255)
        return result

    def write(self, writer: Writer, x: Stored) -> Stored:
        builder, floats = writer.builder, writer.floats(x)
        size = (*x.shape[:3], 1)
        parts = [builder.slice(floats, (0, 0, 0, channel), size) for channel in range(3)]
        results = []
        for row, constant in zip(*self._matrix(), strict=True):
            products = [
                builder.mul(part, writer.scalar(part, float(factor)))
                for part, factor in zip(parts, row, strict=True)
            ]
            total = builder.add(builder.add(products[0], products[1]), products[2])
            results.append(builder.add(total, writer.scalar(total, float(constant))))
        return writer.rounded(builder.concat(results, 3), "uint8")


@dataclass(frozen=True)
class BgrRgb(Transform):
    """Three channels [N, H, W, 3] in the opposite order."""

    conversion: ColorConversion

    name = "bgr_rgb_conversion"

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        if self.conversion not in (ColorConversion.BGR2RGB, ColorConversion.RGB2BGR):
            self.refuse(f"{self.conversion} is not a conversion between BGR and RGB")
        if self.demand_image(parameter_type)[3] != 3:
            self.refuse(f"the tensor has {parameter_type.shape[3]} channels, expected 3")
        return parameter_type

    def compute(self, t: Array) -> Array:
        return t[..., ::-1]

    def write(self, writer: Writer, x: Stored) -> Stored:
        size = (*x.shape[:3], 1)
        parts = [writer.builder.slice(x.tensor, (0, 0, 0, c), size) for c in (2, 1, 0)]
        return x.with_tensor(writer.builder.concat(parts, 3))


@dataclass(frozen=True)
class ChromaUpsample(Transform):
    """Planes of video as [N, H, W, 3] YUV: each chroma sample is repeated.

    The input is [N, rows, W, 1]: H rows of Y, then the chroma rows. NV12: H / 2 rows of pairs U, V;
    YUV420: U, then V, each H / 4 rows of two lines of W / 2; YUV422: each H / 2 such rows.
    """

    frame_height: int
    frame_width: int
    yuv_sampling: ChromaSampling

    name = "chroma_upsample"

    @property
    def _step(self) -> int:
        """Lines of luma per line of chroma."""
        return 1 if self.yuv_sampling is ChromaSampling.YUV422 else 2

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        count, *rest = self.demand_image(parameter_type)
        height, width = self.frame_height, self.frame_width
        if width % 2 or height % (2 * self._step):
            self.refuse(f"frames of {width} by {height} cannot be {self.yuv_sampling.value}")
        rows = height + height // self._step
        if rest != [rows, width, 1]:
            self.refuse(
                f"the tensor's shape is {[count, *rest]}, expected {[count, rows, width, 1]}"
            )
        return TensorType(parameter_type.scalar, (count, height, width, 3))

    def compute(self, t: Array) -> Array:
        count, height, width = t.shape[0], self.frame_height, self.frame_width
        luma, rest = t[:, :height], t[:, height:]
        lines = height // self._step
        if self.yuv_sampling is ChromaSampling.NV12:
            chroma = rest.reshape(count, lines, width // 2, 2)
        else:
            chroma = rest.reshape(count, 2, lines, width // 2).transpose(0, 2, 3, 1)
        chroma = chroma.repeat(self._step, axis=1).repeat(2, axis=2)
        return np.concatenate([luma, chroma], axis=3)

    def write(self, writer: Writer, x: Stored) -> Stored:
        builder, count = writer.builder, x.shape[0]
        height, width, step = self.frame_height, self.frame_width, self._step
        lines = height // step
        luma = builder.slice(x.tensor, (0, 0, 0, 0), (count, height, width, 1))
        size = (count, height // step, width, 1)
        rest = builder.slice(x.tensor, (0, height, 0, 0), size)
        if self.yuv_sampling is ChromaSampling.NV12:
            chroma = builder.reshape(rest, (count, lines, width // 2, 2))
        else:
            planes = builder.reshape(rest, (count, 2, lines, width // 2))
            chroma = builder.transpose(planes, (0, 2, 3, 1))
        rows = builder.concat([builder.reshape(chroma, (count, lines, 1, width))] * step, 2)
        pixels = builder.reshape(rows, (count, height * width // 2, 1, 2))
        pixels = builder.concat([pixels] * 2, 2)
        chroma = builder.reshape(pixels, (count, height, width, 2))
        return x.with_tensor(builder.concat([luma, chroma], 3))
