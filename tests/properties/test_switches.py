"""Effort and switches: every schedule computes the same, and more freedom never plans worse."""

from __future__ import annotations

import dataclasses

import pytest
from afe.compiler import decide
from afe.importers.common import ImportedModel
from afe.options import EFFORTS, OPTIMISATIONS, CompileOptions
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


def planned_cycles(case: Case, **wanted: object) -> int:
    """Sum of the predicted cycles of all runs: what the planner makes small."""
    imported, _ = build(case)
    decisions = decide(lambda: source_of(imported), options_of(case, **wanted))
    layers = [layer for part in decisions.values() for layer in part]
    assert layers
    runs = [layer.tiling.predicted_cycles for layer in layers if layer.run[0] == layer.layer]
    return sum(runs)


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
def test_more_effort_never_plans_worse(case):
    """What less effort tries, more effort tries too; cascades are chosen where they are cheaper."""
    low, default, high = (planned_cycles(case, effort=effort) for effort in EFFORTS)
    assert low >= default >= high > 0
    assert planned_cycles(case, disable=("cascades",)) >= default


@BY_CASE
def test_threads_do_not_change_a_decision(case):
    """With one thread and with three, at high effort."""
    found = []
    for threads in (1, 3):
        imported, _ = build(case)
        options = options_of(case, threads=threads, effort="high")
        found.append(decide(lambda imported=imported: source_of(imported), options))
    assert found[0] == found[1]
