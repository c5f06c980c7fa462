"""The members of an archive: `*_mpk.json` first, every stage's files, the manifest last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afe.a65.header import header_text
from afe.options import CompileOptions
from afe.package.manifest import SUFFIX as MANIFEST_SUFFIX
from afe.package.manifest import Provenance, manifest_document
from afe.package.network import EV74, Network, binary_names
from afe.package.pipeline import pipeline_files
from afe.package.plugins import build_chain
from afe.package.stats import stats_text
from afe.target import Target
from afe.version import ARCHIVE_VERSION, VERSION


@dataclass(frozen=True)
class Package:
    """An archive's members in order, and the number of plugins per processor."""

    members: Mapping[str, bytes]
    segments: Mapping[str, int]


def build_package(
    network: Network,
    name: str,
    provenance: Provenance,
    target: Target,
    options: CompileOptions | None = None,
    profiles: Mapping[str, str] | None = None,
) -> Package:
    """All members of `<name>_mpk.tar.gz`; `profiles` has the profile's text of MLA segments."""
    options = options or CompileOptions()
    stages = binary_names(network, name, options.binary_suffix)
    binaries = {segment: file_name for segment, (_, file_name) in stages.items()}
    chain = build_chain(network, binaries, target.as_dict())
    document = {
        "name": name,
        "model_path": provenance.model_path,
        "model_checksum": provenance.model_checksum,
        "model_sdk_version": VERSION,
        "afe_format_version": ARCHIVE_VERSION,
        "sequence": 1,
        "input_nodes": list(chain.input_nodes),
        "plugins": list(chain.plugins),
    }
    members = {f"{name}_mpk.json": _json_bytes(document)}
    for segment, (stage, file_name) in stages.items():
        members |= _segment_members(network, name, segment, stage, file_name)
        if profiles and segment in profiles:
            members[f"{name}_stage{stage}_mla_profile.yaml"] = profiles[segment].encode()
    members |= {file: _json_bytes(entry) for file, entry in pipeline_files(chain.plugins).items()}
    manifest = manifest_document(members, provenance, target, options.recorded())
    members[f"{name}{MANIFEST_SUFFIX}"] = _json_bytes(manifest)
    processors = [str(plugin["processor"]) for plugin in chain.plugins]
    counts = {processor: processors.count(processor) for processor in ("MLA", EV74, "A65")}
    return Package(members, counts)


def _segment_members(
    network: Network, name: str, segment: str, stage: int, file_name: str
) -> dict[str, bytes]:
    if segment in network.a65_segments:
        host = network.a65_segment(segment)
        header = header_text(host, file_name).encode()
        return {file_name: host.shared_object, f"{file_name.removesuffix('.so')}.h": header}
    mla = network.mla_segment(segment)
    stats = stats_text(mla).encode()
    return {file_name: mla.program, f"{name}_stage{stage}_mla_stats.yaml": stats}


def _json_bytes(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
