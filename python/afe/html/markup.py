"""Pieces of HTML and SVG as text; everything that comes from a model is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

WIDTH = 1200
"""Units across a drawing; the page scales it."""
LEFT = 96
"""Units for the names of the lanes."""

TICKS = 8


def tag(name: str, content: str = "", **attributes: object) -> str:
    """An element; an attribute's underscores are hyphens, `class_` is `class`."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>"


def section(title: str, text: str, *content: str) -> str:
    """A heading, a sentence, and what follows."""
    return tag("section", tag("h2", escape(title)) + tag("p", escape(text)) + "".join(content))


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """A table of cells that are HTML already; columns `numbers` are set to the right."""
    right = set(numbers)

    def cells(kind: str, row: Sequence[str]) -> str:
        return "".join(
            tag(kind, cell, class_="n") if column in right else tag(kind, cell)
            for column, cell in enumerate(row)
        )

    body = "".join(tag("tr", cells("td", row)) for row in rows)
    whole = tag("thead", tag("tr", cells("th", [escape(text) for text in head])))
    return tag("div", tag("table", whole + tag("tbody", body)), class_="scroll")


def rectangle(
    x: float, y: float, width: float, height: float, kind: str, text: str, hue: int | None = None
) -> str:
    """A rectangle that shows `text` under the pointer."""
    colour = {} if hue is None else {"style": f"--h:{hue}"}
    return tag(
        "rect",
        tag("title", escape(text)),
        x=f"{x:.2f}",
        y=f"{y:.2f}",
        width=f"{max(width, 0.4):.2f}",
        height=f"{height:.2f}",
        class_=kind,
        **colour,
    )


def label(x: float, y: float, text: str, anchor: str = "end") -> str:
    """A text in a drawing."""
    return tag("text", escape(text), x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor)


def drawing(height: float, *content: str, title: str) -> str:
    """An SVG as wide as the page."""
    return tag(
        "svg",
        tag("title", escape(title)) + "".join(content),
        viewBox=f"0 0 {WIDTH} {height:.0f}",
        role="img",
        xmlns="http://www.w3.org/2000/svg",
    )


def axis(end: int, y: float, height: float) -> str:
    """Vertical lines with cycles below them."""
    step = _round_step(end / TICKS)
    parts = []
    for cycle in range(0, end + 1, step):
        x = place(cycle, end)
        parts.append(
            tag("line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=f"{y:.0f}", y2=f"{y + height:.0f}")
        )
        parts.append(label(x, y + height + 14, f"{cycle:,}", "middle"))
    return "".join(parts)


def place(cycle: float, end: int) -> float:
    """Where a cycle lies across a drawing."""
    return LEFT + (WIDTH - LEFT - 24) * cycle / max(1, end)


def hue_of(number: int) -> int:
    """A colour for the n-th layer: neighbours are far apart."""
    return number * 137 % 360


def _round_step(least: float) -> int:
    """1, 2 or 5 times a power of ten, at least `least`."""
    power = 1
    while power * 10 < least:
        power *= 10
    return next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= least)
