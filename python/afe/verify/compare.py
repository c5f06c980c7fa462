"""Compiles, runs and compares: which layer is the first that differs, where and by how much."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from afe import runtime
from afe.compiler import compile_model
from afe.errors import AfeError, ErrorCode
from afe.layer_outputs import LayerName
from afe.options import CompileOptions, ImportOptions
from afe.runtime.batching import Inputs, ordered_inputs
from afe.runtime.schema import InputNode
from afe.runtime.session import LoadedArchive
from afe.source import read_source
from afe.verify.oracle import oracle_for
from afe.verify.reference import Array, Oracle, Reference


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
    path: Path,
    options: CompileOptions,
    samples: Sequence[Inputs],
    seed: int = 0,
    how: ImportOptions | None = None,
) -> Verification:
    """Compares `path`, read as `how` says, on the given samples, or on one seeded random sample.

    A model of several entry points is compared at its first.

    `options` have keep_layer_outputs or isolate_layers. Raises AfeError where the model cannot be
    compiled or no reference is installed for its format.
    """
    oracle = oracle_for(path)
    with tempfile.TemporaryDirectory(prefix="afe-verify-") as folder:
        report = compile_model(lambda: read_source(path, options=how), folder, options)
        loaded = runtime.load(report.archive)
    nodes = [node for node in loaded.inputs if LayerName.parse(node.name) is None]
    parts = [
        _verify_sample(number, loaded, oracle, ordered_inputs(sample, nodes), options.threads)
        for number, sample in enumerate(samples or [random_inputs(nodes, seed)])
    ]
    return Verification(
        oracle.name,
        [entry for part in parts for entry in part.layers],
        [entry for part in parts for entry in part.outputs],
        parts[0].unmatched,
    )


def random_inputs(nodes: Sequence[InputNode], seed: int) -> dict[str, Array]:
    """One image per input: bytes over their whole range, other integers up to 99, floats normal."""
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
    number: int, loaded: LoadedArchive, oracle: Oracle, inputs: Sequence[Array], threads: int
) -> Verification:
    reference = oracle.run(inputs)
    loaded.states.reset()
    result = loaded.run([*inputs, *_layer_inputs(loaded, reference)], threads=threads)
    layers: list[Difference] = []
    outputs: list[Difference] = []
    unmatched: list[str] = []
    wanted_outputs = iter(reference.outputs)
    for name, got in zip(result.output_names, result.outputs, strict=True):
        layer = LayerName.parse(name)
        if layer is None:
            whole = LayerName(name, len(outputs), 0)
            outputs.append(_closest(number, whole, "", got, [next(wanted_outputs)]))
        elif candidates := reference.candidates(layer, got.shape):
            layers.append(_closest(number, layer, reference.kind(layer), got, candidates))
        else:
            unmatched.append(str(layer))
    layers.sort(key=lambda entry: entry.index)
    return Verification(oracle.name, layers, outputs, unmatched)


def _layer_inputs(loaded: LoadedArchive, reference: Reference) -> list[Array]:
    """The reference's own values for the inputs of isolated layers."""
    arrays = []
    for node in loaded.inputs:
        layer = LayerName.parse(node.name)
        if layer is None:
            continue
        candidates = reference.candidates(layer, node.type.shape)
        if not candidates:
            raise AfeError(
                ErrorCode.INVALID_MODEL,
                f"layer '{layer.name}' cannot be isolated: the reference has no such value",
            )
        arrays.append(np.ascontiguousarray(candidates[0]))
    return arrays


def _closest(
    sample: int, layer: LayerName, operator: str, got: Array, candidates: Sequence[Array]
) -> Difference:
    """Against the candidate that differs least: which order of dimensions was meant is open."""
    differences = [_difference(sample, layer, operator, got, wanted) for wanted in candidates]
    return min(differences, key=lambda entry: entry.differing)


def _difference(
    sample: int, layer: LayerName, operator: str, got: Array, wanted: Array
) -> Difference:
    """Integers must be equal; floats count from a relative difference of 1e-5 on."""
    size = wanted.size
    if got.shape != wanted.shape or got.dtype != wanted.dtype:
        return Difference(sample, layer.operator, layer.name, operator, size, size, float("inf"))
    distance = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
    limit = 0.0
    if wanted.dtype.kind == "f":
        limit = 1e-5 * max(1.0, float(np.abs(wanted).max(initial=0)))
    differing = int(np.count_nonzero(~(distance <= limit)))
    maximum = float(distance.max(initial=0))
    return Difference(sample, layer.operator, layer.name, operator, size, differing, maximum)
