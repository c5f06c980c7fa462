"""A model on its way into the compiler: TOSA, its name, and the file it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from afe.errors import AfeError, ErrorCode
from afe.options import name_from
from afe.package.manifest import Provenance

if TYPE_CHECKING:
    from afe import ir
    from afe.importers.common import ImportedModel


@dataclass(frozen=True)
class SourceModel:
    """An imported model and its provenance. `name` can be part of a file name."""

    name: str
    imported: ImportedModel
    provenance: Provenance

    @property
    def module(self) -> ir.Module:
        """The TOSA module."""
        return self.imported.module

    def with_module(self, module: ir.Module) -> SourceModel:
        """The same model as another module of its context."""
        return replace(self, imported=replace(self.imported, module=module))

    def renamed(self, name: str) -> SourceModel:
        """The same model under another name."""
        return replace(self, name=name)


def read_source(
    path: str | PathLike[str],
    name: str | None = None,
    dimensions: Mapping[str, int] | None = None,
) -> SourceModel:
    """Reads a model of any known format, `.sima` included.

    `dimensions` gives sizes to a model's symbolic dimensions, by name.

    Raises AfeError FILE_NOT_FOUND, FILE_INVALID, UNSUPPORTED_FORMAT, INVALID_MODEL and the other
    codes of `afe.importers.import_model` and `afe.sima.read_sima`.
    """
    file = Path(path)
    if file.suffix.lower() == ".sima":
        from afe.sima import read_sima

        if dimensions:
            raise AfeError(
                ErrorCode.INVALID_OPTION,
                f"'{path}' has no symbolic dimensions: they were set when it was imported",
            )
        source = read_sima(file)
    else:
        source = _import(file, dimensions)
    return source.renamed(name) if name else source


def _import(file: Path, dimensions: Mapping[str, int] | None) -> SourceModel:
    from afe.importers import import_model

    try:
        imported = import_model(file, dimensions=dimensions)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        # Importers name what they find; what a damaged file can still provoke ends here.
        raise AfeError(
            ErrorCode.INVALID_MODEL,
            f"'{file}' cannot be imported: it is damaged, or says something no importer expects",
            notes=[f"{type(error).__name__}: {error}"],
        ) from error
    with file.open("rb") as stream:
        checksum = hashlib.file_digest(stream, "sha256").hexdigest()
    return SourceModel(name_from(imported.name), imported, Provenance(file.name, checksum))
