"""Flatbuffers of untrusted files: a structural check, then records read by field name.

Accessors of flatbuffers follow offsets blindly. `verify_flatbuffer` walks every table, vector and
string an importer can reach (a `Schema` says what is where) and checks that each lies inside the
file; afterwards accessors, and `Record`, are safe. Work is bounded by the file's size: a table that
several offsets point to is walked once.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode

SCALAR_BYTES = {"u8": 1, "tag": 1, "i32": 4, "f32": 4, "i64": 8}

Fields = tuple[tuple[str, str], ...]

_UINT16 = struct.Struct("<H")
_INT32 = struct.Struct("<i")
_UINT32 = struct.Struct("<I")
_SCALARS = {"u8": struct.Struct("<B"), "tag": struct.Struct("<B"), "i32": _INT32}
_SCALARS |= {"f32": struct.Struct("<f"), "i64": struct.Struct("<q")}
_DTYPES = {"u8": np.uint8, "i32": np.int32, "f32": np.float32, "i64": np.int64}


def table_fields(text: str) -> Fields:
    """Fields of a table in slot order, from "name:kind name:kind …"."""
    return tuple((name, kind) for name, kind in (item.split(":") for item in text.split()))


@dataclass(frozen=True)
class Schema:
    """The part of a flatbuffer schema that is read.

    `tables` gives every table its fields in slot order, each with its kind: a scalar of
    SCALAR_BYTES, "string", the name of a table, "[kind]" for a vector, or "tag" followed by
    "options" for a union (`unions`: tag to table); "skip" is never followed. Fields behind the last
    one listed are never read.
    """

    what: str
    identifier: bytes
    root: str
    tables: Mapping[str, Fields]
    unions: Mapping[int, str]


def verify_flatbuffer(data: bytes, file: str, schema: Schema) -> None:
    """Raises AfeError FILE_INVALID where `data` is no well-formed flatbuffer of the schema."""
    if len(data) < 8 or data[4:8] != schema.identifier:
        mark = schema.identifier.decode()
        raise AfeError(ErrorCode.FILE_INVALID, f"'{file}' is not {schema.what} (no '{mark}' mark)")
    _Verifier(data, file, schema).run()


class _Verifier:
    def __init__(self, data: bytes, file: str, schema: Schema) -> None:
        self._data = data
        self._schema = schema
        self._size = len(data)
        self._file = file
        self._seen: set[tuple[int, str]] = set()
        self._pending: list[tuple[int, str]] = []

    def run(self) -> None:
        self._pending.append((self._target(0, "the root offset"), self._schema.root))
        while self._pending:
            position, table = self._pending.pop()
            if (position, table) not in self._seen:
                self._seen.add((position, table))
                self._check_table(position, table)

    def _fail(self, what: str) -> AfeError:
        return AfeError(
            ErrorCode.FILE_INVALID,
            f"'{self._file}' is damaged: {what} lies outside the file",
            notes=[f"the file has {self._size} bytes; was it copied completely?"],
        )

    def _require(self, position: int, size: int, what: str) -> None:
        if position < 0 or position + size > self._size:
            raise self._fail(what)

    def _target(self, position: int, what: str) -> int:
        """Where the unsigned offset at `position` points."""
        self._require(position, 4, what)
        offset: int = _UINT32.unpack_from(self._data, position)[0]
        self._require(position + offset, 4, what)
        return position + offset

    def _check_table(self, position: int, table: str) -> None:
        self._require(position, 4, table)
        vtable = position - _INT32.unpack_from(self._data, position)[0]
        self._require(vtable, 4, f"{table}'s vtable")
        vtable_size = _UINT16.unpack_from(self._data, vtable)[0]
        if vtable_size < 4 or vtable_size % 2:
            raise self._fail(f"{table}'s vtable")
        self._require(vtable, vtable_size, f"{table}'s vtable")
        slots = memoryview(self._data)[vtable + 4 : vtable + vtable_size]
        offsets = [low | high << 8 for low, high in zip(slots[0::2], slots[1::2], strict=True)]
        union_tag = 0
        for (field, kind), offset in zip(self._schema.tables[table], offsets, strict=False):
            if offset:
                where = position + offset
                self._check_field(where, kind, f"{table}.{field}", union_tag)
                union_tag = self._data[where] if kind == "tag" else 0

    def _check_field(self, position: int, kind: str, what: str, union_tag: int) -> None:
        size = SCALAR_BYTES.get(kind)
        if size is not None:
            self._require(position, size, what)
        elif kind == "string":
            self._check_vector(position, 1, what)
        elif kind == "options":
            table = self._schema.unions.get(union_tag)
            if table is not None:
                self._pending.append((self._target(position, what), table))
        elif kind == "skip":
            return
        elif not kind.startswith("["):
            self._pending.append((self._target(position, what), kind))
        elif kind[1:-1] in SCALAR_BYTES:
            self._check_vector(position, SCALAR_BYTES[kind[1:-1]], what)
        else:
            start, count = self._check_vector(position, 4, what)
            for index in range(count):
                where, name = start + 4 * index, f"{what}[{index}]"
                if kind == "[string]":
                    self._check_vector(where, 1, name)
                else:
                    self._pending.append((self._target(where, name), kind[1:-1]))

    def _check_vector(self, position: int, item_bytes: int, what: str) -> tuple[int, int]:
        """Position of the first element and number of elements of the vector referred to."""
        start = self._target(position, what)
        count: int = _UINT32.unpack_from(self._data, start)[0]
        self._require(start + 4, count * item_bytes, what)
        return start + 4, count


class Record:
    """One table of a verified flatbuffer; an absent field is None, or the default asked for."""

    def __init__(self, data: bytes, position: int, table: str, schema: Schema) -> None:
        self._data = data
        self._position = position
        self._schema = schema
        self._slots = {name: (i, kind) for i, (name, kind) in enumerate(schema.tables[table])}
        self._vtable = position - _INT32.unpack_from(data, position)[0]

    @classmethod
    def root(cls, data: bytes, schema: Schema) -> Record:
        """The root table."""
        return cls(data, _UINT32.unpack_from(data, 0)[0], schema.root, schema)

    def number(self, field: str, default: int = 0) -> int:
        """A scalar."""
        found = self._field(field)
        if found is None:
            return default
        where, kind = found
        return int(_SCALARS[kind].unpack_from(self._data, where)[0])

    def text(self, field: str) -> str | None:
        """A string; what is not UTF-8 in it is replaced."""
        found = self._field(field)
        return None if found is None else self._text(found[0])

    def texts(self, field: str) -> list[str]:
        """A vector of strings; [] where absent."""
        return [self._text(where) for where in self._elements(field)]

    def numbers(self, field: str) -> NDArray[np.generic] | None:
        """A vector of scalars, by reference."""
        found = self._field(field)
        if found is None:
            return None
        start = found[0] + _UINT32.unpack_from(self._data, found[0])[0]
        count = _UINT32.unpack_from(self._data, start)[0]
        return np.frombuffer(self._data, _DTYPES[found[1][1:-1]], count, start + 4)

    def record(self, field: str) -> Record | None:
        """A table."""
        found = self._field(field)
        return None if found is None else self._follow(found[0], found[1])

    def records(self, field: str) -> list[Record]:
        """A vector of tables; [] where absent."""
        kind = self._slots[field][1][1:-1]
        return [self._follow(where, kind) for where in self._elements(field)]

    def union(self, tag_field: str, field: str) -> tuple[int, Record | None]:
        """A union's tag, and its table where the schema knows the tag."""
        tag, found = self.number(tag_field), self._field(field)
        table = self._schema.unions.get(tag)
        return tag, None if found is None or table is None else self._follow(found[0], table)

    def _field(self, field: str) -> tuple[int, str] | None:
        """Where a present field is, and its kind."""
        slot, kind = self._slots[field]
        at = 4 + 2 * slot
        if at + 2 > _UINT16.unpack_from(self._data, self._vtable)[0]:
            return None
        offset = _UINT16.unpack_from(self._data, self._vtable + at)[0]
        return (self._position + offset, kind) if offset else None

    def _elements(self, field: str) -> range:
        """Positions of the offsets of a vector."""
        found = self._field(field)
        if found is None:
            return range(0)
        start = found[0] + _UINT32.unpack_from(self._data, found[0])[0]
        count = _UINT32.unpack_from(self._data, start)[0]
        return range(start + 4, start + 4 + 4 * count, 4)

    def _follow(self, where: int, table: str) -> Record:
        target = where + _UINT32.unpack_from(self._data, where)[0]
        return Record(self._data, target, table, self._schema)

    def _text(self, where: int) -> str:
        start = where + _UINT32.unpack_from(self._data, where)[0]
        size = _UINT32.unpack_from(self._data, start)[0]
        return self._data[start + 4 : start + 4 + size].decode("utf-8", errors="replace")
