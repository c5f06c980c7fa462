"""A float ONNX model with static shapes, whose 4-D inputs and outputs are channels-last.

The documented API gives and takes NHWC arrays. A model that has its channels first gets a
Transpose behind its inputs and before its outputs; the compiler, whose layout is channels-last
anyway, makes them disappear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from onnx import (
    ModelProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
    shape_inference,
)

from afe.errors import AfeError, ErrorCode
from afe.importers.common import read_model_file
from afe.importers.onnx.graph import Graph, read_graph, read_model
from afe.importers.onnx.problems import shown
from afe.importers.onnx.tensors import DTYPES, to_array

_QUANTIZED = frozenset(
    {"QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger"}
    | {"MatMulInteger", "DynamicQuantizeLinear"}
)
TO_CHANNELS_FIRST, TO_CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


@dataclass(frozen=True, slots=True)
class Edge:
    """An input or output as the API has it: name, static shape, dtype.

    `own_shape` is that of the model's file, which differs where channels come first there.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    own_shape: tuple[int, ...]


@dataclass(frozen=True)
class FloatNet:
    """A checked model. `file_name` and `checksum` say where it came from."""

    model: ModelProto
    inputs: Sequence[Edge]
    outputs: Sequence[Edge]
    file_name: str


def is_quantized(model: ModelProto) -> bool:
    """Whether the model holds quantized operators already."""
    return any(node.op_type in _QUANTIZED for node in model.graph.node)


def read_static_model(
    path: Path,
    shapes: Mapping[str, Sequence[int]],
    dtypes: Mapping[str, np.dtype[Any]],
    dimensions: Mapping[str, int] | None = None,
) -> ModelProto:
    """The model of a file with static input shapes and all its data inside.

    `shapes` and `dtypes` are those of inputs by name, in the model's own layout; `dimensions` are
    the sizes of symbolic dimensions, by name. Raises AfeError: the codes of the ONNX importer, and
    INVALID_OPTION where they contradict the model.
    """
    model = read_model(read_model_file(path), path)
    _set_shapes(model, shapes)
    graph = read_graph(model, path.parent, dimensions)
    _check_dtypes(graph, dtypes)
    for info in model.graph.input:
        static = next((port.shape for port in graph.inputs if port.name == info.name), None)
        if static is not None:
            _set_shape(info, static)
    del model.graph.value_info[:]
    for info in model.graph.output:
        info.type.tensor_type.ClearField("shape")
    for tensor in model.graph.initializer:
        array = to_array(tensor, path.parent)
        if tensor.data_location == TensorProto.EXTERNAL:
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return model


def float_net(model: ModelProto, file_name: str, *, channels_first: bool) -> FloatNet:
    """`model` with channels-last edges; where `channels_first`, its own are turned around."""
    copy = ModelProto()
    copy.CopyFrom(model)
    known = {tensor.name for tensor in copy.graph.initializer}
    fed = [info for info in copy.graph.input if info.name not in known]
    inputs = [_edge(info) for info in fed]
    outputs = [_edge(info) for info in _inferred(copy).graph.output]
    for info, own in zip(copy.graph.output, outputs, strict=True):
        _set_shape(info, own.shape)
    if channels_first:
        inputs = [_turned_input(copy, info, own) for info, own in zip(fed, inputs, strict=True)]
        outputs = [
            _turned_output(copy, info, own)
            for info, own in zip(copy.graph.output, outputs, strict=True)
        ]
    return FloatNet(copy, inputs, outputs, file_name)


# --- shapes and types ----------------------------------------------------------------------------


def _set_shapes(model: ModelProto, shapes: Mapping[str, Sequence[int]]) -> None:
    inputs = {info.name: info for info in model.graph.input}
    for name, shape in shapes.items():
        if name not in inputs:
            raise _unknown_input(name, list(inputs))
        dims = inputs[name].type.tensor_type.shape.dim
        if len(dims) != len(shape):
            raise _option(
                f"input {shown(name)} has {len(dims)} dimensions, its given shape "
                f"{list(shape)} has {len(shape)}"
            )
        for dim, size in zip(dims, shape, strict=True):
            if dim.HasField("dim_value") and dim.dim_value > 0 and dim.dim_value != size:
                fixed = [d.dim_value or d.dim_param or "?" for d in dims]
                raise _option(
                    f"input {shown(name)} has the shape {fixed} in the model, {list(shape)} was "
                    "given; shapes are given in the model's own layout"
                )
            dim.dim_value = size


def _check_dtypes(graph: Graph, dtypes: Mapping[str, np.dtype[Any]]) -> None:
    own = {port.name: port.dtype for port in graph.inputs}
    for name, dtype in dtypes.items():
        if name not in own:
            raise _unknown_input(name, list(own))
        if own[name] != dtype:
            raise _option(f"input {shown(name)} is {own[name]} in the model, {dtype} was given")


def _set_shape(info: ValueInfoProto, shape: Sequence[int]) -> None:
    """Static sizes; the element type stays."""
    kind = info.type.tensor_type.elem_type
    info.CopyFrom(helper.make_tensor_value_info(info.name, kind, shape))


def _inferred(model: ModelProto) -> ModelProto:
    """The model with the shapes of all tensors; AfeError INVALID_MODEL where one is impossible."""
    try:
        return shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    except Exception as error:
        reason = (str(error).strip().splitlines() or ["shapes do not fit"])[-1]
        raise AfeError(
            ErrorCode.INVALID_MODEL, f"the shapes of the model's tensors do not fit: {reason[:400]}"
        ) from error


def _edge(info: ValueInfoProto) -> Edge:
    tensor = info.type.tensor_type
    dtype = DTYPES.get(tensor.elem_type)
    shape = tuple(int(dim.dim_value) for dim in tensor.shape.dim)
    if dtype is None or not tensor.HasField("shape") or 0 in shape:
        sizes = [d.dim_value or d.dim_param or "?" for d in tensor.shape.dim]
        raise AfeError(
            ErrorCode.DYNAMIC_SHAPE,
            f"tensor {shown(info.name)} has no static shape: {sizes}; give the shapes of all "
            "inputs (shape_dict)",
        )
    return Edge(info.name, shape, dtype, shape)


# --- channels-last edges -------------------------------------------------------------------------


def _is_turned(edge: Edge) -> bool:
    return len(edge.shape) == 4 and edge.dtype.kind == "f"


def _turned_input(model: ModelProto, info: ValueInfoProto, own: Edge) -> Edge:
    """The input with its channels last, and a Transpose to what the nodes read."""
    if not _is_turned(own):
        return own
    inside = _rename(model, own.name)
    node = helper.make_node(
        "Transpose", [own.name], [inside], f"{own.name}/to_nchw", perm=TO_CHANNELS_FIRST
    )
    model.graph.node.insert(0, node)
    edge = replace(own, shape=tuple(own.shape[axis] for axis in TO_CHANNELS_LAST))
    _set_shape(info, edge.shape)
    return edge


def _turned_output(model: ModelProto, info: ValueInfoProto, own: Edge) -> Edge:
    if not _is_turned(own):
        return own
    inside = _rename(model, own.name)
    node = helper.make_node(
        "Transpose", [inside], [own.name], f"{own.name}/to_nhwc", perm=TO_CHANNELS_LAST
    )
    model.graph.node.append(node)
    edge = replace(own, shape=tuple(own.shape[axis] for axis in TO_CHANNELS_LAST))
    _set_shape(info, edge.shape)
    return edge


def _rename(model: ModelProto, name: str) -> str:
    """Lets all nodes call the tensor `name` by another name, which is returned."""
    used = {given for node in model.graph.node for given in (*node.input, *node.output)}
    renamed = f"{name}/nchw"
    while renamed in used:
        renamed += "_"
    for node in model.graph.node:
        for places in (node.input, node.output):
            for index, given in enumerate(places):
                if given == name:
                    places[index] = renamed
    return renamed


def _unknown_input(name: str, known: Sequence[str]) -> AfeError:
    names = ", ".join(shown(other) for other in known[:8])
    return _option(f"the model has no input {shown(name)}; its inputs are {names}")


def _option(text: str) -> AfeError:
    return AfeError(ErrorCode.INVALID_OPTION, text)
