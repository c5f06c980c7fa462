"""Steps of random networks: convolutions and their requantizations, products, elementwise."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from afe.importers.builder import DOUBLE_ROUND, SINGLE_ROUND, Tensor, TosaBuilder
from networks import CHANNELS, Network

Rng = np.random.Generator


def fixed_point(factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Multipliers in [2^30, 2^31) and TOSA shifts of positive factors."""
    mantissa, exponent = np.frexp(np.atleast_1d(factors))
    multiplier = np.minimum(np.round(mantissa * 2.0**31), 2.0**31 - 1).astype(np.int32)
    return multiplier, (31 - exponent).astype(np.int8)


def zero_point(rng: Rng) -> int:
    """Of an i8 tensor: often 0 or an end of the range."""
    return int(rng.choice([0, 0, -128, 127, int(rng.integers(-128, 128))]))


def clamped(b: TosaBuilder, rng: Rng, x: Tensor) -> Tensor:
    """A fused activation, or none."""
    if rng.random() < 0.5:
        return x
    low, high = sorted(int(value) for value in rng.integers(-128, 128, 2))
    return b.clamp(x, low, high)


def requantized(b: TosaBuilder, rng: Rng, accumulators: Tensor, taps: int) -> Tensor:
    """i32 to i8 in one of the three ways producers round, per tensor or per channel."""
    channels = accumulators.shape[-1] if rng.random() < 0.6 else 1
    factors = rng.uniform(20, 90, channels) / (5500 * np.sqrt(taps))
    if rng.random() < 0.1:
        factors = factors * 100  # saturates
    target = zero_point(rng)
    if rng.random() < 0.3:
        scale = factors.astype(np.float32).reshape(*(1,) * (len(accumulators.shape) - 1), -1)
        rounded = b.cast(b.mul(b.cast(accumulators, "f32"), b.const(scale)), "i32")
        return b.cast(b.clamp(b.add(rounded, b.scalar(target, "i32")), -128, 127), "i8")
    multiplier, shift = fixed_point(factors)
    rounding = DOUBLE_ROUND if rng.random() < 0.6 else SINGLE_ROUND
    result = b.rescale(accumulators, "i8", multiplier, shift, output_zp=target, rounding=rounding)
    return clamped(b, rng, result)


def window(rng: Rng, x: Tensor, largest: int = 5) -> dict[str, Sequence[int]] | None:
    """Kernel, stride, dilation and padding of which at least one window fits.

    Padding behind the last window is taken away, as importers must: rows are sliced off the input
    only where no padding stands behind them.
    """
    kernel = [int(rng.choice([1, 1, 2, 3, 3, 4, largest])) for _ in range(2)]
    stride = [int(rng.choice([1, 1, 1, 2, 2, 3])) for _ in range(2)]
    dilation = [int(rng.choice([1, 1, 1, 1, 2, 3])) for _ in range(2)]
    pad = [int(rng.integers(0, k)) for k in (kernel[0], kernel[0], kernel[1], kernel[1])]
    for axis in (0, 1):
        extent = (kernel[axis] - 1) * dilation[axis] + 1
        surplus = x.shape[1 + axis] + pad[2 * axis] + pad[2 * axis + 1] - extent
        if surplus < 0:
            return None
        pad[2 * axis + 1] -= min(surplus % stride[axis], pad[2 * axis + 1])
        if surplus % stride[axis] >= x.shape[1 + axis]:
            return None
    return {"kernel": kernel, "stride": stride, "dilation": dilation, "pad": pad}


def _sizes(x: Tensor, w: dict[str, Sequence[int]]) -> list[int]:
    """Rows and columns of windows."""
    return [
        (x.shape[1 + a] + w["pad"][2 * a] + w["pad"][2 * a + 1]
         - (w["kernel"][a] - 1) * w["dilation"][a] - 1) // w["stride"][a] + 1
        for a in (0, 1)
    ]  # fmt: skip


def weights(rng: Rng, *shape: int) -> np.ndarray:
    """The whole range of int8."""
    return rng.integers(-128, 128, shape, dtype=np.int8)


def bias(rng: Rng, channels: int) -> np.ndarray:
    """A few thousand to either side."""
    return rng.integers(-9000, 9000, channels, dtype=np.int32)


def conv(n: Network, rng: Rng) -> Tensor | None:
    """Dense convolution; sometimes with a zero point of the weights."""
    x = n.pick(rng, rank=4)
    return None if x is None else _conv_of(n, rng, x, window(rng, x), int(rng.choice(CHANNELS)))


def _conv_of(
    n: Network, rng: Rng, x: Tensor, w: dict[str, Sequence[int]] | None, channels: int
) -> Tensor | None:
    if w is None:
        return None
    shape = (x.shape[0], *_sizes(x, w), channels)
    taps = prod(w["kernel"]) * x.shape[3]
    if not n.fits(shape) or prod(shape) * taps > n.limits.products:
        return None
    kernel = w.pop("kernel")
    accumulators = n.builder.conv2d(
        x, n.builder.const(weights(rng, channels, *kernel, x.shape[3])),
        n.builder.const(bias(rng, channels)), input_zp=zero_point(rng),
        weight_zp=zero_point(rng) if rng.random() < 0.3 else 0, **w,
    )  # fmt: skip
    return requantized(n.builder, rng, accumulators, taps)


def pointwise(n: Network, rng: Rng) -> Tensor | None:
    """1x1, the commonest convolution."""
    x = n.pick(rng, rank=4)
    one = {"kernel": [1, 1], "stride": [1, 1], "dilation": [1, 1], "pad": [0] * 4}
    return None if x is None else _conv_of(n, rng, x, one, int(rng.choice(CHANNELS)))


def residual(n: Network, rng: Rng) -> Tensor | None:
    """A convolution that keeps the shape, added to something of that shape."""
    x = n.pick(rng, rank=4)
    if x is None:
        return None
    kernel = [int(rng.choice([1, 3, 5])) for _ in range(2)]
    pad = [kernel[0] // 2, kernel[0] // 2, kernel[1] // 2, kernel[1] // 2]
    same = {"kernel": kernel, "stride": [1, 1], "dilation": [1, 1], "pad": pad}
    y = _conv_of(n, rng, x, same, x.shape[3])
    other = n.pick(rng, like=x)
    return None if y is None or other is None else _litert_sum(n.builder, rng, y, other)


def depthwise(n: Network, rng: Rng) -> Tensor | None:
    """Depth multipliers of 1 to 3."""
    x = n.pick(rng, rank=4)
    w = None if x is None else window(rng, x)
    if x is None or w is None:
        return None
    multiple = int(rng.choice([1, 1, 1, 2, 3]))
    shape = (x.shape[0], *_sizes(x, w), x.shape[3] * multiple)
    if not n.fits(shape):
        return None
    kernel = w.pop("kernel")
    b = n.builder
    accumulators = b.depthwise_conv2d(
        x, b.const(weights(rng, *kernel, x.shape[3], multiple)), b.const(bias(rng, shape[3])),
        input_zp=zero_point(rng), weight_zp=zero_point(rng) if rng.random() < 0.3 else 0, **w,
    )  # fmt: skip
    return requantized(b, rng, accumulators, prod(kernel))


def grouped(n: Network, rng: Rng) -> Tensor | None:
    """Slices, convolutions, concat."""
    x = n.pick(rng, rank=4)
    if x is None:
        return None
    groups = int(rng.choice([g for g in (2, 3, 4, 5, 8) if x.shape[3] % g == 0] or [1]))
    w = window(rng, x, 3)
    count = int(rng.choice([1, 3, 8, 16, 20]))
    if w is None or groups == 1 or not n.fits((x.shape[0], *_sizes(x, w), count * groups)):
        return None
    depth, kernel, b = x.shape[3] // groups, w.pop("kernel"), n.builder
    source = zero_point(rng)
    parts = [
        b.conv2d(
            b.slice(x, [0, 0, 0, group * depth], [*x.shape[:3], depth]),
            b.const(weights(rng, count, *kernel, depth)), b.const(bias(rng, count)),
            input_zp=source, **w,
        )
        for group in range(groups)
    ]  # fmt: skip
    return requantized(b, rng, b.concat(parts, 3), prod(kernel) * depth)


def transposed_conv(n: Network, rng: Rng) -> Tensor | None:
    """Strides, crops and growths of the border."""
    x = n.pick(rng, rank=4)
    if x is None:
        return None
    kernel = [int(rng.integers(1, 5)) for _ in range(2)]
    stride = [int(rng.integers(1, 4)) for _ in range(2)]
    out_pad = [int(rng.integers(1 - k, 2)) for k in (kernel[0], kernel[0], kernel[1], kernel[1])]
    channels = int(rng.choice(CHANNELS))
    sizes = [
        (x.shape[1 + a] - 1) * stride[a] + kernel[a] + out_pad[2 * a] + out_pad[2 * a + 1]
        for a in (0, 1)
    ]
    taps = prod(kernel) * x.shape[3]
    shape = (x.shape[0], *sizes, channels)
    if min(sizes) < 1 or not n.fits(shape) or prod(x.shape) * prod(kernel) * channels > 2e6:
        return None
    b = n.builder
    accumulators = b.transpose_conv2d(
        x, b.const(weights(rng, channels, *kernel, x.shape[3])), b.const(bias(rng, channels)),
        out_pad=out_pad, stride=stride, input_zp=zero_point(rng),
    )  # fmt: skip
    return requantized(b, rng, accumulators, taps)


def fully_connected(n: Network, rng: Rng) -> Tensor | None:
    """Everything behind the batch flattened."""
    x = n.pick(rng)
    if x is None or len(x.shape) < 2 or prod(x.shape[1:]) > 4000:
        return None
    inputs, outputs = prod(x.shape[1:]), int(rng.choice(CHANNELS))
    b = n.builder
    accumulators = b.conv2d(
        b.reshape(x, (x.shape[0], 1, 1, inputs)), b.const(weights(rng, outputs, 1, 1, inputs)),
        b.const(bias(rng, outputs)), input_zp=zero_point(rng),
    )  # fmt: skip
    return b.reshape(requantized(b, rng, accumulators, inputs), (x.shape[0], outputs))


def matmul(n: Network, rng: Rng) -> Tensor | None:
    """Two activations, one of them transposed."""
    x = n.pick(rng, rank=3)
    y = n.pick(rng, rank=3)
    if x is None or y is None or x.shape[0] != y.shape[0] or x.shape[2] != y.shape[2]:
        return None
    if not n.fits((x.shape[0], x.shape[1], y.shape[1])):
        return None
    b = n.builder
    product = b.matmul(x, b.transpose(y, [0, 2, 1]), a_zp=zero_point(rng), b_zp=zero_point(rng))
    return requantized(b, rng, product, x.shape[2])


# --- elementwise ---------------------------------------------------------------------------------


def _raised(b: TosaBuilder, rng: Rng, x: Tensor) -> Tensor:
    raised = b.rescale(x, "i32", 1 << 30, 10, input_zp=zero_point(rng), rounding=SINGLE_ROUND)
    multiplier, shift = fixed_point(rng.uniform(0.1, 0.5, 1))
    return b.rescale(raised, "i32", multiplier, shift)


def _litert_sum(b: TosaBuilder, rng: Rng, x: Tensor, y: Tensor) -> Tensor:
    name = "add" if rng.random() < 0.7 else "sub"
    if rng.random() < 0.5:
        x, y = y, x
    total = b.binary(name, _raised(b, rng, x), _raised(b, rng, y))
    multiplier, shift = fixed_point(rng.uniform(0.5, 2, 1) / (1 << 20))
    result = b.rescale(total, "i8", multiplier, shift, output_zp=zero_point(rng))
    return clamped(b, rng, result)


def _partner(n: Network, rng: Rng, x: Tensor) -> Tensor | None:
    """Another tensor of the shape, or a constant, possibly broadcast."""
    if rng.random() < 0.6:
        return n.pick(rng, like=x)
    shape = [size if rng.random() < 0.5 else 1 for size in x.shape]
    if rng.random() < 0.5:
        shape = [*(1,) * (len(x.shape) - 1), x.shape[-1]]
    return n.builder.const(weights(rng, *shape))


def litert_sum(n: Network, rng: Rng) -> Tensor | None:
    """ADD or SUB of two tensors, or of one and a constant."""
    x = n.pick(rng)
    y = None if x is None else _partner(n, rng, x)
    return None if x is None or y is None else _litert_sum(n.builder, rng, x, y)


def product(n: Network, rng: Rng) -> Tensor | None:
    """MUL."""
    x = n.pick(rng)
    y = None if x is None else _partner(n, rng, x)
    if x is None or y is None:
        return None
    b = n.builder
    total = b.mul(b.centred(x, zero_point(rng)), b.centred(y, zero_point(rng)))
    multiplier, shift = fixed_point(rng.uniform(0.2, 3, 1) / 200)
    result = b.rescale(total, "i8", multiplier, shift, output_zp=zero_point(rng))
    return clamped(b, rng, result)


def extremum(n: Network, rng: Rng) -> Tensor | None:
    """MINIMUM or MAXIMUM."""
    x = n.pick(rng)
    y = None if x is None else _partner(n, rng, x)
    if x is None or y is None:
        return None
    return n.builder.binary(str(rng.choice(["maximum", "minimum"])), x, y)


def table(n: Network, rng: Rng) -> Tensor | None:
    """An arbitrary function of one tensor."""
    x = n.pick(rng)
    return None if x is None else n.builder.table(x, weights(rng, 256))


def relu(n: Network, rng: Rng) -> Tensor | None:
    """Rescale and clamp."""
    x = n.pick(rng)
    if x is None:
        return None
    multiplier, shift = fixed_point(rng.uniform(0.3, 3, 1))
    scaled = n.builder.rescale(
        x, "i8", multiplier, shift, input_zp=zero_point(rng), output_zp=zero_point(rng)
    )
    return clamped(n.builder, rng, scaled)


def qdq_chain(n: Network, rng: Rng) -> Tensor | None:
    """dequantize, f32 operations, quantize, as ONNX models have them."""
    x = n.pick(rng)
    y = None if x is None else n.pick(rng, like=x)
    if x is None or y is None:
        return None
    b = n.builder

    def real(tensor: Tensor) -> Tensor:
        scale = float(np.float32(rng.uniform(0.01, 0.1)))
        return b.custom(
            "dequantize", [tensor], tensor.shape, "f32", scale=scale, zero_point=zero_point(rng)
        )

    name = str(rng.choice(["add", "sub", "mul"]))
    left, right = real(x), real(y)
    result = b.mul(left, right) if name == "mul" else b.binary(name, left, right)
    return b.custom(
        "quantize", [result], x.shape, "i8", scale=float(np.float32(rng.uniform(0.02, 0.2))),
        zero_point=zero_point(rng), rounding="half_even",
    )  # fmt: skip


COMPUTATIONS = (
    conv, conv, conv, pointwise, pointwise, residual, residual, depthwise, depthwise, grouped,
    transposed_conv, fully_connected, matmul, litert_sum, litert_sum, product, extremum, table,
    relu, qdq_chain,
)  # fmt: skip
"""Steps of this file, the common ones more than once."""
