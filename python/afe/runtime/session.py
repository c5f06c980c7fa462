"""A loaded archive: inputs into groups of the archive's batch, every group through the chain.

Arrays go in and come out in the model's own layout and shape, any number of images along the first
dimension; the last group is padded and the padding dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.archive import find_document, parse_json, read_archive
from afe.errors import AfeError, ErrorCode
from afe.package.network import TensorType
from afe.package.report import Cycles, total_cycles
from afe.runtime import a65, ev74
from afe.runtime.mla import MlaProgram
from afe.runtime.schema import ChainDescription, InputNode, Plugin, parse_chain

Array = NDArray[Any]
Inputs = Sequence[Array] | Mapping[str, Array]


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
    path = Path(archive)
    members = read_archive(path)
    name = find_document(path, members)
    return LoadedArchive(parse_chain(parse_json(members[name], name)), members)


class LoadedArchive:
    """An archive ready to run."""

    def __init__(self, chain: ChainDescription, members: Mapping[str, bytes]) -> None:
        self.chain = chain
        self._binaries = {
            plugin.name: _member(members, plugin)
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
        """The model's inputs: name, dtype and shape of one group of images."""
        return self.chain.inputs

    @property
    def output_names(self) -> tuple[str, ...]:
        """The model's output names in its order."""
        return self.chain.output_names

    def run(self, inputs: Inputs, *, accelerator: bool = False, threads: int = 1) -> RunResult:
        """Runs any number of images.

        `inputs`: arrays in the model's order, or by name (or `in0`, `in1`…), in the model's own
        dtype, or float32 for a quantized input; with `accelerator` cycles are simulated too.
        Raises AfeError INVALID_INPUT (names, shapes, dtypes) or RUNTIME_FAULT.
        """
        arrays = self._ordered(inputs)
        checked = [
            _checked(array, node) for array, node in zip(arrays, self.chain.inputs, strict=True)
        ]
        groups = _groups(checked, self.chain)
        outputs: list[list[Array]] = []
        cycles: dict[str, Cycles] = {}
        for number, group in enumerate(groups):
            # Cycles do not depend on the data: one group stands for all.
            counts = cycles if accelerator and number == 0 else None
            outputs.append(self._run_group(group, counts, threads))
        joined = [np.concatenate(parts) if len(parts) > 1 else parts[0] for parts in zip(*outputs)]
        if cycles:
            cycles["total"] = total_cycles(list(cycles.values()))
        return RunResult(
            _trimmed(joined, checked, self.chain, len(groups)),
            self.chain.output_names,
            cycles,
            self.chain.actual_batch,
            len(groups),
        )

    def _ordered(self, inputs: Inputs) -> list[Array]:
        nodes = self.chain.inputs
        if not isinstance(inputs, Mapping):
            arrays = [np.asarray(array) for array in inputs]
            if len(arrays) != len(nodes):
                raise _invalid(f"{len(arrays)} arrays were given; {_expected(nodes)}")
            return arrays
        known = {node.name: f"in{i}" for i, node in enumerate(nodes)}
        by_position = set(known.values())
        for name in inputs:
            if name not in known and name not in by_position:
                raise _invalid(f"there is no input '{name}'; {_expected(nodes)}")
        missing = [n for n, position in known.items() if n not in inputs and position not in inputs]
        if missing:
            raise _invalid(f"input '{missing[0]}' is missing; {_expected(nodes)}")
        return [np.asarray(inputs[n] if n in inputs else inputs[p]) for n, p in known.items()]

    def _run_group(
        self, arrays: Sequence[Array], cycles: dict[str, Cycles] | None, threads: int
    ) -> list[Array]:
        """The chain over one full group; fills `cycles` where it is given."""
        buffers = {
            node.name: array for node, array in zip(self.chain.inputs, arrays, strict=True)
        }
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
            buffers.update(zip(plugin.outputs, outputs, strict=False))
        return outputs

    def _run_mla(
        self, plugin: Plugin, data: Array, cycles: dict[str, Cycles] | None, threads: int
    ) -> Array:
        whole = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
        ends = np.cumsum([tensor.size_in_bytes for tensor in plugin.input_types])
        parts = np.split(whole, ends[:-1])
        program = self._programs[plugin.name]
        result = program.run(parts, accelerator=cycles is not None, threads=threads)
        if cycles is not None and result.cycles is not None:
            cycles[plugin.name] = result.cycles
        outputs = [np.asarray(part, np.uint8).reshape(-1) for part in result.outputs]
        if len(outputs) == 1:
            (tensor,) = plugin.output_types
            return outputs[0].view(tensor.scalar).reshape(tensor.shape)
        return np.concatenate(outputs).view(np.int8).reshape(1, -1)

    def _run_a65(self, plugin: Plugin, inputs: Sequence[Array]) -> list[Array]:
        function = str(plugin.params.get("function", plugin.name))
        typed = [
            np.ascontiguousarray(array).view(tensor.scalar).reshape(tensor.shape)
            for array, tensor in zip(inputs, plugin.input_types, strict=True)
        ]
        return a65.run_function(
            self._binaries[plugin.name], function, typed, plugin.output_types
        )


def _member(members: Mapping[str, bytes], plugin: Plugin) -> bytes:
    data = members.get(plugin.executable)
    if data is None:
        raise AfeError(
            ErrorCode.INVALID_ARCHIVE,
            f"the archive lacks '{plugin.executable}', the program of {plugin.name}",
        )
    return data


def _enters_behind(plugin: Plugin, inputs: Sequence[Array]) -> bool:
    """Whether an array in the model's own quantized dtype passes its `quantize_n` by."""
    return (
        plugin.kernel == "quantization_transform"
        and inputs[0].dtype.name == plugin.output_types[0].scalar
        and inputs[0].dtype.kind in "iu"
    )


def _checked(array: Array, node: InputNode) -> Array:
    """The array in a dtype the chain takes, its shape the model's but for the images."""
    own = np.dtype(node.type.scalar)
    if array.dtype.kind == "f" and own.kind in "iuf":
        quantized = own.name in ("int8", "uint8", "int16")
        array = array.astype(np.float32 if quantized or own == np.float32 else array.dtype)
    fits = array.dtype == own or (array.dtype == np.float32 and own.name in ("int8", "uint8", "int16"))
    if not fits:
        raise _invalid(f"input '{node.name}' has dtype {array.dtype}, expected {own}")
    shape = node.type.shape
    if array.ndim != len(shape) or array.shape[1:] != shape[1:] or (shape and not array.shape[0]):
        inner = ", ".join(["n", *(str(size) for size in shape[1:])])
        raise _invalid(f"input '{node.name}' has shape {list(array.shape)}, expected [{inner}]")
    return array


def _groups(arrays: Sequence[Array], chain: ChainDescription) -> list[list[Array]]:
    """Arrays cut along the first dimension; the last image repeats where a group is not full."""
    counts = {len(array) for array in arrays if array.ndim}
    if len(counts) > 1:
        raise _invalid(f"the inputs hold different numbers of images: {sorted(counts)}")
    count = counts.pop() if counts else 1
    sizes = [node.type.shape[0] if node.type.shape else 1 for node in chain.inputs]
    group_size = sizes[0] if sizes else 1
    group_count = -(-count // group_size)
    return [
        [_group(array, number, group_size) for array in arrays] for number in range(group_count)
    ] or [[]]


def _group(array: Array, number: int, size: int) -> Array:
    if not array.ndim:
        return array
    part = array[number * size : (number + 1) * size]
    if len(part) == size:
        return part
    return np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])


def _trimmed(
    outputs: Sequence[Array], inputs: Sequence[Array], chain: ChainDescription, groups: int
) -> list[Array]:
    """Outputs without the padding images; an output's rows are shared out evenly over the images."""
    group_size = chain.inputs[0].type.shape[0] if chain.inputs and chain.inputs[0].type.shape else 1
    images = groups * group_size
    count = len(inputs[0]) if inputs and inputs[0].ndim else images
    return [
        array[: len(array) * count // images] if array.ndim and count < images else array
        for array in outputs
    ]


def _expected(nodes: Sequence[InputNode]) -> str:
    described = ", ".join(
        f"'{node.name}' (or in{i}) {_type_text(node.type)}" for i, node in enumerate(nodes)
    )
    return f"the archive takes {described}"


def _type_text(tensor: TensorType) -> str:
    return f"{tensor.scalar}[{', '.join(['n', *(str(size) for size in tensor.shape[1:])])}]"


def _invalid(text: str) -> AfeError:
    return AfeError(ErrorCode.INVALID_INPUT, text)
