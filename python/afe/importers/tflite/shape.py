"""Operators that give a tensor another shape or order and leave its elements alone."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import tflite

from afe.importers.builder import Tensor
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import operator


@operator("RESHAPE")
def reshape(node: Node) -> Tensor:
    """The new shape is a constant input, else an option; one -1 is worked out."""
    x = node.value(0)
    if node.has(1) and node.input(1).is_constant:
        target = node.int_list(1)
    else:
        options = node.options(tflite.ReshapeOptions)
        count = options.NewShapeLength()
        target = [int(options.NewShape(index)) for index in range(min(count, 16))]
        if not target:
            target = list(node.output().shape)
    return node.builder.reshape(x, _worked_out(node, x.shape, target))


def _worked_out(node: Node, shape: Sequence[int], target: Sequence[int]) -> list[int]:
    """`target` with its -1 replaced, checked against the number of elements."""
    known = prod(size for size in target if size != -1)
    elements = prod(shape)
    sizes = list(target)
    if sizes.count(-1) == 1 and known > 0:
        sizes[sizes.index(-1)] = elements // known
    if min(sizes, default=1) < 1 or prod(sizes) != elements:
        raise node.invalid(f"{list(shape)} does not reshape to {list(target)}")
    return sizes


@operator("SQUEEZE")
def squeeze(node: Node) -> Tensor:
    """Drops axes of size 1: those listed, or all."""
    x = node.value(0)
    options = node.options(tflite.SqueezeOptions)
    count = min(options.SqueezeDimsLength(), 16)
    axes = [node.axis(int(options.SqueezeDims(index)), len(x.shape)) for index in range(count)]
    if not axes:
        axes = [axis for axis, size in enumerate(x.shape) if size == 1]
    if any(x.shape[axis] != 1 for axis in axes):
        raise node.invalid(f"axes {axes} of {list(x.shape)} are not all 1")
    return node.builder.reshape(x, [n for axis, n in enumerate(x.shape) if axis not in axes])


@operator("EXPAND_DIMS")
def expand_dims(node: Node) -> Tensor:
    """Inserts one axis of size 1."""
    x = node.value(0)
    axes = node.int_list(1)
    if len(axes) != 1:
        raise node.invalid(f"{len(axes)} axes instead of one")
    axis = node.axis(axes[0], len(x.shape) + 1)
    return node.builder.reshape(x, [*x.shape[:axis], 1, *x.shape[axis:]])


@operator("TRANSPOSE")
def transpose(node: Node) -> Tensor:
    """Axes in the order of a constant permutation."""
    x = node.value(0)
    order = [node.axis(axis, len(x.shape)) for axis in node.int_list(1)]
    if sorted(order) != list(range(len(x.shape))):
        raise node.invalid(f"{order} is no permutation of {len(x.shape)} axes")
    return node.builder.transpose(x, order)


@operator("REVERSE_V2")
def reverse(node: Node) -> Tensor:
    """Backwards along the listed axes."""
    x = node.value(0)
    for axis in {node.axis(axis, len(x.shape)) for axis in node.int_list(1)}:
        x = node.builder.reverse(x, axis)
    return x


@operator("SPACE_TO_DEPTH")
def space_to_depth(node: Node) -> Tensor:
    """Blocks of rows and columns become channels, block row first."""
    x, block = _image(node), node.options(tflite.SpaceToDepthOptions).BlockSize()
    batch, height, width, channels = x.shape
    if block < 1 or height % block or width % block:
        raise node.invalid(f"blocks of {block} do not divide {height}x{width}")
    b = node.builder
    blocks = b.reshape(x, (batch, height // block, block, width // block, block, channels))
    moved = b.transpose(blocks, (0, 1, 3, 2, 4, 5))
    return b.reshape(moved, (batch, height // block, width // block, block * block * channels))


@operator("DEPTH_TO_SPACE")
def depth_to_space(node: Node) -> Tensor:
    """Channels become blocks of rows and columns, block row first."""
    x, block = _image(node), node.options(tflite.DepthToSpaceOptions).BlockSize()
    batch, height, width, channels = x.shape
    if block < 1 or channels % (block * block):
        raise node.invalid(f"blocks of {block} do not divide {channels} channels")
    b, depth = node.builder, channels // (block * block)
    blocks = b.reshape(x, (batch, height, width, block, block, depth))
    moved = b.transpose(blocks, (0, 1, 3, 2, 4, 5))
    return b.reshape(moved, (batch, height * block, width * block, depth))


def _image(node: Node) -> Tensor:
    x = node.value(0)
    if len(x.shape) != 4:
        raise node.invalid(f"tensor '{node.input(0).name}' has shape {list(x.shape)}, not rank 4")
    return x


@operator("TILE")
def tile(node: Node) -> Tensor:
    """Repeats along every axis."""
    x, multiples = node.value(0), node.int_list(1)
    if len(multiples) != len(x.shape) or min(multiples, default=1) < 1:
        raise node.invalid(f"{multiples} repetitions of {list(x.shape)}")
    return node.builder.tile(x, multiples)


@operator("BROADCAST_TO")
def broadcast_to(node: Node) -> Tensor:
    """Repeats axes of size 1 up to a constant shape."""
    x, target = node.value(0), node.int_list(1)
    raised = (*(1,) * (len(target) - len(x.shape)), *x.shape)
    if len(raised) != len(target) or min(target, default=1) < 1:
        raise node.invalid(f"{list(x.shape)} does not broadcast to {target}")
    if any(a not in (1, n) for a, n in zip(raised, target, strict=True)):
        raise node.invalid(f"{list(x.shape)} does not broadcast to {target}")
    multiples = [n // a for a, n in zip(raised, target, strict=True)]
    return node.builder.tile(node.builder.reshape(x, raised), multiples)
