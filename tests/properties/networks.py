"""Random quantized networks as TOSA modules of our conventions (docs/tosa-conventions.md).

A network is a number of steps, each of which applies a random operator to tensors made before. A
step draws from a generator of its own, seeded by the network's seed and the step's number, so that
steps can be left out one by one (shrink.py) without changing what the others draw first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from afe.importers.builder import Tensor, TosaBuilder
from afe.importers.common import ImportedModel, Port, Quantization

CHANNELS = (1, 2, 3, 5, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 40, 48, 63, 64, 65, 96, 130, 200)
"""Around the blocks of 16 channels, far below and far above."""


@dataclass(frozen=True)
class Limits:
    """Largest sizes: elements of a tensor, products of a layer, extent of rows and columns."""

    elements: int = 30_000
    products: int = 3_000_000
    extent: int = 20


@dataclass
class Network:
    """A network that is being built; `tensors` are the i8 tensors that steps may read."""

    builder: TosaBuilder
    limits: Limits
    tensors: list[Tensor] = field(default_factory=list)
    results: list[Tensor] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    log: list[str] = field(default_factory=list)

    def pick(
        self, rng: np.random.Generator, rank: int | None = None, like: Tensor | None = None
    ) -> Tensor | None:
        """A tensor of the rank, or of the shape of `like`; the newest ones more often."""
        fitting = [
            (index, tensor)
            for index, tensor in enumerate(self.tensors)
            if (rank is None or len(tensor.shape) == rank)
            and (like is None or tensor.shape == like.shape)
        ]
        if not fitting:
            return None
        position = len(fitting) - 1 - min(int(rng.geometric(0.5)) - 1, len(fitting) - 1)
        index, tensor = fitting[position]
        self.used.add(index)
        return tensor

    def fits(self, shape: Sequence[int]) -> bool:
        """Whether a tensor of this shape is small enough, and not empty."""
        return 0 < prod(shape) <= self.limits.elements and min(shape) > 0


Step = Callable[[Network, np.random.Generator], "Tensor | None"]
"""Adds an operator to the network and returns its result, or None where it finds no operands."""


def random_shape(rng: np.random.Generator, limits: Limits, batch: int) -> tuple[int, ...]:
    """[N,H,W,C] within the limits, never square on purpose."""
    while True:
        rows, columns = (int(rng.integers(1, limits.extent + 1)) for _ in range(2))
        shape = (batch, rows, columns, int(rng.choice(CHANNELS)))
        if prod(shape) <= limits.elements:
            return shape


def random_network(
    seed: int,
    steps: Sequence[int],
    operators: Sequence[Step],
    limits: Limits | None = None,
    batch: int = 1,
) -> tuple[ImportedModel, list[str]]:
    """The network of `seed` made of the numbered steps, and a line per operator that was added.

    Results are all tensors nobody reads, the newest first, up to three, and `batch` images.
    """
    limits = limits or Limits()
    rng = np.random.default_rng([seed, 1 << 20])
    count = int(rng.choice([1, 1, 2, 3]))
    unsigned = bool(rng.random() < 0.3)
    ports = [
        Port(f"in{k}", random_shape(rng, limits, batch), "ui8" if unsigned else "i8",
             Quantization(0.5, 128 if unsigned else 0))
        for k in range(count)
    ]  # fmt: skip
    if count > 1 and rng.random() < 0.5:
        ports[1] = Port("in1", ports[0].shape, ports[0].dtype, ports[0].quantization)
    builder = TosaBuilder(f"random_{seed}", "tflite", f"random_{seed}")
    with builder.context:
        network = Network(builder, limits)
        arguments = builder.arguments(ports)
        network.tensors = [builder.to_signed(x) if unsigned else x for x in arguments]
        _add_steps(network, seed, steps, operators)
        results = _results(network)
        finals = [builder.to_unsigned(x) if unsigned and x.dtype == "i8" else x for x in results]
        names = [Port(f"out{k}", x.shape, x.dtype) for k, x in enumerate(finals)]
        module = builder.finish(finals, names)
    imported = ImportedModel(module, builder.context, builder.name, "tflite", ports, names, {})
    return imported, network.log


def _add_steps(
    network: Network, seed: int, steps: Sequence[int], operators: Sequence[Step]
) -> None:
    for number in steps:
        rng = np.random.default_rng([seed, number])
        operator = operators[int(rng.integers(len(operators)))]
        network.builder.at(f"{operator.__name__}_{number}", number)
        used = set(network.used)
        result = operator(network, rng)
        if result is None:
            network.used = used
            continue
        network.log.append(f"{number}: {operator.__name__} -> {list(result.shape)} {result.dtype}")
        if result.dtype == "i8":
            network.tensors.append(result)
        else:
            network.results.append(result)


def _results(network: Network) -> list[Tensor]:
    """Tensors nobody reads (arguments only where there is nothing else) and final results."""
    unread = [x for k, x in enumerate(network.tensors) if k not in network.used]
    return [*network.results, *reversed(unread)][:3]
