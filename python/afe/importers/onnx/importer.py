"""From the bytes of an ONNX QDQ model to a TOSA module, in the order of this file.

Arguments and results keep the model's names, types and channels-first shapes. An input that a
convolution reads (through elementwise operators) is transposed right behind the argument, results
right before the return; between them values are channels-last where an operator wants it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from afe.errors import AfeError, ErrorCode
from afe.importers.builder import TosaBuilder
from afe.importers.common import ImportedModel, Port, Quantization, clean_name
from afe.importers.module_builder import DTYPE_OF_NUMPY, Tensor
from afe.importers.onnx import (  # noqa: F401  (each registers its operators)
    conversion,
    convolution,
    einsum,
    elementwise,
    gathering,
    integers,
    movement,
    normalization,
    padding,
    pooling,
    products,
    reduction,
    resize,
    shapes,
    softmax,
    transposed_convolution,
)
from afe.importers.onnx.context import Context
from afe.importers.onnx.fold import folded
from afe.importers.onnx.graph import Graph, GraphInput, Node, read_graph, read_model
from afe.importers.onnx.layout import Layout
from afe.importers.onnx.problems import QUANTIZE_FIRST, invalid_node, shown, text, unsupported_type
from afe.importers.onnx.registry import IMPORTERS, Importer
from afe.importers.onnx.tensors import MAX_ELEMENTS
from afe.importers.onnx.values import Floats, Stored, Value

_WINDOWED = frozenset(
    {
        "Conv",
        "ConvTranspose",
        "MaxPool",
        "AveragePool",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "Resize",
    }
)
"""Operators that want channels last."""

_ANY_ORDER = frozenset(
    {"QuantizeLinear", "DequantizeLinear", "Relu", "Clip", "Add", "Sub", "Mul", "Div", "Pad"}
    | {"Identity", "Dropout", "Slice", "Concat", "Split"}
)
"""Operators that take any order and pass it on."""


def import_onnx(
    data: bytes,
    *,
    name: str,
    path: Path,
    dimensions: Mapping[str, int] | None = None,
    fixed_point: bool = False,
) -> ImportedModel:
    """Imports a quantized ONNX model; `dimensions` are sizes of symbolic ones, by name.

    With `fixed_point` accumulators become codes by an integer factor and a shift (LiteRT's
    arithmetic), not by an f32 factor (onnxruntime's).

    Raises AfeError: FILE_INVALID, INVALID_MODEL, UNSUPPORTED_VERSION, UNSUPPORTED_OPERATOR,
    UNSUPPORTED_TYPE, FLOAT_MODEL, DYNAMIC_SHAPE, PATH_TRAVERSAL, and INVALID_OPTION for a
    dimension that the model does not have.
    """
    model = read_model(data, path)
    graph = read_graph(model, path.parent, dimensions)
    _check_quantized(graph, path)
    builder = TosaBuilder(name, "onnx", path.name)
    with builder.context:
        ctx = Context(builder, graph, fixed_point=fixed_point)
        inputs = _write_arguments(ctx)
        for node in graph.nodes:
            _import_node(ctx, node)
        results, outputs = _results(ctx)
        module = builder.finish(results, outputs)
    metadata = {
        "opset": graph.opset,
        "ir_version": int(model.ir_version),
        "model_producer": clean_name(text(model.producer_name), "unknown"),
        "graph": clean_name(text(model.graph.name), "graph"),
    }
    return ImportedModel(module, builder.context, name, "onnx", inputs, outputs, metadata)


_HEAVY = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "RNN", "Einsum"})
"""Operators that make a model without quantization a float network."""


def _check_quantized(graph: Graph, path: Path) -> None:
    """Refuses a float network. (Some float operators alone are work for the Cortex-A65.)"""
    operators = {node.op for node in graph.nodes}
    if {"QuantizeLinear", "DequantizeLinear"} & operators or not operators & _HEAVY:
        return
    raise AfeError(
        ErrorCode.FLOAT_MODEL,
        f"'{path.name}' is a float model: it has no QuantizeLinear or DequantizeLinear",
        notes=[QUANTIZE_FIRST],
    )


# --- arguments -----------------------------------------------------------------------------------


def _write_arguments(ctx: Context) -> list[Port]:
    """Opens the function and gives every model input its value."""
    ports = [_input_port(ctx, given) for given in ctx.graph.inputs]
    arguments = ctx.builder.arguments(ports)
    for given, argument in zip(ctx.graph.inputs, arguments, strict=True):
        ctx.builder.at(clean_name(given.name, "input"), 0)
        ctx.values[given.name] = _argument_value(ctx, given, argument)
    return ports


def _input_port(ctx: Context, given: GraphInput) -> Port:
    dtype = DTYPE_OF_NUMPY.get(np.dtype(given.dtype))
    if dtype is None:
        allowed = [known.name for known in DTYPE_OF_NUMPY]
        raise unsupported_type(f"input {shown(given.name)}", given.dtype.name, allowed)
    name = clean_name(given.name, "input")
    return Port(name, given.shape, dtype, _input_quantization(ctx, given))


def _input_quantization(ctx: Context, given: GraphInput) -> Quantization | None:
    """What an integer input means, if its only reader says so."""
    if given.dtype not in (np.int8, np.uint8):
        return None
    readers = ctx.graph.consumers.get(given.name, [])
    if len(readers) != 1 or readers[0].op != "DequantizeLinear":
        return None
    scale, zero_point = ctx.known(readers[0], 1), ctx.known(readers[0], 2)
    if scale is None or scale.size != 1 or (zero_point is not None and zero_point.size != 1):
        return None
    return Quantization(float(scale.item()), 0 if zero_point is None else int(zero_point.item()))


def _argument_value(ctx: Context, given: GraphInput, argument: Tensor) -> Value:
    layout = Layout.plain(given.shape)
    if _wants_channels_last(ctx.graph, given):
        layout = Layout.channels_last(given.shape)
        argument = ctx.convert(argument, Layout.plain(given.shape), layout)
    if given.dtype == np.float32:
        return Floats(argument, layout)
    if given.dtype == np.uint8:
        return Stored(ctx.builder.to_signed(argument), layout, unsigned=True)
    return Stored(argument, layout)


def _wants_channels_last(graph: Graph, given: GraphInput) -> bool:
    """Whether a convolution or pool reads the input, through operators that take any order."""
    if len(given.shape) not in (3, 4):
        return False
    seen: set[str] = set()
    stack = [given.name]
    while stack:
        tensor = stack.pop()
        for node in graph.consumers.get(tensor, []):
            if node.op in _WINDOWED:
                return True
            if node.op in _ANY_ORDER:
                stack.extend(name for name in node.outputs if name not in seen)
                seen.update(node.outputs)
    return False


# --- nodes ---------------------------------------------------------------------------------------


def _import_node(ctx: Context, node: Node) -> None:
    """Gives every output of `node` its value."""
    _set_location(ctx, node)
    imported = folded(ctx, node) or _importer_of(node)(ctx, node)
    results = imported if isinstance(imported, Sequence) else [imported]
    if any(node.outputs[len(results) :]):
        raise invalid_node(node, f"it has {len(node.outputs)} outputs, expected {len(results)}")
    for name, value in zip(node.outputs, results, strict=False):
        if math.prod(value.shape) > MAX_ELEMENTS:
            raise invalid_node(node, f"its result has shape {list(value.shape)[:8]}")
        if name:
            ctx.values[name] = value


def _importer_of(node: Node) -> Importer:
    importer = IMPORTERS.get((node.domain, node.op))
    if importer is None:
        raise _unknown(node)
    return importer


_REMEDIES = {
    "DynamicQuantizeLinear": "scales must be known: quantize with quantize_static, not _dynamic",
    "If": "control flow: simplify the model for one path, for instance with onnxsim",
    "Loop": "control flow: unroll it, for instance with onnxsim",
    "Scan": "control flow: unroll it, for instance with onnxsim",
    "LSTM": "recurrent networks: quantize them as a TFLite model, whose int8 LSTM is supported",
    "GRU": "recurrent networks: export it step by step, as Gemm, Sigmoid and Tanh",
    "RNN": "recurrent networks: export it step by step, as Gemm and Tanh",
    "Attention": "export the attention as MatMul, Softmax, MatMul",
    "MultiHeadAttention": "export the attention as MatMul, Softmax, MatMul",
    "NonMaxSuppression": "end the model in front of it, and do it in the application",
    "TopK": "end the model in front of it, and do it in the application; the first is ArgMax",
    "NonZero": "its result has no fixed size; end the model in front of it",
}
"""What helps with operators that users' models are known to hold."""


def _unknown(node: Node) -> AfeError:
    known = sorted(op for domain, op in IMPORTERS if not domain)
    domain = f" of domain '{clean_name(node.domain, '')[:60]}'" if node.domain else ""
    remedy = _REMEDIES.get(
        node.op, "functions: inline and simplify the model (onnx.inliner, onnxsim)"
    )
    return AfeError(
        ErrorCode.UNSUPPORTED_OPERATOR,
        f"{node.label}: this operator{domain} is not supported",
        notes=[remedy, f"supported: {', '.join(known)}"],
    )


def _set_location(ctx: Context, node: Node) -> None:
    """Operations are named after the tensor; those behind QuantizeLinear keep both names."""
    origins = [(clean_name(node.title, node.op), node.place)]
    if node.op == "QuantizeLinear" and not node.part_of and node.input(0) in ctx.graph.producers:
        source = ctx.graph.producers[node.input(0)]
        origins.insert(0, (clean_name(node.input(0), source.op), source.place))
    if len(origins) == 1:
        ctx.builder.at(*origins[0])
    else:
        ctx.builder.at_fused(origins)


# --- results -------------------------------------------------------------------------------------


def _results(ctx: Context) -> tuple[list[Tensor], list[Port]]:
    """The model's outputs in its own types, order and names."""
    results, ports = [], []
    for name in ctx.graph.outputs:
        source = ctx.graph.producers.get(name)
        shown = clean_name(name, "output")
        ctx.builder.at(shown, 0 if source is None else source.place)
        tensor, quantization = _result(ctx, ctx.named(name), source)
        results.append(tensor)
        ports.append(Port(shown, tensor.shape, tensor.dtype, quantization))
    return results, ports


def _result(ctx: Context, value: Value, source: Node | None) -> tuple[Tensor, Quantization | None]:
    anchor = source or Node(0, "Output", "", "", (), (), {}, ctx.graph.folder)
    quantization = None
    computed = ctx.written(anchor, value)
    if isinstance(computed, Stored):
        tensor = ctx.builder.to_unsigned(computed.tensor) if computed.unsigned else computed.tensor
        if computed.affine is not None:
            offset = 128 if computed.unsigned else 0
            zero_point = computed.affine.zero_point + offset
            quantization = Quantization(float(computed.affine.scale), zero_point)
    else:
        tensor = ctx.floats_of(computed).tensor
    return ctx.convert(tensor, computed.layout, Layout.plain(computed.shape)), quantization
