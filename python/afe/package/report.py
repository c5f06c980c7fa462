"""The report of a compilation: what `Model.compile` returns and `afe compile --json` prints."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from afe.package.decisions import Decision
from afe.package.network import Fallback, Network

CYCLE_KEYS = ("deterministic", "busy", "planned_wait", "stalls", "wall", "lower_bound")
BOUND_KEYS = ("mac", "output", "vector", "dram")
MEMORIES = ("L1", "L2", "DRAM")


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A member of the archive."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Cycles:
    """Cycles of one MLA segment for one group of `actual_batch_size` images, or their sum."""

    deterministic: int
    busy: int
    planned_wait: int
    stalls: int
    wall: int
    lower_bound: int
    bound_terms: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WeightBytes:
    """Weights of all MLA segments: `raw` as the model has them, `stored` in DRAM, with padding or
    compressed, without biases and scales; `ratio` is stored / raw.
    """

    raw: int
    stored: int
    ratio: float


@dataclass(frozen=True, slots=True)
class BatchTry:
    """A batch that was planned. `predicted_cycles_per_image` is the planner's word,
    `scheduled_cycles_per_image` the wall cycles of the program, of the batch that has one.
    """

    batch: int
    is_feasible: bool
    predicted_cycles_per_image: int
    scheduled_cycles_per_image: int | None = None
    needed_l2_bytes: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class CompileReport:
    """Everything a compilation has to say. `cycles` has one entry per MLA segment and `total`,
    `decisions` one per MLA segment: why each of its layers is scheduled as it is.
    """

    archive: str
    files: Sequence[ArchiveFile]
    desired_batch_size: int
    actual_batch_size: int
    batch_limit_reason: str
    segments: Mapping[str, int]
    fallbacks: Sequence[Fallback]
    cycles: Mapping[str, Cycles]
    peak_bytes: Mapping[str, int]
    seconds: Mapping[str, float]
    decisions: Mapping[str, Sequence[Decision]] = field(default_factory=dict)
    batches_tried: Sequence[BatchTry] = ()
    weights: WeightBytes = field(default_factory=lambda: WeightBytes(0, 0, 1.0))

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-able values, keys in this class's order."""
        return asdict(self)

    def to_json(self, *, indent: int | None = None) -> str:
        """The report as one JSON object."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False)

    def __str__(self) -> str:
        return "\n".join(self.summary_lines() + self.fallback_lines())

    def summary_lines(self) -> list[str]:
        """Archive, batch, plugins, cycles, memory, files."""
        return _summary_lines(self)

    def fallback_lines(self) -> list[str]:
        """One line per operator that is not on the MLA."""
        return _fallback_lines(self)

    def log(self, logger: logging.Logger) -> None:
        """The same lines as records: INFO, and WARNING for operators that are not on the MLA."""
        for line in self.summary_lines():
            logger.info("%s", line)
        for line in self.fallback_lines():
            logger.warning("%s", line)


def cycles_from(values: Mapping[str, Any]) -> Cycles:
    """Cycles out of a mapping with CYCLE_KEYS and `bound_terms`; parts of a cycle count as one."""
    counts = {key: math.ceil(values[key]) for key in CYCLE_KEYS}
    terms = {key: math.ceil(values["bound_terms"][key]) for key in BOUND_KEYS}
    return Cycles(bound_terms=terms, **counts)


def total_cycles(parts: Sequence[Cycles]) -> Cycles:
    """Sums over segments, which run one after another."""
    counts = {key: sum(getattr(part, key) for part in parts) for key in CYCLE_KEYS}
    terms = {key: sum(part.bound_terms[key] for part in parts) for key in BOUND_KEYS}
    return Cycles(bound_terms=terms, **counts)


def cycles_of(network: Network) -> dict[str, Cycles]:
    """The predicted cycles of every MLA segment, and `total`."""
    cycles = {name: cycles_from(part.cycles) for name, part in network.mla_segments.items()}
    return cycles | {"total": total_cycles(list(cycles.values()))}


def peak_bytes_of(network: Network) -> dict[str, int]:
    """The largest use of each memory by any segment."""
    segments = network.mla_segments.values()
    return {
        memory: max((part.peak_bytes.get(memory, 0) for part in segments), default=0)
        for memory in MEMORIES
    }


def weights_of(network: Network) -> WeightBytes:
    """The weights of all segments."""
    parts = [part.weights for part in network.mla_segments.values()]
    raw, stored = (sum(part.get(key, 0) for part in parts) for key in ("raw", "stored"))
    return WeightBytes(raw, stored, round(stored / raw, 4) if raw else 1.0)


def _try_line(entry: BatchTry) -> str:
    scheduled = entry.scheduled_cycles_per_image
    cycles = entry.predicted_cycles_per_image if scheduled is None else scheduled
    how = "predicted" if scheduled is None else "scheduled"
    line = f"  batch {entry.batch}: {cycles:,} cycles per image, {how}"
    return line if entry.is_feasible else f"{line}; not feasible"


def _summary_lines(report: CompileReport) -> list[str]:
    counts = ", ".join(f"{count} {processor}" for processor, count in report.segments.items())
    batch = f"batch: desired {report.desired_batch_size}, actual {report.actual_batch_size}"
    if report.batch_limit_reason:
        batch += f" ({report.batch_limit_reason})"
    total = report.cycles["total"]
    lines = [f"{report.archive}", batch, f"plugins: {counts}"]
    if len(report.batches_tried) > 1:
        lines[2:2] = [_try_line(entry) for entry in report.batches_tried]
    lines.append(
        f"cycles: wall {total.wall:,}, deterministic {total.deterministic:,}, "
        f"stalls {total.stalls:,}, lower bound {total.lower_bound:,}"
    )
    peaks = ", ".join(f"{memory} {size:,}" for memory, size in report.peak_bytes.items())
    lines.append(f"peak bytes: {peaks}")
    if (weights := report.weights).raw:
        lines.append(
            f"weights: {weights.raw:,} bytes, {weights.stored:,} in DRAM ({weights.ratio:.1%})"
        )
    return lines + [f"  {file.bytes:>12,}  {file.name}" for file in report.files]


def _fallback_lines(report: CompileReport) -> list[str]:
    return [
        f"not on the MLA: {fallback.operator} at {fallback.location}: {fallback.reason}; "
        f"{fallback.hint}"
        for fallback in report.fallbacks
    ]
