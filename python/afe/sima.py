"""`.sima`: a quantized model saved for the compiler.

Layout, little-endian: magic (8 bytes), version u32, lengths of the parts: metadata u32, bytecode
u64, float network u64, quantized network u64; SHA-256 of the parts; the parts: metadata (UTF-8
JSON), MLIR bytecode of the TOSA module, and two ONNX files or nothing (`UnquantizedNet`). Checked
in this order on load, so that a file of another version or of another SDK is named as what it is.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import itertools
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afe.errors import AfeError, ErrorCode
from afe.files import write_atomically
from afe.options import check_name
from afe.package.manifest import Provenance
from afe.source import SourceModel, UnquantizedNet
from afe.version import SIMA_VERSION, VERSION

if TYPE_CHECKING:
    from afe.importers.common import ImportedModel, Port

SUFFIX = ".sima"
_MAGIC = b"AFE\x89SIMA"
_HEADER = struct.Struct("<8sIIQQQ32s")
_MAX_FILE_BYTES = 2 << 30
_MAX_METADATA_BYTES = 64 << 20

_FOREIGN_MAGIC = {
    b"PK\x03\x04": "a zip archive as the vendor's SDK writes it",
    b"\x80\x02": "a Python pickle as the vendor's SDK writes it",
    b"\x80\x03": "a Python pickle as the vendor's SDK writes it",
    b"\x80\x04": "a Python pickle as the vendor's SDK writes it",
    b"\x80\x05": "a Python pickle as the vendor's SDK writes it",
    b"\x1f\x8b": "a gzip file as the vendor's SDK writes it",
    b"BZh": "a bzip2 file as the vendor's SDK writes it",
    b"\xfd7zXZ": "an xz file as the vendor's SDK writes it",
    b"\x28\xb5\x2f\xfd": "a zstd file as the vendor's SDK writes it",
    b"\x89HDF": "an HDF5 file as the vendor's SDK writes it",
    b"{": "a JSON file as the vendor's SDK writes it",
    b"ML\xefR": "bare MLIR bytecode; give it the suffix .mlirbc",
}


def write_sima(source: SourceModel, path: Path, *, include_unquantized_net: bool = True) -> None:
    """Writes the model; AfeError OUTPUT_FAILED leaves nothing behind."""
    buffer = io.BytesIO()
    source.module.operation.write_bytecode(buffer)
    bytecode = buffer.getvalue()
    metadata = json.dumps(_metadata(source), ensure_ascii=False, sort_keys=True).encode()
    parts = [metadata, bytecode, b"", b""]
    if source.unquantized is not None and include_unquantized_net:
        parts[2:] = source.unquantized.float_model, source.unquantized.quantized_model
    lengths = [len(part) for part in parts]
    header = _HEADER.pack(_MAGIC, SIMA_VERSION, *lengths, _digest(parts))
    write_atomically(path, [header, *parts])


def read_sima(path: Path, *, include_unquantized_net: bool = True) -> SourceModel:
    """Reads a model written by `write_sima`, with or without its unquantized network.

    Raises AfeError FILE_NOT_FOUND, FILE_INVALID (damaged), UNSUPPORTED_FORMAT (another SDK's) or
    UNSUPPORTED_VERSION.
    """
    data = _read(path)
    metadata_bytes, bytecode, *networks = _checked_parts(path, data)
    try:
        metadata = json.loads(metadata_bytes)
        imported = _imported(metadata, bytecode)
        provenance = _provenance(metadata["provenance"])
        unquantized = UnquantizedNet(*networks) if all(networks) else None
        if not include_unquantized_net:
            unquantized = None
        return SourceModel(check_name(metadata["name"]), imported, provenance, unquantized)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, f"its metadata is malformed ({error})") from error


def locate(model_name: str, where: str) -> Path:
    """The file of model `model_name`: `where` is its folder, or the file itself."""
    place = Path(where) if where else Path(".")
    if place.is_file() or place.suffix == SUFFIX:
        return place
    check_name(model_name.removesuffix(SUFFIX))
    return place / (model_name.removesuffix(SUFFIX) + SUFFIX)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise AfeError(ErrorCode.SIZE_LIMIT_EXCEEDED, f"'{path}' is larger than 2 GiB")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise AfeError(ErrorCode.FILE_NOT_FOUND, f"there is no model '{path}'") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise AfeError(ErrorCode.FILE_INVALID, f"cannot read '{path}': {reason}") from error


def _checked_parts(path: Path, data: bytes) -> list[bytes]:
    """The parts of an intact file of this version."""
    if data[:8] != _MAGIC:
        raise _foreign(path, data)
    # Every version has its number here.
    if len(data) < 12:
        raise _damaged(path, "it is cut off")
    (version,) = struct.unpack_from("<I", data, 8)
    if version != SIMA_VERSION:
        raise AfeError(
            ErrorCode.UNSUPPORTED_VERSION,
            f"'{path}' is a .sima of version {version}, this compiler reads version "
            f"{SIMA_VERSION}: save it again from its source with Model.from_file(...).save(...)",
        )
    if len(data) < _HEADER.size:
        raise _damaged(path, "it is cut off")
    _, _, *lengths, digest = _HEADER.unpack_from(data)
    if lengths[0] > _MAX_METADATA_BYTES:
        raise _damaged(path, "its metadata is too large")
    if len(data) != _HEADER.size + sum(lengths):
        raise _damaged(path, "its length is not what its header says")
    ends = list(itertools.accumulate(lengths, initial=_HEADER.size))
    parts = [data[start:end] for start, end in itertools.pairwise(ends)]
    if _digest(parts) != digest:
        raise _damaged(path, "its checksum is wrong")
    return parts


def _metadata(source: SourceModel) -> dict[str, Any]:
    imported = source.imported
    return {
        "afe_version": VERSION,
        "name": source.name,
        "model_name": imported.name,
        "producer": imported.producer,
        "provenance": dataclasses.asdict(source.provenance),
        "inputs": [dataclasses.asdict(port) for port in imported.inputs],
        "outputs": [dataclasses.asdict(port) for port in imported.outputs],
        "metadata": dict(imported.metadata),
    }


def _imported(metadata: dict[str, Any], bytecode: bytes) -> ImportedModel:
    from afe import ir
    from afe.importers.common import ImportedModel

    context = ir.Context()
    try:
        module = ir.Module.parse(bytecode, context=context)
    except ir.MLIRError as error:
        raise ValueError(f"bytecode: {error}") from error
    return ImportedModel(
        module,
        context,
        metadata["model_name"],
        metadata["producer"],
        _ports(metadata["inputs"]),
        _ports(metadata["outputs"]),
        metadata["metadata"],
    )


def _provenance(entry: dict[str, Any]) -> Provenance:
    provenance = Provenance(**entry)
    if not isinstance(provenance.calibration, dict):
        raise ValueError("its calibration is no object")
    if not isinstance(provenance.target, str):
        raise ValueError("its target is no name")
    return provenance


def _ports(entries: Sequence[dict[str, Any]]) -> tuple[Port, ...]:
    from afe.importers.common import Port, Quantization, State

    return tuple(
        Port(
            entry["name"],
            tuple(entry["shape"]),
            entry["dtype"],
            Quantization(**entry["quantization"]) if entry["quantization"] else None,
            State(entry["state"]["name"], tuple(entry["state"]["initial"]))
            if entry.get("state")
            else None,
        )
        for entry in entries
    )


def _digest(parts: Sequence[bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def _foreign(path: Path, data: bytes) -> AfeError:
    known = (text for magic, text in _FOREIGN_MAGIC.items() if data.startswith(magic))
    found = next(known, "not a .sima file of this compiler")
    return AfeError(
        ErrorCode.UNSUPPORTED_FORMAT,
        f"'{path}' is {found}; this compiler opens .sima files that its own Model.save wrote: "
        "import the quantized .tflite or .onnx model with Model.from_file",
    )


def _damaged(path: Path, text: str) -> AfeError:
    return AfeError(ErrorCode.FILE_INVALID, f"'{path}' is damaged: {text}")
