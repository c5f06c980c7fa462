"""Writes TOSA flatbuffers from plain Python values, by the schema's own table of fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np
from afe.importers.tosa.schema import DTYPES, OPERATORS, SCHEMA

NUMBERS = {operator.name: number for number, operator in OPERATORS.items()}
_PREPEND = {"u8": "PrependUint8Slot", "tag": "PrependUint8Slot", "i32": "PrependInt32Slot"}
_PREPEND["i64"] = "PrependInt64Slot"


def tensor(name: str, shape: Sequence[int], dtype: str, data: bytes = b"") -> dict[str, Any]:
    """A TosaTensor."""
    fields = {"name": name, "shape": list(shape), "type": DTYPES.index(dtype)}
    return {**fields, "data": data} if data else fields


def operator(
    name: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: object
) -> dict[str, Any]:
    """A TosaOperator."""
    number = NUMBERS[name]
    return {
        "op": number,
        "attribute_type": number,
        "attribute": (name, attributes),
        "inputs": list(inputs),
        "outputs": list(outputs),
    }


def program(
    tensors: Sequence[Mapping[str, Any]],
    operators: Sequence[Mapping[str, Any]],
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    shapes: Sequence[Mapping[str, Any]] = (),
    version: tuple[int, int, int] = (1, 0, 0),
    regions: int = 1,
) -> bytes:
    """The bytes of a program of one block."""
    block = {
        "name": "main",
        "tensors": tensors,
        "operators": operators,
        "inputs": inputs,
        "outputs": outputs,
        "shapes": shapes,
    }
    region = {"name": "main", "blocks": [block]}
    numbers = dict(zip(("major", "minor", "patch"), version, strict=True))
    builder = flatbuffers.Builder(0)
    root = _table(builder, "TosaGraph", {"version": numbers, "regions": [region] * regions})
    builder.Finish(root, b"TOSA")
    return bytes(builder.Output())


def clamp_program() -> bytes:
    """Two clamps to [-3, 100] of an i8 tensor of shape 2x5x3, one behind the other."""
    shape = (2, 5, 3)
    limits = {"min_val": _octets(-3), "max_val": _octets(100), "nan_mode": 1}
    return program(
        [tensor("x", shape, "i8"), tensor("y", shape, "i8"), tensor("z", shape, "i8")],
        [operator("clamp", ["x"], ["y"], **limits), operator("clamp", ["y"], ["z"], **limits)],
        ["x"],
        ["z"],
    )


def _octets(value: int) -> bytes:
    return np.int8(value).tobytes()


def _table(builder: Any, table: str, values: Mapping[str, Any]) -> int:
    fields = SCHEMA.tables[table]
    made = {
        name: _reference(builder, kind, values[name]) for name, kind in fields if name in values
    }
    builder.StartObject(len(fields))
    for slot, (name, kind) in enumerate(fields):
        if name not in made:
            continue
        if kind in _PREPEND:
            getattr(builder, _PREPEND[kind])(slot, made[name], 0)
        else:
            builder.PrependUOffsetTRelativeSlot(slot, made[name], 0)
    return int(builder.EndObject())


def _reference(builder: Any, kind: str, value: Any) -> int:
    """A scalar itself, or the offset of what was written for a field."""
    if kind in _PREPEND:
        return int(value)
    if kind == "string":
        return int(builder.CreateString(value))
    if kind == "options":
        return _table(builder, *value)
    if not kind.startswith("["):
        return _table(builder, kind, value)
    if kind == "[u8]":
        return int(builder.CreateByteVector(bytes(value)))
    if kind == "[i32]":
        return int(builder.CreateNumpyVector(np.asarray(value, np.int32)))
    offsets = [_reference(builder, kind[1:-1], entry) for entry in value]
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())
