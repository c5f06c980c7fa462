"""`*_mpk.json` as checked dataclasses.

Everything the runtime relies on is verified here, once: sequences, unique names, buffers that an
earlier plugin made, sizes that agree with types. A violation is AfeError SCHEMA_ERROR and names
the plugin and the field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeGuard, TypeVar

import numpy as np

from afe.errors import AfeError, ErrorCode
from afe.package.network import SCALAR_BYTES, TensorType
from afe.version import ARCHIVE_VERSION

_T = TypeVar("_T")

PROCESSORS = ("EV74", "MLA", "A65")
MAX_RANK = 8
MAX_TENSOR_BYTES = 1 << 32


@dataclass(frozen=True, slots=True)
class State:
    """A tensor that lives from call to call; `initial` is repeated until it fills the tensor."""

    name: str
    initial: tuple[int | float, ...]


@dataclass(frozen=True, slots=True)
class InputNode:
    """A model input in the model's own dtype and shape (the batch of one group first).

    `entry_scalar` is what the chain's first plugin takes: float32 where that quantizes. An input
    with a `state` is what the output of the same state was in the call before.
    """

    name: str
    type: TensorType
    entry_scalar: str
    state: State | None = None


@dataclass(frozen=True)
class Plugin:
    """One stage of the chain: `inputs` and `outputs` are buffer names, with their types."""

    name: str
    processor: str
    kernel: str
    executable: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    input_types: tuple[TensorType, ...]
    output_types: tuple[TensorType, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ChainDescription:
    """A whole archive's chain. `output_names` are the model's, in its order; `output_states` says
    for each which state it is, if any."""

    name: str
    inputs: tuple[InputNode, ...]
    plugins: tuple[Plugin, ...]
    output_names: tuple[str, ...]
    output_states: tuple[str | None, ...]
    desired_batch: int
    actual_batch: int


def parse_chain(document: object) -> ChainDescription:
    """The chain a JSON document describes; AfeError SCHEMA_ERROR or UNSUPPORTED_VERSION."""
    root = _mapping(document, "document")
    _check_version(root)
    plugins = tuple(
        _plugin(_mapping(entry, f"plugins[{i}]"), i)
        for i, entry in enumerate(_list(root, "plugins", "document"))
    )
    inputs = tuple(
        _input_node(_mapping(node, f"input_nodes[{i}]"), plugins)
        for i, node in enumerate(_list(root, "input_nodes", "document"))
    )
    if not plugins or plugins[-1].kernel != "pass_through":
        _fail("plugins", "the chain must end in pass_through")
    _check_links(inputs, plugins)
    names = plugins[-1].params.get("output_names")
    if not _is_list_of(names, str) or len(names) != len(plugins[-1].inputs):
        _fail(plugins[-1].name, "output_names must name every output")
    desired, actual = _batch(plugins)
    return ChainDescription(
        _text(root, "name", "document"),
        inputs,
        plugins,
        tuple(names),
        _output_states(inputs, plugins[-1]),
        desired,
        actual,
    )


def _output_states(inputs: Sequence[InputNode], sink: Plugin) -> tuple[str | None, ...]:
    """The states among the outputs: each of one input, of the same type."""
    states = sink.params.get("output_states", [None] * len(sink.inputs))
    if not isinstance(states, list) or len(states) != len(sink.inputs):
        _fail(sink.name, "output_states must have an entry for every output")
    named = {
        state: tensor
        for state, tensor in zip(states, sink.output_types, strict=True)
        if state is not None
    }
    known = {node.state.name: node.type for node in inputs if node.state}
    counts = (len(named), sum(state is not None for state in states))
    if named != known or counts != (len(known), sum(node.state is not None for node in inputs)):
        _fail(sink.name, "output_states and the inputs' states do not pair up")
    return tuple(states)


def _batch(plugins: Sequence[Plugin]) -> tuple[int, int]:
    """Desired and actual batch size, on which all plugins agree."""
    keys = ("desired_batch_size", "actual_batch_size")
    first = [plugins[0].config.get(key) for key in keys]
    if any([plugin.config.get(key) for key in keys] != first for plugin in plugins):
        _fail("plugins", "desired_batch_size and actual_batch_size must agree in all plugins")
    desired, actual = first
    if not _is_count(desired) or not _is_count(actual) or actual > desired:
        _fail("plugins", f"batch sizes {first} are not a desired and an actual one")
    return desired, actual


def _check_version(root: Mapping[str, Any]) -> None:
    version = root.get("afe_format_version")
    if version != ARCHIVE_VERSION:
        made = "by another SDK" if version is None else f"in archive version {version!r}"
        raise AfeError(
            ErrorCode.UNSUPPORTED_VERSION,
            f"the archive was made {made}; this runtime executes archives that afe wrote in "
            f"version {ARCHIVE_VERSION}: compile the model again",
        )


def _input_node(entry: Mapping[str, Any], plugins: Sequence[Plugin]) -> InputNode:
    """An input whose readers take its own dtype, or quantize it from float32."""
    name = _text(entry, "name", "input_nodes")
    own = _type(entry, name)
    entries = {
        (plugin.input_types[plugin.inputs.index(name)], plugin.kernel)
        for plugin in plugins
        if plugin.processor != "MLA" and name in plugin.inputs
    }
    for tensor, kernel in entries:
        quantizes = kernel == "quantization_transform" and tensor == own.with_scalar("float32")
        if tensor != own and not quantizes:
            _fail(name, f"it is {own}, its reader takes {tensor}")
    scalars = {tensor.scalar for tensor, _ in entries}
    entry_scalar = scalars.pop() if len(scalars) == 1 else own.scalar
    return InputNode(name, own, entry_scalar, _state(entry, own))


def _state(entry: Mapping[str, Any], own: TensorType) -> State | None:
    if "state" not in entry:
        return None
    state = _mapping(entry["state"], "input_nodes.state")
    name, initial = _text(state, "name", "input_nodes.state"), state.get("initial")
    if not isinstance(initial, list) or not initial or not own.shape:
        _fail(name, "a state has a shape and a list of initial values")
    if len(initial) > own.element_count or not all(_fits(value, own.scalar) for value in initial):
        _fail(name, f"its initial values do not fit {own}")
    return State(name, tuple(initial))


def _fits(value: object, scalar: str) -> bool:
    """Whether a JSON value is a number of the scalar type."""
    if scalar.startswith("float"):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if scalar == "bool":
        return value in (0, 1)
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    limits = np.iinfo(scalar)
    return bool(limits.min <= value <= limits.max)


def _plugin(entry: Mapping[str, Any], index: int) -> Plugin:
    name = _text(entry, "name", f"plugins[{index}]")
    if entry.get("sequence") != index + 1:
        _fail(name, f"sequence must be {index + 1}, is {entry.get('sequence')!r}")
    processor = _text(entry, "processor", name)
    if processor not in PROCESSORS:
        _fail(name, f"unknown processor '{processor}'")
    config = _mapping(entry.get("config_params"), f"{name}.config_params")
    params = _mapping(config.get("params", {}), f"{name}.params")
    inputs, input_sizes = _nodes(entry, "input_nodes", name)
    outputs, output_sizes = _nodes(entry, "output_nodes", name)
    input_types, output_types = _types_of(processor, config, params, name)
    _check_sizes(name, input_sizes, _at_border(processor, input_types))
    _check_sizes(name, output_sizes, _at_border(processor, output_types))
    resources = _mapping(entry.get("resources"), f"{name}.resources")
    return Plugin(
        name,
        processor,
        str(config.get("kernel", "")),
        _text(resources, "executable", name),
        inputs,
        outputs,
        input_types,
        output_types,
        params,
        config,
    )


def _at_border(processor: str, types: Sequence[TensorType]) -> list[int]:
    """Sizes of a plugin's buffers: an MLA segment has all its tensors in one."""
    sizes = [tensor.size_in_bytes for tensor in types]
    return [sum(sizes)] if processor == "MLA" else sizes


def _types_of(
    processor: str, config: Mapping[str, Any], params: Mapping[str, Any], name: str
) -> tuple[tuple[TensorType, ...], tuple[TensorType, ...]]:
    if processor == "EV74":
        return (
            _zipped_types(params, "input_data_types", "input_shapes", name),
            _zipped_types(params, "output_data_types", "output_shapes", name),
        )
    source = config if processor == "MLA" else params
    return _type_list(source, "input_types", name), _type_list(source, "output_types", name)


def _type_list(source: Mapping[str, Any], key: str, where: str) -> tuple[TensorType, ...]:
    return tuple(
        _type(_mapping(entry, f"{where}.{key}"), where) for entry in _list(source, key, where)
    )


def _zipped_types(
    params: Mapping[str, Any], scalars: str, shapes: str, where: str
) -> tuple[TensorType, ...]:
    names, dimensions = _list(params, scalars, where), _list(params, shapes, where)
    if len(names) != len(dimensions):
        _fail(where, f"{scalars} and {shapes} differ in length")
    return tuple(
        _type({"scalar": scalar, "shape": shape}, where)
        for scalar, shape in zip(names, dimensions, strict=True)
    )


def _type(entry: Mapping[str, Any], where: str) -> TensorType:
    scalar, shape = entry.get("scalar"), entry.get("shape")
    if not isinstance(scalar, str) or scalar not in SCALAR_BYTES:
        _fail(where, f"unknown scalar type {scalar!r}")
    if not _is_list_of(shape, int) or len(shape) > MAX_RANK or any(d < 1 for d in shape):
        _fail(where, f"shape {shape!r} is not a list of at most {MAX_RANK} sizes")
    result = TensorType(scalar, tuple(shape))
    if result.size_in_bytes > MAX_TENSOR_BYTES:
        raise AfeError(
            ErrorCode.SIZE_LIMIT_EXCEEDED,
            f"{where}: a tensor of {result.size_in_bytes} bytes, allowed are {MAX_TENSOR_BYTES}",
        )
    return result


def _nodes(entry: Mapping[str, Any], key: str, where: str) -> tuple[tuple[str, ...], list[int]]:
    nodes = [_mapping(node, f"{where}.{key}") for node in _list(entry, key, where)]
    sizes: object = [node.get("size") for node in nodes]
    if not nodes or not _is_list_of(sizes, int):
        _fail(where, f"{key} must be nodes with a size in bytes")
    return tuple(_text(node, "name", where) for node in nodes), sizes


def _check_sizes(where: str, sizes: Sequence[int], expected: Sequence[int]) -> None:
    if list(sizes) != list(expected):
        _fail(where, f"node sizes {list(sizes)} do not agree with the types' {list(expected)}")


def _check_links(inputs: Sequence[InputNode], plugins: Sequence[Plugin]) -> None:
    """Every buffer is read behind its writer, under a name used once, in the size written."""
    known: dict[str, int | None] = {}
    for node in inputs:
        _add(known, node.name, None)
    names: set[str] = set()
    for plugin in plugins:
        if plugin.name in names:
            _fail(plugin.name, "two plugins have this name")
        names.add(plugin.name)
        read = _at_border(plugin.processor, plugin.input_types)
        for buffer, size in zip(plugin.inputs, read, strict=True):
            if buffer not in known:
                _fail(plugin.name, f"input '{buffer}' is no earlier plugin's output")
            if known[buffer] not in (None, size):
                _fail(plugin.name, f"input '{buffer}' has {known[buffer]} bytes, not {size}")
        if plugin.kernel != "pass_through":
            written = _at_border(plugin.processor, plugin.output_types)
            for buffer, size in zip(plugin.outputs, written, strict=True):
                _add(known, buffer, size)


def _add(known: dict[str, int | None], buffer: str, size: int | None) -> None:
    if buffer in known:
        _fail(buffer, "two buffers have this name")
    known[buffer] = size


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        _fail(where, "expected an object")
    return value


def _list(entry: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = entry.get(key)
    if not isinstance(value, list):
        _fail(where, f"'{key}' must be a list")
    return value


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        _fail(where, f"'{key}' must be a text")
    return value


def _is_list_of(value: object, kind: type[_T]) -> TypeGuard[list[_T]]:
    return isinstance(value, list) and all(
        isinstance(entry, kind) and not isinstance(entry, bool) for entry in value
    )


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _fail(where: str, text: str) -> NoReturn:
    raise AfeError(ErrorCode.SCHEMA_ERROR, f"archive JSON, {where}: {text}")
