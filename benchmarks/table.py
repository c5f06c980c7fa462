"""Rows of the schedule benchmark as a table for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import exp, log
from typing import Any

from benchmarks.goals import GEOMETRIC_MEAN_GOAL, GOAL_TARGET, GOALS, LIMITS, network_of

Row = Mapping[str, Any]

COLUMNS: Sequence[tuple[str, Callable[[Row], str]]] = (
    ("batch", lambda row: _batch(row)),
    ("target", lambda row: str(row["target"])),
    ("ratio", lambda row: f"{row['ratio']:.3f}"),
    ("goal", lambda row: _goal(row)),
    ("wall", lambda row: f"{row['wall_cycles']:,}"),
    ("T", lambda row: f"{row['deterministic_cycles']:,}"),
    ("stalls", lambda row: f"{row['stall_cycles']:,}"),
    ("mac", lambda row: f"{row['bound_terms']['mac']:,}"),
    ("output", lambda row: f"{row['bound_terms']['output']:,}"),
    ("vector", lambda row: f"{row['bound_terms']['vector']:,}"),
    ("dram", lambda row: f"{row['bound_terms']['dram']:,}"),
    ("DRAM MB", lambda row: f"{row['dram_bytes'] / 1e6:.2f}"),
    ("L1 KiB", lambda row: f"{row['peak_l1_bytes'] / 1024:.0f}"),
    ("L2 KiB", lambda row: f"{row['peak_l2_bytes'] / 1024:.0f}"),
    ("instr.", lambda row: f"{row['instructions']:,}"),
    ("instr. KiB", lambda row: f"{row['instruction_bytes'] / 1024:.0f}"),
    ("A65", lambda row: f"{row['segments'].get('A65', 0)}"),
    ("user s", lambda row: f"{row['compile_user_seconds']:.2f}"),
    ("MB", lambda row: f"{row['compile_peak_megabytes']:.0f}"),
)


def table_lines(rows: Sequence[Row]) -> list[str]:
    """A header, a line per row, what failed, the batches that were limited, geometric means."""
    good = [row for row in rows if "error" not in row]
    cells = [["model", *(name for name, _ in COLUMNS)]]
    cells += [[str(row["model"]), *(show(row) for _, show in COLUMNS)] for row in good]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = [
        "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    ]
    for row in rows:
        where = f"{row['model']} batch {row['batch']} {row['target']}"
        if "error" in row:
            lines.append(f"failed: {where}: {row['error']}")
        elif row["batch_limit_reason"]:
            lines.append(f"batch {row['actual_batch']}: {where}: {row['batch_limit_reason']}")
    return lines + _limit_lines(good) + _mean_lines(good)


def _batch(row: Row) -> str:
    actual, desired = row["actual_batch"], row["batch"]
    return str(actual) if actual == desired else f"{actual}/{desired}"


def _goal(row: Row) -> str:
    if row["goal"] is None:
        return ""
    return f"{row['goal']:.2f} {'met' if row['goal_is_met'] else 'no'}"


def _limit_lines(rows: Sequence[Row]) -> list[str]:
    """What other figures should be, where a row says something about it."""
    return [
        f"{'met' if limit.met_by(row) else 'not met'}: {row['model']} batch {row['batch']} "
        f"{row['target']}: {limit.key.replace('_', ' ')} {_figure(row[limit.key])} "
        f"(goal: at most {limit.most:,})"
        for limit in LIMITS
        for row in rows
        if limit.met_by(row) is not None
    ]


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"


def _mean_lines(rows: Sequence[Row]) -> list[str]:
    """Over the networks that have a goal, the mean over a network's files counting as one."""
    lines = []
    for batch, goal in GEOMETRIC_MEAN_GOAL.items():
        found: dict[str, list[float]] = {}
        for row in rows:
            if row["target"] == GOAL_TARGET and row["batch"] == batch and row["goal"]:
                found.setdefault(network_of(row["model"]), []).append(row["ratio"])
        if found:
            means = [_geometric_mean(ratios) for ratios in found.values()]
            lines.append(
                f"geometric mean at batch {batch}, {len(found)} of {len(GOALS)} networks with a "
                f"goal: {_geometric_mean(means):.3f} (goal {goal:.2f})"
            )
    return lines


def _geometric_mean(values: Sequence[float]) -> float:
    return exp(sum(log(value) for value in values) / len(values))
