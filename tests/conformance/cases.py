"""One conformance test: compiled, run, and compared with the reference model's outputs.

`generate.py` writes the tests. A worker process takes cases line by line, so that whatever a test
provokes (a crash too) is known to be that test's.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SECONDS = 300
"""Longest time of one case; what takes longer has hung."""

REFUSALS = ("unsupported-operator", "unsupported-type", "unsupported-version", "invalid-model")
REFUSALS += ("dynamic-shape", "compile-failed", "out-of-memory", "file-invalid")


@dataclass(frozen=True)
class Case:
    """A generated test (`folder` is absolute) and where its operators shall run."""

    operator: str
    name: str
    folder: str
    error: str | None
    arm_only: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    `verdict`: "passed", "refused" (a diagnostic, `detail`), "different", "accepted" (a program that
    must be refused was not), "failed" (an error that is no diagnostic) or "crashed". `on_mla` says
    whether a part of the program ran on the MLA.
    """

    verdict: str
    detail: str = ""
    on_mla: bool = False


def load_cases(folder: Path, *, arm_only: bool = False) -> list[Case]:
    """The tests of a folder that the reference model can run."""
    entries = json.loads((folder / "index.json").read_text())
    return [
        Case(e["operator"], e["name"], str(folder / e["folder"]), e["error"], arm_only)
        for e in entries
        if "skipped" not in e
    ]


def run_cases(cases: Sequence[Case]) -> Iterator[tuple[Case, Outcome]]:
    """Runs cases in one worker process after another, each as long as nothing kills it."""
    pending = list(cases)
    while pending:
        with _worker() as worker:
            while pending:
                outcome = _ask(worker, pending[0])
                yield pending.pop(0), outcome
                if outcome.verdict == "crashed":
                    break


@contextlib.contextmanager
def _worker() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, __file__]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def _ask(worker: subprocess.Popen[str], case: Case) -> Outcome:
    assert worker.stdin and worker.stdout
    worker.stdin.write(json.dumps(asdict(case)) + "\n")
    worker.stdin.flush()
    with selectors.DefaultSelector() as selector:
        selector.register(worker.stdout, selectors.EVENT_READ)
        if not selector.select(SECONDS):
            return Outcome("crashed", f"no answer in {SECONDS} seconds")
    line = worker.stdout.readline()
    if not line:
        return Outcome("crashed", f"the process ended with status {worker.wait()}")
    return Outcome(**json.loads(line))


def check(case: Case) -> Outcome:
    """Compiles and runs one case in this process."""
    from afe.errors import AfeError

    try:
        if case.error is not None:
            return _check_refused(case)
        return _check_equal(case)
    except AfeError as error:
        verdict = "refused" if error.code in REFUSALS else "failed"
        return Outcome(verdict, f"{error.code}: {error.message}")
    except Exception as error:  # whatever it is, it is this case's
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Outcome(
            "failed", f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"
        )


def _check_refused(case: Case) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        _compile(case, folder, 1)
    return Outcome("accepted", f"{case.error} is not noticed")


def _check_equal(case: Case) -> Outcome:
    from afe import runtime

    description = json.loads((Path(case.folder) / "desc.json").read_text())
    inputs = [np.load(Path(case.folder) / name) for name in description["ifm_file"]]
    with tempfile.TemporaryDirectory() as folder:
        report = _compile(
            case, folder, max([len(array) for array in inputs if array.ndim], default=1)
        )
        result = runtime.load(report.archive).run(inputs)
    on_mla = report.segments["MLA"] > 0
    for index, got in enumerate(result.outputs):
        wanted = np.load(Path(case.folder) / f"reference-{index}.npy")
        problem = _difference(got, wanted)
        if problem:
            return Outcome("different", f"output {index}: {problem}", on_mla)
    return Outcome("passed", "", on_mla)


def _compile(case: Case, folder: str, images: int) -> Any:
    """Thousands of images are not run one by one."""
    from afe.compiler import compile_model
    from afe.options import MAX_BATCH_SIZE, CompileOptions
    from afe.source import read_source

    batch = 1 if images <= 64 else min(images, MAX_BATCH_SIZE)
    options = CompileOptions(arm_only=case.arm_only, effort="low", batch_size=batch)
    return compile_model(lambda: read_source(Path(case.folder) / "test.tosa"), folder, options)


def _difference(got: NDArray[Any], wanted: NDArray[Any]) -> str:
    if got.shape != wanted.shape:
        return f"its shape is {got.shape}, not {wanted.shape}"
    got, wanted = np.atleast_1d(got), np.atleast_1d(wanted)
    different = got.astype(wanted.dtype) != wanted
    if not different.any():
        return ""
    first = tuple(int(i[0]) for i in np.nonzero(different))
    count = np.count_nonzero(different)
    return (
        f"{count} of {wanted.size} differ, first {list(first)}: {got[first]}, not {wanted[first]}"
    )


def _serve() -> None:
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        outcome = check(Case(**json.loads(line)))
        print(json.dumps(asdict(outcome)), file=answers, flush=True)


if __name__ == "__main__":
    _serve()
