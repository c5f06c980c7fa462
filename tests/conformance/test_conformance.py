"""A stratified sample of TOSA's conformance tests, against the TOSA reference model."""

from __future__ import annotations

from collections.abc import Sequence

from cases import Case
from suite import SAMPLE, negative_cases, positive_cases, run_all


def _wrong(cases: Sequence[Case], expected: str) -> list[str]:
    return [
        f"{case.name}{' on the A65' if case.arm_only else ''}: {outcome.verdict} {outcome.detail}"
        for case, outcome in run_all(cases)
        if outcome.verdict != expected
    ]


def test_valid_programs_compute_what_the_reference_model_computes() -> None:
    """Every operator of the integer profile, on the MLA where possible and on the A65 alone."""
    cases = positive_cases(SAMPLE)
    assert len(cases) >= 2 * 600
    assert not _wrong(cases, "passed")


def test_invalid_programs_are_refused_with_a_diagnostic() -> None:
    """Every condition (ERROR_IF) of every operator."""
    cases = negative_cases(1)
    assert len(cases) >= 250
    assert not _wrong(cases, "refused")
