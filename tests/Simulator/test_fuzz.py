"""Hostile programs against the simulator, compiled with sanitizers (FuzzTest.cpp)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cpp_tests

SOURCES = [
    "tests/Simulator/FuzzTest.cpp",
    "lib/Simulator/[!V]*.cpp",
    "lib/Simulator/Vector*.cpp",
    "lib/Simulator/Kernels/*.cpp",
    "lib/Encoding/Codec.cpp",
    "lib/Encoding/Fields.cpp",
    "lib/Target/*.cpp",
]


def test_no_program_leaves_its_memories(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every program ends with outputs or a fault, the same for all kernels and thread counts."""
    folder = tmp_path_factory.mktemp("simulator")
    flags = ("-ffp-contract=off", "-pthread")
    executable = cpp_tests.build(folder, "fuzz", SOURCES, flags=flags)
    assert "hostile programs ran to their end" in cpp_tests.run(executable, "400")
