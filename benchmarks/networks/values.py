"""What a layer list deals in: quantized activations with their spread, and seeded draws.

Factors of requantizations are chosen from the spread, so that activations of random networks
stay spread over the range instead of saturating or dying out. Draws come from the raw bits of
PCG64, which numpy promises never to change: the same seed is the same network everywhere.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from afe.importers.module_builder import Tensor
from afe.importers.tflite.node import Affine
from numpy.typing import NDArray

Factors = NDArray[np.float64] | np.float64
"""From i32 accumulators to codes: one per channel, or one in all."""

LINEAR_RMS = 32.0
"""Codes: a normal distribution's standard deviation, so that four of them fit into a byte."""
RELU_STD = 90.0
"""Codes: the standard deviation before negative values are cut off."""
RELU_RMS = RELU_STD / 2**0.5
WEIGHT_RMS = 36.0
"""Codes of a weight: the largest of some hundred lies near the end of the range."""

LINEAR = Affine(np.float32(8 / 255), -3)
RELU = Affine(np.float32(6 / 255), -128)
PROBABILITY = Affine(np.float32(1 / 256), -128)


@dataclass(frozen=True, slots=True)
class Activation:
    """An i8 tensor, what its codes mean, and the root mean square of code - zero point."""

    tensor: Tensor
    affine: Affine
    rms: float

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return self.tensor.shape

    @property
    def real_rms(self) -> float:
        """The root mean square of the real values."""
        return float(self.affine.scale) * self.rms


class Draws:
    """Seeded numbers, the same on every machine and with every numpy."""

    def __init__(self, name: str, seed: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence([zlib.crc32(name.encode()), seed]))

    def weights(self, *shape: int) -> NDArray[np.int8]:
        """Normally distributed codes of WEIGHT_RMS."""
        return _NORMAL_CODES[self._bytes(int(np.prod(shape)))].reshape(shape)

    def uniform(self, low: float, high: float, count: int) -> NDArray[np.float64]:
        """`count` numbers in [low, high)."""
        raw = np.asarray(self._bits.random_raw(count))
        unit = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return np.asarray(low + (high - low) * unit, np.float64)

    def _bytes(self, count: int) -> NDArray[np.uint8]:
        raw = np.asarray(self._bits.random_raw((count + 7) // 8), "<u8")
        return raw.view(np.uint8)[:count]


def _normal_codes() -> NDArray[np.int8]:
    normal = NormalDist(0, WEIGHT_RMS)
    codes = [round(normal.inv_cdf((byte + 0.5) / 256)) for byte in range(256)]
    return np.clip(codes, -127, 127).astype(np.int8)


_NORMAL_CODES = _normal_codes()


def table_rms(table: NDArray[np.int8], x: Activation, zero_point: int) -> float:
    """The rms of a table's results for normally distributed codes."""
    codes = np.arange(-128, 128) - x.affine.zero_point
    density = np.exp(-0.5 * (codes / max(x.rms, 1.0)) ** 2)
    squares = (table.astype(np.float64) - zero_point) ** 2
    return float(max(np.sqrt(np.sum(density * squares) / np.sum(density)), 1.0))


def affine_for(real_rms: float, target_rms: float = LINEAR_RMS, zero_point: int = -3) -> Affine:
    """Codes that spread values of `real_rms` over the range."""
    return Affine(np.float32(real_rms / target_rms), zero_point)


def affine_over(low: float, high: float) -> Affine:
    """Codes that cover [low, high], zero included exactly."""
    scale = np.float32((high - low) / 255)
    return Affine(scale, int(np.clip(round(-128 - low / float(scale)), -128, 127)))


def spread(values: NDArray[Any], rank: int) -> NDArray[Any]:
    """One value per channel as a tensor of `rank`, or a single one."""
    return values.reshape((*(1,) * (rank - 1), -1))
