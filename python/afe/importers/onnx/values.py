"""What a tensor of the model is while it is imported.

The elements of a value's tensor lie in memory as its layout's `physical` shape says; the tensor may
have another shape of the same elements (reshapes are written where an operator needs them).

DequantizeLinear, activations and reshapes write nothing by themselves: they make one of these
values, and what is written depends on who reads it. So a convolution followed by QuantizeLinear
becomes an integer convolution, and any chain of functions of one 8-bit tensor becomes a table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from afe.importers.module_builder import Tensor
from afe.importers.onnx.layout import Layout, Shape

F32 = NDArray[np.float32]
Limits = tuple[float, float]

MAX_DEPTH = 4
"""Most functions of functions of codes that are written as f32 operations one by one."""

UNLIMITED: Limits = (-np.inf, np.inf)


@dataclass(frozen=True, slots=True)
class Affine:
    """real = f32(stored - zero_point) * scale, of int8 values (a uint8 tensor's minus 128)."""

    scale: np.float32
    zero_point: int

    def table(self) -> F32:
        """The real value of each int8 code, -128 first."""
        codes = np.arange(-128, 128, dtype=np.int32) - np.int32(self.zero_point)
        table: F32 = codes.astype(np.float32) * self.scale
        return table


@dataclass(frozen=True, slots=True)
class Constant:
    """A tensor whose elements are known."""

    array: NDArray[Any]

    @property
    def shape(self) -> Shape:
        """The model's shape."""
        return self.array.shape


@dataclass(frozen=True, slots=True)
class QuantizedConstant:
    """A dequantized tensor of known integers; `scale` and `zero_point` are [] or [n] along `axis`.

    `array`, `zero_point`: of the model's own integer type.
    """

    array: NDArray[Any]
    scale: F32
    zero_point: NDArray[Any]
    axis: int

    @property
    def shape(self) -> Shape:
        """The model's shape."""
        return self.array.shape

    def floats(self) -> F32:
        """The f32 elements, as DequantizeLinear computes them."""
        scale, zero_point = self._spread(self.scale), self._spread(self.zero_point)
        centred = self.array.astype(np.int64) - zero_point.astype(np.int64)
        reals: F32 = centred.astype(np.float32) * scale
        return reals

    def _spread(self, factor: NDArray[Any]) -> NDArray[Any]:
        if factor.ndim == 0:
            return factor
        shape = [1] * self.array.ndim
        shape[self.axis] = factor.size
        return factor.reshape(shape)


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor of integers or bools. `unsigned`: it is uint8 in the model, i8 minus 128 inside."""

    tensor: Tensor
    layout: Layout
    unsigned: bool = False
    affine: Affine | None = None

    @property
    def shape(self) -> Shape:
        """The model's shape."""
        return self.layout.shape


@dataclass(frozen=True, slots=True)
class Codes:
    """An f32 tensor that is a function of an int8 tensor: `table`[code + 128] of each element.

    `affine` is set while the function is a plain dequantization; `write` writes the f32 operations
    that compute another one from a tensor of codes, where there are such and they are few: `depth`
    functions of functions are at most MAX_DEPTH.
    """

    tensor: Tensor
    layout: Layout
    table: F32
    affine: Affine | None = None
    write: Callable[[Tensor], Tensor] | None = field(default=None, compare=False, repr=False)
    depth: int = 0

    def then(
        self, table: F32, write: Callable[[Tensor], Tensor] | None, other: Codes | None = None
    ) -> Codes:
        """A function of this one (and of `other`, of the same codes), by its table.

        `write` writes its operations; a table is looked up instead where they become many.
        """
        depth = 1 + max(self.depth, other.depth if other else 0)
        kept = write if depth <= MAX_DEPTH else None
        return Codes(self.tensor, self.layout, table, write=kept, depth=depth)

    @property
    def shape(self) -> Shape:
        """The model's shape."""
        return self.layout.shape


@dataclass(frozen=True, slots=True)
class Floats:
    """An f32 tensor, still to be limited to `limits`."""

    tensor: Tensor
    layout: Layout
    limits: Limits = UNLIMITED

    @property
    def shape(self) -> Shape:
        """The model's shape."""
        return self.layout.shape


@dataclass(frozen=True, slots=True)
class Part:
    """Accumulators i32 of some output channels (last axis), worth `scale` ([] or [channels])."""

    tensor: Tensor
    scale: F32


@dataclass(frozen=True, slots=True)
class Accumulator:
    """The f32 result of an integer convolution or product: parts side by side on the last axis.

    Still to be limited to `limits`.
    """

    parts: tuple[Part, ...]
    layout: Layout
    limits: Limits = UNLIMITED

    @property
    def shape(self) -> Shape:
        """The model's shape."""
        return self.layout.shape


Known = Constant | QuantizedConstant
Computed = Stored | Codes | Floats | Accumulator
Value = Known | Computed

C = TypeVar("C", bound=Stored | Codes | Floats | Accumulator)


def with_layout(value: C, layout: Layout) -> C:
    """The same tensor inside, read differently."""
    return replace(value, layout=layout)


def limited(value: Floats | Accumulator, low: float, high: float) -> Floats | Accumulator:
    """`value` limited further, in f32 as a following Relu or Clip does."""
    below, above = value.limits
    floor = min(max(below, low), high)
    ceiling = min(max(above, low), high)
    return replace(value, limits=(floor, ceiling))
