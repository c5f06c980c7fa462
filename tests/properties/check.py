"""Compiles a random network through the public chain and compares every bit of what it computes.

The compiler's own validator is a part of every compilation; what is compared here is the outputs
with tests/python/reference (numpy), and the predicted cycles with the simulated ones and the bound.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from afe import runtime
from afe.compiler import compile_model
from afe.importers.common import ImportedModel
from afe.options import CompileOptions
from afe.package.manifest import Provenance
from afe.package.report import CompileReport
from afe.source import SourceModel
from movements import MOVEMENTS
from networks import Limits, Step, random_network
from numpy.typing import NDArray
from operators import COMPUTATIONS
from reference import tosa_numpy

Array = NDArray[Any]

OPERATORS: tuple[Step, ...] = (*COMPUTATIONS, *MOVEMENTS)

LARGE = Limits(elements=400_000, products=30_000_000, extent=90)
"""Tensors beyond the L1 of every target and the L2 of the small ones."""


@dataclass(frozen=True)
class Case:
    """One experiment: the network of a seed on a target."""

    seed: int
    target: str = "mlsoc"
    steps: tuple[int, ...] = tuple(range(8))
    large: bool = False
    batch: int = 1

    def __str__(self) -> str:
        flags = " --large" if self.large else ""
        steps = ",".join(map(str, self.steps))
        return f"{self.seed} --target {self.target} --steps {steps} --batch {self.batch}{flags}"


def build(case: Case) -> tuple[ImportedModel, list[str]]:
    """The case's network."""
    return random_network(case.seed, case.steps, OPERATORS, LARGE if case.large else None)


def check(case: Case) -> CompileReport:
    """Raises where an output, a cycle count or a bound is not what it must be."""
    imported, log = build(case)
    options = CompileOptions(target=case.target, batch_size=case.batch)
    return compare(imported, options, case.seed, "\n".join([f"case {case}", *log]))


def compare(
    imported: ImportedModel, options: CompileOptions, seed: int, story: str
) -> CompileReport:
    """Compiles and runs the module on random images; `story` goes with every failure."""
    images = _images(imported, seed, options.batch_size)
    wanted = [tosa_numpy.evaluate(imported.module, image).outputs for image in images]
    source = SourceModel(imported.name, imported, Provenance(imported.name, "0" * 64))
    with tempfile.TemporaryDirectory() as folder:
        report = compile_model(lambda: source, folder, options)
        stacked = [np.concatenate(arrays) for arrays in zip(*images, strict=True)]
        result = runtime.load(report.archive).run(stacked, accelerator=True)
    for index, got in enumerate(result.outputs):
        _compare(got, np.concatenate([outputs[index] for outputs in wanted]), index, story)
    assert result.cycles == report.cycles, f"{result.cycles} is not as predicted\n{story}"
    for name, cycles in result.cycles.items():
        assert cycles.wall == cycles.deterministic + cycles.stalls, story
        assert cycles.wall >= cycles.lower_bound, f"{name} is below its bound: {cycles}\n{story}"
        assert cycles.lower_bound >= max(cycles.bound_terms.values()), story
    return report


def _images(imported: ImportedModel, seed: int, batch: int) -> Sequence[Sequence[Array]]:
    """As many images as the batch, and one more so that a group is padded; of all bytes."""
    rng = np.random.default_rng([seed, 1 << 21])
    kinds = {"i8": np.int8, "ui8": np.uint8}
    return [
        [rng.integers(0, 256, port.shape, np.uint8).view(kinds[port.dtype])
         for port in imported.inputs]
        for _ in range(batch + 1 if batch > 1 else 1)
    ]  # fmt: skip


def _compare(got: Array, wanted: Array, index: int, story: str) -> None:
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype), f"output {index}\n{story}"
    differing = np.argwhere(got != wanted)
    if len(differing):
        where = differing[0].tolist()
        raise AssertionError(
            f"output {index}: {len(differing)} of {got.size} elements differ, first at {where}: "
            f"{got[tuple(where)]}, not {wanted[tuple(where)]}\n{story}"
        )
