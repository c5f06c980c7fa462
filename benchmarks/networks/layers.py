"""Layers of quantized networks, appended to a TOSA module with seeded weights.

Each method writes what an importer would write for the layer (litert.py, qdq.py), picks the
result's scale from the operands' spread, and counts multiplications.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np
from afe.importers.builder import Tensor, TosaBuilder
from afe.importers.common import ImportedModel, Port, Quantization
from afe.importers.tflite import lookup
from afe.importers.tflite.node import Affine
from numpy.typing import NDArray

from benchmarks.networks.litert import LiteRt
from benchmarks.networks.qdq import Qdq
from benchmarks.networks.values import (
    LINEAR,
    LINEAR_RMS,
    PROBABILITY,
    RELU,
    RELU_RMS,
    RELU_STD,
    WEIGHT_RMS,
    Activation,
    Draws,
    affine_for,
    affine_over,
    table_rms,
)

Producer = type[LiteRt] | type[Qdq]
Kernel = int | tuple[int, int]
Padding = str | int

FACTOR_SPREAD = 1.4
"""Per-channel factors lie between the middle one divided and multiplied by this."""


class Layers:
    """One network that is being built; use inside `with layers.builder.context`."""

    def __init__(self, name: str, producer: Producer = LiteRt, seed: int = 0) -> None:
        self.builder = TosaBuilder(name, producer.producer, name)
        self._forms = producer(self.builder)
        self._draws = Draws(name, seed)
        self._ports: list[Port] = []
        self._count = 0
        self.macs = 0
        """Multiplications of weights or activations for one image."""

    # --- edges -----------------------------------------------------------------------------------

    def image(self, rows: int, columns: int, channels: int = 3) -> Activation:
        """The only argument: a ui8 image."""
        return self.argument((1, rows, columns, channels), "ui8", Affine(np.float32(1 / 64), 0))

    def argument(self, shape: tuple[int, ...], dtype: str, affine: Affine) -> Activation:
        """The only argument; `affine` of its codes as i8."""
        stored = affine.zero_point + (128 if dtype == "ui8" else 0)
        quantization = Quantization(float(affine.scale), stored)
        self._ports = [Port("input", shape, dtype, quantization)]
        (tensor,) = self.builder.arguments(self._ports)
        if dtype == "ui8":
            tensor = self.builder.to_signed(tensor)
        return Activation(tensor, affine, 64.0)

    def finish(self, results: Sequence[Activation]) -> ImportedModel:
        """Closes the function."""
        ports = [
            Port(f"output{index}", x.shape, "i8",
                 Quantization(float(x.affine.scale), x.affine.zero_point))
            for index, x in enumerate(results)
        ]  # fmt: skip
        b = self.builder
        module = b.finish([x.tensor for x in results], ports)
        return ImportedModel(module, b.context, b.name, b.producer, self._ports, ports, {})

    def _begin(self, kind: str) -> None:
        self.builder.at(f"{kind}_{self._count}", self._count)
        self._count += 1

    # --- convolutions and products ---------------------------------------------------------------

    def conv(
        self,
        x: Activation,
        channels: int,
        kernel: Kernel = 1,
        stride: int = 1,
        *,
        pad: Padding = "same",
        relu: bool = False,
        out: Affine | None = None,
    ) -> Activation:
        """CONV_2D; `pad` is "same" as TensorFlow means it, or that many rows on every side."""
        self._begin("conv")
        b, inner = self.builder, x.shape[3]
        rows, columns = sides(kernel)
        weights = b.const(self._draws.weights(channels, rows, columns, inner))
        factors = self._factors(x, rows * columns * inner, channels, relu)
        accumulators = b.conv2d(
            x.tensor, weights, self._bias(factors),
            pad=padding(x.shape, kernel, stride, pad), stride=(stride, stride),
            input_zp=x.affine.zero_point,
        )  # fmt: skip
        self.macs += prod(accumulators.shape) * rows * columns * inner
        return self._activated(accumulators, factors, relu, out)

    def depthwise(
        self, x: Activation, kernel: int = 3, stride: int = 1, *, relu: bool = False
    ) -> Activation:
        """DEPTHWISE_CONV_2D with TensorFlow's "same" padding."""
        self._begin("depthwise")
        b, channels = self.builder, x.shape[3]
        weights = b.const(self._draws.weights(kernel, kernel, channels, 1))
        factors = self._factors(x, kernel * kernel, channels, relu)
        accumulators = b.depthwise_conv2d(
            x.tensor, weights, self._bias(factors),
            pad=padding(x.shape, kernel, stride, "same"), stride=(stride, stride),
            input_zp=x.affine.zero_point,
        )  # fmt: skip
        self.macs += prod(accumulators.shape) * kernel * kernel
        return self._activated(accumulators, factors, relu, None)

    def upconv(self, x: Activation, channels: int, *, relu: bool = False) -> Activation:
        """TRANSPOSE_CONV of 2x2 taps and stride 2: twice the rows and columns."""
        self._begin("upconv")
        b, inner = self.builder, x.shape[3]
        factors = self._factors(x, inner, channels, relu)
        weights = b.const(self._draws.weights(channels, 2, 2, inner))
        accumulators = b.transpose_conv2d(
            x.tensor, weights, self._bias(factors),
            out_pad=(0, 0, 0, 0), stride=(2, 2), input_zp=x.affine.zero_point,
        )  # fmt: skip
        self.macs += prod(accumulators.shape) * inner
        return self._activated(accumulators, factors, relu, None)

    def dense(self, x: Activation, channels: int, *, relu: bool = False) -> Activation:
        """FULLY_CONNECTED over the last axis, the axes before it kept."""
        self._begin("dense")
        b, inner = self.builder, x.shape[-1]
        weights = b.const(self._draws.weights(channels, 1, 1, inner))
        factors = self._factors(x, inner, channels, relu)
        rows = b.reshape(x.tensor, (prod(x.shape[:-1]), 1, 1, inner))
        accumulators = b.conv2d(rows, weights, self._bias(factors), input_zp=x.affine.zero_point)
        self.macs += prod(accumulators.shape) * inner
        result = self._activated(accumulators, factors, relu, None, dense=True)
        shaped = b.reshape(result.tensor, (*x.shape[:-1], channels))
        return Activation(shaped, result.affine, result.rms)

    def matmul(self, x: Activation, y: Activation, out: Affine | None = None) -> Activation:
        """BATCH_MATMUL: [B,M,K] by [B,K,N]."""
        self._begin("matmul")
        inner = x.shape[2]
        product = self.builder.matmul(
            x.tensor, y.tensor, a_zp=x.affine.zero_point, b_zp=y.affine.zero_point
        )
        self.macs += prod(product.shape) * inner
        out = out or affine_for(x.real_rms * y.real_rms * inner**0.5)
        factor = float(x.affine.scale) * float(y.affine.scale) / float(out.scale)
        result = self._forms.requantized(product, np.float64(factor), out.zero_point)
        return Activation(result, out, LINEAR_RMS)

    def _factors(self, x: Activation, taps: int, channels: int, relu: bool) -> NDArray[np.float64]:
        """From accumulators to codes, one per channel."""
        middle = (RELU_STD if relu else LINEAR_RMS) / (taps**0.5 * x.rms * WEIGHT_RMS)
        draws = self._draws.uniform(-1, 1, channels)
        factors: NDArray[np.float64] = middle * FACTOR_SPREAD**draws
        return factors

    def _bias(self, factors: NDArray[np.float64]) -> Tensor:
        """Up to eight codes of the result to either side."""
        codes = self._draws.uniform(-8, 8, len(factors))
        return self.builder.const(np.round(codes / factors).astype(np.int32))

    def _activated(
        self,
        accumulators: Tensor,
        factors: NDArray[np.float64],
        relu: bool,
        out: Affine | None,
        *,
        dense: bool = False,
    ) -> Activation:
        """A lowest code of 0 cuts off negative values by itself."""
        out = out or (RELU if relu else LINEAR)
        codes = self._forms.requantized(accumulators, factors, out.zero_point, dense=dense)
        return Activation(codes, out, RELU_RMS if relu else LINEAR_RMS)

    # --- elementwise -----------------------------------------------------------------------------

    def add(self, x: Activation, y: Activation, *, relu: bool = False) -> Activation:
        """x + y."""
        self._begin("add")
        real_rms = (x.real_rms**2 + y.real_rms**2) ** 0.5
        out = affine_for(real_rms, RELU_RMS, -128) if relu else affine_for(real_rms)
        return Activation(self._forms.add(x, y, out), out, RELU_RMS if relu else LINEAR_RMS)

    def mul(self, x: Activation, y: Activation) -> Activation:
        """x * y, broadcast."""
        self._begin("mul")
        out = affine_for(x.real_rms * y.real_rms)
        return Activation(self._forms.mul(x, y, out), out, LINEAR_RMS)

    def constant(self, codes: NDArray[np.int8], affine: Affine) -> Activation:
        """A known operand of `add` or `mul`."""
        rms = float(np.sqrt(np.mean((codes.astype(np.float64) - affine.zero_point) ** 2)))
        return Activation(self.builder.const(codes), affine, rms)

    def random_constant(self, shape: tuple[int, ...], affine: Affine) -> Activation:
        """A known operand with normally distributed codes."""
        return self.constant(self._draws.weights(*shape), affine)

    def sigmoid(self, x: Activation) -> Activation:
        """1 / (1 + e^-x)."""
        return self._table("sigmoid", x, lookup.logistic, PROBABILITY)

    def gelu(self, x: Activation) -> Activation:
        """x times the normal distribution's cumulative function."""
        return self._table("gelu", x, lookup.gelu_exact, affine_over(-0.2, 4 * x.real_rms))

    def silu(self, x: Activation) -> Activation:
        """x * sigmoid(x) as exported: two operators."""
        return self.mul(x, self.sigmoid(x))

    def hard_swish(self, x: Activation) -> Activation:
        """x relu6(x + 3) / 6 by the kernel of LiteRT."""
        self._begin("hard_swish")
        out = affine_over(-0.375, 4 * x.real_rms)
        return self._looked_up(x, lookup.hard_swish(x.affine, out), out)

    def hard_sigmoid(self, x: Activation) -> Activation:
        """relu6(x + 3) / 6."""
        return self._table("hard_sigmoid", x, lambda v: np.clip(v / 6 + 0.5, 0, 1), PROBABILITY)

    def _table(
        self,
        kind: str,
        x: Activation,
        function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
        out: Affine,
    ) -> Activation:
        self._begin(kind)
        return self._looked_up(x, self._forms.function(x.affine, function, out), out)

    def _looked_up(self, x: Activation, table: NDArray[np.int8], out: Affine) -> Activation:
        result = self.builder.table(x.tensor, table)
        return Activation(result, out, table_rms(table, x, out.zero_point))

    # --- windows and reductions ------------------------------------------------------------------

    def max_pool(
        self, x: Activation, kernel: int, stride: int, pad: Padding = "same"
    ) -> Activation:
        """MAX_POOL_2D."""
        self._begin("max_pool")
        pooled = self.builder.max_pool2d(
            x.tensor, kernel=(kernel, kernel), stride=(stride, stride),
            pad=padding(x.shape, kernel, stride, pad),
        )  # fmt: skip
        return Activation(pooled, x.affine, x.rms)

    def average_pool(self, x: Activation, rows: int, columns: int, stride: int) -> Activation:
        """AVERAGE_POOL_2D without padding."""
        self._begin("average_pool")
        n, h, w, c = x.shape
        shape = (n, (h - rows) // stride + 1, (w - columns) // stride + 1, c)
        pooled = self.builder.custom(
            "litert.average_pool_2d", [x.tensor], shape, "i8",
            kernel=(rows, columns), stride=(stride, stride), pad=(0, 0, 0, 0), min=-128, max=127,
        )  # fmt: skip
        return Activation(pooled, x.affine, x.rms / 2)

    def mean(self, x: Activation) -> Activation:
        """The mean of every channel, rows and columns kept with size 1."""
        self._begin("mean")
        narrow = affine_for(x.real_rms / 2, LINEAR_RMS, x.affine.zero_point)
        return Activation(self._forms.mean(x, (1, 2), narrow), narrow, LINEAR_RMS)

    def softmax(self, x: Activation) -> Activation:
        """Over the last axis."""
        self._begin("softmax")
        rms = 256 / x.shape[-1] * 2
        return Activation(self._forms.softmax(x, PROBABILITY), PROBABILITY, rms)

    def layer_norm(self, x: Activation) -> Activation:
        """Over the last axis."""
        self._begin("layer_norm")
        out = affine_for(1.0)
        return Activation(self._forms.layer_norm(x, out), out, LINEAR_RMS)

    # --- movement --------------------------------------------------------------------------------

    def reshape(self, x: Activation, shape: Sequence[int]) -> Activation:
        """The same elements in another shape."""
        return Activation(self.builder.reshape(x.tensor, shape), x.affine, x.rms)

    def transpose(self, x: Activation, order: Sequence[int]) -> Activation:
        """Axes in another order."""
        self._begin("transpose")
        return Activation(self.builder.transpose(x.tensor, order), x.affine, x.rms)

    def slice(self, x: Activation, axis: int, start: int, size: int) -> Activation:
        """`size` elements of one axis."""
        self._begin("slice")
        starts = [start if place == axis else 0 for place in range(len(x.shape))]
        sizes = [size if place == axis else n for place, n in enumerate(x.shape)]
        return Activation(self.builder.slice(x.tensor, starts, sizes), x.affine, x.rms)

    def concat(self, parts: Sequence[Activation], axis: int = 3) -> Activation:
        """Joined, with the scale of the part that spreads furthest."""
        self._begin("concat")
        widest = max(parts, key=lambda part: float(part.affine.scale))
        tensors = [
            x.tensor if x.affine == widest.affine else self._forms.converted(x, widest.affine)
            for x in parts
        ]
        return Activation(self.builder.concat(tensors, axis), widest.affine, widest.rms)

    def upsample(self, x: Activation) -> Activation:
        """Every pixel four times: twice the rows and columns."""
        self._begin("upsample")
        # Row o is row round((2 o - 1) / 4), which is o // 2.
        resized = self.builder.resize(x.tensor, scale=(4, 2, 4, 2), offset=(-1, -1), border=(1, 1))
        return Activation(resized, x.affine, x.rms)


def sides(kernel: Kernel) -> tuple[int, int]:
    """Rows and columns of a window."""
    return (kernel, kernel) if isinstance(kernel, int) else kernel


def padding(
    shape: tuple[int, ...], kernel: Kernel, stride: int, pad: Padding
) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of windows."""
    if isinstance(pad, int):
        return pad, pad, pad, pad
    pads: list[int] = []
    for size, extent in zip(shape[1:3], sides(kernel), strict=True):
        total = max(0, (-(-size // stride) - 1) * stride + extent - size)
        pads += [total // 2, total - total // 2]
    return pads[0], pads[1], pads[2], pads[3]
