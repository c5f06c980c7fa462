"""The ratchet: figures of schedules that may only get better.

A file in the repository keeps, per model, batch and target, the cycles and DRAM bytes per group
of images, the ratio to the lower bound and the images per group. `compare` names everything that
got worse; `updated` takes over what is not worse. To give something up on purpose, remove its
entry from the file and update.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = 1
Entry = Mapping[str, float]
FIGURES = ("wall_cycles", "dram_bytes", "ratio", "images")
"""Of one group of images; a fall is good for all but the number of images."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure of one row that is not what the ratchet says."""

    row: str
    figure: str
    before: float
    now: float
    is_worse: bool

    def __str__(self) -> str:
        if self.figure == "error":
            return f"{self.row}: compiled before, fails now"
        percent = 100 * (self.now - self.before) / self.before if self.before else 0.0
        return (
            f"{self.row}: {self.figure.replace('_', ' ')} {_shown(self.before)} -> "
            f"{_shown(self.now)} ({percent:+.2f}%)"
        )


def _shown(value: float) -> str:
    return f"{value:,}" if float(value).is_integer() else f"{value:,.4f}"


def entry_of(row: Mapping[str, Any]) -> Entry:
    """What the ratchet keeps of a measured row."""
    return {
        "wall_cycles": row["wall_cycles"],
        "dram_bytes": row["dram_bytes"],
        "ratio": round(row["ratio"], 4),
        "images": row["actual_batch"],
    }


def key_of(row: Mapping[str, Any]) -> str:
    """`model batch N target`, as messages and the file name a row."""
    return f"{row['model']} batch {row['batch']} {row['target']}"


def compare(before: Mapping[str, Entry], rows: Sequence[Mapping[str, Any]]) -> list[Change]:
    """Every difference of the rows that the ratchet knows, the worse ones first."""
    changes: list[Change] = []
    for row in rows:
        key = key_of(row)
        if key not in before:
            continue
        if "error" in row:
            changes.append(Change(key, "error", 0, 0, is_worse=True))
        else:
            changes += _differences(key, before[key], entry_of(row))
    return sorted(changes, key=lambda change: not change.is_worse)


def _differences(key: str, before: Entry, now: Entry) -> list[Change]:
    """Where the number of images is another one, cycles and bytes are compared per image.

    The ratio is then left out: the bound is another one too.
    """
    images = Change(
        key, "images", before["images"], now["images"], now["images"] < before["images"]
    )
    if before["images"] == now["images"]:
        pairs = {name: (before[name], now[name]) for name in ("wall_cycles", "dram_bytes", "ratio")}
        found = []
    else:
        pairs = {
            f"{name}_per_image": (before[name] / before["images"], now[name] / now["images"])
            for name in ("wall_cycles", "dram_bytes")
        }
        found = [images]
    for name, (old, new) in pairs.items():
        if old != new:
            found.append(Change(key, name, old, new, new > old))
    return found


def updated(before: Mapping[str, Entry], rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Entry]:
    """The ratchet with all rows that are new or in no figure worse."""
    worse = {change.row for change in compare(before, rows) if change.is_worse}
    measured = {key_of(row): entry_of(row) for row in rows if "error" not in row}
    return {**before, **{key: entry for key, entry in measured.items() if key not in worse}}


def read(path: Path) -> Mapping[str, Entry]:
    """The file's entries; ValueError where it is no ratchet, OSError where it cannot be read."""
    document = json.loads(path.read_text())
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise ValueError(f"'{path}' is no ratchet of version {VERSION}")
    rows = document.get("rows")
    if not isinstance(rows, dict) or not all(_is_entry(entry) for entry in rows.values()):
        raise ValueError(f"'{path}': every row needs numbers for {', '.join(FIGURES)}")
    return rows


def _is_entry(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and entry.keys() == set(FIGURES)
        and all(isinstance(value, int | float) and value > 0 for value in entry.values())
    )


def write(path: Path, entries: Mapping[str, Entry]) -> None:
    """One row per line, sorted: differences between two versions read well."""
    lines = [f"  {json.dumps(key)}: {json.dumps(entries[key])}" for key in sorted(entries)]
    path.write_text(f'{{"version": {VERSION}, "rows": {{\n' + ",\n".join(lines) + "\n}}\n")
