"""The hazard validator: corrupted programs are caught by name, random ones as brute force says."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cpp_tests

SOURCES = [
    "tests/Validator/*.cpp",
    "lib/Simulator/Validator*.cpp",
    "lib/Encoding/*.cpp",
    "lib/Target/*.cpp",
]


@pytest.fixture(scope="module")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cpp_tests.build(tmp_path_factory.mktemp("validator"), "validator-test", SOURCES)


def test_cases_hold_under_sanitizers(executable: Path) -> None:
    """Every corruption is caught, and the checker by brute force agrees on random programs."""
    printed = cpp_tests.run(executable)
    assert "ok: every corruption is caught by the name of its rule" in printed
    assert "ok: random tiny programs get the verdict" in printed
