"""ONNX's bundled backend node tests: every one passes or is refused with a reason."""

from __future__ import annotations

import re
from pathlib import Path

import onnx_backend
import pytest
from onnx_backend import OPERATORS, Case, behind_the_importer, through_an_archive

PAGE = Path(__file__).parents[3] / "docs" / "onnx-coverage.md"


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """The tests of the listed operators."""
    return list(onnx_backend.cases())


@pytest.mark.parametrize("operator", OPERATORS)
def test_operator_behind_the_importer(cases: list[Case], operator: str) -> None:
    """All tests of an operator, evaluated right behind the importer; the page counts the same."""
    own = [case for case in cases if case.operator == operator]
    outcomes = [onnx_backend.outcome(case, behind_the_importer) for case in own]
    passed = sum(outcome.passed for outcome in outcomes)
    row = re.search(rf"\| {operator} \| (\d+) \| (\d+) \|", PAGE.read_text())
    assert row is not None, "run scripts/generate_onnx_coverage.py"
    assert (passed, len(own) - passed) == (int(row[1]), int(row[2]))


@pytest.mark.parametrize("operator", OPERATORS)
def test_operator_through_an_archive(cases: list[Case], operator: str) -> None:
    """The first and the last test of an operator, compiled and run."""
    own = [case for case in cases if case.operator == operator]
    for case in (own[0], own[-1]):
        found = onnx_backend.outcome(case, through_an_archive)
        assert found == onnx_backend.outcome(case, behind_the_importer)
