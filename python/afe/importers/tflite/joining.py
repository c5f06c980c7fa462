"""Operators that join or frame tensors: CONCATENATION, PACK, PAD, PADV2, MIRROR_PAD."""

from __future__ import annotations

import numpy as np
import tflite

from afe.importers.builder import Tensor
from afe.importers.tflite.arithmetic import round_half_away
from afe.importers.tflite.lookup import STORED
from afe.importers.tflite.node import Affine, Node
from afe.importers.tflite.registry import operator


@operator("CONCATENATION")
def concatenation(node: Node) -> Tensor:
    """Joins along one axis; uint8 operands of another scale are brought to the output's."""
    options = node.options(tflite.ConcatenationOptions)
    if options.FusedActivationFunction() != tflite.ActivationFunctionType.NONE:
        raise node.unsupported("a fused activation", "convert it as an operator of its own")
    count = len(node.info.inputs)
    if count == 0:
        raise node.invalid("it has no inputs")
    values = [node.value(position) for position in range(count)]
    axis = node.axis(options.Axis(), len(values[0].shape))
    frames = {(*value.shape[:axis], 0, *value.shape[axis + 1 :]) for value in values}
    if len(frames) != 1 or len({value.dtype for value in values}) != 1:
        raise node.invalid(f"{[list(v.shape) for v in values]} do not join along axis {axis}")
    if node.output().dtype == "i8":
        values = [_to_output_scale(node, index, value) for index, value in enumerate(values)]
    return node.builder.concat(values, axis)


def _to_output_scale(node: Node, position: int, x: Tensor) -> Tensor:
    tensor = node.input(position)
    if len(tensor.scales) == 0 and len(node.output().scales) == 0:
        return x
    source, target = node.in_affine(position), node.out_affine()
    if source == target:
        return x
    if not tensor.is_unsigned:
        raise node.invalid(
            f"input '{tensor.name}' has another scale or zero point than the output; the kernel "
            "joins int8 tensors of one quantization only"
        )
    return node.builder.table(x, _rescaled_table(source, target))


def _rescaled_table(source: Affine, target: Affine) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    """ConcatenationWithScaling: round(x * scale + bias) in f32, on uint8 values."""
    scale = np.float32(source.scale * (np.float32(1) / target.scale))
    bias = np.float32(np.float32(-(source.zero_point + 128)) * scale)
    stored = (STORED + 128).astype(np.float32)
    rounded = round_half_away(stored * scale + bias).astype(np.int64) + target.zero_point
    return np.clip(rounded, -128, 127).astype(np.int8)


@operator("PACK")
def pack(node: Node) -> Tensor:
    """Joins along a new axis."""
    values = [node.value(position) for position in range(len(node.info.inputs))]
    if len({(value.shape, value.dtype) for value in values}) != 1:
        raise node.invalid("its inputs differ in shape or type")
    shape = values[0].shape
    axis = node.axis(node.options(tflite.PackOptions).Axis(), len(shape) + 1)
    raised = (*shape[:axis], 1, *shape[axis:])
    return node.builder.concat([node.builder.reshape(value, raised) for value in values], axis)


@operator("PAD", "PADV2")
def pad(node: Node) -> Tensor:
    """Frames with the real value 0, or with the constant of PADV2."""
    x = node.value(0)
    if node.info.code == "PADV2":
        constant = node.constant(2)
        if constant.size != 1 or node.input(2).dtype != x.dtype:
            raise node.invalid(f"the padding value has shape {list(constant.shape)}")
        fill: float = constant.reshape(-1)[0].item()
    else:
        fill = zero_of(node)
    return node.builder.pad(x, _paddings(node, x), fill)


def zero_of(node: Node) -> int:
    """The stored value of the real 0 in the output."""
    output = node.output()
    if output.dtype == "i8" and len(output.scales) > 0:
        return node.out_affine().zero_point
    return -128 if output.is_unsigned else 0


def _paddings(node: Node, x: Tensor) -> list[tuple[int, int]]:
    amounts = node.int_list(1)
    if len(amounts) != 2 * len(x.shape) or min(amounts, default=0) < 0:
        raise node.invalid(f"paddings {amounts} of {list(x.shape)}")
    return list(zip(amounts[0::2], amounts[1::2], strict=True))


@operator("MIRROR_PAD")
def mirror_pad(node: Node) -> Tensor:
    """Frames with the tensor's own elements mirrored, with (SYMMETRIC) or without its edge."""
    x = node.value(0)
    mode = node.options(tflite.MirrorPadOptions).Mode()
    edge = 0 if mode == tflite.MirrorPadMode.SYMMETRIC else 1
    for axis, (before, after) in enumerate(_paddings(node, x)):
        size = x.shape[axis]
        if max(before, after) > size - edge:
            raise node.invalid(f"paddings {before}, {after} mirror more than {size} elements")
        parts = [x]
        if before:
            parts.insert(0, _mirrored(node, x, axis, edge, before))
        if after:
            parts.append(_mirrored(node, x, axis, size - edge - after, after))
        x = node.builder.concat(parts, axis)
    return x


def _mirrored(node: Node, x: Tensor, axis: int, start: int, count: int) -> Tensor:
    starts = [start if i == axis else 0 for i in range(len(x.shape))]
    sizes = [count if i == axis else n for i, n in enumerate(x.shape)]
    return node.builder.reverse(node.builder.slice(x, starts, sizes), axis)
