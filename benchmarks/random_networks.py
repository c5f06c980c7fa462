"""Random networks on several targets: compiled, validated, run bit-exact, never below the bound.

    python benchmarks/random_networks.py [--count N] [--seed S] [--targets NAME…] [--jobs N]

Every network runs in a process of its own, so that a crash or a hang is a failure like any other.
What a network consists of and what it is compared with is in tests/properties; a failure is
printed with the arguments that repeat it. Exit status 1 where a network fails.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT / "tests" / "properties"), str(PROJECT / "tests" / "python")]

from check import Case  # noqa: E402
from shrink import failure, shrunk  # noqa: E402

TARGETS = ("mlsoc", "tiny", "edge")
LARGE_EVERY, LARGE_STEPS = 8, 5
"""Every eighth network has tensors beyond L1 (and the L2 of small targets), but fewer of them."""
BATCH_EVERY, BATCH = 5, 3
"""Every fifth network runs four images in groups of three."""


def case_of(seed: int, target: str) -> Case:
    """The experiment of a seed: small or large, one image or a batch."""
    is_large = seed % LARGE_EVERY == 0
    steps = tuple(range(LARGE_STEPS if is_large else 8))
    batch = BATCH if seed % BATCH_EVERY == 0 and not is_large else 1
    return Case(seed, target, steps, is_large, batch)


def main() -> int:
    """Prints failures as they come, and a summary."""
    options = _parser().parse_args()
    cases = [
        case_of(seed, target)
        for seed in range(options.seed, options.seed + options.count)
        for target in options.targets
    ]
    start = time.monotonic()
    failed: list[Case] = []
    for number, (case, message) in enumerate(_outcomes(cases, options.jobs), 1):
        if message:
            failed.append(case)
            _print_failure(case, message, make_small=options.shrink)
        if sys.stderr.isatty():
            print(f"\r{number} of {len(cases)}, {len(failed)} failed", end="", file=sys.stderr)
    _print_summary(cases, failed, time.monotonic() - start)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100, metavar="N", help="per target")
    parser.add_argument("--seed", type=int, default=10_000, metavar="S", help="of the first")
    parser.add_argument("--targets", nargs="+", default=list(TARGETS), metavar="NAME|FILE")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--shrink", action="store_true", help="make failing networks small")
    return parser


def _outcomes(cases: Sequence[Case], jobs: int) -> Iterator[tuple[Case, str]]:
    """Every case with what went wrong, in order; an empty text is success."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max(1, jobs), mp_context=context) as pool:
        yield from zip(cases, pool.map(failure, cases), strict=True)


def _print_failure(case: Case, message: str, *, make_small: bool) -> None:
    if make_small:
        case, message = shrunk(case, message)
    print(f"=== python tests/properties/shrink.py {case}\n{message}\n", flush=True)


def _print_summary(cases: Sequence[Case], failed: Sequence[Case], seconds: float) -> None:
    total, bad = Counter(case.target for case in cases), Counter(case.target for case in failed)
    for target, count in total.items():
        mine = [case for case in cases if case.target == target]
        large, batched = sum(case.large for case in mine), sum(case.batch > 1 for case in mine)
        print(
            f"{target}: {count} networks ({large} large, {batched} batched), {bad[target]} failed"
        )
    print(f"{len(failed)} of {len(cases)} failed in {seconds:.0f} seconds")


if __name__ == "__main__":
    sys.exit(main())
