"""`afe inspect ARCHIVE`: contents and what they are, provenance, batch, chain, cycles per layer."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afe.commands import print_json

if TYPE_CHECKING:
    from afe.package.manifest import Manifest
    from afe.runtime.opened import OpenedArchive

EXAMPLES = """examples:
  afe inspect out/m_mpk.tar.gz
  afe inspect out/m_mpk.tar.gz --json
  afe inspect out/m_mpk.tar.gz --strict

Sizes and SHA-256 of all files are always checked; --strict also holds every JSON and YAML in the
archive against its schema, and decodes and validates every MLA program.
"""

_KINDS = {
    "_mpk.json": "the chain of plugins: what the runtime executes",
    "_manifest.json": "sizes and SHA-256 of all other files, provenance",
    "_mla_stats.yaml": "deterministic cycles per layer",
    "_mla_profile.yaml": "per layer: engines, DRAM, stalls, MACs, sources",
    "pipeline_sequence.json": "order of the pipeline's stages",
    "_mla.lm": "program of an MLA segment",
    "_mla.elf": "program of an MLA segment",
    "_a65.so": "AArch64 code of an A65 segment",
    "_a65.h": "its C interface",
}


def add(parser: argparse.ArgumentParser) -> None:
    """ARCHIVE, --strict, --json."""
    parser.add_argument("archive", metavar="ARCHIVE", help="a *_mpk.tar.gz")
    parser.add_argument(
        "--strict", action="store_true", help="check every file against its schema, every program"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Prints the description."""
    path = Path(arguments.archive)
    description = describe(path, strict=arguments.strict)
    if arguments.json:
        print_json(description)
    else:
        print("\n".join(_lines(description)))
    return 0


def print_description(path: Path) -> None:
    """The description as text."""
    print("\n".join(_lines(describe(path))))


def describe(path: Path, *, strict: bool = False) -> dict[str, Any]:
    """What the archive holds, as JSON-able values; AfeError with one of the loader's codes."""
    from afe.runtime.opened import open_archive

    opened = open_archive(path)
    checked = _check_strictly(opened) if strict else []
    chain = opened.chain
    return {
        "archive": str(path),
        "name": chain.name,
        "files": [_file(name, data, opened.manifest) for name, data in opened.members.items()],
        "provenance": dict(opened.manifest.provenance),
        "checked": checked,
        "desired_batch_size": chain.desired_batch,
        "actual_batch_size": chain.actual_batch,
        "inputs": [
            {"name": node.name, "scalar": node.type.scalar, "shape": list(node.type.shape)}
            for node in chain.inputs
            if node.state is None
        ],
        "outputs": [
            name
            for name, state in zip(chain.output_names, chain.output_states, strict=True)
            if state is None
        ],
        "states": [
            {"name": node.state.name, "scalar": node.type.scalar, "shape": list(node.type.shape)}
            for node in chain.inputs
            if node.state is not None
        ],
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
        "layers": _layers(opened.members),
    }


def _check_strictly(opened: OpenedArchive) -> list[str]:
    """Names of the files that were held against a schema or decoded and validated."""
    from afe.package.validation import validate_members
    from afe.runtime.mla import MlaProgram

    checked = validate_members(opened.members)
    for plugin in opened.chain.plugins:
        if plugin.processor == "MLA":
            program = opened.members[plugin.executable]
            MlaProgram(plugin.name, program, plugin.config).validate()
            checked.append(plugin.executable)
    return checked


def _file(name: str, data: bytes, manifest: Manifest) -> dict[str, Any]:
    digest = next((entry.sha256 for entry in manifest.files if entry.name == name), "")
    kinds = (text for suffix, text in _KINDS.items() if name.endswith(suffix))
    default = "configuration of one stage" if name.startswith("0_") else ""
    return {
        "name": name,
        "bytes": len(data),
        "what": next(kinds, default),
        "sha256": digest,
    }


def _layers(members: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """The rows of every `*_mla_stats.yaml`, in the stages' order; AfeError SCHEMA_ERROR."""
    from afe.package.validation import read_stats

    rows: list[dict[str, Any]] = []
    for name, data in members.items():
        if name.endswith("_mla_stats.yaml"):
            rows += read_stats(name, data)
    return rows


def _lines(description: Mapping[str, Any]) -> list[str]:
    lines = [description["archive"]]
    lines += [
        f"  {file['bytes']:>12,}  {file['name']:<40} {file['what']}".rstrip()
        for file in description["files"]
    ]
    lines += _provenance_lines(description["provenance"])
    if description["checked"]:
        lines.append(f"strict: {len(description['checked'])} files hold what is documented")
    lines.append(
        f"batch: desired {description['desired_batch_size']}, "
        f"actual {description['actual_batch_size']}"
    )
    lines.append("inputs:")
    lines += [
        f"  {node['name']}: {node['scalar']}{node['shape']}" for node in description["inputs"]
    ]
    if description["states"]:
        lines.append("states, from run to run:")
    lines += [
        f"  {node['name']}: {node['scalar']}{node['shape']}" for node in description["states"]
    ]
    lines.append("plugins:")
    lines += [_plugin_line(plugin) for plugin in description["plugins"]]
    lines.append("outputs: " + ", ".join(description["outputs"]))
    return lines + _layer_lines(description["layers"])


def _provenance_lines(provenance: Mapping[str, Any]) -> list[str]:
    """One line per fact; nested ones as key=value."""
    lines = ["provenance:"]
    for key, value in provenance.items():
        if key == "calibration" and value is not None:
            value = _calibration_text(value)
        elif isinstance(value, dict):
            value = " ".join(f"{name}={entry}" for name, entry in value.items())
        lines.append(f"  {key}: {'none' if value is None else value}")
    return lines


def _calibration_text(calibration: object) -> str:
    """Method, samples and schemes; the ranges are in the manifest."""
    fields = calibration if isinstance(calibration, dict) else {}
    kept = ("method", "samples", "activations", "weights", "bias_correction")
    ranges = fields.get("ranges")
    count = len(ranges) if isinstance(ranges, dict) else 0
    return ", ".join(f"{key} {fields.get(key)}" for key in kept) + f", {count} ranges"


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
