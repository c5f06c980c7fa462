"""The decisions of a schedule in sentences and tables: what `afe explain` prints."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from afe.errors import AfeError, ErrorCode
from afe.package.decisions import (
    ENGINES,
    Candidate,
    Cascade,
    Decision,
    RunEnd,
    Tiling,
    binding_engine,
)

Decisions = Mapping[str, Sequence[Decision]]
"""Per MLA segment, in the order of execution."""

_HEADER = ("#", "layer", "start", "end", "busiest engine", "cascade", "split", "tile", "source")
_LEGEND = (
    "split: over the quads, images x rows x channels; tile: images x rows x columns x channels; "
    "cascade: # of its first layer"
)
_HOMES = {
    "L2": "stays in L2",
    "L1": "never leaves L1",
    "DRAM": "lives in DRAM, moved tile by tile",
    "constant": "is a constant in DRAM",
}


def find_layers(decisions: Decisions, wanted: str) -> list[tuple[str, Decision]]:
    """The layers of this name, else those made of the source operator of this name.

    AfeError INVALID_INPUT with the nearest names where there is none.
    """
    layers = [(segment, layer) for segment, part in decisions.items() for layer in part]
    found = [pair for pair in layers if wanted in (pair[1].layer, f"{pair[0]}/{pair[1].layer}")]
    found = found or [pair for pair in layers if wanted in operators_of(pair[1])]
    if found:
        return found
    known = {name: None for _, layer in layers for name in (layer.layer, *operators_of(layer))}
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.4)
    hint = "did you mean " + " or ".join(f"'{name}'" for name in near) if near else ""
    notes = [] if near else [f"layers: {', '.join(layer.layer for _, layer in layers[:8])} …"]
    sentence = f"no layer or operator of the model's MLA part is called '{wanted}'"
    raise AfeError(
        ErrorCode.INVALID_INPUT, f"{sentence}; {hint}" if hint else sentence, notes=notes
    )


def operators_of(layer: Decision) -> list[str]:
    """Names of the model's operators: as they are, and the parts that a converter joined by `;`."""
    parts = [part for source in layer.sources for part in source.split(";")]
    return list(dict.fromkeys([*layer.sources, *filter(None, parts)]))


def table_lines(decisions: Decisions) -> list[str]:
    """A line per layer, aligned; cascades by the number of the line they start in."""
    rows: list[tuple[str, ...]] = [_HEADER]
    for segment, layers in decisions.items():
        first = len(rows)
        numbers = {layer.layer: first + index for index, layer in enumerate(layers)}
        for index, layer in enumerate(layers):
            rows.append(_row(first + index, segment, layer, numbers))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    right = (0, 2, 3)
    lines = []
    for row in rows:
        cells = [
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=False))
        ]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return [*lines, _LEGEND]


def _row(number: int, segment: str, layer: Decision, numbers: Mapping[str, int]) -> tuple[str, ...]:
    engine = layer.binding_engine
    share = f"{engine} {layer.engine_cycles[engine]:,}" if engine else "-"
    cascade = f"of {numbers[layer.run[0]]}" if len(layer.run) > 1 else "-"
    sources = ", ".join(layer.sources)
    return (
        str(number),
        f"{segment}/{layer.layer}",
        f"{layer.start_cycle:,}",
        f"{layer.end_cycle:,}",
        share,
        cascade,
        _split_short(layer),
        _tile_short(layer),
        sources if len(sources) <= 60 else sources[:57] + "...",
    )


def _split_short(layer: Decision) -> str:
    t = layer.tiling
    if layer.kind == "move":
        return "-"
    return f"{t.image_parts}x{t.row_parts}x{t.channel_parts}"


def _tile_short(layer: Decision) -> str:
    t = layer.tiling
    if layer.kind == "move":
        return f"{t.tile_rows} B"
    return f"{t.tile_images}x{t.tile_rows}x{t.tile_columns}x{t.tile_blocks * 16}"


def layer_lines(segment: str, layer: Decision, decisions: Decisions) -> list[str]:
    """Everything about one layer, in sentences."""
    first = next(other for other in decisions[segment] if other.layer == layer.run[0])
    lines = [f"{segment}/{layer.layer}: {layer.kind}, made of {', '.join(layer.sources) or '-'}"]
    lines.append(
        f"  runs from cycle {layer.start_cycle:,} to {layer.end_cycle:,}"
        + (f", of which DRAM holds up {layer.stall_cycles:,}" if layer.stall_cycles else "")
    )
    lines.append(f"  busy cycles per quad: {engines_text(layer.engine_cycles)}")
    if layer.kind == "move":
        lines.append(f"  moves {layer.tiling.tile_rows:,} bytes at a time")
    else:
        lines += _choice_lines(layer, first)
    lines += [
        f"  {tensor.role} {tensor.name}: {tensor.bytes:,} bytes, {_HOMES[tensor.home]}"
        for tensor in layer.tensors
    ]
    return lines + ([f"  {end_text(first)}"] if first.run_end else [])


def _choice_lines(layer: Decision, first: Decision) -> list[str]:
    lines = [f"  {tiling_text(layer.tiling)}"]
    if len(layer.run) > 1:
        lines[0] += " (of the cascade's last result)"
        lines.append(f"  is part of the cascade {', '.join(layer.run)}")
        if first.cascade:
            lines += [f"    {line}" for line in cascade_lines(first.cascade)]
    if layer.alone:
        lines += _alone_lines(layer.alone, layer.runner_up, len(layer.run) > 1)
    return lines


def _alone_lines(alone: Candidate, runner_up: Candidate | None, in_cascade: bool) -> list[str]:
    cycles = alone.tiling.predicted_cycles
    what = "by itself it would need" if in_cascade else "predicted:"
    lines = [f"  {what} {cycles:,} cycles; {engines_text(alone.engine_cycles)}"]
    if in_cascade:
        lines.append(f"    {tiling_text(alone.tiling)}")
    if runner_up:
        other = runner_up.tiling
        more = other.predicted_cycles - cycles
        lines.append(
            f"  next best: {tiling_text(other)}: {other.predicted_cycles:,} cycles "
            f"({more:+,}), {binding_engine(runner_up.engine_cycles)} binds"
        )
    else:
        lines.append("  no other split or loop order fits and makes a difference")
    return lines


def cascade_lines(cascade: Cascade) -> list[str]:
    """What the cascade costs, and its layers one by one."""
    saved = cascade.alone_cycles - cascade.cycles
    return [
        f"predicted: {cascade.cycles:,} cycles; one by one {cascade.alone_cycles:,} ({saved:+,})",
        f"{cascade.tiles} tiles per quad through {cascade.stages} stages; "
        f"{engines_text(cascade.engine_cycles)}",
        f"L1: {cascade.constant_bytes:,} bytes of weights and tables, {cascade.slot_bytes:,} of "
        f"tiles (together in L1: {', '.join(map(str, cascade.slots))})",
    ]


def tiling_text(tiling: Tiling) -> str:
    """Split, tile and order in one phrase."""
    parts = [
        f"{count} {what}"
        for count, what in (
            (tiling.image_parts, "groups of images"),
            (tiling.row_parts, "groups of rows"),
            (tiling.channel_parts, "groups of channels"),
        )
        if count > 1
    ]
    split = " x ".join(parts) + f" over {tiling.quads} quads" if parts else "one quad"
    text = (
        f"{split}, tiles of {_plural(tiling.tile_images, 'image')} x "
        f"{_plural(tiling.tile_rows, 'row')} x {_plural(tiling.tile_columns, 'column')} x "
        f"{tiling.tile_blocks * 16} channels, "
        + (
            "weights stay while pixels pass"
            if tiling.channels_outer
            else "pixels stay while weights pass"
        )
    )
    chunks = tiling.input_chunks * tiling.kernel_chunks
    return f"{text}, input in {chunks} chunks" if chunks > 1 else text


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def engines_text(cycles: Mapping[str, int]) -> str:
    """Engines with work, the one that binds first named."""
    engine = binding_engine(cycles)
    others = [f"{name} {cycles[name]:,}" for name in ENGINES if cycles[name] and name != engine]
    if not engine:
        return "no engine has work"
    return ", ".join([f"{engine} binds with {cycles[engine]:,}", *others])


def end_text(first: Decision) -> str:
    """Why the run does not take in the next layer."""
    assert first.run_end is not None
    run = "the cascade" if len(first.run) > 1 else "it"
    return f"why {run} takes in no further layer: {_reason(first.run_end)}"


def _reason(end: RunEnd) -> str:
    match end.why:
        case "last-layer":
            return "it is the segment's last"
        case "layer":
            return end.detail
        case "constants":
            return f"the weights would need {end.amount:,} bytes of L1, {end.limit:,} are there"
        case "tile":
            return f"no tile fits into {end.limit:,} bytes of L1 beside the weights"
        case "dearer":
            return f"{end.amount:,} cycles together, {end.limit:,} apart"
        case "next-run":
            return "the next layer saves more in the run that it is part of"
        case "effort":
            return f"runs of more than {end.limit} layers are searched with more effort only"
        case "race":
            return (
                f"the best schedule with cascades takes {end.amount:,} cycles, this {end.limit:,}"
            )
        case _:
            return "cascades are disabled"
