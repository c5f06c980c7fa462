"""`*_mla_profile.yaml`: what every layer of an MLA segment costs, and where the time goes.

Counted by the simulator from the encoded program, so stalls are in it: they are what accelerator
mode reports. Cycles of a layer are those of its row in the statistics; the shares of the bound of
all layers and of the prologue sum up to wall / lower bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from afe.errors import AfeError, ErrorCode
from afe.package.network import LayerEnd, MlaSegment
from afe.target import Target

ENGINES = ("tensor", "output", "vector", "load", "store")
STALL_KINDS = ("load", "store", "instructions")

_REQUEST_KINDS = {"to_l2": "load", "from_l2": "store", "instructions": "instructions"}
_LINE_WIDTH = 1 << 20


@dataclass
class _Traffic:
    """What a layer's DRAM requests move, in whole bursts, by kind, and the stalls they cause;
    `decoded` is what compressed bytes become.
    """

    bytes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STALL_KINDS, 0))
    decoded: int = 0
    stalls: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STALL_KINDS, 0))


def profile_text(segment: MlaSegment, target: Target) -> str:
    """The YAML of a segment's program; INTERNAL where the program cannot be decoded."""
    from afe import _sim

    try:
        program = _sim.load(segment.program)
        stats = _sim.stats(program, target.as_dict())
    except (ValueError, RuntimeError) as error:
        message = f"the program of {segment.name} cannot be profiled: {error}"
        raise AfeError(ErrorCode.INTERNAL, message) from error
    document = profile(segment, target, program.traffic(), stats)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(
        document, Dumper=dumper, sort_keys=False, allow_unicode=True, width=_LINE_WIDTH
    )
    return text


def profile(
    segment: MlaSegment, target: Target, program: Mapping[str, Any], stats: Mapping[str, Any]
) -> dict[str, Any]:
    """The profile as plain values, from the program's traffic and the simulator's figures."""
    bound = int(segment.cycles["lower_bound"])
    traffic = _traffic(program, stats, target)
    by_name = _by_name(program["layers"], stats["layers"], traffic)
    layers = []
    for end, cycles in _ends_and_cycles(segment.layers):
        counted, moved = by_name.pop(end.name, ({}, _Traffic()))
        layers.append(_layer(segment.name, end, cycles, counted, moved, target, bound))
    if by_name:
        unknown = ", ".join(sorted(by_name))
        raise AfeError(
            ErrorCode.INTERNAL, f"{segment.name}: layers that the statistics lack: {unknown}"
        )
    total_bytes = int(stats["dram_bytes"])
    requested = sum(sum(entry.bytes.values()) for entry in traffic)
    return {
        "segment": segment.name,
        "batch_size": segment.actual_batch,
        "cycles": {
            key: int(stats[key]) for key in ("wall", "deterministic", "busy", "planned_wait")
        }
        | {"lower_bound": bound, "percent_of_bound": _percent(int(stats["wall"]), bound)},
        "engines": _engine_totals(stats["engines"]),
        "stalls": {"prologue": int(stats["prologue"])}
        | {kind: sum(entry.stalls[kind] for entry in traffic) for kind in STALL_KINDS},
        "dram": {"prologue_bytes": total_bytes - requested, "bytes": total_bytes}
        | {"busy_cycles": _dram_cycles(total_bytes, target)}
        | {"decoded_bytes": sum(entry.decoded for entry in traffic)},
        "layers": layers,
    }


def _layer(
    segment: str,
    end: LayerEnd,
    cycles: int,
    counted: Mapping[str, Any],
    moved: _Traffic,
    target: Target,
    bound: int,
) -> dict[str, Any]:
    engines = counted.get("engines", {})
    macs = int(counted.get("macs", 0))
    dram_bytes = sum(moved.bytes.values())
    return {
        "name": f"{segment}/{end.name}",
        "cycles": cycles,
        "engines": {engine: int(engines.get(engine, 0)) for engine in ENGINES},
        "dram": {
            "busy_cycles": _dram_cycles(dram_bytes, target),
            "bytes": dram_bytes,
            **{f"{kind}_bytes": count for kind, count in moved.bytes.items()},
            "decoded_bytes": moved.decoded,
        },
        "stalls": dict(moved.stalls),
        "macs": macs,
        "percent_of_peak": _percent(macs, cycles * _peak_macs(target)),
        "percent_of_bound": _percent(cycles + sum(moved.stalls.values()), bound),
        "sources": list(end.sources),
    }


def _ends_and_cycles(layers: Sequence[LayerEnd]) -> list[tuple[LayerEnd, int]]:
    """Every layer with the cycles from the end before it; 0 for one that ends with another."""
    begins = [-1, *(layer.end_cycle for layer in layers)]
    return [(layer, layer.end_cycle - begin) for layer, begin in zip(layers, begins, strict=False)]


def _traffic(
    program: Mapping[str, Any], stats: Mapping[str, Any], target: Target
) -> list[_Traffic]:
    """DRAM traffic and stalls by the program's layers, in its order."""
    traffic = [_Traffic() for _ in program["layers"]] or [_Traffic()]
    requests = program["requests"]
    for request in requests:
        kind = _REQUEST_KINDS[request["kind"]]
        moved = traffic[request["layer"]]
        moved.bytes[kind] += _request_bytes(request, target)
        moved.decoded += int(request["row_bytes"]) if request["encoded_bytes"] else 0
    for cause in stats["causes"]:
        if cause["request"] >= 0:
            layer = requests[cause["request"]]["layer"]
            traffic[layer].stalls[cause["kind"]] += int(cause["cycles"])
    return traffic


def _request_bytes(request: Mapping[str, Any], target: Target) -> int:
    """Bytes of the bursts a request touches, row by row."""
    burst = target.fields["dram_burst_bytes"]
    if request["kind"] == "instructions":
        return -(-int(request["row_bytes"]) // burst) * burst
    size = int(request["encoded_bytes"] or request["row_bytes"])
    first, stride = (int(request[key]) for key in ("dram", "dram_stride"))
    starts = (first + row * stride for row in range(int(request["rows"])))
    return sum((start + size - 1) // burst - start // burst + 1 for start in starts) * burst


def _by_name(
    names: Sequence[Mapping[str, Any]],
    counts: Sequence[Mapping[str, Any]],
    moved: Sequence[_Traffic],
) -> dict[str, tuple[Mapping[str, Any], _Traffic]]:
    """Layers that have an instruction or a request."""
    return {
        layer["name"]: (count, traffic)
        for layer, count, traffic in zip(names, counts, moved, strict=True)
        if count["start"] >= 0 or any(traffic.bytes.values())
    }


def _engine_totals(quads: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Busy cycles of every engine, summed over the quads."""
    return {engine: sum(int(quad[engine]) for quad in quads) for engine in ENGINES}


def _dram_cycles(count: int, target: Target) -> int:
    """Live cycles that `count` bytes keep the DRAM busy, rounded up."""
    return -(-count * 10 // target.fields["dram_decibytes_per_cycle"])


def _peak_macs(target: Target) -> int:
    fields = target.fields
    return fields["quads"] * fields["tiles"] * fields["tile_inputs"] * fields["tile_outputs"]


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
