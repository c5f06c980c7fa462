"""`afe diff A B`: what changed between two archives; exit status 1 where something did."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from afe.commands import print_json
from afe.commands.terminal import styled

if TYPE_CHECKING:
    from afe.package.difference import Change, Difference, LayerChange

EXAMPLES = """examples:
  afe diff before/m_mpk.tar.gz after/m_mpk.tar.gz
  afe diff before/m_mpk.tar.gz after/m_mpk.tar.gz --json

Compared are files, provenance with options, the chain of plugins, cycles per segment, and per layer
cycles, engines, DRAM traffic, stalls and MACs. Exit status: 0 the same, 1 different, 2 an error.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """A, B, --json."""
    parser.add_argument("before", metavar="A", help="a *_mpk.tar.gz")
    parser.add_argument("after", metavar="B", help="a *_mpk.tar.gz")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Prints the changes."""
    from afe.package.difference import difference
    from afe.runtime.opened import open_archive

    result = difference(open_archive(arguments.before), open_archive(arguments.after))
    if arguments.json:
        print_json(result.to_dict())
    else:
        print("\n".join(_lines(result)))
    return 0 if result.same else 1


def _lines(result: Difference) -> list[str]:
    if result.same:
        return ["the same: no file, option, plugin or cycle differs"]
    lines = _section("files", result.files)
    lines += _section("provenance", result.provenance)
    lines += _section("chain", result.chain)
    lines += _section("cycles", result.cycles)
    if result.layers:
        lines.append("layers:")
        for layer in result.layers:
            lines += _layer_lines(layer)
    return lines


def _section(title: str, changes: Sequence[Change]) -> list[str]:
    return [f"{title}:", *(f"  {_change(change)}" for change in changes)] if changes else []


def _layer_lines(layer: LayerChange) -> list[str]:
    before, after = layer.before_cycles, layer.after_cycles
    if before is None:
        return [f"  + {layer.name}: {after:,} cycles"]
    if after is None:
        return [f"  - {layer.name}: {before:,} cycles"]
    moved = f" ({after - before:+,})" if after != before else ""
    head = f"  {layer.name}: {before:,} -> {after:,} cycles{moved}"
    return [head, *(f"      {_change(change)}" for change in layer.changes)]


def _change(change: Change) -> str:
    if change.before is None:
        return styled(f"+ {change.what}: {_value(change.after)}", "green")
    if change.after is None:
        return styled(f"- {change.what}: {_value(change.before)}", "red")
    return f"{change.what}: {_value(change.before)} -> {_value(change.after)}"


def _value(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
