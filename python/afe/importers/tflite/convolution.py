"""CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED.

Convolutions round twice (DOUBLE_ROUND), FULLY_CONNECTED once. The factor of a requantization is a
product of the scales as doubles, but for uint8 convolutions, whose kernels multiply them as floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray

from afe.importers.builder import DOUBLE_ROUND, SINGLE_ROUND, Tensor
from afe.importers.tflite.arithmetic import Scaling
from afe.importers.tflite.model import TensorInfo
from afe.importers.tflite.node import Affine, Node
from afe.importers.tflite.padding import window_padding
from afe.importers.tflite.registry import operator
from afe.importers.tflite.rounding import exact_scaling

_MAX_PRODUCT = 255 * 255
"""Largest magnitude of (x - zero point) * (weight - zero point)."""


@dataclass(frozen=True, slots=True)
class _Requantization:
    """From i32 accumulators to the int8 output of a convolution."""

    scaling: Scaling
    output: Affine
    limits: tuple[int, int]
    rounding: str

    def apply(self, node: Node, accumulators: Tensor) -> Tensor:
        scaled = node.builder.rescale(
            accumulators, "i8", self.scaling.multiplier, self.scaling.shift,
            output_zp=self.output.zero_point, rounding=self.rounding,
        )  # fmt: skip
        return node.builder.clamp(scaled, *self.limits)


@operator("CONV_2D")
def conv_2d(node: Node) -> Tensor:
    """NHWC by OHWI; more input channels than the weights have mean groups."""
    options = node.options(tflite.Conv2DOptions)
    x = node.int8_value(0, rank=4)
    weights = _weights(node, 1, rank=4)
    groups, rest = divmod(x.shape[3], weights.shape[3])
    if rest or weights.shape[0] % groups:
        raise node.invalid(
            f"{x.shape[3]} input channels do not fit weights of shape {list(weights.shape)}"
        )
    stride, dilation = _steps(node, options)
    pad = window_padding(node, options.Padding(), x.shape, weights.shape[1:3], stride, dilation)
    window = {"pad": pad, "stride": stride, "dilation": dilation}
    zero_points = {"input_zp": node.in_affine(0).zero_point, "weight_zp": _weight_zp(node, 1)}
    bias = _bias(node, 2, weights.shape[0])
    accumulators = _grouped(node, x, weights, bias, groups, window | zero_points)
    requantization = _conv_requantization(
        node, node.input(0), node.input(1), weights.shape[0], 0, options.FusedActivationFunction()
    )
    return requantization.apply(node, accumulators)


def _grouped(
    node: Node,
    x: Tensor,
    weights: NDArray[np.int8],
    bias: NDArray[np.int32],
    groups: int,
    facts: dict[str, Any],
) -> Tensor:
    """One convolution per group on its slice of the channels, joined again."""
    b = node.builder
    depth, count = weights.shape[3], weights.shape[0] // groups
    parts = []
    for group in range(groups):
        part = b.slice(x, [0, 0, 0, group * depth], [*x.shape[:3], depth])
        mine = slice(group * count, (group + 1) * count)
        parts.append(b.conv2d(part, b.const(weights[mine]), b.const(bias[mine]), **facts))
    return b.concat(parts, 3)


@operator("DEPTHWISE_CONV_2D")
def depthwise_conv_2d(node: Node) -> Tensor:
    """Weights [1,H,W,C*M]; output channel c*M+m belongs to input channel c."""
    options = node.options(tflite.DepthwiseConv2DOptions)
    x = node.int8_value(0, rank=4)
    weights = _weights(node, 1, rank=4)
    channels = x.shape[3]
    multiple, rest = divmod(weights.shape[3], channels)
    if rest or weights.shape[0] != 1:
        raise node.invalid(f"weights {list(weights.shape)} do not fit {channels} input channels")
    stride, dilation = _steps(node, options)
    pad = window_padding(node, options.Padding(), x.shape, weights.shape[1:3], stride, dilation)
    b = node.builder
    accumulators = b.depthwise_conv2d(
        x,
        b.const(weights.reshape(*weights.shape[1:3], channels, multiple)),
        b.const(_bias(node, 2, weights.shape[3])),
        pad=pad,
        stride=stride,
        dilation=dilation,
        input_zp=node.in_affine(0).zero_point,
        weight_zp=_weight_zp(node, 1),
    )
    requantization = _conv_requantization(
        node, node.input(0), node.input(1), weights.shape[3], 3, options.FusedActivationFunction()
    )
    return requantization.apply(node, accumulators)


@operator("TRANSPOSE_CONV")
def transpose_conv(node: Node) -> Tensor:
    """Inputs: the output's shape, weights OHWI, x, optional bias."""
    options = node.options(tflite.TransposeConvOptions)
    shape = node.int_list(0)
    weights = _weights(node, 1, rank=4)
    x = node.int8_value(2, rank=4)
    stride = (options.StrideH(), options.StrideW())
    expected = (x.shape[0], weights.shape[0], weights.shape[3])
    if min(stride) < 1 or len(shape) != 4 or (shape[0], shape[3], x.shape[3]) != expected:
        raise node.invalid(
            f"output {shape}, weights {list(weights.shape)}, input {list(x.shape)} and stride "
            f"{list(stride)} do not fit"
        )
    b = node.builder
    accumulators = b.transpose_conv2d(
        x,
        b.const(weights),
        b.const(_bias(node, 3, weights.shape[0])),
        out_pad=_output_padding(node, options.Padding(), shape, weights.shape, x.shape, stride),
        stride=stride,
        input_zp=node.in_affine(2).zero_point,
        weight_zp=_weight_zp(node, 1),
    )
    requantization = _conv_requantization(
        node, node.input(2), node.input(1), weights.shape[0], 0, options.FusedActivationFunction()
    )
    return requantization.apply(node, accumulators)


def _output_padding(
    node: Node,
    padding: int,
    shape: Sequence[int],
    kernel_shape: Sequence[int],
    x_shape: Sequence[int],
    stride: Sequence[int],
) -> tuple[int, int, int, int]:
    """TOSA's out_pad: the forward convolution's padding before, negated, and the rest behind."""
    kernel = kernel_shape[1:3]
    before = window_padding(node, padding, shape, kernel, stride, (1, 1))
    result = []
    for axis in (0, 1):
        leading = -before[2 * axis]
        covered = (x_shape[1 + axis] - 1) * stride[axis] + kernel[axis] + leading
        trailing = shape[1 + axis] - covered
        if min(leading, trailing) <= -kernel[axis]:
            raise node.unsupported(
                f"an output of {list(shape)} drops whole input rows or columns",
                "make the output shape at least (input - 1) * stride + 1",
            )
        result += [leading, trailing]
    return (result[0], result[1], result[2], result[3])


@operator("FULLY_CONNECTED")
def fully_connected(node: Node) -> Tensor:
    """Flattens x to [N,1,1,I], as a 1x1 convolution by weights [O,I]."""
    options = node.options(tflite.FullyConnectedOptions)
    if options.WeightsFormat() != 0:
        raise node.unsupported("its weights are shuffled", "convert it with a current converter")
    x = node.int8_value(0)
    weights = _weights(node, 1, rank=2)
    outputs, inputs = weights.shape
    bias = _bias(node, 2, outputs)
    elements = int(np.prod(x.shape, dtype=np.int64))
    if elements % inputs:
        raise node.invalid(f"input {list(x.shape)} does not fit weights {list(weights.shape)}")
    b = node.builder
    accumulators = b.conv2d(
        b.reshape(x, (elements // inputs, 1, 1, inputs)),
        b.const(weights.reshape(outputs, 1, 1, inputs)),
        b.const(bias),
        input_zp=node.in_affine(0).zero_point,
        weight_zp=_fully_connected_weight_zp(node),
    )
    requantization = _fully_connected_requantization(
        node, weights, bias, options.FusedActivationFunction()
    )
    result = requantization.apply(node, accumulators)
    if options.KeepNumDims():
        if x.shape[-1:] != (inputs,):
            raise node.invalid(f"input {list(x.shape)} does not fit weights {list(weights.shape)}")
        return b.reshape(result, (*x.shape[:-1], outputs))
    return b.reshape(result, (elements // inputs, outputs))


# --- weights, bias, requantization ---------------------------------------------------------------


def _weights(node: Node, position: int, rank: int) -> NDArray[np.int8]:
    tensor = node.input(position)
    if tensor.dtype != "i8":
        raise node.unsupported_type(tensor, "int8 or uint8")
    if tensor.is_sparse:
        raise node.unsupported(f"weights '{tensor.name}' are sparse", "convert without sparsity")
    weights: NDArray[np.int8] = node.constant(position, rank)
    if weights.size == 0:
        raise node.invalid(f"weights '{tensor.name}' are empty")
    return weights


def _weight_zp(node: Node, position: int) -> int:
    """The weights' zero point: the int8 kernels know none, the uint8 ones one per tensor."""
    tensor = node.input(position)
    node.check_scales(tensor)
    if tensor.is_unsigned:
        return node.affine(tensor).zero_point
    if tensor.zero_points.any():
        raise node.invalid(f"int8 weights '{tensor.name}' have a zero point other than 0")
    return 0


def _bias(node: Node, position: int, channels: int) -> NDArray[np.int32]:
    if not node.has(position):
        return np.zeros(channels, np.int32)
    tensor = node.input(position)
    if tensor.dtype != "i32":
        raise node.unsupported_type(tensor, "int32")
    bias: NDArray[np.int32] = node.constant(position)
    if bias.size != channels:
        raise node.invalid(f"bias '{tensor.name}' has {bias.size} values for {channels} channels")
    return bias.reshape(channels)


def _conv_requantization(
    node: Node, x: TensorInfo, weights: TensorInfo, channels: int, axis: int, activation: int
) -> _Requantization:
    if x.is_unsigned != weights.is_unsigned:
        raise node.unsupported(f"{x.type_name} input with {weights.type_name} weights")
    output = node.out_affine()
    input_scale = node.affine(x).scale
    limits = node.activation_range(activation, output)
    if x.is_unsigned:
        factor = _per_tensor_factor(input_scale, node.affine(weights).scale, output.scale)
        return _Requantization(node.scaling(factor), output, limits, DOUBLE_ROUND)
    factors = _per_channel_factors(node, input_scale, weights, channels, axis, output.scale)
    return _Requantization(node.scaling(factors), output, limits, DOUBLE_ROUND)


def _fully_connected_requantization(
    node: Node, weights: NDArray[np.int8], bias: NDArray[np.int32], activation: int
) -> _Requantization:
    """The kernel multiplies in double and rounds halves away: see rounding.py."""
    tensor, output = node.input(1), node.out_affine()
    node.check_scales(tensor)
    if tensor.is_unsigned != node.input(0).is_unsigned:
        raise node.unsupported(f"{node.input(0).type_name} input with {tensor.type_name} weights")
    channels, inputs = weights.shape
    limits = node.activation_range(activation, output)
    factors = _per_channel_factors(node, node.in_affine(0).scale, tensor, channels, 0, output.scale)
    node.scaling(factors)
    bound = inputs * _MAX_PRODUCT + int(np.abs(bias.astype(np.int64)).max())
    low, high = (limit - output.zero_point for limit in limits)
    scaling, _ = exact_scaling(factors, low, high, bound)
    return _Requantization(scaling, output, limits, SINGLE_ROUND)


def _fully_connected_weight_zp(node: Node) -> int:
    """This kernel applies one zero point to int8 weights as well; per channel it must be 0."""
    weights = node.input(1)
    node.check_scales(weights)
    if len(weights.scales) == 1:
        return int(weights.zero_points[0])
    if weights.zero_points.any():
        raise node.invalid(f"per-channel weights '{weights.name}' have a zero point other than 0")
    return 0


def _per_tensor_factor(x: np.float32, weights: np.float32, output: np.float32) -> float:
    """GetQuantizedConvolutionMultipler: the product is rounded to float."""
    return float(np.float64(np.float32(x * weights)) / np.float64(output))


def _per_channel_factors(
    node: Node, x: np.float32, weights: TensorInfo, channels: int, axis: int, output: np.float32
) -> NDArray[np.float64]:
    """PopulateConvolutionQuantizationParams: all in double."""
    if len(weights.scales) != 1 and (len(weights.scales) != channels or weights.axis != axis):
        raise node.invalid(
            f"weights '{weights.name}' have {len(weights.scales)} scales on axis {weights.axis}, "
            f"{channels} on axis {axis} are needed"
        )
    factors: NDArray[np.float64] = (
        np.float64(x) * weights.scales.astype(np.float64) / np.float64(output)
    )
    return factors


def _steps(node: Node, options: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Stride and dilation as (height, width)."""
    stride = (options.StrideH(), options.StrideW())
    dilation = (options.DilationHFactor(), options.DilationWFactor())
    if min(*stride, *dilation) < 1:
        raise node.invalid(f"stride {list(stride)} and dilation {list(dilation)} must be positive")
    return stride, dilation
