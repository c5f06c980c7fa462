"""SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: blocks of spatial axes become batches, and back."""

from __future__ import annotations

from math import prod

from afe.importers.builder import Tensor
from afe.importers.tflite.joining import zero_of
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import operator


def _blocks(node: Node, x: Tensor) -> list[int]:
    blocks = node.int_list(1)
    if not 1 <= len(blocks) < len(x.shape) or min(blocks) < 1:
        raise node.invalid(f"blocks {blocks} of {list(x.shape)}")
    return blocks


def _amounts(node: Node, count: int) -> list[tuple[int, int]]:
    """Paddings or crops of the spatial axes."""
    amounts = node.int_list(2)
    if len(amounts) != 2 * count or min(amounts) < 0:
        raise node.invalid(f"paddings or crops {amounts} for {count} axes")
    return list(zip(amounts[0::2], amounts[1::2], strict=True))


@operator("SPACE_TO_BATCH_ND")
def space_to_batch(node: Node) -> Tensor:
    """Pads, then makes every position within a block an image of its own, block row first."""
    b, x = node.builder, node.value(0)
    blocks = _blocks(node, x)
    count = len(blocks)
    rest = [(0, 0)] * (len(x.shape) - 1 - count)
    x = b.pad(x, [(0, 0), *_amounts(node, count), *rest], zero_of(node))
    batch, sizes, depth = x.shape[0], x.shape[1 : 1 + count], x.shape[1 + count :]
    if any(size % block for size, block in zip(sizes, blocks, strict=True)):
        raise node.invalid(f"blocks {blocks} do not divide {list(sizes)}")
    counts = [size // block for size, block in zip(sizes, blocks, strict=True)]
    pairs = [n for pair in zip(counts, blocks, strict=True) for n in pair]
    split = b.reshape(x, (batch, *pairs, *depth))
    within = [2 + 2 * axis for axis in range(count)]
    across = [1 + 2 * axis for axis in range(count)]
    behind = list(range(1 + 2 * count, len(split.shape)))
    moved = b.transpose(split, [*within, 0, *across, *behind])
    return b.reshape(moved, (batch * prod(blocks), *counts, *depth))


@operator("BATCH_TO_SPACE_ND")
def batch_to_space(node: Node) -> Tensor:
    """The opposite: images become positions within blocks, then the crops are cut off."""
    b, x = node.builder, node.value(0)
    blocks = _blocks(node, x)
    count = len(blocks)
    batch, remainder = divmod(x.shape[0], prod(blocks))
    if remainder or batch == 0:
        raise node.invalid(f"blocks {blocks} do not divide a batch of {x.shape[0]}")
    sizes, depth = x.shape[1 : 1 + count], x.shape[1 + count :]
    split = b.reshape(x, (*blocks, batch, *sizes, *depth))
    spatial = [axis for pair in range(count) for axis in (count + 1 + pair, pair)]
    behind = list(range(1 + 2 * count, len(split.shape)))
    moved = b.transpose(split, [count, *spatial, *behind])
    grown = [size * block for size, block in zip(sizes, blocks, strict=True)]
    joined = b.reshape(moved, (batch, *grown, *depth))
    crops = _amounts(node, count)
    kept = [size - sum(crop) for size, crop in zip(grown, crops, strict=True)]
    if min(kept) < 1:
        raise node.invalid(f"crops {crops} leave nothing of {grown}")
    starts = [0, *(crop[0] for crop in crops), *[0] * len(depth)]
    return b.slice(joined, starts, (batch, *kept, *depth))
