"""Where the model's operators run: decided, saved, edited by hand, given back.

By default everything runs on the MLA that it can do. Where that cuts the network into several
programs, a small one between two pieces for the Cortex-A65 may cost more in handovers than it
saves: then its operators are placed on the A65, too. A placement file names every operator with
its processor; given back, operators that it puts on the A65 stay there, and one that it puts on the
MLA must be able to run there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afe.errors import AfeError, ErrorCode
from afe.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable

    from afe import ir
    from afe.options import CompileOptions

FORMAT = "afe-placement"
VERSION = 1
PULLING = "pulled-islands"
"""The optimisation, as `disable` names it."""

PROCESSORS = ("MLA", "A65", "EV74")
MAX_FILE_BYTES = 64 << 20
MAX_TRIALS = 16
"""Placements that are tried; each trial lowers the network once."""

_HOST_OPERATORS = "afe.host_operators"
_PLACEMENT = "afe.placement"
_SEGMENTS = {"mla.segment": "MLA", "a65.segment": "A65"}
_CONSTANTS = ("tosa.const", "tosa.const_shape", "mla.const")

Placement = Mapping[str, str]
"""Operator to processor, in the model's order."""


# --- files ---------------------------------------------------------------------------------------


def write_placement(path: Path, placement: Placement) -> None:
    """Writes the file; AfeError OUTPUT_FAILED leaves nothing behind."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "operators": [
            {"operator": name, "processor": processor} for name, processor in placement.items()
        ],
    }
    write_atomically(path, [json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"])


def read_placement(path: Path) -> Placement:
    """Reads a file that `write_placement` wrote, edited or not.

    Raises AfeError FILE_NOT_FOUND, FILE_INVALID or UNSUPPORTED_VERSION.
    """
    document = _document(path)
    if document.get("format") != FORMAT:
        raise _invalid(path, f"its 'format' is {document.get('format')!r}, not '{FORMAT}'")
    if document.get("version") != VERSION:
        raise AfeError(
            ErrorCode.UNSUPPORTED_VERSION,
            f"'{path}' is a placement of version {document.get('version')!r}, {VERSION} is read",
        )
    entries = document.get("operators")
    if not isinstance(entries, list):
        raise _invalid(path, "'operators' is no list")
    placement: dict[str, str] = {}
    for number, entry in enumerate(entries):
        name, processor = _entry(path, number, entry)
        if placement.setdefault(name, processor) != processor:
            raise _invalid(path, f"operator '{name}' is placed twice")
    return placement


def _document(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _invalid(path, f"it is larger than {MAX_FILE_BYTES} bytes")
        document = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise AfeError(ErrorCode.FILE_NOT_FOUND, f"there is no file '{path}'") from error
    except (OSError, ValueError, RecursionError) as error:
        raise _invalid(path, str(error)) from error
    if not isinstance(document, dict):
        raise _invalid(path, "it holds no JSON object")
    return document


def _entry(path: Path, number: int, entry: object) -> tuple[str, str]:
    if not isinstance(entry, dict) or not isinstance(entry.get("operator"), str):
        raise _invalid(path, f"entry {number} names no 'operator'")
    if entry.get("processor") not in PROCESSORS:
        raise _invalid(
            path,
            f"operator '{entry['operator']}' is placed on {entry.get('processor')!r}; known are "
            + ", ".join(PROCESSORS),
        )
    return entry["operator"], entry["processor"]


def _invalid(path: Path, text: str) -> AfeError:
    return AfeError(ErrorCode.FILE_INVALID, f"'{path}' is no placement: {text}")


# --- modules -------------------------------------------------------------------------------------


def keep_on_host(module: ir.Module, operators: Sequence[str]) -> None:
    """The lowering leaves these operators to the Cortex-A65."""
    from afe import ir

    with module.context:
        names = ir.ArrayAttr.get([ir.StringAttr.get(name) for name in operators])
        module.operation.attributes[_HOST_OPERATORS] = names


def placement_of(module: ir.Module) -> Placement:
    """Where every operator of a partitioned module runs.

    An operator that runs on several processors counts for the slowest.
    """
    found: dict[str, str] = {}
    for op in module.operation.regions[0].blocks[0].operations:
        operation = op.operation
        if operation.name in _SEGMENTS:
            for inner in _inside(operation):
                _place(found, inner, _SEGMENTS[operation.name])
        elif operation.name == "func.func":
            for inner in _inside(operation):
                if inner.name == "a65.ev74":
                    _place(found, inner, "EV74")
    return found


def remember_placement(module: ir.Module) -> None:
    """Notes the placement of a partitioned module on it, for `remembered_placement`."""
    from afe import ir

    with module.context:
        entries = [
            ir.ArrayAttr.get([ir.StringAttr.get(name), ir.StringAttr.get(processor)])
            for name, processor in placement_of(module).items()
        ]
        module.operation.attributes[_PLACEMENT] = ir.ArrayAttr.get(entries)


def remembered_placement(module: ir.Module) -> Placement:
    """What `remember_placement` noted."""
    from afe.package.read_module import plain

    return dict(plain(module.operation.attributes[_PLACEMENT]))


def check_placement(wanted: Placement, module: ir.Module) -> None:
    """Raises AfeError INVALID_OPTION where a partitioned module is not placed as wanted."""
    got = placement_of(module)
    for name, processor in wanted.items():
        if name not in got:
            raise _not_possible(f"the model has no operator '{name}'", _nearest(name, got))
        if processor == "MLA" and got[name] == "A65":
            raise _not_possible(f"operator '{name}' cannot run on the MLA", _reason(module, name))


def host_operators(
    module: ir.Module,
    options: CompileOptions,
    partition: Callable[[Sequence[str]], ir.Module],
) -> Sequence[str]:
    """The operators that leave the MLA: those that a placement names, else those that are cheaper.

    `module` is partitioned; `partition` does it anew with operators kept on the host.
    """
    if options.placement is not None:
        wanted, got = read_placement(Path(options.placement)), placement_of(module)
        return [name for name, place in wanted.items() if place == "A65" and got.get(name) == "MLA"]
    if PULLING in options.disable:
        return ()
    return cheaper_on_host(module, partition)


def cheaper_on_host(
    module: ir.Module, partition: Callable[[Sequence[str]], ir.Module]
) -> Sequence[str]:
    """Operators of small MLA programs that cost less on the Cortex-A65, between its own pieces.

    In rounds: of all programs but those that left, the one whose leaving shortens the whole most
    leaves, until none does. One stays.
    """
    estimate = _estimate(module)
    programs = [name for name in estimate["segments"] if name.startswith("MLA_")]
    operators = {name: _operators_of(module, name) for name in programs}
    chosen: list[str] = []
    shortest, trials = estimate["total"], 0
    while len(programs) > 1 and trials + len(programs) <= MAX_TRIALS:
        trials += len(programs)
        totals = {
            name: _estimate(partition([*chosen, *operators[name]]))["total"] for name in programs
        }
        best = min(programs, key=lambda name: totals[name])
        if totals[best] >= shortest:
            break
        shortest = totals[best]
        chosen += operators[best]
        programs.remove(best)
    return chosen


def _estimate(module: ir.Module) -> Any:
    from afe.options import CompileOptions
    from afe.package.read_module import plain
    from afe.pipelines import run_pipeline

    run_pipeline(module, "afe-estimate-time", CompileOptions())
    return plain(module.operation.attributes["afe.estimate"])


def _operators_of(module: ir.Module, segment: str) -> list[str]:
    from afe.package.read_module import plain

    for op in module.operation.regions[0].blocks[0].operations:
        operation = op.operation
        if operation.name in _SEGMENTS and plain(operation.attributes["sym_name"]) == segment:
            names = (name for inner in _inside(operation) for name in _names(inner.location))
            return list(dict.fromkeys(names))
    return []


def _place(found: dict[str, str], op: ir.Operation, processor: str) -> None:
    order = ("EV74", "MLA", "A65")
    for name in _names(op.location):
        known = found.get(name, processor)
        found[name] = max(known, processor, key=order.index)


def _inside(op: ir.Operation) -> Iterator[ir.Operation]:
    for view in op.regions[0].blocks[0].operations:
        # Terminators carry the network's own name.
        if view.operation.name not in _CONSTANTS and len(view.operation.results):
            yield view.operation


def _names(location: ir.Location) -> Iterator[str]:
    """The operators that a location names."""
    if location.is_a_fused():
        for part in location.locations:
            yield from _names(part)
    elif location.is_a_name():
        yield location.name_str


def _reason(module: ir.Module, operator: str) -> str:
    from afe.package.read_module import plain

    for entry in plain(module.operation.attributes["afe.fallbacks"]):
        names = entry["location"].rpartition(" (")[0] or entry["location"]
        if operator in names.split(", "):
            return f"{entry['reason']}; {entry['hint']}"
    return "place it on the A65"


def _nearest(name: str, known: Mapping[str, str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{near[0]}'?" if near else "save a placement of this model to start from"


def _not_possible(text: str, note: str) -> AfeError:
    return AfeError(ErrorCode.INVALID_OPTION, f"option 'placement': {text}", notes=[note])
