"""Who lies where in L2 and L1, and how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afe.html.markup import LEFT, axis, drawing, hue_of, label, place, rectangle

HEIGHT = 220.0


def memory_map(program: Mapping[str, Any], memory: str, size: int, quad: int = 0) -> str:
    """One memory: time across, addresses upwards up to the highest that is used."""
    end = int(program["end_cycle"])
    buffers = [
        buffer
        for buffer in program["buffers"]
        if buffer["memory"] == memory and (memory != "l1" or buffer["quads"] >> quad & 1)
    ]
    top = max((int(b["address"]) + int(b["size"]) for b in buffers), default=1)
    parts = [
        label(LEFT - 6, 14, f"{top:,}"),
        label(LEFT - 6, HEIGHT, "0"),
        label(LEFT - 6, HEIGHT / 2, f"of {size >> 10:,} KiB"),
    ]
    for number, buffer in enumerate(buffers):
        first, last = int(buffer["first_use"]), int(buffer["last_use"]) + 1
        address, length = int(buffer["address"]), int(buffer["size"])
        x, height = place(first, end), HEIGHT * length / top
        text = (
            f"{buffer['name']}: {length:,} bytes at {address:,}, cycles {first:,} to {last - 1:,}"
        )
        y = 4 + HEIGHT * (1 - (address + length) / top)
        parts.append(
            rectangle(x, y, place(last, end) - x, max(height, 0.6), "buffer", text, hue_of(number))
        )
    title = f"{memory.upper()} over time"
    return drawing(HEIGHT + 28, axis(end, 4, HEIGHT), *parts, title=title)
