"""What every engine of every quad does when, and the DRAM's requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afe.html.markup import LEFT, axis, drawing, hue_of, label, place, rectangle

ENGINES = ("tensor", "output", "vector", "load", "store")
LANE = 12.0
RESOLUTION = 1500
"""Gaps below this part of the whole are not drawn, so that a drawing stays small."""

_REQUESTS = {"to_l2": "load", "from_l2": "store", "instructions": "instructions"}


@dataclass
class Span:
    """Cycles from `start` to before `end` in which an engine works on a layer."""

    start: int
    end: int
    layer: int
    count: int = 1


def lanes(
    program: Mapping[str, Any], target: Mapping[str, Any]
) -> dict[tuple[int, str], list[Span]]:
    """Spans by quad and engine; instructions of one layer close to each other are one span."""
    from afe import _sim

    found: dict[tuple[int, str], list[Span]] = {
        (quad, engine): [] for quad in range(program["quads"]) for engine in ENGINES
    }
    gap = program["end_cycle"] // RESOLUTION
    for stream in program["streams"]:
        for instruction in stream:
            start, layer = int(instruction["start"]), int(instruction["layer"])
            end = start + _sim.occupancy(instruction, target)
            for quad in range(program["quads"]):
                if instruction["quads"] >> quad & 1:
                    found[quad, instruction["op"]].append(Span(start, end, layer))
    return {lane: _merged(spans, gap) for lane, spans in found.items()}


def timeline(program: Mapping[str, Any], target: Mapping[str, Any]) -> str:
    """The drawing of one program."""
    end, names = int(program["end_cycle"]), [layer["name"] for layer in program["layers"]]
    parts, y = [], 4.0
    for (quad, engine), spans in lanes(program, target).items():
        if engine == ENGINES[0]:
            y += 4
        parts.append(label(LEFT - 6, y + LANE - 3, f"quad {quad} {engine}"))
        parts += [_span(span, y, end, names, engine) for span in spans]
        y += LANE
    y += 4
    for kind in dict.fromkeys(_REQUESTS.values()):
        parts.append(label(LEFT - 6, y + LANE - 3, f"DRAM {kind}"))
        requests = (r for r in program["requests"] if _REQUESTS[r["kind"]] == kind)
        parts += [_request(request, y, end, names) for request in requests]
        y += LANE
    return drawing(y + 24, axis(end, 4, y), *parts, title="engines over time")


def _merged(spans: Sequence[Span], gap: int) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        last = merged[-1] if merged else None
        if last and last.layer == span.layer and span.start <= last.end + gap:
            last.end, last.count = max(last.end, span.end), last.count + 1
        else:
            merged.append(span)
    return merged


def _span(span: Span, y: float, end: int, names: Sequence[str], engine: str) -> str:
    x = place(span.start, end)
    text = (
        f"{names[span.layer]}: {engine}, cycles {span.start:,} to {span.end - 1:,}, "
        f"{span.count} instruction(s)"
    )
    width = place(span.end, end) - x
    return rectangle(x, y, width, LANE - 2, "layer", text, hue_of(span.layer))


def _request(request: Mapping[str, Any], y: float, end: int, names: Sequence[str]) -> str:
    kind = _REQUESTS[request["kind"]]
    issue, due = int(request["issue"]), max(int(request["due"]), int(request["issue"]) + 1)
    size = int(request["row_bytes"]) * (1 if kind == "instructions" else int(request["rows"]))
    text = f"{kind} of {size:,} bytes for {names[request['layer']]}, cycles {issue:,} to {due:,}"
    x = place(issue, end)
    return rectangle(x, y, place(due, end) - x, LANE - 2, f"dram {kind}", text)
