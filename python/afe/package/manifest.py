"""`<name>_manifest.json`: size and SHA-256 of every other member, and where the archive came from.

Written last, verified on every load: a member that is missing, not listed or changed is refused.
It shows damage and mix-ups; it is no signature.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from afe.errors import AfeError, ErrorCode
from afe.target import Target
from afe.version import ARCHIVE_VERSION, VERSION

SUFFIX = "_manifest.json"
_DOCUMENT_SUFFIX = "_mpk.json"


@dataclass(frozen=True, slots=True)
class Provenance:
    """The model an archive was compiled from: file name without folder, SHA-256 of its bytes.

    `calibration` says how a float model was quantized (method, samples, ranges, SHA-256 of the
    data), as JSON values; it is empty for a model that came quantized. `target` is what the model
    was loaded for, empty for the usual one: it is compiled for it where nothing else is said.
    """

    model_path: str
    model_checksum: str
    calibration: Mapping[str, Any] = field(default_factory=dict)
    target: str = ""

    @property
    def calibration_checksum(self) -> str:
        """The SHA-256 of the calibration, empty where there was none."""
        if not self.calibration:
            return ""
        text = json.dumps(self.calibration, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Entry:
    """What the manifest says of one member."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """A verified manifest."""

    name: str
    files: tuple[Entry, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)


def manifest_document(
    members: Mapping[str, bytes],
    provenance: Provenance,
    target: Target,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """The manifest of `members`; `options` are those that shape the archive."""
    return {
        "afe_format_version": ARCHIVE_VERSION,
        "files": [
            {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in members.items()
        ],
        "provenance": {
            "compiler": "afe",
            "compiler_version": VERSION,
            "model_path": provenance.model_path,
            "model_sha256": provenance.model_checksum,
            "calibration_sha256": provenance.calibration_checksum or None,
            "calibration": dict(provenance.calibration) or None,
            "target": {"name": target.name, "hash": f"{target.fingerprint:016x}"},
            "options": dict(options),
        },
    }


def manifest_name(document_name: str) -> str:
    """The manifest that belongs to `<name>_mpk.json`."""
    return document_name.removesuffix(_DOCUMENT_SUFFIX) + SUFFIX


def check_members(
    path: Path, members: Mapping[str, bytes], name: str, document: object
) -> Manifest:
    """The manifest called `name` if every member is as it says.

    `document` is its parsed JSON. Raises AfeError SCHEMA_ERROR (malformed), UNSUPPORTED_VERSION or
    INVALID_ARCHIVE (a member missing, unlisted or changed).
    """
    if not isinstance(document, dict):
        _malformed(name, "expected an object")
    if document.get("afe_format_version") != ARCHIVE_VERSION:
        raise AfeError(
            ErrorCode.UNSUPPORTED_VERSION,
            f"'{name}' has version {document.get('afe_format_version')!r}, this runtime reads "
            f"version {ARCHIVE_VERSION}",
        )
    files = _entries(name, document.get("files"))
    _check_names(path, {entry.name for entry in files}, members.keys() - {name})
    for entry in files:
        _check_member(path, entry, members[entry.name])
    provenance = document.get("provenance")
    if not isinstance(provenance, dict):
        _malformed(name, "'provenance' must be an object")
    return Manifest(name, files, provenance)


def _entries(name: str, files: object) -> tuple[Entry, ...]:
    if not isinstance(files, list):
        _malformed(name, "'files' must be a list")
    entries = tuple(_entry(name, index, file) for index, file in enumerate(files))
    if len({entry.name for entry in entries}) != len(entries):
        _malformed(name, "'files' names a file twice")
    return entries


def _entry(name: str, index: int, file: object) -> Entry:
    if not isinstance(file, dict) or file.keys() != {"name", "bytes", "sha256"}:
        _malformed(name, f"files[{index}] must have name, bytes and sha256")
    member, size, digest = file["name"], file["bytes"], file["sha256"]
    if not isinstance(member, str) or not isinstance(digest, str):
        _malformed(name, f"files[{index}]: name and sha256 must be texts")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        _malformed(name, f"files[{index}]: bytes must be a size")
    return Entry(member, size, digest)


def _check_names(path: Path, listed: set[str], present: set[str]) -> None:
    if missing := sorted(listed - present):
        _invalid(path, f"it lacks {_quoted(missing)}, which its manifest lists")
    if unlisted := sorted(present - listed):
        _invalid(path, f"its manifest does not list {_quoted(unlisted)}")


def _check_member(path: Path, entry: Entry, data: bytes) -> None:
    if len(data) != entry.bytes:
        _invalid(path, f"'{entry.name}' has {len(data)} bytes, its manifest says {entry.bytes}")
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        _invalid(path, f"'{entry.name}' was changed: its SHA-256 is not the manifest's")


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names[:3]) + (", …" if len(names) > 3 else "")


def _malformed(name: str, text: str) -> NoReturn:
    raise AfeError(ErrorCode.SCHEMA_ERROR, f"'{name}': {text}")


def _invalid(path: Path, text: str) -> NoReturn:
    raise AfeError(ErrorCode.INVALID_ARCHIVE, f"archive '{path}': {text}")
