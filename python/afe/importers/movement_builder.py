"""The TOSA operations that move elements: shapes, slices, joins, padding, gathers."""

from __future__ import annotations

from collections.abc import Sequence

from afe.importers.module_builder import ModuleBuilder, Tensor


class MovementBuilder(ModuleBuilder):
    """A `ModuleBuilder` that knows TOSA's data movement."""

    def same_rank(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Both with the larger rank, the smaller one reshaped with leading ones."""
        rank = max(len(x.shape), len(y.shape))
        return self._raised(x, rank), self._raised(y, rank)

    def _raised(self, x: Tensor, rank: int) -> Tensor:
        return self.reshape(x, (*(1,) * (rank - len(x.shape)), *x.shape))

    def reshape(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        """The same elements in another shape; no operation where it is the same."""
        target = tuple(int(size) for size in shape)
        if target == x.shape:
            return x
        if x.constant is not None:
            return self.const(x.constant.reshape(target))
        return self.op("tosa.reshape", [x, self.shape_const(target)], target, x.dtype)

    def transpose(self, x: Tensor, perms: Sequence[int]) -> Tensor:
        """result.shape[i] = x.shape[perms[i]]; no operation for the identity."""
        order = [int(axis) for axis in perms]
        if order == list(range(len(x.shape))):
            return x
        text = f"array<i32: {', '.join(map(str, order))}>"
        shape = tuple(x.shape[axis] for axis in order)
        return self.op("tosa.transpose", [x], shape, x.dtype, {"perms": self.attribute(text)})

    def concat(self, tensors: Sequence[Tensor], axis: int) -> Tensor:
        """Joins along one axis."""
        if len(tensors) == 1:
            return tensors[0]
        first = tensors[0]
        total = sum(tensor.shape[axis] for tensor in tensors)
        shape = (*first.shape[:axis], total, *first.shape[axis + 1 :])
        attributes = {"axis": self.attribute(f"{axis} : i32")}
        return self.op("tosa.concat", tensors, shape, first.dtype, attributes)

    def slice(self, x: Tensor, start: Sequence[int], size: Sequence[int]) -> Tensor:
        """x[start : start + size] on every axis; no operation where that is all of x."""
        shape = tuple(int(extent) for extent in size)
        if shape == x.shape:
            return x
        operands = [x, self.shape_const(start), self.shape_const(shape)]
        return self.op("tosa.slice", operands, shape, x.dtype)

    def pad(self, x: Tensor, padding: Sequence[tuple[int, int]], value: float) -> Tensor:
        """(before, after) per axis, filled with `value`."""
        if not any(before or after for before, after in padding):
            return x
        shape = tuple(n + sum(pair) for n, pair in zip(x.shape, padding, strict=True))
        flat = [amount for pair in padding for amount in pair]
        operands = [x, self.shape_const(flat), self.scalar(value, x.dtype)]
        return self.op("tosa.pad", operands, shape, x.dtype)

    def tile(self, x: Tensor, multiples: Sequence[int]) -> Tensor:
        """x repeated multiples[i] times along axis i."""
        if all(count == 1 for count in multiples):
            return x
        shape = tuple(n * count for n, count in zip(x.shape, multiples, strict=True))
        return self.op("tosa.tile", [x, self.shape_const(multiples)], shape, x.dtype)

    def reverse(self, x: Tensor, axis: int) -> Tensor:
        """x backwards along one axis."""
        attributes = {"axis": self.attribute(f"{axis} : i32")}
        return self.op("tosa.reverse", [x], x.shape, x.dtype, attributes)

    def gather(self, values: Tensor, indices: Tensor) -> Tensor:
        """values [N,K,C], indices [N,W] i32 to [N,W,C]."""
        shape = (values.shape[0], indices.shape[1], values.shape[2])
        return self.op("tosa.gather", [values, indices], shape, values.dtype)
