"""The TOSA forms in which the ONNX importer writes an operator (docs/tosa-conventions.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np
from afe.importers.builder import Tensor, TosaBuilder
from afe.importers.onnx import quantization, values
from afe.importers.onnx.softmax import exponentials
from afe.importers.tflite.node import Affine
from numpy.typing import NDArray

from benchmarks.networks.values import Activation, Factors, spread

EPSILON = 1e-5


class Qdq:
    """f32 scales, onnxruntime's rounding."""

    producer = "onnx"

    def __init__(self, builder: TosaBuilder) -> None:
        self._b = builder

    def requantized(
        self, x: Tensor, factors: Factors, zero_point: int, *, dense: bool = False
    ) -> Tensor:
        """i32 to i8 by one factor or one per channel; `dense` makes no difference here."""
        b, rank = self._b, len(x.shape)
        scale = spread(np.atleast_1d(factors).astype(np.float32), rank)
        codes = b.cast(b.mul(b.cast(x, "f32"), b.const(scale)), "i32")
        shifted = b.add(codes, b.const(np.full((1,) * rank, zero_point, np.int32)))
        return b.cast(b.clamp(shifted, -128, 127), "i8")

    def converted(self, x: Activation, out: Affine) -> Tensor:
        """DequantizeLinear and QuantizeLinear of other scales: a table."""
        return self._b.table(x.tensor, self.function(x.affine, lambda real: real, out))

    def function(
        self,
        x: Affine,
        function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
        out: Affine,
    ) -> NDArray[np.int8]:
        """The table of a function of real values."""
        reals = values.Affine(x.scale, x.zero_point).table().astype(np.float64)
        target = values.Affine(out.scale, out.zero_point)
        return quantization.codes_of(np.asarray(function(reals), np.float32), target)

    def add(self, x: Activation, y: Activation, out: Affine) -> Tensor:
        """Add in f32."""
        return self._quantized(self._b.add(self._real(x), self._real(y)), out)

    def mul(self, x: Activation, y: Activation, out: Affine) -> Tensor:
        """Mul in f32."""
        return self._quantized(self._b.mul(self._real(x), self._real(y)), out)

    def mean(self, x: Activation, axes: Sequence[int], out: Affine) -> Tensor:
        """ReduceMean over adjacent axes that stay with size 1: one ascending sum."""
        b, first, last = self._b, axes[0], axes[-1] + 1
        merged = (*x.shape[:first], prod(x.shape[first:last]), *x.shape[last:])
        flat = Activation(b.reshape(x.tensor, merged), x.affine, x.rms)
        mean = self._quantized(self._mean(self._real(flat), first), out)
        return b.reshape(mean, (*x.shape[:first], *(1,) * len(axes), *x.shape[last:]))

    def softmax(self, x: Activation, out: Affine) -> Tensor:
        """Softmax over the last axis in f32, its exponentials a table of the codes' distances."""
        table = exponentials(values.Affine(x.affine.scale, x.affine.zero_point).table())
        assert table is not None, "codes of one scale mean evenly spaced numbers"
        entries = self._b.const(table)
        return self._quantized(
            self._b.custom("qdq.softmax", [x.tensor, entries], x.shape, "f32"), out
        )

    def layer_norm(self, x: Activation, out: Affine) -> Tensor:
        """LayerNormalization over the last axis in f32, without a bias."""
        b, axis = self._b, len(x.shape) - 1
        ones = (1,) * len(x.shape)
        real = self._real(x)
        centred = b.sub(real, self._mean(real, axis))
        variance = self._mean(b.mul(centred, centred), axis)
        shifted = b.add(variance, b.const(np.full(ones, EPSILON, np.float32)))
        normal = b.mul(centred, b.unary("rsqrt", shifted))
        weights = np.linspace(0.8, 1.2, x.shape[-1], dtype=np.float32)
        return self._quantized(b.mul(normal, b.const(spread(weights, len(ones)))), out)

    def _mean(self, x: Tensor, axis: int) -> Tensor:
        b, count = self._b, x.shape[axis]
        total = b.reduce("sum", x, axis)
        ones = (1,) * len(x.shape)
        if count & (count - 1) == 0:
            return b.mul(total, b.const(np.full(ones, 1 / count, np.float32)))
        divisor = b.const(np.full(ones, count, np.float32))
        return b.custom("div_f32", [total, divisor], total.shape, "f32")

    def _real(self, x: Activation) -> Tensor:
        return self._b.custom(
            "dequantize", [x.tensor], x.shape, "f32",
            scale=float(x.affine.scale), zero_point=x.affine.zero_point,
        )  # fmt: skip

    def _quantized(self, x: Tensor, out: Affine) -> Tensor:
        return self._b.custom(
            "quantize", [x], x.shape, "i8",
            rounding="half_even", scale=float(out.scale), zero_point=out.zero_point,
        )  # fmt: skip
