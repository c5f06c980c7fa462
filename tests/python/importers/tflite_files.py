"""Makes small .tflite files in memory and runs LiteRT's reference kernels on them.

Tests describe tensors and operators; shapes, types and scales are theirs to choose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import flatbuffers
import numpy as np
from numpy.typing import NDArray

TYPES = {
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.uint8): schema.TensorType.UINT8,
    np.dtype(np.int16): schema.TensorType.INT16,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.bool_): schema.TensorType.BOOL,
}

RESOURCE = "resource"
"""As a tensor's dtype: the handle of a variable."""


@dataclass
class T:
    """A tensor: an activation of a shape, or a constant (`data`)."""

    shape: Sequence[int] = ()
    dtype: Any = np.int8
    scale: float | Sequence[float] | None = None
    zero_point: int | Sequence[int] = 0
    data: NDArray[Any] | None = None
    axis: int = 0
    name: str = ""
    signature: Sequence[int] | None = None
    variable: bool = False


@dataclass
class Op:
    """An operator by schema name, operands as indices of tensors, options by field name.

    `custom` is a custom operator's name, `custom_options` its bytes.
    """

    code: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    options: str | None = None
    fields: Mapping[str, Any] | None = None
    version: int = 1
    custom: str | None = None
    custom_options: bytes = b""
    intermediates: Sequence[int] = ()


@dataclass
class Graph:
    """A subgraph: inputs and outputs are indices of `tensors`."""

    tensors: Sequence[T]
    ops: Sequence[Op]
    inputs: Sequence[int] = ()
    outputs: Sequence[int] = ()


def make_file(
    tensors: Sequence[T], ops: Sequence[Op], inputs: Sequence[int], outputs: Sequence[int]
) -> bytes:
    """A .tflite file of one subgraph."""
    return make_model([Graph(tensors, ops, inputs, outputs)])


def make_model(graphs: Sequence[Graph], signatures: Mapping[str, int] | None = None) -> bytes:
    """A .tflite file; `signatures` maps keys to subgraphs, whose tensors' names are the ports'."""
    model = schema.ModelT()
    model.version = 3
    model.description = "made by a test"
    model.buffers = [schema.BufferT()]
    model.operatorCodes = []
    model.subgraphs = [_graph(graph, model) for graph in graphs]
    model.signatureDefs = [
        _signature(key, index, graphs[index]) for key, index in (signatures or {}).items()
    ]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _graph(graph: Graph, model: Any) -> Any:
    made = schema.SubGraphT()
    made.name = "main"
    made.tensors = [_tensor(tensor, index, model) for index, tensor in enumerate(graph.tensors)]
    made.inputs, made.outputs = list(graph.inputs), list(graph.outputs)
    made.operators = [_operator(op, model) for op in graph.ops]
    return made


def _signature(key: str, index: int, graph: Graph) -> Any:
    made = schema.SignatureDefT()
    made.signatureKey, made.subgraphIndex = key, index
    made.inputs = [_entry(f"in{i}", tensor) for i, tensor in enumerate(graph.inputs)]
    made.outputs = [_entry(f"out{i}", tensor) for i, tensor in enumerate(graph.outputs)]
    return made


def _entry(name: str, tensor: int) -> Any:
    made = schema.TensorMapT()
    made.name, made.tensorIndex = name, tensor
    return made


def _tensor(tensor: T, index: int, model: Any) -> Any:
    made = schema.TensorT()
    data = None if tensor.data is None else np.ascontiguousarray(tensor.data)
    made.shape = list(tensor.shape if data is None else data.shape)
    made.shapeSignature = None if tensor.signature is None else list(tensor.signature)
    if tensor.dtype == RESOURCE:
        made.type = schema.TensorType.RESOURCE
    else:
        made.type = TYPES[np.dtype(tensor.dtype) if data is None else data.dtype]
    made.name = tensor.name or f"t{index}"
    made.isVariable = tensor.variable
    made.buffer = 0
    if data is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(data.tobytes(), np.uint8)
        made.buffer = len(model.buffers)
        model.buffers.append(buffer)
    if tensor.scale is not None:
        quantization = schema.QuantizationParametersT()
        quantization.scale = np.atleast_1d(np.asarray(tensor.scale, np.float32))
        points = np.broadcast_to(np.asarray(tensor.zero_point, np.int64), quantization.scale.shape)
        quantization.zeroPoint = np.array(points)
        quantization.quantizedDimension = tensor.axis
        made.quantization = quantization
    return made


def _operator(op: Op, model: Any) -> Any:
    code = schema.OperatorCodeT()
    value = getattr(schema.BuiltinOperator, op.code)
    code.builtinCode = value
    code.deprecatedBuiltinCode = min(value, 127)
    code.version = op.version
    code.customCode = op.custom
    made = schema.OperatorT()
    made.opcodeIndex = len(model.operatorCodes)
    model.operatorCodes.append(code)
    made.inputs, made.outputs = list(op.inputs), list(op.outputs)
    made.intermediates = list(op.intermediates) or None
    if op.custom_options:
        made.customOptions = list(op.custom_options)
    if op.options is not None:
        options = getattr(schema, op.options + "T")()
        for name, value in (op.fields or {}).items():
            if not hasattr(options, name):
                raise KeyError(f"{op.options} has no field {name}")
            setattr(options, name, value)
        made.builtinOptionsType = getattr(schema.BuiltinOptions, op.options)
        made.builtinOptions = options
    return made


def run_reference(
    data: bytes, inputs: Sequence[NDArray[Any]], *, optimized: bool = False
) -> list[NDArray[Any]]:
    """Outputs of LiteRT's reference kernels, or of its `optimized` ones without delegates."""
    return invoke(reference_interpreter(data, optimized=optimized), inputs)


def invoke(interpreter: Any, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """One inference; the interpreter's states live on."""
    for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [interpreter.get_tensor(d["index"]).copy() for d in interpreter.get_output_details()]


def reference_interpreter(data: bytes, *, keep_all: bool = False, optimized: bool = False) -> Any:
    """An interpreter with the reference (or `optimized`) kernels and nothing delegated."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kernels = OpResolverType.BUILTIN_REF
    if optimized:
        kernels = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(
        model_content=data,
        experimental_op_resolver_type=kernels,
        experimental_preserve_all_tensors=keep_all,
        num_threads=1,
    )
    interpreter.allocate_tensors()
    return interpreter
