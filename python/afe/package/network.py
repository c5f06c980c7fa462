"""A compiled network as plain data: what packaging needs of the encoded module, and no more.

The chain is logical here: its values have the model's shapes. How a tensor lies in DRAM at the
border of an MLA segment is stated by the segment's `PhysicalTensor`s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar

from afe.errors import AfeError, ErrorCode
from afe.package.decisions import Decision
from afe.tessellation import Border, Tessellation

MAX_WORKSPACE_BYTES = 1 << 30
"""Largest workspace of a function of the Cortex-A65; the runtime offers no more."""

SCALAR_BYTES = {
    "bool": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "int32": 4,
    "uint32": 4,
    "int64": 8,
    "uint64": 8,
    "float16": 2,
    "float32": 4,
    "float64": 8,
}
"""Bytes of each scalar type an archive may name; the names are numpy's too."""


class ScalarType(StrEnum):
    """The scalar types by name; a name as text means the same."""

    bool = "bool"
    int8 = "int8"
    uint8 = "uint8"
    int16 = "int16"
    uint16 = "uint16"
    int32 = "int32"
    uint32 = "uint32"
    int64 = "int64"
    uint64 = "uint64"
    float16 = "float16"
    float32 = "float32"
    float64 = "float64"


_Segment = TypeVar("_Segment")

MLA = "MLA"
EV74 = "EV74"
A65 = "A65"


@dataclass(frozen=True, slots=True)
class TensorType:
    """Scalar type and static shape, batch first."""

    scalar: str
    shape: tuple[int, ...]

    @property
    def element_count(self) -> int:
        """Elements of the whole batch."""
        return math.prod(self.shape)

    @property
    def size_in_bytes(self) -> int:
        """Bytes of the whole batch, dense."""
        return self.element_count * SCALAR_BYTES[self.scalar]

    def with_scalar(self, scalar: str) -> TensorType:
        """The same shape of another scalar type."""
        return TensorType(scalar, self.shape)


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of the model; quantized ones have scale and zero point.

    `state` is the name of the state that it is, `initial` are the state's values after a reset.
    """

    name: str
    type: TensorType
    scale: float | None = None
    zero_point: int = 0
    state: str | None = None
    initial: tuple[int | float, ...] = ()


@dataclass(frozen=True, slots=True)
class PhysicalTensor:
    """A tensor at the border of an MLA segment: `layout` is "HWC" (dense) or "HWC16".

    `tile` is [H, W, C] of the tiles that lie one behind the other in DRAM, None where the frame
    lies whole; with `by_mla` the EV74 has nothing to do between it and the chain's tensor.
    """

    name: str
    type: TensorType
    layout: str
    size_in_bytes: int
    tile: tuple[int, int, int] | None = None
    by_mla: bool = False

    @property
    def frame_shape(self) -> tuple[int, int, int]:
        """[H, W, C] of one image; leading dimensions of higher ranks are rows."""
        inner = self.type.shape[1:]
        if not inner:
            return (1, 1, 1)
        width = inner[-2] if len(inner) > 1 else 1
        return (math.prod(inner[:-2]), width, inner[-1])


@dataclass(frozen=True, slots=True)
class Value:
    """One SSA value of the chain; equal ids are the same value."""

    id: int
    type: TensorType


@dataclass(frozen=True)
class Step:
    """One operation of the chain: an EV74 kernel, or a call of an MLA or A65 segment.

    `kernel` is the EV74 kernel's name, or the symbol of the called segment.
    """

    processor: str
    kernel: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LayerEnd:
    """A layer (or fused group) and the cycle in which its last instruction ends, inclusive."""

    name: str
    end_cycle: int
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class MlaSegment:
    """One MLA program; `cycles` has the keys of `report.CYCLE_KEYS` and `bound_terms`, `weights`
    those of `report.WeightBytes`.
    """

    name: str
    program: bytes
    inputs: tuple[PhysicalTensor, ...]
    outputs: tuple[PhysicalTensor, ...]
    desired_batch: int
    actual_batch: int
    batch_limit_reason: str
    cycles: Mapping[str, Any]
    peak_bytes: Mapping[str, int]
    layers: tuple[LayerEnd, ...]
    weights: Mapping[str, int] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True)
class A65Segment:
    """One shared object for the Cortex-A65 and the function of it that computes the segment.

    Ports without a name in the model have an empty one.
    """

    name: str
    shared_object: bytes
    function: str
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    workspace_bytes: int = 0


@dataclass(frozen=True)
class Fallback:
    """An operator that is not on the MLA, why, and what would help."""

    operator: str
    location: str
    reason: str
    hint: str


@dataclass(frozen=True)
class Network:
    """Everything that was compiled. `results` are the chain's values behind `outputs`."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    arguments: tuple[Value, ...]
    results: tuple[Value, ...]
    steps: tuple[Step, ...]
    mla_segments: Mapping[str, MlaSegment]
    a65_segments: Mapping[str, A65Segment] = field(default_factory=dict)
    fallbacks: tuple[Fallback, ...] = ()
    desired_batch: int = 1
    actual_batch: int = 1
    batch_limit_reason: str = ""

    def mla_segment(self, name: str) -> MlaSegment:
        """The MLA segment called `name`; a missing one is the compiler's mistake."""
        return _of(self.mla_segments, name)

    def a65_segment(self, name: str) -> A65Segment:
        """The A65 segment called `name`; a missing one is the compiler's mistake."""
        return _of(self.a65_segments, name)


def placed(network: Network, tessellation: Tessellation) -> Network:
    """The network with what was asked for the tensors at the borders of its MLA segments."""
    segments = {
        name: replace(
            segment,
            inputs=_placed(name, segment.inputs, tessellation, is_input=True),
            outputs=_placed(name, segment.outputs, tessellation, is_input=False),
        )
        for name, segment in network.mla_segments.items()
    }
    return replace(network, mla_segments=segments)


def _placed(
    segment: str,
    tensors: Sequence[PhysicalTensor],
    tessellation: Tessellation,
    *,
    is_input: bool,
) -> tuple[PhysicalTensor, ...]:
    placed_tensors = []
    for index, tensor in enumerate(tensors):
        border = Border(segment, index, tensor.name, is_input, tensor.type.shape)
        tile, by_mla = border.tile(tessellation), border.by_mla(tessellation)
        placed_tensors.append(replace(tensor, tile=None if by_mla else tile, by_mla=by_mla))
    return tuple(placed_tensors)


def _of(segments: Mapping[str, _Segment], name: str) -> _Segment:
    segment = segments.get(name)
    if segment is None:
        raise AfeError(ErrorCode.INTERNAL, f"the chain calls '{name}', which was not compiled")
    return segment


def binary_names(
    network: Network, model_name: str, binary_suffix: str
) -> Mapping[str, tuple[int, str]]:
    """Stage number and file name of every called segment, stages counted in the chain's order."""
    called: list[Step] = []
    for step in network.steps:
        if step.processor != EV74 and step.kernel not in [other.kernel for other in called]:
            called.append(step)
    return {
        step.kernel: (stage, _binary_name(model_name, stage, step.processor, binary_suffix))
        for stage, step in enumerate(called, start=1)
    }


def _binary_name(model_name: str, stage: int, processor: str, binary_suffix: str) -> str:
    suffix = f"mla.{binary_suffix}" if processor == MLA else "a65.so"
    return f"{model_name}_stage{stage}_{suffix}"


def shapes_of(tensors: Sequence[TensorType]) -> list[list[int]]:
    """The shapes as JSON lists."""
    return [list(tensor.shape) for tensor in tensors]
