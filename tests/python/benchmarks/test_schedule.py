"""The benchmark's command: figures that agree with each other, exit codes, errors as rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from afe.target import load_target

from benchmarks import goals
from benchmarks.networks import NETWORKS
from benchmarks.table import table_lines

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
    fields = load_target("tiny").fields
    live = 1 - fields["dram_refresh_cycles"] / fields["dram_refresh_period"]
    least = row["bound_terms"]["dram"] * fields["dram_decibytes_per_cycle"] / 10 * live
    assert row["dram_bytes"] > least - 64, "the bound's bytes alone"
    assert 150_000 < least < 264_192, "the weights, compressed"
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


def test_goals_are_of_known_networks():
    """A goal of a network that no row can have would never be looked at."""
    named = {*goals.GOALS, *goals.NETWORK_OF_FILE.values(), *(x.network for x in goals.LIMITS)}
    assert named - set(NETWORKS) == {"deeplabv3"}, "which is a file only"
    assert goals.goal_of("yolo_c2f_320_u8_qdq.onnx", 16, "mlsoc") == goals.GOALS["yolo_320"][16]
    assert goals.goal_of("resnet50", 1, "edge") is goals.goal_of("resnet50", 3, "mlsoc") is None


def test_the_table_shows_goals_and_failures(measured):
    """Met and missed ones, limits of other figures, and what could not be compiled."""
    row = measured[0] | {"model": "resnet50", "batch": 1, "target": "mlsoc"}
    good = row | {"ratio": 1.01, "goal": 1.02, "goal_is_met": True, "compile_user_seconds": 3.5}
    bad = row | {"ratio": 1.04, "goal": 1.02, "goal_is_met": False, "compile_user_seconds": 4.5}
    failed = {"model": "m", "batch": 1, "target": "tiny", "error": "no memory"}
    text = "\n".join(table_lines([good, bad, failed]))
    assert "1.02 met" in text and "1.02 no" in text
    assert "\nmet: resnet50 batch 1 mlsoc: compile user seconds 3.50 (goal: at most 4)" in text
    assert "not met: resnet50 batch 1 mlsoc: compile user seconds 4.50" in text
    assert "failed: m batch 1 tiny: no memory" in text
    assert "geometric mean at batch 1, 1 of 9 networks with a goal: 1.025" in text
