"""`afe inspect ARCHIVE`: contents, batch, plugin chain and cycles per layer."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from afe.commands import print_json

EXAMPLES = """examples:
  afe inspect out/m_mpk.tar.gz
  afe inspect out/m_mpk.tar.gz --json
"""


def add(parser: argparse.ArgumentParser) -> None:
    """ARCHIVE, --json."""
    parser.add_argument("archive", metavar="ARCHIVE", help="a *_mpk.tar.gz")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Prints the description."""
    path = Path(arguments.archive)
    if arguments.json:
        print_json(describe(path))
    else:
        print_description(path)
    return 0


def print_description(path: Path) -> None:
    """The description as text."""
    print("\n".join(_lines(describe(path))))


def describe(path: Path) -> dict[str, Any]:
    """What the archive holds, as JSON-able values; AfeError with one of the loader's codes."""
    from afe.archive import find_document, parse_json, read_archive
    from afe.runtime.schema import parse_chain

    members = read_archive(path)
    name = find_document(path, members)
    chain = parse_chain(parse_json(members[name], name))
    return {
        "archive": str(path),
        "name": chain.name,
        "files": [{"name": name, "bytes": len(data)} for name, data in members.items()],
        "desired_batch_size": chain.desired_batch,
        "actual_batch_size": chain.actual_batch,
        "inputs": [
            {"name": node.name, "scalar": node.type.scalar, "shape": list(node.type.shape)}
            for node in chain.inputs
        ],
        "outputs": list(chain.output_names),
        "plugins": [
            {
                "name": plugin.name,
                "processor": plugin.processor,
                "kernel": plugin.kernel,
                "inputs": list(plugin.inputs),
                "outputs": [f"{t.scalar}{list(t.shape)}" for t in plugin.output_types],
                "executable": plugin.executable if plugin.processor != "EV74" else "",
            }
            for plugin in chain.plugins
        ],
        "cycles": {
            plugin.name: plugin.config.get("cycles", {})
            for plugin in chain.plugins
            if plugin.processor == "MLA"
        },
        "layers": _layers(members),
    }


def _layers(members: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """The rows of every `*_mla_stats.yaml`, in the stages' order."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rows: list[dict[str, Any]] = []
    for name, data in members.items():
        if name.endswith("_mla_stats.yaml"):
            rows += (yaml.load(data, Loader=loader) or {}).values()
    return rows


def _lines(description: Mapping[str, Any]) -> list[str]:
    lines = [description["archive"]]
    lines += [f"  {file['bytes']:>12,}  {file['name']}" for file in description["files"]]
    lines.append(
        f"batch: desired {description['desired_batch_size']}, "
        f"actual {description['actual_batch_size']}"
    )
    lines.append("inputs:")
    lines += [
        f"  {node['name']}: {node['scalar']}{node['shape']}" for node in description["inputs"]
    ]
    lines.append("plugins:")
    lines += [_plugin_line(plugin) for plugin in description["plugins"]]
    lines.append("outputs: " + ", ".join(description["outputs"]))
    return lines + _layer_lines(description["layers"])


def _plugin_line(plugin: Mapping[str, Any]) -> str:
    what = plugin["executable"] or plugin["kernel"]
    shapes = ", ".join(plugin["outputs"])
    return f"  {plugin['processor']:<4}  {plugin['name']:<28} {what} -> {shapes}"


def _layer_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [f"{'start':>12} {'end':>12} {'cycles':>10}  layer"] if rows else []
    for row in rows:
        start, end = row["start_cycle"], row["end_cycle"]
        lines.append(f"{start:>12,} {end:>12,} {end - start + 1:>10,}  {row['name']}")
    return lines
