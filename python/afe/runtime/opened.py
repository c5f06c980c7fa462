"""An archive opened and checked: the one way in for the runtime and for every command.

Order of the checks: tar, the one document, its version and chain, the manifest over all members.
Whatever comes out is consistent; programs are decoded by those who run them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from afe.archive import find_document, parse_json, read_archive
from afe.errors import AfeError, ErrorCode
from afe.package.manifest import Manifest, check_members, manifest_name
from afe.runtime.schema import ChainDescription, parse_chain


@dataclass(frozen=True)
class OpenedArchive:
    """Members by name, the parsed `*_mpk.json` and what it describes, the verified manifest."""

    path: Path
    members: Mapping[str, bytes]
    document: Mapping[str, Any]
    chain: ChainDescription
    manifest: Manifest


def open_archive(archive: str | PathLike[str]) -> OpenedArchive:
    """Reads and checks an archive.

    Raises AfeError FILE_NOT_FOUND, FILE_INVALID, INVALID_ARCHIVE, PATH_TRAVERSAL, SCHEMA_ERROR,
    UNSUPPORTED_VERSION or SIZE_LIMIT_EXCEEDED.
    """
    path = Path(archive)
    members = read_archive(path)
    name = find_document(path, members)
    document = parse_json(members[name], name)
    chain = parse_chain(document)
    _check_programs(path, members, chain)
    listing = manifest_name(name)
    if listing not in members:
        raise AfeError(ErrorCode.INVALID_ARCHIVE, f"archive '{path}': it lacks '{listing}'")
    manifest = check_members(path, members, listing, parse_json(members[listing], listing))
    return OpenedArchive(path, members, document, chain, manifest)


def _check_programs(path: Path, members: Mapping[str, bytes], chain: ChainDescription) -> None:
    for plugin in chain.plugins:
        if plugin.processor != "EV74" and plugin.executable not in members:
            raise AfeError(
                ErrorCode.INVALID_ARCHIVE,
                f"archive '{path}': it lacks '{plugin.executable}', the program of {plugin.name}",
            )
