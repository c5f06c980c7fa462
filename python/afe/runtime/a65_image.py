"""A shared object for AArch64, laid out in memory. It must be complete: no library is there.

The file is hostile until checked: every offset, size and index is held against the image, and what
does not fit is an AfeError INVALID_ARCHIVE.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from afe.errors import AfeError, ErrorCode

MAX_IMAGE_BYTES = 1 << 30
PAGE_BYTES = 1 << 12

_EM_AARCH64 = 183
_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_NULL, _DT_PLTRELSZ, _DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_RELA, _DT_RELASZ = 0, 2, 4, 5, 6, 7, 8
_DT_STRSZ, _DT_JMPREL = 10, 23
_R_ABS64, _R_GLOB_DAT, _R_JUMP_SLOT, _R_RELATIVE = 257, 1025, 1026, 1027


@dataclass(frozen=True)
class Segment:
    """Pages of the image: first address and size in whole pages, rights."""

    address: int
    size_in_bytes: int
    is_writable: bool
    is_executable: bool


@dataclass
class Image:
    """Memory from the file's address 0, and `symbols` that it defines."""

    memory: bytearray
    segments: list[Segment]
    symbols: dict[str, int] = field(default_factory=dict)
    _relative: list[tuple[int, int]] = field(default_factory=list)

    def bind(self, base: int) -> None:
        """Fills in addresses for an image at `base`."""
        for place, addend in self._relative:
            struct.pack_into("<Q", self.memory, place, (base + addend) % 2**64)

    def read_u64(self, symbol: str) -> int:
        """The 8 bytes at a symbol."""
        return int(_unpack("<Q", self.memory, self.symbols[symbol])[0])


def load_image(data: bytes) -> Image:
    """The image of a file's bytes, not yet bound. Raises AfeError INVALID_ARCHIVE."""
    headers = list(_program_headers(data))
    image = _lay_out(data, headers)
    dynamic = next((h for h in headers if h[0] == _PT_DYNAMIC), None)
    if dynamic is None:
        raise _invalid("it has no dynamic section")
    tags = _dynamic_tags(image.memory, dynamic[3], dynamic[5])
    names = _read_symbols(image, tags)
    for table, size in ((_DT_RELA, _DT_RELASZ), (_DT_JMPREL, _DT_PLTRELSZ)):
        _read_relocations(image, names, tags.get(table, 0), tags.get(size, 0))
    return image


def _program_headers(data: bytes) -> Iterator[tuple[int, ...]]:
    """(type, flags, offset, address, physical address, file size, memory size, alignment) each."""
    (machine,) = _unpack("<H", data, 18)
    if data[:6] != b"\x7fELF\x02\x01" or machine != _EM_AARCH64:
        raise _invalid("it is no little-endian 64-bit ELF file for AArch64")
    (offset,) = _unpack("<Q", data, 32)
    entry_bytes, count = _unpack("<HH", data, 54)
    if entry_bytes != 56:
        raise _invalid(f"its program headers have {entry_bytes} bytes, expected 56")
    for index in range(count):
        yield _unpack("<IIQQQQQQ", data, offset + 56 * index)


def _lay_out(data: bytes, headers: list[tuple[int, ...]]) -> Image:
    loads = [header for header in headers if header[0] == _PT_LOAD]
    end = max((header[3] + header[6] for header in loads), default=0)
    if not 0 < end <= MAX_IMAGE_BYTES:
        raise _invalid(f"its image has {end} bytes, expected 1 to {MAX_IMAGE_BYTES}")
    image = Image(bytearray(_page_up(end)), [])
    last = 0
    for _, flags, offset, address, _, file_bytes, memory_bytes, _ in loads:
        first, behind = address // PAGE_BYTES * PAGE_BYTES, _page_up(address + memory_bytes)
        if file_bytes > memory_bytes or offset + file_bytes > len(data) or first < last:
            raise _invalid("a segment lies outside the file or over another one")
        image.memory[address : address + file_bytes] = data[offset : offset + file_bytes]
        if behind > first:
            image.segments.append(Segment(first, behind - first, bool(flags & 2), bool(flags & 1)))
        last = behind
    return image


def _dynamic_tags(memory: bytearray, address: int, size: int) -> dict[int, int]:
    tags: dict[int, int] = {}
    for place in range(address, address + min(size, len(memory)), 16):
        tag, value = _unpack("<QQ", memory, place)
        if tag == _DT_NULL:
            break
        tags[tag] = value
    return tags


def _read_symbols(image: Image, tags: Mapping[int, int]) -> list[tuple[str, int]]:
    """Name and address (0 where undefined) by index; defined ones go into the image's symbols."""
    if not {_DT_HASH, _DT_SYMTAB, _DT_STRTAB, _DT_STRSZ} <= tags.keys():
        raise _invalid("it has no symbol table with a hash table")
    (count,) = _unpack("<I", image.memory, tags[_DT_HASH] + 4)
    if count * 24 > len(image.memory):
        raise _invalid(f"its symbol table has {count} entries")
    start, end = tags[_DT_STRTAB], tags[_DT_STRTAB] + tags[_DT_STRSZ]
    strings = bytes(image.memory[start:end])
    symbols = []
    for index in range(count):
        name_offset, _, _, section, value, _ = _unpack(
            "<IBBHQQ", image.memory, tags[_DT_SYMTAB] + 24 * index
        )
        name = (
            strings[name_offset : name_offset + 256].partition(b"\0")[0].decode("ascii", "replace")
        )
        if section:
            image.symbols[name] = value
        symbols.append((name, value if section else 0))
    return symbols


def _read_relocations(
    image: Image, symbols: list[tuple[str, int]], address: int, size: int
) -> None:
    if size > len(image.memory):
        raise _invalid("its relocations are larger than the image")
    for entry in range(address, address + size, 24):
        place, info, addend = _unpack("<QQq", image.memory, entry)
        kind, index = info & 0xFFFFFFFF, info >> 32
        if place + 8 > len(image.memory) or index >= len(symbols):
            raise _invalid("a relocation lies outside the image")
        if kind == _R_RELATIVE:
            image._relative.append((place, addend))
        elif kind in (_R_ABS64, _R_GLOB_DAT, _R_JUMP_SLOT):
            name, value = symbols[index]
            if name not in image.symbols:
                raise _invalid(f"it calls '{name}', which it does not hold")
            image._relative.append((place, value + addend))
        else:
            raise _invalid(f"it has a relocation of type {kind}")


def _unpack(form: str, data: bytes | bytearray, offset: int) -> tuple[int, ...]:
    if offset < 0 or offset + struct.calcsize(form) > len(data):
        raise _invalid("a table reaches behind its end")
    return struct.unpack_from(form, data, offset)


def _page_up(size: int) -> int:
    return -(-size // PAGE_BYTES) * PAGE_BYTES


def _invalid(problem: str) -> AfeError:
    return AfeError(ErrorCode.INVALID_ARCHIVE, f"the Cortex-A65 code cannot be loaded: {problem}")
