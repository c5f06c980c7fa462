"""What keeps a model from running well on the MLA, found without compiling it.

The module goes through the phases up to layout: what is left on the Cortex-A65 is known then, as
are the layers and the movements between them. Plans, addresses and schedules are not made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe import ir
from afe.compiler import import_phase
from afe.options import CompileOptions, ImportOptions
from afe.phases import PhaseLog
from afe.pipelines import run_pipeline
from afe.source import read_source
from afe.target import load_target

LANES = 16
"""Output channels that a tile computes at once."""

FEW_LANES = 4
"""A last block of at most so many channels is called wasteful."""

_CONVOLUTIONS = ("mla.conv2d", "mla.depthwise_conv2d", "mla.transpose_conv2d")
_WEIGHTED = ("tosa.conv2d", "tosa.depthwise_conv2d", "tosa.transpose_conv2d")
_SATURATED_SHARE = 0.05
_FEWEST_WEIGHTS = 64


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark.

    `kind`: "fallback" (not on the MLA), "channels", "transpose", "island" or "saturated".
    `location`: name and file:operator index; `reason`: the constraint; `hint`: what helps.
    """

    kind: str
    operator: str
    location: str
    reason: str
    hint: str


@dataclass(frozen=True)
class Check:
    """The findings about a model, fallbacks first."""

    model: str
    findings: tuple[Finding, ...]
    segments: dict[str, int]

    @property
    def fallbacks(self) -> tuple[Finding, ...]:
        """The operators that would run on the Cortex-A65."""
        return tuple(finding for finding in self.findings if finding.kind == "fallback")

    def to_dict(self) -> dict[str, Any]:
        """JSON-able values."""
        return asdict(self)


def check_model(
    path: str | PathLike[str], options: CompileOptions, how: ImportOptions | None = None
) -> Check:
    """Reads and lowers the model. Raises AfeError where `afe compile` would, up to layouts."""
    target = load_target(options.target)
    source = import_phase(lambda: read_source(path, options=how), target, options, PhaseLog(()))
    module = source.module
    saturated = list(_saturated_weights(module.operation))
    run_pipeline(module, f"afe-phase-canonicalize{{batch-size={options.batch_size}}}", options)
    for phase in ("lower", "partition"):
        run_pipeline(module, f"afe-phase-{phase}", options)
    calls = _calls(module.operation)
    counts = {
        processor: sum(call.name == f"{processor.lower()}.call" for call in calls)
        for processor in ("MLA", "A65")
    }
    findings = [*_fallbacks(module.operation), *_islands(calls), *saturated]
    findings += _wasted_channels(module.operation)
    run_pipeline(module, "afe-phase-layout", options)
    findings += _transposes(module.operation)
    return Check(source.name, tuple(dict.fromkeys(findings)), counts)


# --- findings ------------------------------------------------------------------------------------


def _fallbacks(module: ir.Operation) -> Iterator[Finding]:
    from afe.package.read_module import plain

    if "afe.fallbacks" not in module.attributes:
        return
    for entry in plain(module.attributes["afe.fallbacks"]):
        yield Finding(
            "fallback", entry["operator"], entry["location"], entry["reason"], entry["hint"]
        )


def _islands(calls: list[ir.Operation]) -> Iterator[Finding]:
    """Segments of the Cortex-A65 between two of the MLA."""
    for call in calls:
        if call.name != "a65.call":
            continue
        reads = any(_owner_name(operand) == "mla.call" for operand in call.operands)
        feeds = any(
            use.owner.operation.name == "mla.call" for value in call.results for use in value.uses
        )
        if reads and feeds:
            yield Finding(
                "island",
                "a65.segment",
                describe(call.location),
                "it stands between layers of the MLA, which wait for it and for two transfers",
                "bring its operators to the MLA, or move them to the model's beginning or end",
            )


def _wasted_channels(module: ir.Operation) -> Iterator[Finding]:
    for op in _walk(module):
        if op.name not in _CONVOLUTIONS:
            continue
        channels = ir.RankedTensorType(op.results[0].type).shape[-1]
        rest = channels % LANES
        if channels > LANES and 0 < rest <= FEW_LANES:
            padded = channels - rest + LANES
            yield Finding(
                "channels",
                op.name,
                describe(op.location),
                f"its {channels} channels take the time of {padded}",
                f"use {channels - rest} channels, or up to {padded} at no cost",
            )


def _transposes(module: ir.Operation) -> Iterator[Finding]:
    for op in _walk(module):
        if op.name == "mla.transpose":
            yield Finding(
                "transpose",
                op.name,
                describe(op.location),
                "no layout spares this movement of the whole tensor",
                "keep channels last between the layers around it",
            )


def _saturated_weights(module: ir.Operation) -> Iterator[Finding]:
    """Weights of which many stand at the end of their range."""
    for op in _walk(module):
        if op.name not in _WEIGHTED:
            continue
        constant = op.operands[1].owner
        if not isinstance(constant, ir.OpView | ir.Operation) or _name(constant) != "tosa.const":
            continue
        weights = np.asarray(constant.operation.attributes["values"])
        if weights.dtype != np.int8 or weights.size < _FEWEST_WEIGHTS:
            continue
        share = _cut_off(weights, is_depthwise=op.name == "tosa.depthwise_conv2d") / weights.size
        if share >= _SATURATED_SHARE:
            yield Finding(
                "saturated",
                op.name,
                describe(op.location),
                f"{share:.0%} of its weights stand at the end of the int8 range",
                "calibrate the weights' scales anew: larger values are cut off",
            )


def _cut_off(weights: NDArray[np.int8], *, is_depthwise: bool) -> int:
    """Weights at the end of the range, but for one per output channel: that one sets the scale."""
    count = weights.shape[2] * weights.shape[3] if is_depthwise else weights.shape[0]
    ends = (weights == 127) | (weights <= -127)
    by_channel = (
        ends.reshape(-1, count).sum(axis=0) if is_depthwise else ends.reshape(count, -1).sum(axis=1)
    )
    return int(np.maximum(by_channel - 1, 0).sum())


# --- the module ----------------------------------------------------------------------------------


def describe(location: ir.Location) -> str:
    """Name and file:operator of a location; of a fused one the last part's."""
    if location.is_a_fused():
        parts = [text for part in location.locations if (text := describe(part))]
        return parts[-1] if parts else ""
    if location.is_a_name():
        child = location.child_loc
        where = f" ({child.filename}:{child.start_line})" if child.is_a_file() else ""
        return f"{location.name_str}{where}"
    return ""


def _walk(op: ir.Operation) -> Iterator[ir.Operation]:
    """All operations inside, outer ones first."""
    for region in op.regions:
        for block in region.blocks:
            for inner in block.operations:
                yield inner.operation
                yield from _walk(inner.operation)


def _calls(module: ir.Operation) -> list[ir.Operation]:
    return [op for op in _walk(module) if op.name in ("mla.call", "a65.call")]


def _name(op: ir.OpView | ir.Operation) -> str:
    return str(op.operation.name)


def _owner_name(value: ir.Value) -> str:
    owner = value.owner
    return _name(owner) if isinstance(owner, ir.OpView | ir.Operation) else ""
