"""Effort and switches: every schedule computes the same, and more freedom is never worse."""

from __future__ import annotations

import dataclasses
import tempfile

import pytest
from afe.compiler import compile_model, decide
from afe.importers.common import ImportedModel
from afe.options import OPTIMISATIONS, CompileOptions
from afe.package.mpk import Provenance
from afe.source import SourceModel
from check import Case, build, compare

CASES = [Case(400, "mlsoc"), Case(401, "tiny"), Case(402, "edge", batch=2),
         Case(403, "edge", steps=tuple(range(5)), large=True)]  # fmt: skip
BY_CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.seed}-{case.target}")


def options_of(case: Case, **wanted: object) -> CompileOptions:
    """The case's target and batch, and what is asked for."""
    options = CompileOptions(target=case.target, batch_size=case.batch)
    return dataclasses.replace(options, **wanted)


def source_of(imported: ImportedModel) -> SourceModel:
    """A source that the compiler consumes."""
    return SourceModel(imported.name, imported, Provenance(imported.name, "0" * 64))


def wall_cycles(case: Case, **wanted: object) -> int:
    """Of all segments."""
    imported, _ = build(case)
    with tempfile.TemporaryDirectory() as folder:
        report = compile_model(lambda: source_of(imported), folder, options_of(case, **wanted))
    return report.cycles["total"].wall


@BY_CASE
@pytest.mark.parametrize("name", OPTIMISATIONS)
def test_each_optimisation_can_be_left_out(case, name):
    """Bit for bit the same results, in the predicted time."""
    imported, log = build(case)
    story = "\n".join([f"case {case} without {name}", *log])
    report = compare(imported, options_of(case, disable=(name,)), case.seed, story)
    if name == "cascades":
        layers = [layer for part in report.decisions.values() for layer in part]
        assert all(list(layer.run) == [layer.layer] for layer in layers)


@BY_CASE
@pytest.mark.parametrize("effort", ["low", "high"])
def test_every_effort_computes_the_same(case, effort):
    """And all switches at once with it."""
    imported, log = build(case)
    story = "\n".join([f"case {case} with {effort} effort", *log])
    compare(imported, options_of(case, effort=effort), case.seed, story)
    imported, _ = build(case)
    compare(imported, options_of(case, effort=effort, disable=OPTIMISATIONS), case.seed, story)


@BY_CASE
def test_more_freedom_is_never_worse(case):
    """High effort also schedules the default's plans; cascades are kept where they gain."""
    default = wall_cycles(case)
    assert default >= wall_cycles(case, effort="high") > 0
    assert wall_cycles(case, disable=("cascades",)) >= default


@BY_CASE
def test_threads_do_not_change_a_decision(case):
    """With one thread and with three, at high effort."""
    found = []
    for threads in (1, 3):
        imported, _ = build(case)
        options = options_of(case, threads=threads, effort="high")
        found.append(decide(lambda imported=imported: source_of(imported), options))
    assert found[0] == found[1]
