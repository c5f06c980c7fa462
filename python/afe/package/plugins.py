"""The plugin chain of `*_mpk.json`, built from a compiled network.

One step of the chain is one plugin. Around every MLA segment stand the conversions between the
model's tensors and their bytes in DRAM: tessellate before, detessellate behind, pack and unpack
where the segment has several tensors; a quantized input is preceded by its `quantize_n`.
Buffers are linked by name: a plugin's only output is named like the plugin, several are numbered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from afe.errors import AfeError, ErrorCode
from afe.package.kernels import full_params
from afe.package.network import (
    A65,
    EV74,
    MLA,
    MlaSegment,
    Network,
    PhysicalTensor,
    Port,
    Step,
    TensorType,
    Value,
    shapes_of,
)
from afe.package.report import cycles_from

Json = dict[str, Any]

_PLUGIN_NAMES = {
    "quantization_transform": "quantize",
    "dequantization_transform": "dequantize",
    "tessellation_transform": "tessellate",
    "detessellation_transform": "detessellate",
}


@dataclass(frozen=True, slots=True)
class Buffer:
    """A named buffer of the chain with the type of what it holds."""

    name: str
    type: TensorType

    def node(self) -> Json:
        """The buffer as an input or output node."""
        return {"name": self.name, "type": "buffer", "size": self.type.size_in_bytes}


@dataclass(frozen=True)
class Chain:
    """Plugins in order, and the model's input nodes."""

    plugins: Sequence[Json]
    input_nodes: Sequence[Json]


def build_chain(network: Network, binaries: Mapping[str, str], target: Json) -> Chain:
    """The whole chain; `binaries` maps a segment to its file, `target` describes the machine."""
    return _ChainBuilder(network, binaries, target).build()


class _ChainBuilder:
    def __init__(self, network: Network, binaries: Mapping[str, str], target: Json) -> None:
        self._network = network
        self._binaries = binaries
        self._target = target
        self._plugins: list[Json] = []
        self._buffers: dict[int, Buffer] = {}
        self._names: set[str] = set()

    def build(self) -> Chain:
        input_nodes = [
            self._input(port, value)
            for port, value in zip(self._network.inputs, self._network.arguments, strict=True)
        ]
        for step in self._network.steps:
            self._step(step)
        self._sink()
        return Chain(self._plugins, input_nodes)

    # --- the model's border ----------------------------------------------------------------------

    def _input(self, port: Port, argument: Value) -> Json:
        """Registers an input's buffer; float arrays for a quantized input pass `quantize_n`."""
        quantized = port.scale is not None and port.type.scalar in ("int8", "uint8", "int16")
        outer = port.type.with_scalar("float32") if quantized else port.type
        buffer = Buffer(self._unique(port.name), outer)
        node = buffer.node() | {"scalar": port.type.scalar, "shape": list(port.type.shape)}
        if port.state is not None:
            node["state"] = {"name": port.state, "initial": list(port.initial)}
        if quantized:
            node["input_range"] = _real_range(port)
            params = {"divisor": port.scale, "zero_point": port.zero_point}
            (buffer,) = self._ev74("quantization_transform", params, [buffer], [port.type])
        self._buffers[argument.id] = buffer
        return node

    def _sink(self) -> None:
        """The final `pass_through`: the model's outputs in its order, under its names."""
        outputs = self._network.outputs
        inputs = [self._buffers[value.id] for value in self._network.results]
        params: Json = {
            "output_names": [port.name for port in outputs],
            "output_quantization": [
                None if port.scale is None else [port.scale, port.zero_point] for port in outputs
            ],
        }
        if any(port.state for port in outputs):
            params["output_states"] = [port.state for port in outputs]
        types = [port.type for port in outputs]
        for buffer, port in zip(inputs, outputs, strict=True):
            if buffer.type != port.type:
                raise AfeError(
                    ErrorCode.INTERNAL,
                    f"output '{port.name}' is {port.type}, the chain ends in {buffer.type}",
                )
        self._ev74("pass_through", params, inputs, types)

    # --- steps -----------------------------------------------------------------------------------

    def _step(self, step: Step) -> None:
        inputs = [self._buffers[value.id] for value in step.inputs]
        types = [value.type for value in step.outputs]
        if step.processor == MLA:
            outputs = self._mla(self._network.mla_segment(step.kernel), inputs, types)
        elif step.processor == A65:
            outputs = self._a65(step.kernel, inputs, types)
        else:
            outputs = self._ev74(step.kernel, step.params, inputs, types)
        for value, buffer in zip(step.outputs, outputs, strict=True):
            self._buffers[value.id] = buffer

    def _ev74(
        self,
        kernel: str,
        params: Mapping[str, Any],
        inputs: Sequence[Buffer],
        types: Sequence[TensorType],
        name: str = "",
    ) -> list[Buffer]:
        input_types = [buffer.type for buffer in inputs]
        typed = full_params(kernel, params, input_types, types) | {
            "input_shapes": shapes_of(input_types),
            "input_data_types": [tensor.scalar for tensor in input_types],
            "output_shapes": shapes_of(types),
            "output_data_types": [tensor.scalar for tensor in types],
            "output_data_type": types[0].scalar,
        }
        return self._plugin(
            name or self._numbered(kernel),
            EV74,
            {"kernel": kernel, "params": typed},
            inputs,
            types,
            "kernel_name_tbd",
        )

    def _a65(
        self, name: str, inputs: Sequence[Buffer], types: Sequence[TensorType]
    ) -> list[Buffer]:
        segment = self._network.a65_segment(name)
        params = {
            "input_types": [_type_json(buffer.type) for buffer in inputs],
            "output_types": [_type_json(tensor) for tensor in types],
            "function": segment.function,
            "workspace_bytes": segment.workspace_bytes,
        }
        config = {"kernel": "processtvm", "params": params}
        return self._plugin(name, A65, config, inputs, types, self._binaries[name])

    # --- MLA segments ----------------------------------------------------------------------------

    def _mla(
        self, segment: MlaSegment, inputs: Sequence[Buffer], types: Sequence[TensorType]
    ) -> list[Buffer]:
        physical = [
            self._tessellate(buffer, tensor)
            for buffer, tensor in zip(inputs, segment.inputs, strict=True)
        ]
        config = self._mla_config(segment)
        if len(physical) > 1:
            physical = self._pack(segment.name, physical)
        whole = [_bytes_type(sum(tensor.size_in_bytes for tensor in segment.outputs))]
        if len(segment.outputs) == 1:
            whole = [_physical_type(segment.outputs[0])]
        program = self._binaries[segment.name]
        outputs = self._plugin(segment.name, MLA, config, physical, whole, program)
        if len(segment.outputs) > 1:
            outputs = self._unpack(segment, outputs)
        return [
            self._detessellate(buffer, tensor, logical)
            for buffer, tensor, logical in zip(outputs, segment.outputs, types, strict=True)
        ]

    def _mla_config(self, segment: MlaSegment) -> Json:
        return {
            "number_of_quads_to_user": self._target["quads"],
            "input_types": [_type_json(_physical_type(tensor)) for tensor in segment.inputs],
            "output_types": [_type_json(_physical_type(tensor)) for tensor in segment.outputs],
            "input_tensors": [_tensor_json(tensor) for tensor in segment.inputs],
            "output_tensors": [_tensor_json(tensor) for tensor in segment.outputs],
            "batch_limit_reason": segment.batch_limit_reason,
            "cycles": asdict(cycles_from(segment.cycles)),
            "target": self._target,
        }

    def _tessellate(self, buffer: Buffer, tensor: PhysicalTensor) -> Buffer:
        _check_same_elements(buffer.type, tensor)
        if tensor.by_mla:  # dense, or channels that need no padding: the same bytes
            return buffer
        params = _tile_params(tensor)
        if tensor.tile:
            params["frame_shape"] = list(tensor.frame_shape)
        (out,) = self._ev74("tessellation_transform", params, [buffer], [_physical_type(tensor)])
        return out

    def _detessellate(self, buffer: Buffer, tensor: PhysicalTensor, logical: TensorType) -> Buffer:
        _check_same_elements(logical, tensor)
        if tensor.by_mla:
            return self._without_padding(buffer, tensor, logical)
        params = _tile_params(tensor) | {"frame_shape": list(tensor.frame_shape)}
        (out,) = self._ev74("detessellation_transform", params, [buffer], [logical])
        return out

    def _without_padding(
        self, buffer: Buffer, tensor: PhysicalTensor, logical: TensorType
    ) -> Buffer:
        """The chain's tensor where the MLA wrote the frame itself: padded channels are cut off."""
        shape = tensor.type.shape
        padded = tensor.size_in_bytes * shape[-1] // tensor.type.size_in_bytes
        if padded != shape[-1]:
            whole = Buffer(buffer.name, TensorType(tensor.type.scalar, (*shape[:-1], padded)))
            start = {"start": [0] * len(shape)}
            (buffer,) = self._ev74("slice_transform", start, [whole], [tensor.type])
        return Buffer(buffer.name, logical)

    def _pack(self, segment: str, inputs: Sequence[Buffer]) -> list[Buffer]:
        whole = _bytes_type(sum(buffer.type.size_in_bytes for buffer in inputs))
        name = self._unique(f"{segment}_ifm_pack_transform")
        return self._ev74("pack_transform", {}, inputs, [whole], name)

    def _unpack(self, segment: MlaSegment, inputs: Sequence[Buffer]) -> list[Buffer]:
        types = [_physical_type(tensor) for tensor in segment.outputs]
        params = {
            "tensor_types": [tensor.scalar for tensor in types],
            "tensor_shapes": shapes_of(types),
        }
        name = self._unique(f"{segment.name}_ofm_unpack_transform")
        return self._ev74("unpack_transform", params, inputs, types, name)

    # --- one plugin ------------------------------------------------------------------------------

    def _plugin(
        self,
        name: str,
        processor: str,
        config: Json,
        inputs: Iterable[Buffer],
        types: Sequence[TensorType],
        executable: str,
    ) -> list[Buffer]:
        self._names.add(name)
        outputs = (
            [Buffer(name, types[0])]
            if len(types) == 1
            else [Buffer(self._unique(f"{name}_out{i}"), t) for i, t in enumerate(types)]
        )
        batch = {
            "desired_batch_size": self._network.desired_batch,
            "actual_batch_size": self._network.actual_batch,
        }
        self._plugins.append(
            {
                "name": name,
                "sequence": len(self._plugins) + 1,
                "processor": processor,
                "type": "sgpProcess",
                "config_params": batch | config,
                "input_nodes": [buffer.node() for buffer in inputs],
                "output_nodes": [buffer.node() for buffer in outputs],
                "resources": {"executable": executable},
            }
        )
        return outputs

    def _numbered(self, kernel: str) -> str:
        """`quantize_0`, `quantize_1`…; the sink alone has no number."""
        if kernel == "pass_through":
            return self._unique(kernel)
        stem = _PLUGIN_NAMES.get(kernel, kernel.removesuffix("_transform"))
        number = 0
        while f"{stem}_{number}" in self._names:
            number += 1
        return self._unique(f"{stem}_{number}")

    def _unique(self, name: str) -> str:
        candidate, number = name, 0
        taken = self._names | set(self._binaries)
        while candidate in taken:
            number += 1
            candidate = f"{name}_{number}"
        self._names.add(candidate)
        return candidate


def _real_range(port: Port) -> list[float]:
    bits = 16 if port.type.scalar == "int16" else 8
    low = 0 if port.type.scalar == "uint8" else -(1 << (bits - 1))
    high = low + (1 << bits) - 1
    scale = float(port.scale or 1.0)
    return [(low - port.zero_point) * scale, (high - port.zero_point) * scale]


def _tile_params(tensor: PhysicalTensor) -> Json:
    """One tile, or the whole frame, as a slice; channels padded to 16 in layout HWC16."""
    return {
        "slice_shape": list(tensor.tile or tensor.frame_shape),
        "align_c16": tensor.layout == "HWC16",
        "cblock": False,
        "frame_type": tensor.type.scalar,
    }


def _physical_type(tensor: PhysicalTensor) -> TensorType:
    """Bytes in DRAM as a type: the tensor's own where it is dense, else one row of elements."""
    if tensor.size_in_bytes == tensor.type.size_in_bytes:
        return tensor.type
    one = TensorType(tensor.type.scalar, (1,)).size_in_bytes
    return TensorType(tensor.type.scalar, (1, tensor.size_in_bytes // one))


def _bytes_type(size_in_bytes: int) -> TensorType:
    return TensorType("int8", (1, size_in_bytes))


def _type_json(tensor: TensorType) -> Json:
    return {"scalar": tensor.scalar, "shape": list(tensor.shape)}


def _tensor_json(tensor: PhysicalTensor) -> Json:
    return {
        "name": tensor.name,
        "scalar": tensor.type.scalar,
        "shape": list(tensor.type.shape),
        "layout": tensor.layout,
        "size": tensor.size_in_bytes,
    }


def _check_same_elements(logical: TensorType, tensor: PhysicalTensor) -> None:
    if logical.scalar != tensor.type.scalar or logical.element_count != tensor.type.element_count:
        raise AfeError(
            ErrorCode.INTERNAL,
            f"tensor '{tensor.name}' of a segment is {tensor.type}, the chain has {logical}",
        )
