"""ONNX tensors as numpy arrays: inline data, typed data fields, and external files.

Everything read is checked against the declared shape and type; an external file must lie in the
model's folder. Raw data is viewed, not copied.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from afe.errors import AfeError, ErrorCode
from afe.importers.onnx.problems import invalid, shown, text, unsupported_type

Array = NDArray[Any]

MAX_ELEMENTS = 1 << 31

DTYPES: dict[int, np.dtype[Any]] = {
    TensorProto.FLOAT: np.dtype(np.float32),
    TensorProto.UINT8: np.dtype(np.uint8),
    TensorProto.INT8: np.dtype(np.int8),
    TensorProto.UINT16: np.dtype(np.uint16),
    TensorProto.INT16: np.dtype(np.int16),
    TensorProto.INT32: np.dtype(np.int32),
    TensorProto.INT64: np.dtype(np.int64),
    TensorProto.BOOL: np.dtype(np.bool_),
    TensorProto.FLOAT16: np.dtype(np.float16),
    TensorProto.DOUBLE: np.dtype(np.float64),
    TensorProto.UINT32: np.dtype(np.uint32),
    TensorProto.UINT64: np.dtype(np.uint64),
}

NIBBLES: dict[int, np.dtype[Any]] = {
    TensorProto.INT4: np.dtype(np.int8),
    TensorProto.UINT4: np.dtype(np.uint8),
}
"""4-bit integers, two to a byte, and the 8-bit type they are read as."""

_FIELD_OF_DTYPE: dict[int, str] = {
    TensorProto.FLOAT: "float_data",
    TensorProto.DOUBLE: "double_data",
    TensorProto.INT64: "int64_data",
    TensorProto.UINT32: "uint64_data",
    TensorProto.UINT64: "uint64_data",
}
"""The typed field that holds a type's elements; every other type uses int32_data."""


def type_name(data_type: int) -> str:
    """ONNX's own name of an element type, or its number."""
    names = {int(number): str(name) for name, number in TensorProto.DataType.items()}
    return names.get(data_type, str(data_type))


def dtype_of(data_type: int, where: str) -> np.dtype[Any]:
    """The numpy dtype of an ONNX element type; AfeError UNSUPPORTED_TYPE where there is none."""
    dtype = DTYPES.get(data_type)
    if dtype is None:
        raise unsupported_type(where, type_name(data_type), ["a whole-byte integer", "a float"])
    return dtype


def to_array(tensor: TensorProto, folder: Path) -> Array:
    """The tensor's elements, read-only, in the declared shape.

    Raises AfeError INVALID_MODEL, UNSUPPORTED_TYPE, FILE_INVALID or PATH_TRAVERSAL.
    """
    where = f"tensor {shown(text(tensor.name))}"
    shape = tuple(tensor.dims)
    if any(size < 0 for size in shape) or math.prod(shape) > MAX_ELEMENTS:
        raise invalid(f"{where} has shape {list(shape)[:8]}")
    if tensor.data_type in NIBBLES:
        return _from_nibbles(tensor, shape, where)
    dtype = dtype_of(tensor.data_type, where)
    if tensor.data_location == TensorProto.EXTERNAL:
        return _external(tensor, folder, where, dtype, shape)
    if tensor.HasField("raw_data"):
        return _from_bytes(tensor.raw_data, dtype, shape, where)
    return _from_field(tensor, dtype, shape, where)


def _from_nibbles(tensor: TensorProto, shape: Sequence[int], where: str) -> Array:
    """4-bit integers as 8-bit ones; the first is in the low half of a byte."""
    if tensor.data_location == TensorProto.EXTERNAL:
        raise invalid(f"{where} holds 4-bit integers in an external file")
    raw = (
        tensor.raw_data
        if tensor.HasField("raw_data")
        else bytes(value & 255 for value in tensor.int32_data)
    )
    count = math.prod(shape)
    if len(raw) != (count + 1) // 2:
        raise invalid(f"{where} has {len(raw)} bytes of data for {list(shape)} 4-bit integers")
    pairs = np.frombuffer(raw, np.uint8)
    nibbles = np.stack([pairs & 15, pairs >> 4], axis=-1).reshape(-1)[:count].reshape(shape)
    if tensor.data_type == TensorProto.UINT4:
        return nibbles
    return ((nibbles ^ 8).astype(np.int8) - np.int8(8)).astype(np.int8)


def _from_bytes(
    data: bytes | memoryview, dtype: np.dtype[Any], shape: Sequence[int], where: str
) -> Array:
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise invalid(f"{where} has {len(data)} bytes of data for {list(shape)} {dtype.name}")
    return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype, copy=False).reshape(shape)


def _from_field(
    tensor: TensorProto, dtype: np.dtype[Any], shape: Sequence[int], where: str
) -> Array:
    values = getattr(tensor, _FIELD_OF_DTYPE.get(tensor.data_type, "int32_data"))
    if len(values) != math.prod(shape):
        raise invalid(f"{where} has {len(values)} elements for shape {list(shape)}")
    if dtype == np.float16:
        return np.array(values, np.int64).astype(np.uint16).view(np.float16).reshape(shape)
    if dtype.kind in "iu":
        wide = np.array(values, np.uint64 if dtype.kind == "u" and dtype.itemsize > 2 else np.int64)
        return wide.astype(dtype).reshape(shape)
    return np.array(values, dtype).reshape(shape)


def _external(
    tensor: TensorProto, folder: Path, where: str, dtype: np.dtype[Any], shape: Sequence[int]
) -> Array:
    facts = {text(entry.key): text(entry.value) for entry in tensor.external_data}
    path = _inside(folder, facts.get("location", ""), where)
    offset = _count(facts.get("offset", "0"), where)
    length = math.prod(shape) * dtype.itemsize
    if "length" in facts and _count(facts["length"], where) != length:
        raise invalid(f"{where} has {facts['length'][:20]} bytes of external data, needs {length}")
    try:
        if offset + length > path.stat().st_size:
            raise invalid(f"{where} ends behind the end of {shown(path.name)}")
        data = np.memmap(path, np.uint8, "r", offset, (length,)).data if length else b""
    except OSError as error:
        raise AfeError(
            ErrorCode.FILE_INVALID,
            f"{where}: cannot read its external data {shown(path.name)}: {error.strerror}",
            notes=["external data files must lie beside the model"],
        ) from error
    return _from_bytes(data, dtype, shape, where)


def _inside(folder: Path, location: str, where: str) -> Path:
    """The external file, which must be in the model's folder also after following links."""
    root = folder.resolve()
    path = (root / location).resolve() if location and "\0" not in location else root
    if path == root or not path.is_relative_to(root) or Path(location).is_absolute():
        raise AfeError(
            ErrorCode.PATH_TRAVERSAL,
            f"{where} names external data {shown(location)}, which is outside the model's folder",
            notes=["external data files must lie beside the model"],
        )
    return path


def _count(text: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise invalid(f"{where} has offset or length {shown(text)} of external data")
    return int(text)
