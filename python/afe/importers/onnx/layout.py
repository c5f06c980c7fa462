"""How a tensor inside stands for a tensor of the model.

ONNX is channels-first, the compiler channels-last. Instead of transposing at every operator, each
value remembers its layout; a transpose of the model only changes the layout, and a real one is
written where an operator needs another order than the one at hand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The tensor inside has shape `physical`: its axis i is axis `perm[i]` of `base`.

    The model's tensor of shape `shape` is `base` reshaped; `base == shape` but for a reshape that
    cannot be said in the order at hand (a flatten of a channels-last tensor), which is pending.
    """

    base: Shape
    perm: tuple[int, ...]
    shape: Shape

    @classmethod
    def plain(cls, shape: Sequence[int]) -> Layout:
        """The model's own order."""
        return cls(tuple(shape), tuple(range(len(shape))), tuple(shape))

    @classmethod
    def permuted(cls, shape: Sequence[int], perm: Sequence[int]) -> Layout:
        """The model's tensor transposed by `perm`."""
        return cls(tuple(shape), tuple(perm), tuple(shape))

    @classmethod
    def channels_last(cls, shape: Sequence[int]) -> Layout:
        """[n, c, …spatial] kept as [n, …spatial, c]."""
        return cls.permuted(shape, (0, *range(2, len(shape)), 1))

    @property
    def physical(self) -> Shape:
        """The shape of the tensor inside."""
        return tuple(self.base[axis] for axis in self.perm)

    @property
    def pending(self) -> bool:
        """Whether a reshape is still to be done."""
        return self.base != self.shape

    def axis(self, axis: int) -> int:
        """Where axis `axis` of the model's tensor is inside; not for a pending reshape."""
        return self.perm.index(axis)

    def transposed(self, perm: Sequence[int]) -> Layout:
        """The layout of the model's tensor transposed by `perm`, the tensor inside unchanged."""
        shape = tuple(self.shape[axis] for axis in perm)
        where = {source: target for target, source in enumerate(perm)}
        return Layout.permuted(shape, tuple(where[axis] for axis in self.perm))

    def resized(self, shape: Sequence[int]) -> Layout:
        """The same order for a tensor of the same rank and another shape."""
        return Layout.permuted(tuple(shape), self.perm)

    def reshaped(self, shape: Sequence[int]) -> Layout:
        """The layout of the reshaped tensor; the tensor inside needs at most a plain reshape.

        Where the reshape only splits and merges axes that lie side by side inside, the order of
        the rest is kept; otherwise it stays pending.
        """
        deferred = self.deferred(shape)
        return deferred.regrouped() or deferred

    def deferred(self, shape: Sequence[int]) -> Layout:
        """The layout of the reshaped tensor, the tensor inside unchanged."""
        return Layout(self.base, self.perm, tuple(shape))

    def regrouped(self) -> Layout | None:
        """A layout of the same memory order in which no reshape is pending, if there is one."""
        if not self.pending:
            return self
        perm = _regrouped(self.base, self.perm, self.shape)
        return None if perm is None else Layout.permuted(self.shape, perm)

    def arranged(self) -> Layout:
        """The nearest order of `base` in which the pending reshape can be said (see regrouped).

        Only axes that are merged are brought together; a channel shuffle stays channels-last.
        """
        groups = _groups(self.base, self.shape)
        if groups is None:
            return Layout(self.base, tuple(range(len(self.base))), self.shape)
        placed: list[tuple[int, list[int]]] = []
        for sources, _ in groups:
            places = [self.perm.index(axis) for axis in sources if self.base[axis] != 1]
            placed.append((min(places, default=_idle_place(placed)), sources))
        placed.sort(key=lambda item: item[0])
        perm = tuple(axis for _, sources in placed for axis in sources)
        return Layout(self.base, perm, self.shape)


def _regrouped(base: Shape, perm: tuple[int, ...], shape: Shape) -> tuple[int, ...] | None:
    """The permutation of `shape` with the same memory order as `base` under `perm`, if any."""
    groups = _groups(base, shape)
    if groups is None:
        return None
    placed: list[tuple[int, list[int]]] = []
    for sources, targets in groups:
        places = [perm.index(axis) for axis in sources if base[axis] != 1]
        between = range(places[0], places[-1] + 1) if places else range(0)
        moved = [place for place in between if base[perm[place]] != 1]
        if moved != places:
            return None
        placed.append((places[0] if places else _idle_place(placed), targets))
    placed.sort(key=lambda item: item[0])
    return tuple(axis for _, targets in placed for axis in targets)


def _idle_place(placed: list[tuple[int, list[int]]]) -> int:
    """Axes of size one can be anywhere: behind the group before them."""
    return placed[-1][0] if placed else 0


def _groups(base: Shape, shape: Shape) -> list[tuple[list[int], list[int]]] | None:
    """The smallest runs of axes of `base` and `shape` with equal products, in order."""
    groups: list[tuple[list[int], list[int]]] = []
    i = j = 0
    if 0 in base or math.prod(base) != math.prod(shape):
        return None
    while i < len(base) or j < len(shape):
        sources: list[int] = []
        targets: list[int] = []
        left = right = 1
        while True:
            if left <= right and i < len(base) and (left < right or not sources):
                left *= base[i]
                sources.append(i)
                i += 1
            elif j < len(shape) and (right < left or not targets):
                right *= shape[j]
                targets.append(j)
                j += 1
            else:
                break
        groups.append((sources, targets))
    return groups


def runs_of(perm: Sequence[int]) -> list[tuple[int, ...]]:
    """The axes of a permutation in runs that stay together: (0, 3, 4, 1, 2) is 0 | 3 4 | 1 2."""
    runs: list[list[int]] = []
    for axis in perm:
        if runs and axis == runs[-1][-1] + 1:
            runs[-1].append(axis)
        else:
            runs.append([axis])
    return [tuple(run) for run in runs]


def keeps_order(shape: Sequence[int], perm: Sequence[int]) -> bool:
    """Whether transposing `shape` by `perm` moves only axes of size one (memory is unchanged)."""
    moved = [axis for axis in perm if shape[axis] != 1]
    return moved == sorted(moved)
