"""Looks for failing random networks and makes them small.

    python tests/properties/shrink.py SEED [--count N] [--target NAME] [--steps 0,1,5] [--large]

Every network runs in a process of its own, so that a crash is a failure like any other. For each
failing one, steps are left out while it still fails with the same first line.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python")]

from check import Case, check  # noqa: E402

TIMEOUT_SECONDS = 120


def _run(case: Case, connection: multiprocessing.connection.Connection) -> None:
    from afe.errors import AfeError

    try:
        check(case)
    except AfeError as error:
        connection.send("\n".join([f"AfeError: {error}", *error.notes]))
    except BaseException as error:
        connection.send(f"{type(error).__name__}: {error}")
    else:
        connection.send("")


def failure(case: Case) -> str:
    """What goes wrong with the case; empty where nothing does."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_run, args=(case, there))
    process.start()
    there.close()
    try:
        return str(here.recv()) if here.poll(TIMEOUT_SECONDS) else "timeout"
    except EOFError:
        process.join()
        return f"process ended with {process.exitcode}"
    finally:
        process.kill()
        process.join()


def _kind(message: str) -> str:
    """What two failures have in common: the first line without its numbers."""
    first = message.split("\n")[0]
    return "".join(character for character in first if not character.isdigit())[:50]


def shrunk(case: Case, message: str) -> tuple[Case, str]:
    """The case with as few steps as fail in the same way."""
    for step in reversed(case.steps):
        smaller = replace(case, steps=tuple(other for other in case.steps if other != step))
        found = failure(smaller)
        if found and _kind(found) == _kind(message):
            case, message = smaller, found
    return case, message


def main() -> int:
    """Prints every failure, made small; exit status 1 where there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--target", default="mlsoc")
    parser.add_argument("--steps", default=",".join(map(str, range(8))))
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--keep", action="store_true", help="do not leave out steps")
    arguments = parser.parse_args()
    steps = tuple(int(step) for step in arguments.steps.split(",") if step)
    failed = 0
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        case = Case(seed, arguments.target, steps, arguments.large, arguments.batch)
        message = failure(case)
        if message:
            failed += 1
            case, message = (case, message) if arguments.keep else shrunk(case, message)
            print(f"=== {case}\n{message}\n", flush=True)
    print(f"{failed} of {arguments.count} networks fail")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
