"""A model on its way into the compiler: TOSA, its name, and the file it came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from afe.errors import AfeError, ErrorCode
from afe.options import ImportOptions, name_from
from afe.package.manifest import Provenance

if TYPE_CHECKING:
    from afe import ir
    from afe.importers.common import ImportedModel


@dataclass(frozen=True)
class UnquantizedNet:
    """What a model was before it was quantized, and behind it, as ONNX files.

    The float network computes what the user's does; tensors have the same names in both.
    """

    float_model: bytes
    quantized_model: bytes


@dataclass(frozen=True)
class SourceModel:
    """An imported model and its provenance. `name` can be part of a file name.

    `unquantized` is there for models quantized here.
    """

    name: str
    imported: ImportedModel
    provenance: Provenance
    unquantized: UnquantizedNet | None = None

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
    options: ImportOptions | None = None,
) -> SourceModel:
    """Reads a model of any known format, `.sima` included.

    Raises AfeError FILE_NOT_FOUND, FILE_INVALID, UNSUPPORTED_FORMAT, INVALID_MODEL and the other
    codes of `afe.importers.import_model` and `afe.sima.read_sima`.
    """
    file = Path(path)
    if file.suffix.lower() == ".sima":
        from afe.sima import read_sima

        if options is not None and not options.is_default:
            raise AfeError(
                ErrorCode.INVALID_OPTION,
                f"'{path}' has neither symbolic dimensions nor signatures: they were set when it "
                "was imported",
            )
        source = read_sima(file)
    else:
        source = _import(file, options)
    return source.renamed(name) if name else source


def _import(file: Path, options: ImportOptions | None) -> SourceModel:
    from afe.importers import import_model

    try:
        imported = import_model(file, options=options)
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
