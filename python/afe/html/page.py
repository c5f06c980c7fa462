"""The page: summary, time, layers, memory, chain, and why the schedule is as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from afe.html.markup import hue_of, section, table, tag
from afe.html.memory import memory_map
from afe.html.style import CSS
from afe.html.timeline import timeline
from afe.package.report import CompileReport
from afe.package.validation import read_profile
from afe.runtime.mla import program_target
from afe.runtime.opened import OpenedArchive
from afe.runtime.schema import Plugin


def report_page(opened: OpenedArchive, report: CompileReport | None = None) -> str:
    """The report on an archive; with the compilation's own, its decisions and fallbacks are in it.

    Raises AfeError INVALID_ARCHIVE or SCHEMA_ERROR for an archive that cannot be read.
    """
    chain = opened.chain
    parts = [_summary(opened), *_off_the_mla(opened, report)]
    for plugin in chain.plugins:
        if plugin.processor == "MLA":
            decisions = report.decisions.get(plugin.name, ()) if report else ()
            parts += _segment(opened, plugin, decisions)
    parts += [_chain(opened), _files(opened), _provenance(opened)]
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(chain.name)}: report</title><style>{CSS}</style>"
    )
    body = tag("main", tag("h1", escape(chain.name)) + "".join(parts))
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


# --- the whole -----------------------------------------------------------------------------------


def _summary(opened: OpenedArchive) -> str:
    chain = opened.chain
    mla = [plugin for plugin in chain.plugins if plugin.processor == "MLA"]
    cycles = {
        key: sum(int(plugin.config["cycles"][key]) for plugin in mla)
        for key in ("wall", "deterministic", "stalls", "lower_bound")
    }
    tiles = [
        ("wall cycles", f"{cycles['wall']:,}"),
        ("of the lower bound", _share(cycles["wall"], cycles["lower_bound"])),
        ("deterministic", f"{cycles['deterministic']:,}"),
        ("stalls", f"{cycles['stalls']:,}"),
        ("batch, of desired", f"{chain.actual_batch} of {chain.desired_batch}"),
    ]
    for processor in ("MLA", "EV74", "A65"):
        count = sum(plugin.processor == processor for plugin in chain.plugins)
        tiles.append((f"{processor} plugins", str(count)))
    shown = "".join(
        tag("div", tag("b", escape(value)) + tag("span", escape(name)), class_="tile")
        for name, value in tiles
    )
    reason = next((plugin.config.get("batch_limit_reason") for plugin in mla), "")
    note = tag("p", escape(f"The batch is not larger: {reason}.")) if reason else ""
    return tag("section", tag("div", shown, class_="tiles") + note)


def _off_the_mla(opened: OpenedArchive, report: CompileReport | None) -> Iterator[str]:
    """Fallbacks by operator where they are known, else the segments of the Cortex-A65."""
    if report is not None and report.fallbacks:
        rows = [
            [escape(text) for text in (f.operator, f.location, f.reason, f.hint)]
            for f in report.fallbacks
        ]
        head = ("operator", "where", "why", "what would help")
        yield section("Not on the MLA", "Operators that run elsewhere.", table(head, rows))
        return
    hosts = [plugin.name for plugin in opened.chain.plugins if plugin.processor == "A65"]
    if hosts:
        text = f"Segments on the Cortex-A65: {', '.join(hosts)}. 'afe check MODEL' says why."
        yield section("Not on the MLA", text)


def _chain(opened: OpenedArchive) -> str:
    rows = [
        [
            escape(plugin.processor),
            escape(plugin.name),
            escape(plugin.executable if plugin.processor != "EV74" else plugin.kernel),
            escape(", ".join(plugin.inputs)),
            escape(", ".join(f"{t.scalar}{list(t.shape)}" for t in plugin.output_types)),
        ]
        for plugin in opened.chain.plugins
    ]
    head = ("processor", "plugin", "what", "reads", "gives")
    return section("Chain", "Plugins in the order in which they run.", table(head, rows))


def _files(opened: OpenedArchive) -> str:
    rows = [[escape(name), f"{len(data):,}"] for name, data in opened.members.items()]
    return section("Files", "What the archive holds.", table(("name", "bytes"), rows, [1]))


def _provenance(opened: OpenedArchive) -> str:
    rows = [
        [escape(str(key)), escape(_plain(value))]
        for key, value in opened.manifest.provenance.items()
    ]
    return section("Origin", "From the manifest.", table(("what", "value"), rows))


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(entry)}" for key, entry in value.items())
    return "none" if value is None else str(value)


# --- one segment ---------------------------------------------------------------------------------


def _segment(opened: OpenedArchive, plugin: Plugin, decisions: Sequence[Any]) -> Iterator[str]:
    from afe import _sim

    target = program_target(plugin.config, plugin.name)
    fields = target.as_dict()
    program = _sim.load(opened.members[plugin.executable]).to_dict()
    name = plugin.name
    text = (
        "Engines of every quad over deterministic time, one colour per layer, and DRAM requests "
        "from issue to due; point for details."
    )
    yield section(f"{name}: time", text, timeline(program, fields))
    profile = _profile(opened, plugin)
    if profile is not None:
        yield _layers(name, profile)
    maps = [memory_map(program, "l2", target.fields["l2_bytes"])]
    maps.append(memory_map(program, "l1", target.fields["l1_bytes"]))
    text = "Addresses over time up to the highest used: L2 first, then the L1 of quad 0."
    yield section(f"{name}: memory", text, *maps)
    if decisions:
        yield _decisions(name, decisions)


def _profile(opened: OpenedArchive, plugin: Plugin) -> dict[str, Any] | None:
    stem = plugin.executable.rpartition(".")[0]
    file = f"{stem}_profile.yaml"
    return read_profile(file, opened.members[file]) if file in opened.members else None


def _layers(name: str, profile: Mapping[str, Any]) -> str:
    layers = profile["layers"]
    most = max((layer["cycles"] + _stalls(layer) for layer in layers), default=1)
    rows = [_layer_row(number, layer, most) for number, layer in enumerate(layers)]
    engines = ("tensor", "output", "vector", "load", "store")
    head = ("layer", "cycles", "", "% of bound", *engines, "DRAM bytes", "stalls", "MACs", "% peak")
    totals = profile["stalls"]
    text = (
        f"Cycles and what the engines did, summed over quads. Stalls in all: "
        f"{sum(totals.values()):,}, of which {totals['prologue']:,} before the first instruction."
    )
    return section(f"{name}: layers", text, table(head, rows, [1, *range(3, 13)]))


def _layer_row(number: int, layer: Mapping[str, Any], most: int) -> list[str]:
    stalls = _stalls(layer)
    bar = "".join(
        tag("i", class_=kind, style=f"width:{100 * part / max(1, most):.1f}%;--h:{hue_of(number)}")
        for kind, part in (("layer", layer["cycles"]), ("stall", stalls))
    )
    sources = "; ".join(layer["sources"])
    return [
        tag("span", escape(layer["name"].rpartition("/")[2]), title=sources),
        f"{layer['cycles']:,}",
        tag("div", bar, class_="bar"),
        f"{layer['percent_of_bound']:.1f}",
        *(f"{count:,}" for count in layer["engines"].values()),
        f"{layer['dram']['bytes']:,}",
        f"{stalls:,}",
        f"{layer['macs']:,}",
        f"{layer['percent_of_peak']:.1f}",
    ]


def _stalls(layer: Mapping[str, Any]) -> int:
    return sum(int(count) for count in layer["stalls"].values())


def _decisions(name: str, decisions: Sequence[Any]) -> str:
    from afe.explain import layer_lines

    blocks = []
    for layer in decisions:
        lines = layer_lines(name, layer, {name: decisions})
        body = tag("pre", escape("\n".join(lines)))
        blocks.append(tag("details", tag("summary", escape(layer.layer)) + body))
    text = "Why each layer is scheduled as it is, and what came second."
    return section(f"{name}: decisions", text, *blocks)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"
