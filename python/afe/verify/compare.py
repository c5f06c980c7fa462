"""Compiles, runs and compares: which layer is the first that differs, where and by how much."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe import runtime
from afe.compiler import compile_model
from afe.layer_outputs import parse_output_name
from afe.options import CompileOptions
from afe.runtime.schema import InputNode
from afe.runtime.session import LoadedArchive
from afe.source import read_source
from afe.verify.oracle import Oracle, oracle_for

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One layer or output of one sample: how many elements differ, and the largest difference."""

    sample: int
    index: int
    name: str
    operator: str
    elements: int
    differing: int
    maximum: float


@dataclass(frozen=True)
class Verification:
    """Layers in the model's order, outputs last. `unmatched` names what had no counterpart."""

    oracle: str
    layers: Sequence[Difference]
    outputs: Sequence[Difference]
    unmatched: Sequence[str]

    @property
    def first_difference(self) -> Difference | None:
        """The earliest layer (else output) that differs."""
        entries = [*self.layers, *self.outputs]
        return next((entry for entry in entries if entry.differing), None)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able values."""
        first = self.first_difference
        return asdict(self) | {"first_difference": asdict(first) if first else None}


def verify_model(
    path: Path, options: CompileOptions, inputs: Sequence[Mapping[str, Array]], seed: int = 0
) -> Verification:
    """Compares `path` on the given samples, or on one seeded random sample.

    `options` must have keep_layer_outputs. Raises AfeError where the model cannot be compiled or
    no reference is installed for its format.
    """
    oracle = oracle_for(path)
    with tempfile.TemporaryDirectory(prefix="afe-verify-") as folder:
        report = compile_model(lambda: read_source(path), folder, options)
        loaded = runtime.load(report.archive)
    samples = inputs or [random_inputs(loaded.inputs, seed)]
    parts = [
        _verify_sample(number, loaded, oracle, sample, options.threads)
        for number, sample in enumerate(samples)
    ]
    return Verification(
        oracle.name,
        [entry for part in parts for entry in part.layers],
        [entry for part in parts for entry in part.outputs],
        parts[0].unmatched,
    )


def random_inputs(nodes: Sequence[InputNode], seed: int) -> dict[str, Array]:
    """One image per input: integers over their whole range, floats normally distributed."""
    generator = np.random.default_rng(seed)
    return {node.name: _random_array(generator, node) for node in nodes}


def _random_array(generator: np.random.Generator, node: InputNode) -> Array:
    dtype = np.dtype(node.type.scalar)
    if dtype.kind == "f":
        return generator.standard_normal(node.type.shape).astype(dtype)
    info = np.iinfo(dtype)
    low, high = (int(info.min), int(info.max)) if dtype.itemsize == 1 else (0, 99)
    return generator.integers(low, high, node.type.shape, dtype, endpoint=True)


def _verify_sample(
    number: int, loaded: LoadedArchive, oracle: Oracle, sample: Mapping[str, Array], threads: int
) -> Verification:
    result = loaded.run(sample, threads=threads)
    reference = oracle.run(loaded.ordered(sample))
    layers: list[Difference] = []
    outputs: list[Difference] = []
    unmatched: list[str] = []
    wanted_outputs = iter(reference.outputs)
    for name, got in zip(result.output_names, result.outputs, strict=True):
        layer = parse_output_name(name)
        if layer is None:
            wanted, operator = next(wanted_outputs), ""
            outputs.append(_difference(number, len(outputs), name, operator, got, wanted))
            continue
        index, ordinal, layer_name = layer
        candidate = reference.layer(index, ordinal, got)
        if candidate is None:
            unmatched.append(f"{index}: {layer_name}")
        else:
            operator = reference.operator(index)
            layers.append(_difference(number, index, layer_name, operator, got, candidate))
    layers.sort(key=lambda entry: entry.index)
    return Verification(oracle.name, layers, outputs, unmatched)


def _difference(
    sample: int, index: int, name: str, operator: str, got: Array, wanted: Array
) -> Difference:
    """Integers must be equal; floats count from a relative difference of 1e-5 on."""
    if got.shape != wanted.shape or got.dtype != wanted.dtype:
        return Difference(sample, index, name, operator, wanted.size, wanted.size, float("inf"))
    distance = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
    limit = 0.0
    if wanted.dtype.kind == "f":
        limit = 1e-5 * max(1.0, float(np.abs(wanted).max(initial=0)))
    differing = int(np.count_nonzero(~(distance <= limit)))
    return Difference(
        sample, index, name, operator, wanted.size, differing, float(distance.max(initial=0))
    )
