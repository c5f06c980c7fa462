"""Why every layer is compiled as it is: the decision trace of the schedule, as plain data.

Cycles of a `Candidate` and a `Cascade` are the planner's, per quad; those of a `Decision` are the
program's. A layer of a cascade keeps `alone` and `runner_up`: what it would be by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ENGINES = ("dram", "load", "tensor", "output", "vector", "store")


@dataclass(frozen=True, slots=True)
class Tiling:
    """The split over the quads, the tile of a quad's part, and the order of the tiles.

    `tile_blocks` counts blocks of 16 channels. `channels_outer`: weights stay while pixels pass.
    The tiling of a data movement is `tile_rows` bytes at a time.
    """

    image_parts: int
    row_parts: int
    channel_parts: int
    tile_images: int
    tile_rows: int
    tile_columns: int
    tile_blocks: int
    input_chunks: int
    kernel_chunks: int
    channels_outer: bool
    predicted_cycles: int

    @property
    def quads(self) -> int:
        """Quads that have work."""
        return self.image_parts * self.row_parts * self.channel_parts


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tiling and its predicted cycles per engine."""

    tiling: Tiling
    engine_cycles: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cascade:
    """Layers that hand over in L1: what it costs by the model, and one by one instead.

    `slots` has, per layer, the tiles of its result that are in L1 together; `constant_bytes`
    (weights) and `slot_bytes` are the bytes of L1.
    """

    cycles: int
    alone_cycles: int
    engine_cycles: Mapping[str, int]
    tiles: int
    stages: int
    constant_bytes: int
    slot_bytes: int
    slots: Sequence[int]


@dataclass(frozen=True, slots=True)
class RunEnd:
    """Why a run of layers does not take in the next one.

    `why` is last-layer, layer (`detail` says which and why), constants (`amount` bytes, `limit`
    are there), tile (none fits `limit` bytes), dearer (`amount` cycles instead of `limit`),
    next-run, effort (runs of more than `limit` layers are not searched), race (the best schedule
    with cascades takes `amount` cycles, the one without `limit`) or disabled.
    """

    why: str
    detail: str
    amount: int
    limit: int


@dataclass(frozen=True, slots=True)
class TensorHome:
    """A tensor that the layer reads or writes (`role`: input, output).

    `home` is L2, L1 (of a cascade), DRAM (moved tile by tile) or constant.
    """

    name: str
    role: str
    bytes: int
    home: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One layer: what was chosen, what came of it, and the next best.

    `sources` are the model's own operators. `run` are the layers of its cascade, or it alone.
    `tiling` is of the run's last result. Both cycles are inclusive, from the program's start; -1:
    no instruction. `engine_cycles` are busy cycles, on average over the quads. `cascade` and
    `run_end` stand at the first layer of a run.
    """

    layer: str
    kind: str
    sources: Sequence[str]
    run: Sequence[str]
    tiling: Tiling
    tensors: Sequence[TensorHome]
    start_cycle: int
    end_cycle: int
    stall_cycles: int
    engine_cycles: Mapping[str, int]
    alone: Candidate | None = None
    runner_up: Candidate | None = None
    cascade: Cascade | None = None
    run_end: RunEnd | None = None

    @property
    def binding_engine(self) -> str:
        """The engine that is busy longest; empty where none has work."""
        return binding_engine(self.engine_cycles)


def binding_engine(engine_cycles: Mapping[str, int]) -> str:
    """The engine with most cycles; empty where none has any."""
    busiest = max(ENGINES, key=lambda engine: engine_cycles[engine])
    return busiest if engine_cycles[busiest] > 0 else ""


def read_decisions(entries: Sequence[Mapping[str, Any]]) -> tuple[Decision, ...]:
    """The decisions of a program out of its attribute `stats`, as plain values."""
    names = [entry["name"] for entry in entries]
    firsts = [entry["run"] for entry in entries]
    return tuple(
        _decision(entry, [name for name, first in zip(names, firsts, strict=True) if first == run])
        for entry, run in zip(entries, firsts, strict=True)
    )


def _decision(entry: Mapping[str, Any], run: Sequence[str]) -> Decision:
    search = entry.get("search", {})
    is_cascade = len(run) > 1
    # A cascade that did not fit has been dissolved: what was planned is no longer so.
    as_planned = ("cascade" in search) == is_cascade and run[0] == entry["name"]
    return Decision(
        layer=entry["name"],
        kind=entry["kind"],
        sources=tuple(entry["sources"]),
        run=tuple(run),
        tiling=_tiling(entry["mapping"]),
        tensors=tuple(TensorHome(**tensor) for tensor in entry["tensors"]),
        start_cycle=entry["start"],
        end_cycle=max(entry["end"], 0) - 1,
        stall_cycles=entry["stalls"],
        engine_cycles=entry["engines"],
        alone=_candidate(search.get("alone")),
        runner_up=_candidate(search.get("runner_up")),
        cascade=_cascade(search["cascade"]) if as_planned and is_cascade else None,
        run_end=RunEnd(**search["end"]) if as_planned and "end" in search else None,
    )


def _candidate(entry: Mapping[str, Any] | None) -> Candidate | None:
    return Candidate(_tiling(entry["mapping"]), entry["engines"]) if entry else None


def _cascade(entry: Mapping[str, Any]) -> Cascade:
    values = {key: value for key, value in entry.items() if key not in ("engines", "slots")}
    return Cascade(engine_cycles=entry["engines"], slots=tuple(entry["slots"]), **values)


def _tiling(mapping: Mapping[str, Any]) -> Tiling:
    return Tiling(
        image_parts=mapping["imageParts"],
        row_parts=mapping["rowParts"],
        channel_parts=mapping["channelParts"],
        tile_images=mapping["tileImages"],
        tile_rows=mapping["tileRows"],
        tile_columns=mapping["tileCols"],
        tile_blocks=mapping["tileBlocks"],
        input_chunks=mapping["inputChunks"],
        kernel_chunks=mapping["kernelChunks"],
        channels_outer=mapping["channelsOuter"],
        predicted_cycles=mapping["predictedCycles"],
    )
