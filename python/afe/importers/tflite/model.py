"""A TFLite file as frozen Python objects, every index and size checked.

uint8 tensors appear as int8 ones: `dtype` is "i8", zero points and data are shifted by 128, and
`is_unsigned` tells. One subgraph is read: the first, or that of a signature; and those that it
calls once, to initialize variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tflite
from flatbuffers.number_types import Int32Flags
from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode
from afe.importers.common import clean_name
from afe.importers.tflite.schema import OPERATOR_NAMES, TENSOR_TYPE_NAMES
from afe.importers.tflite.verifier import verify_flatbuffer

MAX_RANK = 8
MAX_ELEMENTS = (1 << 31) - 1
SCHEMA_VERSION = 3
_BUILTIN_CODE_SLOT = 10

_TYPES: dict[int, tuple[str, type]] = {
    tflite.TensorType.FLOAT32: ("f32", np.float32),
    tflite.TensorType.INT8: ("i8", np.int8),
    tflite.TensorType.UINT8: ("i8", np.uint8),
    tflite.TensorType.INT16: ("i16", np.int16),
    tflite.TensorType.INT32: ("i32", np.int32),
    tflite.TensorType.INT64: ("i64", np.int64),
    tflite.TensorType.BOOL: ("i1", np.bool_),
}


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """What the file says about one tensor.

    `scales` (f32) and `zero_points` (i64) are empty without quantization, else one entry or one
    per index of `axis`. `raw` are the constant's bytes, `type_name` is the schema's.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    type_name: str
    dtype: str
    numpy_type: type
    scales: NDArray[np.float32]
    zero_points: NDArray[np.int64]
    axis: int
    raw: NDArray[np.uint8] | None
    is_variable: bool
    is_sparse: bool

    def values(self) -> NDArray[Any]:
        """The constant's values, uint8 shifted to int8; by reference where nothing is shifted."""
        if self.raw is None:
            raise ValueError(f"tensor '{self.name}' is not a constant")
        raw = np.ascontiguousarray(self.raw)
        if self.is_unsigned:
            return (raw ^ np.uint8(0x80)).view(np.int8).reshape(self.shape)
        return raw.view(self.numpy_type).reshape(self.shape)

    @property
    def is_unsigned(self) -> bool:
        """Whether the model's own type is uint8."""
        return self.type_name == "UINT8"

    @property
    def is_constant(self) -> bool:
        """Whether the file holds the tensor's values."""
        return self.raw is not None

    @property
    def model_dtype(self) -> str:
        """The MLIR spelling of the model's own type."""
        return "ui8" if self.is_unsigned else self.dtype


@dataclass(frozen=True, slots=True)
class OperatorInfo:
    """One operator: absent optional inputs are -1; `options` is the accessors' union, if any."""

    index: int
    code: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    intermediates: tuple[int, ...]
    options_type: int
    options: Any
    custom_options: bytes = b""


@dataclass(frozen=True)
class Model:
    """One subgraph of a file, with what belongs to the whole file."""

    tensors: Sequence[TensorInfo]
    operators: Sequence[OperatorInfo]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    name: str
    metadata: Mapping[str, object] = field(default_factory=dict)
    initializers: Mapping[int, Model] = field(default_factory=dict)
    """Subgraphs that a CALL_ONCE names, by index."""


def read_model(data: bytes, file: str, signature: str | None = None) -> Model:
    """Reads and checks a file's bytes; `file` is its name for messages.

    `signature` chooses the subgraph; without one it is the first. Raises AfeError FILE_INVALID,
    UNSUPPORTED_VERSION, UNSUPPORTED_TYPE, INVALID_MODEL, INVALID_OPTION (no such signature).
    """
    verify_flatbuffer(data, file)
    return _Reader(data, file).read(signature)


class _Reader:
    def __init__(self, data: bytes, file: str) -> None:
        self._data = data
        self._file = file
        self._model = tflite.Model.GetRootAs(data, 0)

    def read(self, signature: str | None) -> Model:
        version = self._model.Version()
        if version != SCHEMA_VERSION:
            raise AfeError(
                ErrorCode.UNSUPPORTED_VERSION,
                f"'{self._file}' has TFLite schema version {version}, {SCHEMA_VERSION} is read",
            )
        if self._model.SubgraphsLength() == 0:
            raise self._invalid("it has no subgraph")
        model = self._subgraph(self._subgraph_of(signature))
        called = {initializer_of(op) for op in model.operators if op.code == "CALL_ONCE"}
        known = [index for index in sorted(called) if 0 <= index < self._model.SubgraphsLength()]
        initializers = {index: self._subgraph(index) for index in known}
        return replace(model, metadata=self._metadata(), initializers=initializers)

    def _subgraph_of(self, signature: str | None) -> int:
        """The index of a signature's subgraph; without a name the first."""
        if signature is None:
            return 0
        indices = {}
        for entry in map(self._model.SignatureDefs, range(self._signature_count())):
            key = clean_name(_text(entry.SignatureKey()), "serving_default")
            indices[key] = int(entry.SubgraphIndex())
        if signature not in indices:
            has = ", ".join(f"'{key}'" for key in indices) or "none"
            raise AfeError(
                ErrorCode.INVALID_OPTION,
                f"'{self._file}' has no signature '{signature}'; it has {has}",
            )
        if indices[signature] >= self._model.SubgraphsLength():
            raise self._invalid(f"signature '{signature}' names a subgraph that does not exist")
        return indices[signature]

    def _subgraph(self, index: int) -> Model:
        graph = self._model.Subgraphs(index)
        tensors = [self._tensor(graph.Tensors(i), i) for i in range(graph.TensorsLength())]
        count = len(tensors)
        operators = [
            self._operator(graph.Operators(i), i, count) for i in range(graph.OperatorsLength())
        ]
        return Model(
            tensors,
            operators,
            self._indices(graph, "Inputs", count, "the model", optional=False),
            self._indices(graph, "Outputs", count, "the model", optional=False),
            clean_name(_text(graph.Name()), "main"),
        )

    def _invalid(self, what: str) -> AfeError:
        return AfeError(ErrorCode.INVALID_MODEL, f"'{self._file}' is no valid model: {what}")

    # --- tensors ---------------------------------------------------------------------------------

    def _tensor(self, tensor: Any, index: int) -> TensorInfo:
        name = clean_name(_text(tensor.Name()), f"tensor_{index}")
        type_name = TENSOR_TYPE_NAMES.get(tensor.Type(), f"type {tensor.Type()}")
        dtype, numpy_type = _TYPES.get(tensor.Type(), ("", np.void))
        shape = self._shape(tensor, name)
        scales, zero_points, axis = self._quantization(tensor, name)
        if type_name == "UINT8":
            zero_points = zero_points - 128
        raw = self._buffer(tensor.Buffer(), name)
        if raw is None and 0 in shape:
            raw = np.zeros(0, np.uint8)
        if raw is not None and dtype:
            expected = int(np.prod(shape, dtype=np.int64)) * np.dtype(numpy_type).itemsize
            if raw.size != expected:
                raise self._invalid(
                    f"tensor '{name}' of shape {list(shape)} ({type_name}) needs {expected} bytes, "
                    f"its buffer has {raw.size}"
                )
        return TensorInfo(
            index, name, shape, _vector(tensor, "ShapeSignature"), type_name, dtype, numpy_type,
            scales, zero_points, axis, raw, bool(tensor.IsVariable()),
            tensor.Sparsity() is not None,
        )  # fmt: skip

    def _shape(self, tensor: Any, name: str) -> tuple[int, ...]:
        if tensor.ShapeLength() > MAX_RANK:
            raise self._invalid(f"tensor '{name}' has rank {tensor.ShapeLength()}")
        shape = _vector(tensor, "Shape")
        elements = 1
        for size in shape:
            elements *= size
        if min(shape, default=1) < 0 or elements > MAX_ELEMENTS:
            raise self._invalid(f"tensor '{name}' has shape {list(shape)}")
        return shape

    def _quantization(
        self, tensor: Any, name: str
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], int]:
        """Scales, zero points and axis; all empty where the tensor is not quantized."""
        table = tensor.Quantization()
        if table is None or table.ScaleLength() == 0:
            return np.zeros(0, np.float32), np.zeros(0, np.int64), 0
        scales = np.asarray(table.ScaleAsNumpy(), np.float32)
        if table.ZeroPointLength() == 0:
            zero_points = np.zeros(len(scales), np.int64)
        else:
            zero_points = np.asarray(table.ZeroPointAsNumpy(), np.int64)
        if len(zero_points) == 1 and len(scales) > 1:
            zero_points = np.repeat(zero_points, len(scales))
        if len(zero_points) != len(scales):
            raise self._invalid(
                f"tensor '{name}' has {len(scales)} scales and {len(zero_points)} zero points"
            )
        return scales, zero_points, int(table.QuantizedDimension())

    def _buffer(self, index: int, name: str) -> NDArray[np.uint8] | None:
        """Bytes of a constant, by reference; None for the empty buffer of other tensors."""
        if not 0 <= index < self._model.BuffersLength():
            raise self._invalid(f"tensor '{name}' names buffer {index}, which does not exist")
        buffer = self._model.Buffers(index)
        offset, size = int(buffer.Offset()), int(buffer.Size())
        if offset > 1:
            if offset + size > len(self._data):
                raise self._invalid(f"the data of tensor '{name}' lies outside the file")
            return np.frombuffer(self._data, np.uint8, size, offset)
        if buffer.DataLength() == 0:
            return None
        return np.asarray(buffer.DataAsNumpy(), np.uint8)

    # --- operators -------------------------------------------------------------------------------

    def _operator(self, operator: Any, index: int, tensor_count: int) -> OperatorInfo:
        code_index = operator.OpcodeIndex()
        if code_index >= self._model.OperatorCodesLength():
            raise self._invalid(f"operator {index} has operator code {code_index}")
        code = self._model.OperatorCodes(code_index)
        what = f"operator {index}"
        return OperatorInfo(
            index,
            _operator_name(code),
            self._indices(operator, "Inputs", tensor_count, what, optional=True),
            self._indices(operator, "Outputs", tensor_count, what, optional=False),
            _vector(operator, "Intermediates"),
            operator.BuiltinOptionsType(),
            operator.BuiltinOptions(),
            _bytes(operator, "CustomOptions"),
        )

    def _indices(
        self, owner: Any, member: str, count: int, what: str, *, optional: bool
    ) -> tuple[int, ...]:
        indices = _vector(owner, member)
        lowest = -1 if optional else 0
        for index in indices:
            if not lowest <= index < count:
                raise self._invalid(f"{what} names tensor {index} of {count}")
        return indices

    # --- the rest --------------------------------------------------------------------------------

    def _metadata(self) -> dict[str, object]:
        facts: dict[str, object] = {
            "schema_version": SCHEMA_VERSION,
            "description": clean_name(_text(self._model.Description()), ""),
            "subgraphs": self._model.SubgraphsLength(),
        }
        signatures = [
            {
                "key": clean_name(_text(signature.SignatureKey()), "serving_default"),
                "inputs": _tensor_map(signature, "Inputs"),
                "outputs": _tensor_map(signature, "Outputs"),
            }
            for signature in map(self._model.SignatureDefs, range(self._signature_count()))
        ]
        if signatures:
            facts["signatures"] = signatures
        return facts

    def _signature_count(self) -> int:
        return min(int(self._model.SignatureDefsLength()), 64)


def _operator_name(code: Any) -> str:
    """The schema's name; a custom operator's own name behind "CUSTOM:"."""
    value = max(_builtin_code(code), int(code.DeprecatedBuiltinCode()))
    if value == tflite.BuiltinOperator.CUSTOM:
        return "CUSTOM:" + clean_name(_text(code.CustomCode()), "?")
    return OPERATOR_NAMES.get(value, f"operator code {value}")


def _builtin_code(code: Any) -> int:
    """Field builtin_code itself: the accessor overlooks codes below 127 that stand in it alone."""
    slot = code._tab.Offset(_BUILTIN_CODE_SLOT)
    return int(code._tab.Get(Int32Flags, slot + code._tab.Pos)) if slot else 0


def initializer_of(call_once: OperatorInfo) -> int:
    """The subgraph that a CALL_ONCE names."""
    if call_once.options is None:
        return 0
    options = tflite.CallOnceOptions()
    options.Init(call_once.options.Bytes, call_once.options.Pos)
    return int(options.InitSubgraphIndex())


def _tensor_map(signature: Any, member: str) -> dict[str, int]:
    count = min(int(getattr(signature, member + "Length")()), 1024)
    entries = [getattr(signature, member)(index) for index in range(count)]
    return {
        clean_name(_text(e.Name()), f"{i}"): int(e.TensorIndex()) for i, e in enumerate(entries)
    }


def _vector(owner: Any, member: str) -> tuple[int, ...]:
    """An int vector of a table as a tuple; () where it is absent."""
    if getattr(owner, member + "Length")() == 0:
        return ()
    return tuple(getattr(owner, member + "AsNumpy")().tolist())


def _bytes(owner: Any, member: str) -> bytes:
    """A vector of bytes of a table; empty where it is absent."""
    if getattr(owner, member + "Length")() == 0:
        return b""
    return bytes(getattr(owner, member + "AsNumpy")().tobytes())


def _text(raw: bytes | None) -> str:
    return "" if raw is None else raw[:4096].decode("utf-8", errors="replace")
