"""Static memory placement on MiniMalloc's instances: the exact search beside the greedy solvers.

Reads every `<name>.<capacity>.csv` of a folder (columns id, lower, upper, size) and places it
within its capacity, on one thread and within a budget of steps.

    python benchmarks/minimalloc.py FOLDER [--steps N] [--json]

--json prints [{instance, capacity, seconds, offsets: {id: offset}}] with what the table shows;
`offsets` is null where the instance was not fitted. The exit status is 1 then, 2 for bad input.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The package of the checkout's build, where the package is not installed.
sys.path.append(str(Path(__file__).resolve().parent.parent / "build/python_packages"))

from afe.errors import AfeError, ErrorCode
from afe.memory import Buffer, place, validate

COLUMNS = ("id", "lower", "upper", "size")


@dataclass(frozen=True)
class Instance:
    """One file: buffers in its order and the capacity of its name."""

    name: str
    capacity: int
    ids: list[str]
    buffers: list[Buffer]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=5_000_000, metavar="N", help="per instance")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        files = sorted(options.folder.glob("*.csv"))
        if not files:
            raise AfeError(ErrorCode.FILE_NOT_FOUND, f"no .csv files in {options.folder}")
        rows = [measure(read(path), options.steps) for path in files]
    except AfeError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(rows, indent=1))
    else:
        print_table(rows)
    return 0 if all(row["fits"] for row in rows) else 1


def read(path: Path) -> Instance:
    """Raises AfeError where the name has no capacity or a row is not made of numbers."""
    capacity = path.stem.rpartition(".")[2]
    if not capacity.isdecimal():
        raise AfeError(ErrorCode.FILE_INVALID, f"{path.name}: expected <name>.<capacity>.csv")
    ids, buffers = [], []
    with path.open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                identifier, *values = (row[column].strip() for column in COLUMNS)
                lower, upper, size = map(int, values)
                buffers.append(Buffer(lower, upper, size, name=f"buffer {identifier}"))
            except (KeyError, ValueError, AttributeError) as error:
                sentence = f"{path.name}:{number}: expected numbers in {', '.join(COLUMNS)}"
                raise AfeError(ErrorCode.FILE_INVALID, sentence) from error
            ids.append(identifier)
    return Instance(path.stem, int(capacity), ids, buffers)


def measure(instance: Instance, steps: int) -> dict[str, Any]:
    """One row: heights of all methods; seconds of the exact one alone."""
    start = time.perf_counter()
    exact = place(instance.buffers, instance.capacity, steps=steps)
    seconds = time.perf_counter() - start
    offence = validate(instance.buffers, exact.offsets, max(instance.capacity, exact.height))
    if offence:
        raise AfeError(ErrorCode.INTERNAL, f"{instance.name}: {offence}")
    greedy = {
        method: place(instance.buffers, instance.capacity, method=method).height
        for method in ("first-fit", "best-fit")
    }
    return {
        "instance": instance.name,
        "capacity": instance.capacity,
        "seconds": round(seconds, 3),
        "offsets": dict(zip(instance.ids, exact.offsets, strict=True)) if exact.fits else None,
        "fits": exact.fits,
        "buffers": len(instance.buffers),
        "first_fit": greedy["first-fit"],
        "best_fit": greedy["best-fit"],
        "exact": exact.height,
        "max_live_load": exact.max_live_load,
        "gap": exact.gap,
        "steps": exact.steps,
        "failure": exact.failure,
    }


def print_table(rows: list[dict[str, Any]]) -> None:
    heads = ["buffers", "first_fit", "best_fit", "exact", "max_live_load", "gap", "capacity"]
    heads += ["steps", "seconds"]
    print("instance        ", *(f"{head:>13}" for head in heads))
    for row in rows:
        print(f"{row['instance']:16}", *(f"{row[head]:>13}" for head in heads))
    for row in rows:
        if row["failure"]:
            print(f"{row['instance']}: {row['failure']}")
    fitted = sum(row["fits"] for row in rows)
    print(f"{fitted} of {len(rows)} fit, {sum(row['seconds'] for row in rows):.1f} s")


if __name__ == "__main__":
    sys.exit(main())
