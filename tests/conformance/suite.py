"""Where generated tests are kept, and how many run at once."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cases import Case, Outcome, load_cases, run_cases

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "build" / "tosa-tools" / "bin" / "python"
"""The Python of the tools' own environment: `make conformance-tools` makes it."""

SAMPLE = 2
"""Tests of every operator, combination of element types and group of the generator in CI."""

CHUNK = 64


def generated(kind: str, sample: int | None) -> Path:
    """The folder of the `kind` ("positive" or "negative") tests, generated where it is missing.

    It is named by what it was generated with: another generator makes another folder.
    """
    script = Path(__file__).with_name("generate.py")
    digest = hashlib.sha256(script.read_bytes()).hexdigest()[:12]
    folder = ROOT / "build" / "conformance" / f"{kind}-{sample or 'all'}-{digest}"
    if not (folder / "index.json").exists():
        command = [str(TOOLS), str(script), str(folder)]
        command += ["--negative"] if kind == "negative" else []
        command += ["--sample", str(sample)] if sample else []
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "log").open("w") as log:
            subprocess.run(command, check=True, stdout=log, stderr=log)
    return folder


def run_all(cases: Sequence[Case], jobs: int | None = None) -> Iterator[tuple[Case, Outcome]]:
    """Outcomes in the order of the cases, several worker processes at a time."""
    chunks = [cases[start : start + CHUNK] for start in range(0, len(cases), CHUNK)]
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        for outcomes in pool.map(lambda chunk: list(run_cases(chunk)), chunks):
            yield from outcomes


def positive_cases(sample: int | None) -> list[Case]:
    """Every positive test twice: lowered to the MLA where possible, and kept on the A65."""
    folder = generated("positive", sample)
    return [c for arm_only in (False, True) for c in load_cases(folder, arm_only=arm_only)]


def negative_cases(sample: int | None) -> list[Case]:
    """Every negative test."""
    return load_cases(generated("negative", sample))
