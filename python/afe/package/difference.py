"""What changed between two archives: files, provenance, chain, cycles, and the plan of every layer.

Two archives of different names may be compared: their file names are taken without the archive's
own. Layers are matched by segment and name, plugins by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from afe.package.validation import read_profile
from afe.runtime.opened import OpenedArchive

_MISSING = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs; None stands for one that is not there, or is null."""

    what: str
    before: Any
    after: Any


@dataclass(frozen=True)
class LayerChange:
    """A layer's cycles in both archives (None: not there) and everything else that changed."""

    name: str
    before_cycles: int | None
    after_cycles: int | None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Difference:
    """All changes, empty where two archives are the same."""

    files: tuple[Change, ...] = ()
    provenance: tuple[Change, ...] = ()
    chain: tuple[Change, ...] = ()
    cycles: tuple[Change, ...] = ()
    layers: tuple[LayerChange, ...] = field(default=())

    @property
    def same(self) -> bool:
        """Whether nothing changed."""
        return not (self.files or self.provenance or self.chain or self.cycles or self.layers)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able values, with `same`."""
        return {"same": self.same, **asdict(self)}


def difference(before: OpenedArchive, after: OpenedArchive) -> Difference:
    """What changed from `before` to `after`; AfeError SCHEMA_ERROR for a malformed profile."""
    return Difference(
        files=tuple(_changes(_files(before), _files(after))),
        provenance=tuple(
            _changes(_flat(before.manifest.provenance), _flat(after.manifest.provenance))
        ),
        chain=tuple(_changes(_chain(before), _chain(after))),
        cycles=tuple(_changes(_cycles(before), _cycles(after))),
        layers=tuple(_layer_changes(_layers(before), _layers(after))),
    )


def _files(archive: OpenedArchive) -> dict[str, str]:
    """Size and hash by name, the archive's own name taken off."""
    return {
        _generic(archive, entry.name): f"{entry.bytes} bytes, SHA-256 {entry.sha256[:12]}"
        for entry in archive.manifest.files
    }


def _generic(archive: OpenedArchive, name: str) -> str:
    prefix = archive.chain.name + "_"
    return "*_" + name.removeprefix(prefix) if name.startswith(prefix) else name


def _chain(archive: OpenedArchive) -> dict[str, Any]:
    """The chain flattened; what other sections show, and sequences, which follow, are left out."""
    flat: dict[str, Any] = {}
    for node in archive.document["input_nodes"]:
        flat |= _flat(node, f"input '{node['name']}'")
    for plugin in archive.document["plugins"]:
        config = {k: v for k, v in plugin["config_params"].items() if k not in ("cycles", "target")}
        shown = {key: plugin[key] for key in ("processor", "input_nodes", "output_nodes")}
        executable = _generic(archive, plugin["resources"]["executable"])
        flat |= _flat(shown | {"config": config, "executable": executable}, plugin["name"])
    return flat


def _cycles(archive: OpenedArchive) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for plugin in archive.chain.plugins:
        if plugin.processor == "MLA":
            flat |= _flat(plugin.config["cycles"], plugin.name)
            flat |= _flat(plugin.config["target"], f"{plugin.name}.target")
    return flat


def _layers(archive: OpenedArchive) -> dict[str, Mapping[str, Any]]:
    """The profile's layers by name; a repeated one is numbered."""
    layers: dict[str, Mapping[str, Any]] = {}
    for member, data in archive.members.items():
        if not member.endswith("_mla_profile.yaml"):
            continue
        for layer in read_profile(member, data)["layers"]:
            name, number = layer["name"], 1
            while name in layers:
                number += 1
                name = f"{layer['name']} ({number})"
            layers[name] = layer
    return layers


def _layer_changes(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> Iterator[LayerChange]:
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            yield LayerChange(name, _cycles_of(old), _cycles_of(new))
            continue
        changes = tuple(_changes(_plan(old), _plan(new)))
        if changes or old["cycles"] != new["cycles"]:
            yield LayerChange(name, old["cycles"], new["cycles"], changes)


def _cycles_of(layer: Mapping[str, Any] | None) -> int | None:
    return None if layer is None else int(layer["cycles"])


def _plan(layer: Mapping[str, Any]) -> dict[str, Any]:
    """What was planned for a layer: engines, DRAM, MACs, stalls; shares follow from those."""
    kept = ("engines", "dram", "stalls", "macs", "sources")
    return _flat({key: layer[key] for key in kept})


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key in [*before, *(key for key in after if key not in before)]:
        old, new = before.get(key, _MISSING), after.get(key, _MISSING)
        if old != new:
            yield Change(key, None if old is _MISSING else old, None if new is _MISSING else new)


def _flat(value: object, prefix: str = "") -> dict[str, Any]:
    """Leaves by path; lists of plain values are leaves."""
    if isinstance(value, Mapping):
        pairs = [(f"{prefix}.{key}" if prefix else str(key), entry) for key, entry in value.items()]
    elif isinstance(value, list) and any(isinstance(entry, (dict, list)) for entry in value):
        pairs = [(f"{prefix}[{index}]", entry) for index, entry in enumerate(value)]
    else:
        return {prefix: value}
    flat: dict[str, Any] = {}
    for path, entry in pairs:
        flat |= _flat(entry, path)
    return flat
