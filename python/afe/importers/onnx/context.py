"""What the functions of single operators work with: the builder, the values so far, conversions.

Conversions write operations: a value as f32, a tensor in another layout, several tensors aligned
for an elementwise operation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.importers.builder import TosaBuilder
from afe.importers.module_builder import DTYPE_OF_NUMPY, Tensor
from afe.importers.onnx.graph import Graph, Node
from afe.importers.onnx.layout import Layout, Shape, keeps_order, runs_of
from afe.importers.onnx.problems import invalid_node, shown, unsupported
from afe.importers.onnx.tensors import to_array
from afe.importers.onnx.values import (
    UNLIMITED,
    Accumulator,
    Affine,
    Codes,
    Computed,
    Constant,
    Floats,
    QuantizedConstant,
    Stored,
    Value,
)

MLA_RANK = 4
"""Tensors of more axes cannot be moved on the MLA; axes that stay together are merged first."""

FREE_FOLDED_BYTES = 1 << 26
"""Bytes that known tensors computed here may take in any model, besides a multiple of its size."""


class Context:
    """The state of one import."""

    def __init__(self, builder: TosaBuilder, graph: Graph, *, fixed_point: bool = False) -> None:
        """`fixed_point`: accumulators are requantized by integer factors, as LiteRT does it."""
        self.builder = builder
        self.graph = graph
        self.fixed_point = fixed_point
        self.opset = graph.opset
        self.values: dict[str, Value] = {}
        stored = sum(tensor.ByteSize() for tensor in graph.initializers.values())
        self._folded_bytes = FREE_FOLDED_BYTES + 4 * stored

    def count_folded(self, node: Node, size: int) -> None:
        """Counts `size` bytes of tensors computed while importing; together they are bounded."""
        self._folded_bytes -= size
        if self._folded_bytes < 0:
            raise unsupported(
                node,
                "the tensors that can be computed now are much larger than the model",
                "simplify the model, for instance with onnxsim",
            )

    # --- operands --------------------------------------------------------------------------------

    def value(self, node: Node, index: int) -> Value:
        """Input `index` of `node`, which must be there."""
        value = self.optional(node, index)
        if value is None:
            raise invalid_node(node, f"input {index} is missing")
        return value

    def optional(self, node: Node, index: int) -> Value | None:
        """Input `index` of `node`, None where it is left out."""
        name = node.input(index)
        return self.named(name) if name else None

    def named(self, name: str) -> Value:
        """The value of a tensor; initializers are read when first needed."""
        value = self.values.get(name)
        if value is None:
            value = Constant(to_array(self.graph.initializers[name], self.graph.folder))
            self.values[name] = value
        return value

    def computed(self, node: Node, index: int) -> Computed:
        """Input `index` as a computed value; a constant is written into the module."""
        return self.written(node, self.value(node, index))

    def written(self, node: Node, value: Value) -> Computed:
        """`value`, a constant one as a `tosa.const` in the model's own order."""
        if isinstance(value, QuantizedConstant):
            value = Constant(value.floats())
        if not isinstance(value, Constant):
            return value
        array = value.array
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        if array.dtype not in DTYPE_OF_NUMPY or array.size == 0:
            raise unsupported(node, f"a constant of type {array.dtype} and {array.size} elements")
        if array.dtype == np.float32:
            return Floats(self.builder.const(array), Layout.plain(array.shape))
        unsigned = array.dtype == np.uint8
        tensor = self.builder.const(signed(array) if unsigned else array)
        return Stored(tensor, Layout.plain(array.shape), unsigned)

    def known_codes(self, value: Value) -> Codes | None:
        """A dequantized constant of 8 bits with one scale as codes; None of anything else."""
        if not isinstance(value, QuantizedConstant) or value.scale.ndim or value.zero_point.ndim:
            return None
        if value.array.dtype not in (np.int8, np.uint8) or value.array.size == 0:
            return None
        unsigned = value.array.dtype == np.uint8
        codes = signed(value.array) if unsigned else value.array
        affine = Affine(np.float32(value.scale), int(value.zero_point) - (128 if unsigned else 0))
        layout = Layout.plain(codes.shape)
        return Codes(self.builder.const(codes), layout, affine.table(), affine)

    def known(self, node: Node, index: int) -> NDArray[Any] | None:
        """The elements of input `index`, None where it is left out; it must be constant."""
        value = self.optional(node, index)
        if value is None:
            return None
        if isinstance(value, QuantizedConstant):
            return value.floats()
        if not isinstance(value, Constant):
            raise unsupported(
                node,
                f"input {index}, {shown(node.input(index))}, is not constant",
                "simplify the model, for instance with onnxsim, so that it becomes one",
            )
        return value.array

    def known_ints(self, node: Node, index: int, attribute: str = "") -> list[int] | None:
        """A constant list of integers, from input `index` or else (older opsets) an attribute."""
        array = self.known(node, index)
        if array is None:
            values = node.integers(attribute) if attribute else None
            return None if values is None else list(values)
        if array.dtype.kind not in "iu" or array.ndim > 1:
            raise invalid_node(node, f"input {index} is no list of integers")
        return [int(item) for item in array.reshape(-1)]

    # --- conversions -----------------------------------------------------------------------------

    def convert(self, tensor: Tensor, source: Layout, target: Layout) -> Tensor:
        """The tensor of layout `source` in layout `target`; both stand for the same shape."""
        if source.base != target.base:
            tensor, source = self._without_reshape(tensor, source, target)
        if source.base != target.base:
            tensor = self._ordered(tensor, source, Layout.plain(source.base))
            source = Layout.plain(target.base)
        tensor = self._ordered(tensor, source, target)
        return self.builder.reshape(tensor, target.physical)

    def _without_reshape(
        self, tensor: Tensor, source: Layout, target: Layout | None = None
    ) -> tuple[Tensor, Layout]:
        """The tensor in a layout in which no reshape is pending, on its way to `target`."""
        regrouped = source.regrouped()
        if regrouped is not None:
            return tensor, regrouped
        arranged = source.arranged()
        if target == Layout.plain(source.shape) or arranged.regrouped() is None:
            arranged = Layout(source.base, tuple(range(len(source.base))), source.shape)
        tensor = self._ordered(tensor, source, arranged)
        return tensor, arranged.regrouped() or Layout.plain(source.shape)

    def _ordered(self, tensor: Tensor, source: Layout, target: Layout) -> Tensor:
        """The elements in the order of `target` (of the same base), in whatever shape."""
        perm = [source.perm.index(axis) for axis in target.perm]
        shape = source.physical
        if keeps_order(shape, perm):
            return tensor
        runs = runs_of(perm) if len(perm) > MLA_RANK else [(axis,) for axis in perm]
        ascending = sorted(runs)
        merged = [math.prod(shape[axis] for axis in run) for run in ascending]
        tensor = self.builder.reshape(tensor, merged)
        return self.builder.transpose(tensor, [ascending.index(run) for run in runs])

    def in_layout(self, value: Stored | Codes | Floats, layout: Layout) -> Tensor:
        """The tensor of `value` in `layout`, in its physical shape."""
        return self.convert(value.tensor, value.layout, layout)

    def settled(self, value: Computed) -> Computed:
        """`value` with no reshape pending."""
        if isinstance(value, Accumulator):
            regrouped = value.layout.regrouped()
            if regrouped is not None:
                return replace(value, layout=regrouped)
            value = self.floats_of(value)
        tensor, layout = self._without_reshape(value.tensor, value.layout)
        return replace(value, tensor=tensor, layout=layout)

    def settled_codes(self, codes: Codes) -> Codes:
        """`settled` of codes, which stay codes."""
        settled = self.settled(codes)
        assert isinstance(settled, Codes)
        return settled

    def shaped(self, value: Computed) -> Stored | Codes | Floats:
        """`value` as one tensor in the physical shape of its layout, no reshape pending."""
        value = self.settled(value)
        if isinstance(value, Accumulator):
            value = self.floats_of(value)
        return replace(value, tensor=self.builder.reshape(value.tensor, value.layout.physical))

    def reshaped(self, value: Computed, shape: Sequence[int]) -> Computed:
        """`value` with the model's shape `shape`: nothing is written."""
        return replace(value, layout=value.layout.reshaped(shape))

    # --- f32 -------------------------------------------------------------------------------------

    def floats(self, node: Node, index: int) -> Floats:
        """Input `index` as an f32 tensor in its layout's shape, all limits and reshapes applied."""
        value = self.shaped(self.computed(node, index))
        if isinstance(value, Stored):
            raise unsupported(node, f"input {index} is an integer tensor, expected a float one")
        return self.floats_of(value)

    def floats_of(self, value: Codes | Floats | Accumulator) -> Floats:
        """`value` as an f32 tensor, all limits applied."""
        if isinstance(value, Codes):
            return Floats(self.decoded(value, value.tensor), value.layout)
        if isinstance(value, Accumulator):
            value = Floats(self._scaled(value), value.layout, value.limits)
        if value.limits == UNLIMITED:
            return value
        return Floats(self.builder.clamp(value.tensor, *value.limits), value.layout)

    def decoded(self, codes: Codes, tensor: Tensor) -> Tensor:
        """The f32 tensor that `codes` would be if it had the codes `tensor`."""
        builder = self.builder
        if codes.affine is not None:
            scale, zero_point = float(codes.affine.scale), codes.affine.zero_point
            return builder.custom(
                "dequantize", [tensor], tensor.shape, "f32", scale=scale, zero_point=zero_point
            )
        if codes.write is not None:
            return codes.write(tensor)
        table = builder.const(codes.table)
        return builder.custom("qdq.lookup", [tensor, table], tensor.shape, "f32")

    def _scaled(self, value: Accumulator) -> Tensor:
        builder = self.builder
        pieces = []
        for part in value.parts:
            scale = builder.const(spread_last(part.scale, len(part.tensor.shape)))
            pieces.append(builder.mul(builder.cast(part.tensor, "f32"), scale))
        return builder.concat(pieces, len(pieces[0].shape) - 1)

    # --- elementwise alignment -------------------------------------------------------------------

    def aligned(self, node: Node, values: Sequence[Value]) -> tuple[list[Tensor], Layout]:
        """f32 tensors of one rank and axis order, ready for broadcasting, and the result's layout.

        The order is that of the largest operand; constants take any order at no cost.
        """
        return self._aligned(node, values, decode=True)

    def aligned_stored(self, node: Node, values: Sequence[Value]) -> tuple[list[Tensor], Layout]:
        """`aligned` with every tensor in the type in which it is stored: integers, bools, codes."""
        return self._aligned(node, values, decode=False)

    def _aligned(
        self, node: Node, values: Sequence[Value], *, decode: bool
    ) -> tuple[list[Tensor], Layout]:
        shape = broadcast(node, [value.shape for value in values])
        pending = self._common_pending(values, shape)
        if pending is not None:
            tensors = [self._in_pending(node, value, pending, decode=decode) for value in values]
            return tensors, pending
        settled = [v if is_known(v) else self.settled(self.written(node, v)) for v in values]
        layout = Layout.permuted(shape, self._common_perm(settled, len(shape)))
        return [self._raised(node, value, layout, decode=decode) for value in settled], layout

    def _common_pending(self, values: Sequence[Value], shape: Shape) -> Layout | None:
        """The layout all computed operands share, where a reshape is pending in all of them."""
        layouts = [v.layout for v in values if not isinstance(v, Constant | QuantizedConstant)]
        same = bool(layouts) and all(layout == layouts[0] for layout in layouts)
        scalars = all(math.prod(value.shape) == 1 for value in values if is_known(value))
        if not (same and scalars and layouts[0].pending and layouts[0].shape == shape):
            return None
        return layouts[0]

    def _in_pending(self, node: Node, value: Value, layout: Layout, *, decode: bool) -> Tensor:
        if isinstance(value, Constant | QuantizedConstant):
            ones = (1,) * len(layout.physical)
            return self._known_tensor(node, value, ones, decode=decode)
        plain = self._as_floats(node, value) if decode else self._as_stored(value)
        return self.builder.reshape(plain.tensor, layout.physical)

    def _common_perm(self, values: Sequence[Value], rank: int) -> tuple[int, ...]:
        computed = [v for v in values if not isinstance(v, Constant | QuantizedConstant)]
        full = [value for value in computed if len(value.shape) == rank]
        largest = max(full, key=lambda value: math.prod(value.shape), default=None)
        return tuple(range(rank)) if largest is None else largest.layout.perm

    def _raised(self, node: Node, value: Value, layout: Layout, *, decode: bool) -> Tensor:
        """`value` with leading axes of size one, in the order of `layout`."""
        rank = len(layout.shape)
        shape = (*(1,) * (rank - len(value.shape)), *value.shape)
        if isinstance(value, Constant | QuantizedConstant):
            return self._known_tensor(node, value, shape, layout.perm, decode=decode)
        if not decode:
            value = self._as_stored(value)
        elif not isinstance(value, Codes):
            value = self._as_floats(node, value)
        # Codes are moved before they are decoded: bytes move at a quarter of the cost.
        if shape != value.shape:
            plain = self.in_layout(value, Layout.plain(value.shape))
            tensor = self.builder.reshape(plain, shape)
            value = replace(value, tensor=tensor, layout=Layout.plain(shape))
        target = layout.resized(shape)
        value = replace(value, tensor=self.in_layout(value, target), layout=target)
        return value.tensor if isinstance(value, Stored) else self.floats_of(value).tensor

    def _known_tensor(
        self,
        node: Node,
        value: Constant | QuantizedConstant,
        shape: Shape,
        perm: Sequence[int] | None = None,
        *,
        decode: bool,
    ) -> Tensor:
        is_stored = isinstance(value, Constant) and not decode
        array = value.array if is_stored else known_floats(node, value)
        return self.builder.const(np.ascontiguousarray(array.reshape(shape).transpose(perm)))

    def _as_floats(self, node: Node, value: Computed) -> Floats:
        if isinstance(value, Stored):
            raise unsupported(node, "an operand is an integer tensor, expected a float one")
        return self.floats_of(value)

    def _as_stored(self, value: Computed) -> Stored | Floats:
        """Integers as they are, codes as bare integers; the rest in f32."""
        if isinstance(value, Codes):
            return Stored(value.tensor, value.layout)
        return value if isinstance(value, Stored) else self.floats_of(value)


def is_known(value: Value) -> bool:
    """Whether the elements are known now."""
    return isinstance(value, Constant | QuantizedConstant)


def known_floats(node: Node, value: Constant | QuantizedConstant) -> NDArray[np.float32]:
    """The f32 elements of a known tensor."""
    if isinstance(value, QuantizedConstant):
        return value.floats()
    if value.array.dtype != np.float32:
        raise unsupported(node, f"a constant operand has type {value.array.dtype}, expected f32")
    return value.array


def signed(array: NDArray[np.uint8]) -> NDArray[np.int8]:
    """uint8 values minus 128, as int8."""
    return (array ^ np.uint8(128)).view(np.int8)


def spread_last(scale: NDArray[np.float32], rank: int) -> NDArray[np.float32]:
    """A scalar or one factor per last axis, with `rank` axes; equal factors become one."""
    if scale.size > 1 and np.all(scale == scale.flat[0]):
        scale = scale.reshape(-1)[:1]
    return np.ascontiguousarray(scale.reshape((*(1,) * (rank - 1), scale.size)), np.float32)


def broadcast(node: Node, shapes: Sequence[Shape]) -> Shape:
    """The broadcast shape of operands."""
    try:
        return tuple(int(size) for size in np.broadcast_shapes(*shapes))
    except ValueError as error:
        listed = ", ".join(str(list(shape)) for shape in shapes)
        raise invalid_node(node, f"shapes {listed} do not broadcast") from error


def normal_axis(node: Node, axis: int, rank: int) -> int:
    """An axis counted from the front; negative ones count from the back."""
    if not -rank <= axis < rank:
        raise invalid_node(node, f"axis {axis} of a tensor of rank {rank}")
    return axis % rank
