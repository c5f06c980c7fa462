"""Runs TOSA's conformance tests of the integer profile and writes the table of docs/conformance.md.

.venv/bin/python tests/conformance/run.py                 the sample of CI
.venv/bin/python tests/conformance/run.py --all --table docs/conformance.md
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from cases import Case, Outcome
from suite import SAMPLE, negative_cases, positive_cases, run_all

BEGIN = "<!-- results: written by tests/conformance/run.py -->"
COLUMNS = (
    "operator", "tests", "passed", "… with the MLA", "passed on the A65", "invalid programs",
    "refused", "not passed",
)  # fmt: skip
HEADER = "| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|"


def main() -> None:
    options = parse()
    sample = None if options.all else SAMPLE
    cases = positive_cases(sample) + negative_cases(sample and 1)
    if options.operators:
        cases = [case for case in cases if case.operator in options.operators]
    start, results = time.monotonic(), []
    for case, outcome in run_all(cases, options.jobs):
        results.append((case, outcome))
        if not is_right(case, outcome):
            where = "A65" if case.arm_only else "MLA"
            print(f"{case.name} ({where}): {outcome.verdict}: {outcome.detail}", flush=True)
    print(summary(results), f"{time.monotonic() - start:.0f} s")
    if options.table:
        write_table(options.table, results)
    sys.exit(not all(is_right(*result) for result in results))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true", help="every test, not the sample of CI")
    parser.add_argument("--operators", nargs="*", help="these alone")
    parser.add_argument("--jobs", type=int, help="worker processes (default: one per core)")
    parser.add_argument("--table", type=Path, help="the page whose table is written")
    return parser.parse_args()


def is_right(case: Case, outcome: Outcome) -> bool:
    return outcome.verdict == ("passed" if case.error is None else "refused")


def summary(results: list[tuple[Case, Outcome]]) -> str:
    counts = Counter(
        ("invalid" if case.error else "valid", outcome.verdict) for case, outcome in results
    )
    return ", ".join(f"{kind} programs {verdict}: {n}" for (kind, verdict), n in counts.items())


def write_table(page: Path, results: list[tuple[Case, Outcome]]) -> None:
    """Replaces what stands behind the mark."""
    by_operator = defaultdict(list)
    for result in results:
        by_operator[result[0].operator].append(result)
    rows = [row(operator, by_operator[operator]) for operator in sorted(by_operator)]
    rows.append(row("all", results))
    text = page.read_text()
    page.write_text(text[: text.index(BEGIN)] + "\n".join([BEGIN, HEADER, *rows]) + "\n")


def row(operator: str, results: list[tuple[Case, Outcome]]) -> str:
    valid = [r for r in results if not r[0].error and not r[0].arm_only]
    on_a65 = [r for r in results if not r[0].error and r[0].arm_only]
    invalid = [r for r in results if r[0].error]
    wrong = Counter(outcome.verdict for case, outcome in results if not is_right(case, outcome))
    cells = [
        f"`{operator}`",
        len(valid),
        sum(is_right(*r) for r in valid),
        sum(is_right(*r) and r[1].on_mla for r in valid),
        sum(is_right(*r) for r in on_a65),
        len(invalid),
        sum(is_right(*r) for r in invalid),
        ", ".join(f"{n} {verdict}" for verdict, n in wrong.items()),
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


if __name__ == "__main__":
    main()
