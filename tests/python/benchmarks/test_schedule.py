"""The benchmark's command: figures that agree with each other, exit codes, errors as rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
SCRIPT = PROJECT / "benchmarks" / "schedule.py"
ONE_ROW = ["--models", "mlperf_tiny_ad", "--batches", "1", "--targets", "tiny"]


def run(script, *arguments):
    """The finished process."""
    return subprocess.run(
        [sys.executable, str(script), *map(str, arguments)], capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """One row and the ratchet made of it."""
    path = tmp_path_factory.mktemp("ratchet") / "r.json"
    result = run(SCRIPT, *ONE_ROW, "--json", "--update", path)
    assert result.returncode == 0, result.stderr
    (row,) = json.loads(result.stdout)
    return row, path


def test_figures_agree(measured):
    """Wall time is deterministic time and stalls; the bound is the largest term and is kept."""
    row, _ = measured
    assert row["wall_cycles"] == row["deterministic_cycles"] + row["stall_cycles"]
    assert row["lower_bound"] == max(row["bound_terms"].values()) <= row["wall_cycles"]
    assert row["ratio"] == pytest.approx(row["wall_cycles"] / row["lower_bound"])
    assert row["dram_bytes"] > 264_192, "the weights alone"
    assert 0 < row["peak_l1_bytes"] <= 65_536 and 0 < row["peak_l2_bytes"] <= 262_144
    assert row["instructions"] > 10 and row["instruction_bytes"] % 8 == 0
    assert row["compile_user_seconds"] > 0 and row["compile_peak_megabytes"] > 10


def test_the_ratchet_passes_on_equal_figures(measured):
    """And the table names the row."""
    _, path = measured
    result = run(SCRIPT, *ONE_ROW, "--check", path)
    assert result.returncode == 0, result.stderr
    assert "mlperf_tiny_ad" in result.stdout and "ratio" in result.stdout


def test_the_ratchet_fails_on_a_worse_figure(measured, tmp_path):
    """With a message of model, batch, target and figure; `--update` does not hide it."""
    row, path = measured
    stricter = tmp_path / "r.json"
    wall = row["wall_cycles"]
    stricter.write_text(path.read_text().replace(f": {wall},", f": {wall - 1},"))
    for option in ("--check", "--update"):
        result = run(SCRIPT, *ONE_ROW, option, stricter)
        assert result.returncode == 1
        assert f"worse: mlperf_tiny_ad batch 1 tiny: wall cycles {wall - 1:,} ->" in result.stderr
    assert f": {wall - 1}," in stricter.read_text()


def test_a_model_that_cannot_be_compiled_is_a_row(tmp_path):
    """With the compiler's message, and without stopping the others."""
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"nonsense")
    result = run(SCRIPT, "--models", broken, *ONE_ROW[1:], "--json")
    assert result.returncode == 0, result.stderr
    bad, good = json.loads(result.stdout)
    assert bad["model"] == "broken.tflite" and "broken.tflite" in bad["error"]
    assert "error" not in good


def test_a_missing_ratchet_is_an_error(tmp_path):
    """Not an empty one that holds nothing."""
    result = run(SCRIPT, *ONE_ROW, "--check", tmp_path / "none.json")
    assert result.returncode == 2 and "none.json" in result.stderr


def test_random_networks_count_failures(tmp_path):
    """Exit status 0 where all pass, 1 where one does not, with what repeats it."""
    script = PROJECT / "benchmarks" / "random_networks.py"
    good = run(script, "--count", 2, "--seed", 11, "--targets", "tiny", "--jobs", 2)
    assert good.returncode == 0, good.stdout + good.stderr
    assert "tiny: 2 networks (0 large, 0 batched), 0 failed" in good.stdout
    bad = run(script, "--count", 1, "--seed", 11, "--targets", tmp_path / "none.yaml", "--jobs", 1)
    assert bad.returncode == 1
    assert "shrink.py 11 --target" in bad.stdout and "1 of 1 failed" in bad.stdout
