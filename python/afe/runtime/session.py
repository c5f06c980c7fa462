"""A loaded archive: inputs into groups of the archive's batch, every group through the chain.

Arrays go in and come out in the model's own layout and shape, any number of images along the first
dimension; the last group is padded and the padding dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode
from afe.package.report import Cycles, total_cycles
from afe.runtime import a65, ev74
from afe.runtime.batching import Inputs, make_batches, ordered_inputs
from afe.runtime.mla import MlaProgram
from afe.runtime.opened import open_archive
from afe.runtime.schema import ChainDescription, InputNode, Plugin
from afe.runtime.states import States

Array = NDArray[Any]
Observer = Callable[[Plugin, Sequence[Array], Sequence[Array]], None]
"""Called with a plugin, the buffers it read and those it wrote."""


@dataclass(frozen=True)
class RunResult:
    """`outputs` in the model's order and dtypes; `cycles` per MLA segment and `total`, for one
    group of `batch_size` images, empty unless run in accelerator mode."""

    outputs: list[Array]
    output_names: tuple[str, ...]
    cycles: Mapping[str, Cycles]
    batch_size: int
    groups: int

    def named_outputs(self) -> dict[str, Array]:
        """Outputs by name; a repeated name gets `_1`, `_2`…"""
        named: dict[str, Array] = {}
        for name, array in zip(self.output_names, self.outputs, strict=True):
            key, number = name, 0
            while key in named:
                number += 1
                key = f"{name}_{number}"
            named[key] = array
        return named


def load_archive(archive: str | PathLike[str]) -> LoadedArchive:
    """Reads, checks and decodes an archive; AfeError with one of the loader's codes."""
    opened = open_archive(archive)
    return LoadedArchive(opened.chain, opened.members)


class LoadedArchive:
    """An archive ready to run."""

    def __init__(self, chain: ChainDescription, members: Mapping[str, bytes]) -> None:
        """`members` hold the program of every plugin, as `open_archive` checks."""
        self.chain = chain
        self.states = States.of_chain(chain)
        self._binaries = {
            plugin.name: members[plugin.executable]
            for plugin in chain.plugins
            if plugin.processor != "EV74"
        }
        self._programs = {
            plugin.name: MlaProgram(plugin.name, self._binaries[plugin.name], plugin.config)
            for plugin in chain.plugins
            if plugin.processor == "MLA"
        }

    @property
    def inputs(self) -> Sequence[InputNode]:
        """The model's inputs without states: name, dtype and shape of one group of images."""
        return [node for node in self.chain.inputs if node.state is None]

    @property
    def output_names(self) -> tuple[str, ...]:
        """The model's output names in its order, without states."""
        pairs = zip(self.chain.output_names, self.chain.output_states, strict=True)
        return tuple(name for name, state in pairs if state is None)

    def run(
        self,
        inputs: Inputs,
        *,
        accelerator: bool = False,
        threads: int = 1,
        observer: Observer | None = None,
    ) -> RunResult:
        """Runs any number of images; `states` go on from the last call until they are reset.

        `inputs`: arrays in the model's order, or by name (or `in0`, `in1`…), in the model's own
        dtype, or float32 for a quantized input; with `accelerator` cycles are simulated too;
        `observer` is told of every plugin that ran.
        Raises AfeError INVALID_INPUT (names, shapes, dtypes) or RUNTIME_FAULT.
        """
        arrays = self.states.with_inputs(self.ordered(inputs))
        batches = make_batches(arrays, self.chain.inputs)
        cycles: dict[str, Cycles] = {}
        outputs = [
            # Cycles do not depend on the data: the first group stands for all.
            self._run_group(
                group, cycles if accelerator and number == 0 else None, threads, observer
            )
            for number, group in enumerate(batches.groups)
        ]
        if accelerator:
            cycles["total"] = total_cycles(list(cycles.values()))
        return RunResult(
            self.states.take(batches.join(outputs)),
            self.output_names,
            cycles,
            self.chain.actual_batch,
            len(batches.groups),
        )

    def ordered(self, inputs: Inputs) -> list[Array]:
        """The arrays in the model's order; AfeError INVALID_INPUT for a wrong name or number."""
        return ordered_inputs(inputs, self.inputs)

    def _run_group(
        self,
        arrays: Sequence[Array],
        cycles: dict[str, Cycles] | None,
        threads: int,
        observer: Observer | None,
    ) -> list[Array]:
        """The chain over one full group; fills `cycles` where it is given."""
        buffers = {node.name: array for node, array in zip(self.chain.inputs, arrays, strict=True)}
        for plugin in self.chain.plugins:
            inputs = [buffers[name] for name in plugin.inputs]
            if _enters_behind(plugin, inputs):
                outputs = [inputs[0]]
            elif plugin.processor == "MLA":
                outputs = [self._run_mla(plugin, inputs[0], cycles, threads)]
            elif plugin.processor == "A65":
                outputs = self._run_a65(plugin, inputs)
            else:
                outputs = ev74.run_kernel(plugin, inputs)
            if observer is not None:
                observer(plugin, inputs, outputs)
            buffers.update(zip(plugin.outputs, outputs, strict=False))
        return outputs

    def _run_mla(
        self, plugin: Plugin, data: Array, cycles: dict[str, Cycles] | None, threads: int
    ) -> Array:
        data = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
        ends = np.cumsum([tensor.size_in_bytes for tensor in plugin.input_types])
        parts = np.split(data, ends[:-1])
        program = self._programs[plugin.name]
        result = program.run(parts, accelerator=cycles is not None, threads=threads)
        if cycles is not None and result.cycles is not None:
            cycles[plugin.name] = result.cycles
        return _joined_outputs(plugin, result.outputs)

    def _run_a65(self, plugin: Plugin, inputs: Sequence[Array]) -> list[Array]:
        function = str(plugin.params.get("function", plugin.name))
        typed = [
            np.ascontiguousarray(array).view(tensor.scalar).reshape(tensor.shape)
            for array, tensor in zip(inputs, plugin.input_types, strict=True)
        ]
        return a65.run_function(self._binaries[plugin.name], function, typed, plugin.output_types)


def _joined_outputs(plugin: Plugin, outputs: Sequence[NDArray[np.uint8]]) -> Array:
    """The segment's output buffer, checked against what the JSON says of it."""
    sizes = [tensor.size_in_bytes for tensor in plugin.output_types]
    if [output.size for output in outputs] != sizes:
        raise AfeError(
            ErrorCode.INVALID_ARCHIVE,
            f"{plugin.name} gave {sum(part.size for part in outputs)} bytes, its JSON says {sizes}",
        )
    if len(outputs) == 1:
        (tensor,) = plugin.output_types
        return outputs[0].view(tensor.scalar).reshape(tensor.shape)
    return np.concatenate(outputs).view(np.int8).reshape(1, -1)


def _enters_behind(plugin: Plugin, inputs: Sequence[Array]) -> bool:
    """Whether an array in the model's own quantized dtype passes its `quantize_n` by."""
    return (
        plugin.kernel == "quantization_transform"
        and inputs[0].dtype.name == plugin.output_types[0].scalar
        and inputs[0].dtype.kind in "iu"
    )
