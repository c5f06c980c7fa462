"""The placement solvers in C++, under sanitizers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cpp_tests

SOURCES = ["tests/Memory/*.cpp", "lib/Memory/*.cpp"]


def test_cases_hold_under_sanitizers(tmp_path: Path) -> None:
    """Every placement passes the validator, and nothing undefined happens on the way."""
    executable = cpp_tests.build(tmp_path, "placement-test", SOURCES)
    assert "ok: random problems are placed legally" in cpp_tests.run(executable)
