"""The graph of an ONNX file, checked: what every later step may rely on.

Holds afterwards: the opset is known, nodes are in an order in which every input is defined first
and only nodes the outputs need are left, names are defined once, shapes are static (a dynamic
batch is 1), and a node's attributes have the types asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import (
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
)

from afe.errors import AfeError, ErrorCode
from afe.importers.onnx.dimensions import Dimensions
from afe.importers.onnx.node import Node
from afe.importers.onnx.problems import invalid, invalid_node, shown, text
from afe.importers.onnx.qoperators import expanded
from afe.importers.onnx.tensors import MAX_ELEMENTS, dtype_of

__all__ = ["Graph", "GraphInput", "Node", "read_graph", "read_model"]

OLDEST_OPSET, NEWEST_OPSET = 10, 28
"""Opsets of the default domain that are read: 10 came with QuantizeLinear, 28 with ONNX 1.23."""

_DEFAULT_DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True, slots=True)
class GraphInput:
    """A model input: static shape and the model's own element type."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]


@dataclass(frozen=True)
class Graph:
    """The checked graph. `consumers` lists, per tensor, the nodes that read it (a node once)."""

    nodes: Sequence[Node]
    initializers: dict[str, TensorProto]
    inputs: Sequence[GraphInput]
    outputs: Sequence[str]
    opset: int
    folder: Path
    consumers: dict[str, list[Node]] = field(default_factory=dict)
    producers: dict[str, Node] = field(default_factory=dict)

    def only_consumer(self, tensor: str) -> Node | None:
        """The node that alone reads `tensor`; None where several do or it is a model output."""
        readers = self.consumers.get(tensor, [])
        return readers[0] if len(readers) == 1 and tensor not in self.outputs else None


def read_model(data: bytes, path: Path) -> ModelProto:
    """Parses the protobuf; AfeError FILE_INVALID where it is none."""
    try:
        model: ModelProto = ModelProto.FromString(data)
        has_nodes = model.HasField("graph") and len(model.graph.node) > 0
    except (DecodeError, UnicodeDecodeError) as error:
        raise AfeError(
            ErrorCode.FILE_INVALID,
            f"'{path}' is no ONNX model: its protobuf cannot be read",
            notes=["the file is truncated, damaged, or of another format"],
        ) from error
    if not has_nodes:
        raise AfeError(ErrorCode.FILE_INVALID, f"'{path}' is no ONNX model: it holds no graph")
    return model


def read_graph(model: ModelProto, folder: Path, sizes: Mapping[str, int] | None = None) -> Graph:
    """Checks and orders the graph of `model`; `folder` is where external data lies.

    `sizes` are those of symbolic dimensions, by name.
    """
    opset = _opset(model)
    proto = model.graph
    if proto.sparse_initializer:
        raise invalid("the graph has sparse initializers", "store them as dense tensors")
    initializers = {text(tensor.name): tensor for tensor in proto.initializer}
    fed = [info for info in proto.input if text(info.name) not in initializers]
    dimensions = Dimensions(sizes or {}, fed)
    inputs = [_input(info, dimensions) for info in fed]
    nodes = [_node(index, node, folder) for index, node in enumerate(proto.node)]
    nodes = expanded(nodes, initializers, [port.name for port in inputs])
    outputs = [text(info.name) for info in proto.output]
    if not outputs:
        raise invalid("the graph has no outputs")
    producers = _producers(nodes, {*initializers, *(port.name for port in inputs)})
    order = _ordered(nodes, producers, outputs)
    _check_defined(order, {*producers, *initializers, *(port.name for port in inputs)}, outputs)
    consumers: dict[str, list[Node]] = {}
    for node in order:
        for name in dict.fromkeys(node.inputs):
            consumers.setdefault(name, []).append(node)
    return Graph(order, initializers, inputs, outputs, opset, folder, consumers, producers)


def _opset(model: ModelProto) -> int:
    versions = [entry.version for entry in model.opset_import if entry.domain in _DEFAULT_DOMAINS]
    if not versions:
        raise invalid("the model names no opset of the default domain")
    opset = int(versions[0])
    if not OLDEST_OPSET <= opset <= NEWEST_OPSET:
        raise AfeError(
            ErrorCode.UNSUPPORTED_VERSION,
            f"the model uses opset {opset}; {OLDEST_OPSET} to {NEWEST_OPSET} are supported",
            notes=["convert it with onnx.version_converter.convert_version(model, 17)"],
        )
    return opset


def _node(index: int, proto: NodeProto, folder: Path) -> Node:
    domain = "" if proto.domain in _DEFAULT_DOMAINS else proto.domain
    attributes = {text(attribute.name): attribute for attribute in proto.attribute}
    inputs, outputs = tuple(map(text, proto.input)), tuple(map(text, proto.output))
    operator, name = text(proto.op_type), text(proto.name)
    return Node(index, operator, text(domain), name, inputs, outputs, attributes, folder)


def _input(info: ValueInfoProto, dimensions: Dimensions) -> GraphInput:
    where = f"input {shown(text(info.name))}"
    if not info.type.HasField("tensor_type") or not info.type.tensor_type.HasField("shape"):
        raise invalid(f"{where} is no tensor of known rank")
    tensor = info.type.tensor_type
    shape = [dimensions.size(info, axis, dim) for axis, dim in enumerate(tensor.shape.dim)]
    if np.prod(shape, dtype=object) > MAX_ELEMENTS:
        raise invalid(f"{where} has shape {shape[:8]}")
    return GraphInput(info.name, tuple(shape), dtype_of(tensor.elem_type, where))


def _producers(nodes: Iterable[Node], given: set[str]) -> dict[str, Node]:
    producers: dict[str, Node] = {}
    for node in nodes:
        for name in filter(None, node.outputs):
            if name in producers or name in given:
                raise invalid(f"tensor {shown(name)} is defined twice")
            producers[name] = node
    return producers


def _ordered(
    nodes: Sequence[Node], producers: dict[str, Node], outputs: Sequence[str]
) -> list[Node]:
    """The nodes the outputs need, producers first, otherwise in file order."""
    needed = _needed(producers, outputs)
    waiting: dict[int, int] = {}
    readers: dict[int, list[Node]] = {}
    ready = []
    for node in (node for node in nodes if node.index in needed):
        sources = {producers[name].index for name in node.inputs if name in producers}
        waiting[node.index] = len(sources)
        for source in sources:
            readers.setdefault(source, []).append(node)
        if not sources:
            ready.append(node)
    order = []
    while ready:
        node = ready.pop()
        order.append(node)
        for reader in readers.get(node.index, []):
            waiting[reader.index] -= 1
            if waiting[reader.index] == 0:
                ready.append(reader)
    if len(order) < len(needed):
        done = {node.index for node in order}
        stuck = next(node for node in nodes if node.index in needed - done)
        raise invalid(f"the graph has a cycle; {stuck.label} waits for its own result")
    return _file_order_if_valid(order, producers)


def _file_order_if_valid(order: list[Node], producers: dict[str, Node]) -> list[Node]:
    """File order, which is what ONNX demands and keeps names stable, where it is topological."""
    in_order = all(
        producers[name].index < node.index
        for node in order
        for name in node.inputs
        if name in producers
    )
    return sorted(order, key=lambda node: node.index) if in_order else order


def _needed(producers: dict[str, Node], outputs: Sequence[str]) -> set[int]:
    needed: set[int] = set()
    stack = [producers[name] for name in outputs if name in producers]
    while stack:
        node = stack.pop()
        if node.index not in needed:
            needed.add(node.index)
            stack.extend(producers[name] for name in node.inputs if name in producers)
    return needed


def _check_defined(nodes: Sequence[Node], known: set[str], outputs: Sequence[str]) -> None:
    for node in nodes:
        for name in node.inputs:
            if name and name not in known:
                raise invalid_node(node, f"its input {shown(name)} is defined nowhere")
    for name in outputs:
        if name not in known:
            raise invalid(f"the model's output {shown(name)} is defined nowhere")
