"""Attributes and constants of a TOSA flatbuffer as MLIR attributes.

Readers raise ValueError with what is wrong; the importer adds operator and field.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from afe import ir
from afe.importers.builder import attribute_text
from afe.importers.flatbuffer import Record
from afe.importers.tosa.schema import DTYPES

_NAN_MODES = ("", "PROPAGATE", "IGNORE")
_RESIZE_MODES = ("", "NEAREST_NEIGHBOR", "BILINEAR")
_ROUNDING_MODES = ("", "SINGLE_ROUND", "INEXACT_ROUND", "DOUBLE_ROUND")

_BITS = {"i1": 8, "i4": 4, "i8": 8, "i16": 16, "i32": 32, "i48": 48, "f32": 32, "f16": 16}
_BITS |= {"bf16": 16, "f8E4M3FN": 8, "f8E5M2": 8, "index": 64}
"""Bits an element of a constant takes in the file."""


def dtype_of(number: int) -> str:
    """MLIR's spelling of a DType; ValueError for one of a later version."""
    if not 0 < number < len(DTYPES):
        raise ValueError(f"type {number} of the schema is none of TOSA 1.0")
    return DTYPES[number]


def stored_bytes(elements: int, dtype: str) -> int:
    """Bytes of a constant in the file."""
    return (elements * _BITS[dtype] + 7) // 8


def dense(raw: bytes, shape: tuple[int, ...], dtype: str) -> ir.Attribute:
    """`dense<…> : tensor<…>` of a constant's bytes, which are as many as `stored_bytes` says."""
    octets = np.frombuffer(raw, np.uint8)
    if dtype == "i1":
        truths: ir.Attribute = ir.DenseElementsAttr.get((octets != 0).reshape(shape))
        return truths
    if dtype == "i4":
        nibbles = np.stack([octets & 15, octets >> 4], axis=1).reshape(-1)
        raw = nibbles[: int(np.prod(shape))].tobytes()
    text = "x".join([*map(str, shape), dtype])
    parsed: ir.Attribute = ir.Attribute.parse(f'dense<"0x{raw.hex().upper()}"> : tensor<{text}>')
    return parsed


def _axis(record: Record, field: str, _: str) -> str:
    return f"{record.number(field)} : i32"


def _flag(record: Record, field: str, _: str) -> str:
    return attribute_text(record.number(field) != 0)


def _integers(record: Record, field: str, _: str) -> str:
    return f"array<i64: {_listed(record, field)}>"


def _permutation(record: Record, field: str, _: str) -> str:
    return f"array<i32: {_listed(record, field)}>"


def _listed(record: Record, field: str) -> str:
    found = record.numbers(field)
    if found is None or not 0 < len(found) <= 16:
        raise ValueError(f"{0 if found is None else len(found)} numbers are given")
    return ", ".join(str(int(number)) for number in found)


def _type(record: Record, field: str, _: str) -> str:
    return dtype_of(record.number(field))


def _limit(record: Record, field: str, dtype: str) -> str:
    """A number of the operand's type."""
    found = record.numbers(field)
    octets = b"" if found is None else found.tobytes()
    size = _BITS[dtype] // 8
    # The serializer fills vectors of bytes up to multiples of eight.
    if not size <= len(octets) < size + 8:
        raise ValueError(f"{len(octets)} bytes are given for a number of {dtype}")
    is_integer = dtype.startswith("i")
    bits = int.from_bytes(octets[:size], "little", signed=is_integer)
    return f"{bits} : {dtype}" if is_integer else f"0x{bits:0{2 * size}X} : {dtype}"


def _enumeration(mnemonic: str, names: tuple[str, ...]) -> Callable[[Record, str, str], str]:
    def read(record: Record, field: str, _: str) -> str:
        number = record.number(field)
        if not 0 < number < len(names):
            raise ValueError(f"{number} is no {mnemonic.replace('_', ' ')}")
        return f"#tosa.{mnemonic}<{names[number]}>"

    return read


def _string(record: Record, field: str, _: str) -> str:
    return _quoted((record.text(field) or "").encode())


def _octets(record: Record, field: str, _: str) -> str:
    found = record.numbers(field)
    return _quoted(b"" if found is None else found.tobytes())


def _quoted(octets: bytes) -> str:
    """An MLIR string."""
    is_plain = {byte: 32 <= byte < 127 and byte not in b'"\\' for byte in set(octets)}
    return '"' + "".join(chr(b) if is_plain[b] else f"\\{b:02X}" for b in octets) + '"'


READERS: dict[str, Callable[[Record, str, str], str]] = {
    "axis": _axis,
    "flag": _flag,
    "integers": _integers,
    "permutation": _permutation,
    "type": _type,
    "limit": _limit,
    "nan_mode": _enumeration("nan_mode", _NAN_MODES),
    "resize_mode": _enumeration("resize_mode", _RESIZE_MODES),
    "rounding_mode": _enumeration("rounding_mode", _ROUNDING_MODES),
    "string": _string,
    "octets": _octets,
}
"""kind of attribute -> (table, field, first operand's element type) -> MLIR text."""
