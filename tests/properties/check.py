"""Compiles a random network through the public chain and compares every bit of what it computes.

The compiler's own validator is a part of every compilation; what is compared here is the outputs
with tests/python/reference (numpy), and the predicted cycles with the simulated ones and the bound.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from afe import runtime
from afe.compiler import compile_model
from afe.importers.common import ImportedModel
from afe.options import CompileOptions
from afe.package.mpk import Provenance
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


def check(case: Case) -> None:
    """Raises where an output, a cycle count or a bound is not what it must be."""
    imported, log = build(case)
    images = _images(imported, case)
    wanted = [tosa_numpy.evaluate(imported.module, image).outputs for image in images]
    source = SourceModel(imported.name, imported, Provenance(imported.name, "0" * 64))
    options = CompileOptions(target=case.target, batch_size=case.batch)
    with tempfile.TemporaryDirectory() as folder:
        report = compile_model(lambda: source, folder, options)
        loaded = runtime.load(report.archive)
        stacked = [np.concatenate(arrays) for arrays in zip(*images, strict=True)]
        result = loaded.run(stacked, accelerator=True)
    story = "\n".join([f"case {case}", *log])
    for index, got in enumerate(result.outputs):
        _compare(got, np.concatenate([outputs[index] for outputs in wanted]), index, story)
    predicted = {name: asdict(cycles) for name, cycles in report.cycles.items()}
    for name, cycles in result.cycles.items():
        assert asdict(cycles) == predicted[name], f"{name} is not as predicted\n{story}"
        assert cycles.wall == cycles.deterministic + cycles.stalls, story
        assert cycles.wall >= cycles.lower_bound, f"{name} is below its bound: {cycles}\n{story}"
        assert cycles.lower_bound == max(cycles.bound_terms.values()), story


def _images(imported: ImportedModel, case: Case) -> Sequence[Sequence[Array]]:
    """As many images as the batch, and one more so that a group is padded; of all bytes."""
    rng = np.random.default_rng([case.seed, 1 << 21])
    count = case.batch + 1 if case.batch > 1 else 1
    kinds = {"i8": np.int8, "ui8": np.uint8}
    return [
        [rng.integers(0, 256, port.shape, np.uint8).view(kinds[port.dtype])
         for port in imported.inputs]
        for _ in range(count)
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
