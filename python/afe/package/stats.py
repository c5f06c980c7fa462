"""`*_mla_stats.yaml`: which layer the deterministic time of an MLA segment belongs to.

Rows stand in the order in which layers end; a row begins where the one before it ended; layers
that end in the same cycle share a row; the last row ends with the deterministic time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from afe.errors import AfeError, ErrorCode
from afe.package.network import LayerEnd, MlaSegment

_PLAIN_YAML = re.compile(r"[A-Za-z_][\w/+.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class StatsRow:
    """One row; both cycles are inclusive."""

    name: str
    start_cycle: int
    end_cycle: int


def stats_rows(segment: str, layers: Sequence[LayerEnd]) -> list[StatsRow]:
    """The rows of a segment whose layers are given in order of their ends."""
    rows: list[StatsRow] = []
    for layer in layers:
        name = f"{segment}/{layer.name}"
        if rows and rows[-1].end_cycle == layer.end_cycle:
            last = rows.pop()
            rows.append(StatsRow(f"{last.name}+{name}", last.start_cycle, last.end_cycle))
            continue
        start = rows[-1].end_cycle + 1 if rows else 0
        if layer.end_cycle < start:
            raise AfeError(ErrorCode.INTERNAL, f"layer '{name}' ends before the one ahead of it")
        rows.append(StatsRow(name, start, layer.end_cycle))
    return rows


def stats_text(segment: MlaSegment) -> str:
    """The YAML of a segment; its last cycle must agree with the deterministic time."""
    rows = stats_rows(segment.name, segment.layers)
    total = int(segment.cycles["deterministic"])
    if rows and rows[-1].end_cycle + 1 != total:
        raise AfeError(
            ErrorCode.INTERNAL,
            f"the layers of {segment.name} end at {rows[-1].end_cycle}, its program at {total}",
        )
    return "".join(_row_text(index, row) for index, row in enumerate(rows)) or "{}\n"


def _row_text(index: int, row: StatsRow) -> str:
    name = row.name if _PLAIN_YAML.fullmatch(row.name) else json.dumps(row.name)
    return (
        f"{index}:\n  name: {name}\n  start_cycle: {row.start_cycle}\n"
        f"  end_cycle: {row.end_cycle}\n"
    )
