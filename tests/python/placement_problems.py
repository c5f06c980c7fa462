"""Small placement problems for the tests: strategies, and an exhaustive solver to compare with."""

from __future__ import annotations

import random
from collections.abc import Sequence

from afe.memory import Buffer
from hypothesis import strategies as st


@st.composite
def buffer_lists(
    draw: st.DrawFn, most: int = 24, sizes: int = 40, alignments: Sequence[int] = (1,)
) -> list[Buffer]:
    """Up to `most` buffers of up to `sizes` bytes within 16 moments."""
    result = []
    for _ in range(draw(st.integers(1, most))):
        lower = draw(st.integers(0, 15))
        upper = draw(st.integers(lower + 1, 16))
        size = draw(st.integers(0, sizes))
        result.append(Buffer(lower, upper, size, draw(st.sampled_from(alignments))))
    return result


def hidden_solution(rng: random.Random, capacity: int, moments: int) -> list[Buffer]:
    """Buffers that fill `capacity` bytes during `moments` moments without a gap, offsets hidden.

    Cuts the rectangle of bytes and time in two again and again, so that a placement without any
    waste exists but no method has been told of it.
    """
    pieces = [(0, moments, capacity)]
    for _ in range(28):
        k = max(range(len(pieces)), key=lambda i: (pieces[i][1] - pieces[i][0]) * pieces[i][2])
        lower, upper, size = pieces.pop(k)
        if (rng.random() < 0.5 and upper - lower > 1) or size < 2:
            middle = rng.randint(lower + 1, max(lower + 1, upper - 1))
            pieces += [(lower, middle, size), (middle, upper, size)]
        else:
            part = rng.randint(1, size - 1)
            pieces += [(lower, upper, part), (lower, upper, size - part)]
    rng.shuffle(pieces)
    return [Buffer(*piece) for piece in pieces if piece[0] < piece[1]]


def least_height(buffers: Sequence[Buffer]) -> int:
    """The least height by trying every order: each buffer as low as those before it allow.

    In an optimal placement whose buffers are all moved down as far as possible, taking them by
    their offsets puts each on the lowest place above what it meets; so the best order gives it.
    """
    best = sum(b.size + (b.alignment or 1) for b in buffers)

    def go(placed: list[tuple[Buffer, int]], left: list[Buffer], height: int) -> None:
        nonlocal best
        if height >= best:
            return
        if not left:
            best = height
            return
        for k, b in enumerate(left):
            meets = [(o, at) for o, at in placed if o.lower < b.upper and b.lower < o.upper]
            floor = max((at + o.size for o, at in meets), default=0)
            alignment = b.alignment or 1
            at = -(-floor // alignment) * alignment
            go([*placed, (b, at)], left[:k] + left[k + 1 :], max(height, at + b.size))

    go([], [b for b in buffers if b.size], 0)
    return best
