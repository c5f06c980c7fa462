"""Structural check of a flatbuffer before anything is read from it.

The accessors of the `tflite` package follow offsets blindly. This walks every table, vector and
string the importer can reach (schema.TABLES says what is where) and checks that each lies inside
the file; afterwards the accessors are safe. Work is bounded by the file's size: a table that
several offsets point to is walked once.
"""

from __future__ import annotations

import struct

from afe.errors import AfeError, ErrorCode
from afe.importers.tflite.schema import OPTION_TABLES, SCALAR_BYTES, TABLES

_UINT16 = struct.Struct("<H")
_INT32 = struct.Struct("<i")
_UINT32 = struct.Struct("<I")


def verify_flatbuffer(data: bytes, file: str) -> None:
    """Raises AfeError FILE_INVALID where `data` is no well-formed TFLite flatbuffer."""
    if len(data) < 8 or data[4:8] != b"TFL3":
        raise AfeError(ErrorCode.FILE_INVALID, f"'{file}' is not a TFLite model (no 'TFL3' mark)")
    _Verifier(data, file).run()


class _Verifier:
    def __init__(self, data: bytes, file: str) -> None:
        self._data = data
        self._size = len(data)
        self._file = file
        self._seen: set[tuple[int, str]] = set()
        self._pending: list[tuple[int, str]] = []

    def run(self) -> None:
        self._pending.append((self._target(0, "the root offset"), "Model"))
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
        for (field, kind), offset in zip(TABLES[table], offsets, strict=False):
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
            if union_tag in OPTION_TABLES:
                self._pending.append((self._target(position, what), OPTION_TABLES[union_tag]))
        elif kind == "skip":
            return
        elif not kind.startswith("["):
            self._pending.append((self._target(position, what), kind))
        elif kind[1:-1] in SCALAR_BYTES:
            self._check_vector(position, SCALAR_BYTES[kind[1:-1]], what)
        else:
            start, count = self._check_vector(position, 4, what)
            for index in range(count):
                element = self._target(start + 4 * index, f"{what}[{index}]")
                self._pending.append((element, kind[1:-1]))

    def _check_vector(self, position: int, item_bytes: int, what: str) -> tuple[int, int]:
        """Position of the first element and number of elements of the vector referred to."""
        start = self._target(position, what)
        count: int = _UINT32.unpack_from(self._data, start)[0]
        self._require(start + 4, count * item_bytes, what)
        return start + 4, count
