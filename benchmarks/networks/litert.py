"""The TOSA forms in which the TFLite importer writes an operator (docs/tosa-conventions.md)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from afe.importers.builder import DOUBLE_ROUND, SINGLE_ROUND, Tensor, TosaBuilder
from afe.importers.tflite import lookup
from afe.importers.tflite.arithmetic import divide_scaling, quantize_multiplier
from afe.importers.tflite.elementwise import LEFT_SHIFT
from afe.importers.tflite.node import Affine
from numpy.typing import NDArray

from benchmarks.networks.values import Activation, Factors, affine_for, affine_over

EPSILON = 1e-6


class LiteRt:
    """int32 multipliers, LiteRT's reference kernels."""

    producer = "tflite"

    def __init__(self, builder: TosaBuilder) -> None:
        self._b = builder

    def requantized(
        self, x: Tensor, factors: Factors, zero_point: int, *, dense: bool = False
    ) -> Tensor:
        """i32 to i8, one factor or one per channel; FULLY_CONNECTED (`dense`) rounds once."""
        scaling = quantize_multiplier(np.asarray(factors))
        return self._b.rescale(
            x, "i8", scaling.multiplier, scaling.shift,
            output_zp=zero_point, rounding=SINGLE_ROUND if dense else DOUBLE_ROUND,
        )  # fmt: skip

    def converted(self, x: Activation, out: Affine) -> Tensor:
        """QUANTIZE from one scale and zero point to another."""
        scaling = quantize_multiplier(float(x.affine.scale) / float(out.scale))
        return self._b.rescale(
            x.tensor, "i8", scaling.multiplier, scaling.shift,
            input_zp=x.affine.zero_point, output_zp=out.zero_point,
        )  # fmt: skip

    def add(self, x: Activation, y: Activation, out: Affine) -> Tensor:
        """ADD."""
        return self._sum("add", x, y, out)

    def _sum(self, name: str, x: Activation, y: Activation, out: Affine) -> Tensor:
        b = self._b
        common = 2.0 * max(float(x.affine.scale), float(y.affine.scale))
        left, right = b.same_rank(x.tensor, y.tensor)
        total = b.binary(
            name,
            self._raised(left, x.affine, common, LEFT_SHIFT),
            self._raised(right, y.affine, common, LEFT_SHIFT),
        )
        factor = common / float(np.float32(1 << LEFT_SHIFT) * out.scale)
        return self.requantized(total, np.float64(factor), out.zero_point)

    def _raised(self, x: Tensor, affine: Affine, common: float, left_shift: int) -> Tensor:
        raised = self._b.rescale(
            x, "i32", 1 << 30, 30 - left_shift, input_zp=affine.zero_point, rounding=SINGLE_ROUND
        )
        scaling = quantize_multiplier(float(affine.scale) / common)
        return self._b.rescale(raised, "i32", scaling.multiplier, scaling.shift)

    def mul(self, x: Activation, y: Activation, out: Affine) -> Tensor:
        """MUL."""
        b = self._b
        left, right = b.same_rank(x.tensor, y.tensor)
        product = b.mul(b.centred(left, x.affine.zero_point), b.centred(right, y.affine.zero_point))
        factor = np.float32(x.affine.scale * y.affine.scale) / out.scale
        return self.requantized(product, np.float64(factor), out.zero_point)

    def function(self, x: Affine, function: lookup.FloatFunction, out: Affine) -> NDArray[np.int8]:
        """The table of a function of real values."""
        return lookup.from_float(function, x, out)

    def mean(self, x: Activation, axes: Sequence[int], out: Affine) -> Tensor:
        """MEAN over axes that stay with size 1."""
        count = int(np.prod([x.shape[axis] for axis in axes]))
        total = self._b.centred(x.tensor, x.affine.zero_point)
        for axis in axes:
            total = self._b.reduce("sum", total, axis)
        scaling = divide_scaling(
            quantize_multiplier(float(x.affine.scale) / float(out.scale)), count
        )
        return self._b.rescale(
            total, "i8", scaling.multiplier, scaling.shift, output_zp=out.zero_point
        )

    def softmax(self, x: Activation, out: Affine) -> Tensor:
        """SOFTMAX over the last axis."""
        return self._b.custom(
            "litert.softmax", [x.tensor], x.shape, "i8",
            beta=1.0, input_scale=float(x.affine.scale), output_scale=float(out.scale),
            output_zero_point=out.zero_point,
        )  # fmt: skip

    def layer_norm(self, x: Activation, out: Affine) -> Tensor:
        """A layer normalization as converters break it up: eleven operators over [N,S,C].

        The weights are folded into the matrix product behind.
        """
        b, axis, std = self._b, len(x.shape) - 1, x.real_rms
        flat = x.shape[:-1]
        mean_affine = affine_for(4 * std / x.shape[-1] ** 0.5)
        mean = Activation(self.mean(x, [axis], mean_affine), mean_affine, 32.0)
        squares = self._squared_difference(x, mean, affine_over(0.0, 9 * std * std))
        variance_affine = affine_over(0.0, 2 * std * std)
        variance = b.reshape(self.mean(squares, [axis], variance_affine), flat)
        epsilon = Activation(b.scalar(127, "i8"), Affine(np.float32(EPSILON / 255), -128), 255.0)
        shifted = self.add(Activation(variance, variance_affine, 128.0), epsilon, variance_affine)
        root_affine = affine_over(0.0, 2 / std)
        root = Activation(
            b.table(shifted, lookup.rsqrt(variance_affine, root_affine)), root_affine, 128.0
        )
        flat_mean = Activation(b.reshape(mean.tensor, flat), mean_affine, 32.0)
        offset_affine = affine_for(4 / x.shape[-1] ** 0.5)
        offset = Activation(self.mul(root, flat_mean, offset_affine), offset_affine, 32.0)
        zero = Activation(b.scalar(0, "i8"), Affine(offset_affine.scale, 0), 1.0)
        negated = self._sum("sub", zero, offset, offset_affine)
        column = (*flat, 1)
        scaled_affine = affine_for(1.0)
        column_root = Activation(b.reshape(root.tensor, column), root_affine, 128.0)
        scaled = Activation(self.mul(x, column_root, scaled_affine), scaled_affine, 32.0)
        return self.add(scaled, Activation(b.reshape(negated, column), offset_affine, 32.0), out)

    def _squared_difference(self, x: Activation, y: Activation, out: Affine) -> Activation:
        b, left_shift = self._b, 7
        common = 2.0 * max(float(x.affine.scale), float(y.affine.scale))
        difference = b.sub(
            self._raised(x.tensor, x.affine, common, left_shift),
            self._raised(y.tensor, y.affine, common, left_shift),
        )
        factor = common * common / float(np.float32(1 << 2 * left_shift) * out.scale)
        squares = b.mul(difference, difference)
        return Activation(self.requantized(squares, np.float64(factor), out.zero_point), out, 40.0)
