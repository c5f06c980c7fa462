"""How good the schedules are: cycles over the machine's lower bound, models × batches × targets.

    python benchmarks/schedule.py [--models NAME|FILE…] [--batches N…] [--targets NAME…]
                                  [--quick] [--jobs N] [--json [FILE]]
                                  [--check FILE] [--update FILE]

Models are networks of benchmarks/networks and files; by default all networks and all files in
../shared/models. Cycles, bytes and instructions are exact and the same on every machine, seconds
and megabytes (of the whole compile process) are not. `--check` fails where a figure is worse
than in a ratchet file, `--update` writes the better figures to it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from benchmarks import networks, ratchet  # noqa: E402
from benchmarks.goals import goal_of  # noqa: E402
from benchmarks.measure import (  # noqa: E402
    CompilationFailed,
    compile_once,
    program_figures,
)
from benchmarks.table import table_lines  # noqa: E402

SHARED_MODELS = PROJECT.parent / "shared" / "models"
SUFFIXES = (".tflite", ".onnx", ".mlir", ".mlirbc", ".sima")
TARGETS = ("mlsoc", "edge", "tiny")

_SMALL = ("mlperf_tiny_ic", "mlperf_tiny_kws", "mlperf_tiny_vww", "mlperf_tiny_ad")
_MOBILE = ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large")
QUICK: Sequence[tuple[str, int, Sequence[str]]] = (
    ("mlsoc", 1, (*_SMALL, *_MOBILE, "resnet18", "resnet50", "efficientnet_b0", "densenet121")),
    ("mlsoc", 1, ("yolo_320", "vit_ti", "unet_256")),
    ("mlsoc", 16, (*_SMALL, *_MOBILE, "resnet50", "yolo_320")),
    ("edge", 1, (*_SMALL, *_MOBILE, "resnet18")),
    ("tiny", 1, (*_SMALL, "mobilenet_v1", "resnet18")),
)
"""Target, batch, networks: what every change is held to, below two minutes on two cores."""


@dataclass(frozen=True, slots=True)
class Case:
    """One row: a network's name or a model file, images asked for, target."""

    model: str
    batch: int
    target: str

    @property
    def label(self) -> str:
        """The row's model: files without their folders."""
        return self.model if self.model in networks.NETWORKS else Path(self.model).name


def main() -> int:
    """Measures, prints, and compares with a ratchet; see `--help`."""
    options = _parser().parse_args()
    try:
        before = _known(options)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        rows = measure_all(_cases(options), Path(folder), options.jobs, options.timeout)
    _print(rows, options.json)
    if before is None:
        return 0
    changes = ratchet.compare(before, rows)
    _report(changes, rows, before)
    if options.update:
        ratchet.write(options.update, ratchet.updated(before, rows))
    return 1 if any(change.is_worse for change in changes) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", metavar="NAME|FILE", help="default: all")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 16], metavar="N")
    parser.add_argument("--targets", nargs="+", default=["mlsoc"], metavar="NAME|FILE")
    parser.add_argument("--quick", action="store_true", help="the rows every change is held to")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="compilations at a time")
    parser.add_argument("--timeout", type=float, default=1800, metavar="SECONDS", help="per row")
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE", help="default: stdout")
    parser.add_argument("--check", type=Path, metavar="FILE", help="fail where a figure is worse")
    parser.add_argument("--update", type=Path, metavar="FILE", help="write better figures to it")
    return parser


def _known(options: argparse.Namespace) -> Mapping[str, ratchet.Entry] | None:
    """The ratchet to compare with, None where none was given."""
    path = options.check or options.update
    if path is None:
        return None
    if options.update and not path.exists():
        return {}
    return ratchet.read(path)


def _cases(options: argparse.Namespace) -> list[Case]:
    if options.quick:
        return [Case(name, batch, target) for target, batch, names in QUICK for name in names]
    models = options.models or [*networks.NETWORKS, *map(str, _shared_models())]
    return [
        Case(model, batch, target)
        for model in models
        for target in options.targets
        for batch in options.batches
    ]


def _shared_models() -> list[Path]:
    if not SHARED_MODELS.is_dir():
        print(f"no model files: there is no folder {SHARED_MODELS}", file=sys.stderr)
        return []
    return sorted(path for path in SHARED_MODELS.iterdir() if path.suffix in SUFFIXES)


def measure_all(
    cases: Sequence[Case], folder: Path, jobs: int, timeout: float
) -> list[dict[str, Any]]:
    """A row per case, in their order; networks are written into `folder` first."""
    files = {case.model: _file_of(case.model, folder) for case in cases}
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        rows = pool.map(lambda case: measure(case, files[case.model], timeout), cases)
        return list(_with_progress(rows, len(cases)))


def _with_progress(rows: Iterator[dict[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows, 1):
        outcome = row.get("error") or f"{row['ratio']:.3f}"
        print(f"[{number}/{count}] {ratchet.key_of(row)}: {outcome}", file=sys.stderr, flush=True)
        yield row


def _file_of(model: str, folder: Path) -> Path:
    if model not in networks.NETWORKS:
        return Path(model)
    path = folder / f"{model}.mlirbc"
    networks.write(networks.build(model), path)
    return path


def measure(case: Case, file: Path, timeout: float) -> dict[str, Any]:
    """The row of one case; `error` in place of figures where it cannot be compiled."""
    row: dict[str, Any] = {"model": case.label, "batch": case.batch, "target": case.target}
    flags = ["--batch-size", str(case.batch), "--target", case.target]
    with tempfile.TemporaryDirectory() as folder:
        try:
            compiled = compile_once(file, Path(folder), *flags, timeout_seconds=timeout)
        except CompilationFailed as error:
            return row | {"error": str(error)}
        report = compiled.report
        program = program_figures(Path(folder) / Path(report["archive"]).name)
    total, actual = report["cycles"]["total"], report["actual_batch_size"]
    if program.wall_cycles != total["wall"]:
        return row | {
            "error": f"{total['wall']:,} cycles predicted, {program.wall_cycles:,} simulated"
        }
    ratio = total["wall"] / total["lower_bound"] if total["lower_bound"] else float("inf")
    goal = goal_of(case.label, case.batch, case.target)
    return row | {
        "actual_batch": actual,
        "batch_limit_reason": report["batch_limit_reason"],
        "segments": report["segments"],
        "fallbacks": len(report["fallbacks"]),
        "deterministic_cycles": total["deterministic"],
        "stall_cycles": total["stalls"],
        "wall_cycles": total["wall"],
        "wall_cycles_per_image": total["wall"] / actual,
        "lower_bound": total["lower_bound"],
        "bound_terms": total["bound_terms"],
        "ratio": ratio,
        "goal": goal,
        "goal_is_met": None if goal is None else ratio <= goal,
        "dram_bytes": program.dram_bytes,
        "peak_l1_bytes": report["peak_bytes"]["L1"],
        "peak_l2_bytes": report["peak_bytes"]["L2"],
        "instructions": program.instructions,
        "instruction_bytes": program.instruction_bytes,
        "compile_user_seconds": compiled.user_seconds,
        "compile_peak_megabytes": compiled.peak_megabytes,
    }


def _print(rows: Sequence[Mapping[str, Any]], json_file: str | None) -> None:
    if json_file == "-":
        print(json.dumps(rows, indent=1))
        return
    if json_file:
        Path(json_file).write_text(json.dumps(rows, indent=1) + "\n")
    print("\n".join(table_lines(rows)))


def _report(
    changes: Sequence[ratchet.Change],
    rows: Sequence[Mapping[str, Any]],
    before: Mapping[str, ratchet.Entry],
) -> None:
    """On stderr, so that JSON on stdout stays JSON."""
    for change in changes:
        print(f"{'worse' if change.is_worse else 'better'}: {change}", file=sys.stderr)
    for row in rows:
        if ratchet.key_of(row) not in before and "error" not in row:
            print(f"new: {ratchet.key_of(row)}", file=sys.stderr)
    if any(not change.is_worse for change in changes):
        print("hold what got better with --update FILE", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
