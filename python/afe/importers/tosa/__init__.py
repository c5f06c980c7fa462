"""TOSA as it is, in each of its three forms: MLIR text, MLIR bytecode, flatbuffer (.tosa)."""

from __future__ import annotations

from pathlib import Path

from afe.importers.common import ImportedModel
from afe.importers.tosa.flatbuffer import import_flatbuffer
from afe.importers.tosa.schema import IDENTIFIER
from afe.importers.tosa.text import import_mlir

__all__ = ["import_tosa"]


def import_tosa(data: bytes, *, name: str, path: Path) -> ImportedModel:
    """Imports a TOSA program of any form, told by its content.

    Raises AfeError FILE_INVALID, INVALID_MODEL, UNSUPPORTED_VERSION, UNSUPPORTED_OPERATOR,
    UNSUPPORTED_TYPE, DYNAMIC_SHAPE.
    """
    is_flatbuffer = data[4:8] == IDENTIFIER or path.suffix.lower() == ".tosa"
    reader = import_flatbuffer if is_flatbuffer else import_mlir
    return reader(data, name=name, path=path)
