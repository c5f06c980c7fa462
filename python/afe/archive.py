"""`*_mpk.tar.gz`: written with the same bytes every time, read as a hostile file.

Writing goes to a file aside that is renamed when complete. Reading parses gzip and tar itself,
strictly: regular files in one flat folder, bounded sizes, nothing else; every refusal is an
AfeError with one of the loader's codes.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from afe.errors import AfeError, ErrorCode
from afe.files import write_atomically

SUFFIX = "_mpk.tar.gz"

MAX_ARCHIVE_BYTES = 2 << 30
MAX_ENTRY_BYTES = 2 << 30
MAX_TOTAL_BYTES = 4 << 30
MAX_ENTRIES = 4096
MAX_JSON_BYTES = 64 << 20
MAX_JSON_DEPTH = 32
_MAX_PAX_BYTES = 1 << 16
_BLOCK = 512
_CHUNK = 1 << 20
_JSON_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{\]}]', re.DOTALL)

# Weights hardly repeat: entropy coding and runs get what there is, in a third of the time.
_LEVEL, _STRATEGY = 1, zlib.Z_RLE
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def write_archive(path: Path, members: Mapping[str, bytes]) -> None:
    """Writes `members` in order; AfeError OUTPUT_FAILED leaves nothing behind."""
    write_atomically(path, _archive_bytes(members))


def read_archive(path: Path) -> dict[str, bytes]:
    """All members by name.

    Raises AfeError FILE_NOT_FOUND, INVALID_ARCHIVE, PATH_TRAVERSAL or SIZE_LIMIT_EXCEEDED.
    """
    if not path.name.endswith(".tar.gz"):
        raise _invalid(path, "only .tar.gz archives are read")
    try:
        size = path.stat().st_size
        if size > MAX_ARCHIVE_BYTES:
            raise _too_large(path, f"has {size} bytes, allowed are {MAX_ARCHIVE_BYTES}")
        with path.open("rb") as file:
            return dict(_entries(path, _GzipStream(path, file)))
    except FileNotFoundError as error:
        raise AfeError(ErrorCode.FILE_NOT_FOUND, f"there is no archive '{path}'") from error
    except OSError as error:
        raise AfeError(ErrorCode.FILE_INVALID, f"cannot read '{path}': {error.strerror}") from error


def find_document(path: Path, members: Mapping[str, bytes]) -> str:
    """The name of the one `*_mpk.json`; AfeError INVALID_ARCHIVE where there is not one."""
    found = [name for name in members if name.endswith("_mpk.json")]
    if len(found) != 1:
        raise _invalid(path, f"it holds {len(found)} members called *_mpk.json, expected one")
    return found[0]


def parse_json(data: bytes, origin: str) -> Any:
    """A JSON document of bounded size and depth, without duplicate keys; else SCHEMA_ERROR."""
    if len(data) > MAX_JSON_BYTES:
        raise AfeError(ErrorCode.SIZE_LIMIT_EXCEEDED, f"'{origin}' is too large for JSON")
    _check_depth(data, origin)
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=lambda pairs: _without_duplicates(pairs, origin),
            parse_constant=lambda text: _refuse_constant(text, origin),
        )
    except (ValueError, RecursionError) as error:
        raise AfeError(ErrorCode.SCHEMA_ERROR, f"'{origin}' is not JSON: {error}") from error


# --- writing -------------------------------------------------------------------------------------


def _archive_bytes(members: Mapping[str, bytes]) -> list[bytes]:
    """gzip of the tar as pieces, in one pass over the members' bytes."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, 9, _STRATEGY)
    pieces, checksum, length = [_GZIP_HEADER], 0, 0
    for piece in _tar_pieces(members):
        checksum = zlib.crc32(piece, checksum)
        length += len(piece)
        pieces.append(compressor.compress(piece))
    trailer = checksum.to_bytes(4, "little") + (length & 0xFFFFFFFF).to_bytes(4, "little")
    return [*pieces, compressor.flush(), trailer]


def _tar_pieces(members: Mapping[str, bytes]) -> Iterator[bytes]:
    for name, data in members.items():
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = len(data), 0o644, 0
        yield info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")
        yield data
        yield bytes(-len(data) % _BLOCK)
    yield bytes(2 * _BLOCK)


# --- reading -------------------------------------------------------------------------------------


class _GzipStream:
    """Decompressed bytes of a gzip file, counted."""

    def __init__(self, path: Path, file: io.BufferedReader) -> None:
        self._path, self._file = path, file
        self._decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._pending = b""
        self._total = 0

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes, or fewer at the end."""
        pieces: list[bytes] = []
        while size > 0 and (piece := self._piece(size)):
            pieces.append(piece)
            size -= len(piece)
            self._total += len(piece)
            if self._total > MAX_TOTAL_BYTES:
                raise _too_large(self._path, f"unpacks to more than {MAX_TOTAL_BYTES} bytes")
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def finish(self) -> None:
        """Reads what is left: only zeros, with a right checksum and nothing behind."""
        while rest := self.read(_CHUNK):
            if rest.strip(b"\0"):
                raise _invalid(self._path, "bytes follow the end of the tar")
        if not self._decoder.eof:
            raise _invalid(self._path, "the gzip stream is cut off")
        if self._decoder.unused_data or self._file.read(1):
            raise _invalid(self._path, "bytes follow the end of the gzip stream")

    def _piece(self, size: int) -> bytes:
        try:
            while not self._decoder.eof:
                data = self._decoder.unconsumed_tail or self._file.read(_CHUNK)
                piece = self._decoder.decompress(data, min(size, _CHUNK))
                if piece or not data:
                    return piece
        except zlib.error as error:
            raise _invalid(self._path, f"not a gzip file: {error}") from error
        return b""


def _entries(path: Path, stream: _GzipStream) -> Iterator[tuple[str, bytes]]:
    seen: set[str] = set()
    long_name = ""
    while True:
        header = stream.read(_BLOCK)
        if len(header) < _BLOCK:
            raise _invalid(path, "the tar is cut off")
        if header == bytes(_BLOCK):
            stream.finish()
            return
        name, size, kind = _parse_header(path, header)
        if kind == b"x":
            long_name = _pax_path(path, _read_entry(path, stream, size, _MAX_PAX_BYTES))
            continue
        name, long_name = _checked_name(path, long_name or name), ""
        _check_kind(path, name, kind)
        if name in seen:
            raise _invalid(path, f"member '{name}' occurs twice")
        seen.add(name)
        if len(seen) > MAX_ENTRIES:
            raise _too_large(path, f"has more than {MAX_ENTRIES} members")
        yield name, _read_entry(path, stream, size, MAX_ENTRY_BYTES)


def _read_entry(path: Path, stream: _GzipStream, size: int, limit: int) -> bytes:
    if size > limit:
        raise _too_large(path, f"has a member of {size} bytes, allowed are {limit}")
    data = stream.read(size)
    padding = stream.read(-size % _BLOCK)
    if len(data) < size or len(padding) < -size % _BLOCK:
        raise _invalid(path, "the tar is cut off")
    return data


def _parse_header(path: Path, header: bytes) -> tuple[str, int, bytes]:
    """Name, size and type flag of a tar header with a right checksum."""
    stated = _octal(path, header[148:156])
    if stated != sum(header[:148]) + 8 * 0x20 + sum(header[156:]):
        raise _invalid(path, "a tar header has a wrong checksum")
    if header[257:262] != b"ustar":
        raise _invalid(path, "not a POSIX tar")
    raw_name = header[:100].split(b"\0")[0]
    # GNU's variant of the header keeps times where POSIX has the prefix.
    prefix = header[345:500].split(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    try:
        name = (prefix + b"/" + raw_name if prefix else raw_name).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(path, "a member's name is not UTF-8") from error
    return name, _octal(path, header[124:136]), header[156:157]


def _octal(path: Path, digits: bytes) -> int:
    text = digits.strip(b"\0 ")
    if not text or text.strip(b"01234567"):
        raise _invalid(path, "a tar header holds a malformed number")
    return int(text, 8)


def _pax_path(path: Path, records: bytes) -> str:
    """The `path` record of an extended header; records that change a size or a link are refused."""
    name = ""
    while records:
        length, _, _ = records.partition(b" ")
        if not length.isdigit() or len(length) > 6 or not len(length) < int(length) <= len(records):
            raise _invalid(path, "a malformed extended header")
        record, records = records[len(length) + 1 : int(length)], records[int(length) :]
        key, _, value = record.removesuffix(b"\n").partition(b"=")
        if key in (b"size", b"linkpath") or key.startswith(b"GNU.sparse"):
            raise _invalid(path, f"extended header record '{key.decode()}' is not allowed")
        if key == b"path":
            try:
                name = value.decode("utf-8")
            except UnicodeDecodeError as error:
                raise _invalid(path, "a member's name is not UTF-8") from error
    return name


def _checked_name(path: Path, name: str) -> str:
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or (len(name) > 1 and name[1] == ":"):
        raise AfeError(
            ErrorCode.PATH_TRAVERSAL, f"archive '{path}': member '{name}' leaves its folder"
        )
    if len(parts) > 1 or not name or any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise _invalid(path, f"member {name!r} is not a plain file name")
    return name


def _check_kind(path: Path, name: str, kind: bytes) -> None:
    if kind not in (b"0", b"\0"):
        raise _invalid(path, f"member '{name}' is not a regular file")


# --- JSON ----------------------------------------------------------------------------------------


def _check_depth(data: bytes, origin: str) -> None:
    """Bounds nesting before the recursive parser sees it; brackets in strings do not count."""
    depth = 0
    for token in _JSON_TOKEN.finditer(data):
        if token[0] in (b"[", b"{"):
            depth += 1
            if depth > MAX_JSON_DEPTH:
                raise AfeError(
                    ErrorCode.SCHEMA_ERROR, f"'{origin}' nests deeper than {MAX_JSON_DEPTH} levels"
                )
        elif token[0] in (b"]", b"}"):
            depth -= 1


def _without_duplicates(pairs: list[tuple[str, Any]], origin: str) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise AfeError(ErrorCode.SCHEMA_ERROR, f"'{origin}' has the key '{twice}' twice")
    return result


def _refuse_constant(text: str, origin: str) -> float:
    raise AfeError(ErrorCode.SCHEMA_ERROR, f"'{origin}' holds {text}, which is not JSON")


def _invalid(path: Path, text: str) -> AfeError:
    return AfeError(ErrorCode.INVALID_ARCHIVE, f"archive '{path}': {text}")


def _too_large(path: Path, text: str) -> AfeError:
    return AfeError(ErrorCode.SIZE_LIMIT_EXCEEDED, f"archive '{path}': {text}")


def archive_path(folder: Path, name: str) -> Path:
    """Where the archive called `name` goes in `folder`."""
    return folder / f"{name}{SUFFIX}"
