"""benchmarks/minimalloc.py: fits generated instances, prints what it promises, refuses nonsense."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from placement_problems import hidden_solution

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared" / "benchmarks" / "minimalloc"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "benchmarks/minimalloc.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    buffers = hidden_solution(random.Random(11), capacity=3000, moments=50)
    rows = [f"b{i},{b.lower},{b.upper},{b.size}" for i, b in enumerate(buffers)]
    (tmp_path / "X.3000.csv").write_text("\n".join(["id,lower,upper,size", *rows]) + "\n")
    return tmp_path


def test_offsets_by_id_within_the_capacity_of_the_name(folder: Path) -> None:
    done = run(folder, "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert (row["instance"], row["capacity"]) == ("X.3000", 3000) and row["seconds"] >= 0
    lines = (folder / "X.3000.csv").read_text().splitlines()[1:]
    assert set(row["offsets"]) == {line.split(",")[0] for line in lines}
    assert row["exact"] <= 3000 < row["best_fit"]


def test_an_instance_that_does_not_fit_is_no_success(folder: Path) -> None:
    (folder / "X.3000.csv").rename(folder / "X.2999.csv")
    done = run(folder)
    assert done.returncode == 1 and "no placement takes less than 3000 bytes" in done.stdout


@pytest.mark.parametrize(
    ("name", "text"),
    [("X.csv", "id,lower,upper,size\n"), ("X.9.csv", "id,lower,size\n1,2,3\n"), (".txt", "")],
)
def test_bad_files_are_one_sentence(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    done = run(tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr


def test_all_of_minimallocs_instances_fit() -> None:
    """The eleven published instances, within a tenth of the benchmark's budget each."""
    if not SHARED.is_dir():
        reason = "needs the instances in ../shared/benchmarks/minimalloc"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    done = run(SHARED, "--json", "--steps", 500_000)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    rows = json.loads(done.stdout)
    assert len(rows) == 11 and all(row["exact"] <= row["capacity"] for row in rows)
