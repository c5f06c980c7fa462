"""What every importer takes in and hands back.

An importer turns one model file into an `ImportedModel`: a verified TOSA module that follows
docs/tosa-conventions.md, with the facts about the model that TOSA has no place for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from afe import ir
from afe.errors import AfeError, ErrorCode

MAX_MODEL_BYTES = 1 << 31
"""Largest model file that is read; a flatbuffer or protobuf cannot be larger either."""

_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f\ufffd\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Quantization:
    """Per-tensor quantization of an argument or result: real = scale * (stored - zero_point)."""

    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True)
class State:
    """A tensor that lives between inferences: the result of state `name` is the next argument.

    `initial` are the values after a reset, repeated until they fill the tensor.
    """

    name: str
    initial: tuple[int, ...] | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Port:
    """One argument or result of the model, in the model's own dtype (MLIR spelling) and shape."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: Quantization | None = None
    state: State | None = None


@dataclass(frozen=True)
class ImportedModel:
    """A model as TOSA.

    `module` lives in `context`; `producer` is "tflite", "onnx" or "tosa". `metadata` holds
    JSON-able facts: signature names, descriptions, versions of the file format.
    """

    module: ir.Module
    context: ir.Context
    name: str
    producer: str
    inputs: Sequence[Port] = ()
    outputs: Sequence[Port] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)


def clean_name(text: str, fallback: str) -> str:
    """A name from an untrusted file: printable, bounded, never empty."""
    return _NOT_IN_NAMES.sub("_", text)[:1024] or fallback


def model_name_of(path: Path, name: str | None) -> str:
    """The model's name: as given, else the file's name without its suffix."""
    return clean_name(path.stem if name is None else name, "model")


def read_model_file(path: Path) -> bytes:
    """All bytes of a model file.

    Raises AfeError FILE_NOT_FOUND, FILE_INVALID (a folder, unreadable, empty) or
    SIZE_LIMIT_EXCEEDED.
    """
    try:
        if not path.exists():
            raise AfeError(ErrorCode.FILE_NOT_FOUND, f"there is no file '{path}'")
        if not path.is_file():
            raise AfeError(ErrorCode.FILE_INVALID, f"'{path}' is not a file")
        size = path.stat().st_size
        if size > MAX_MODEL_BYTES:
            raise AfeError(
                ErrorCode.SIZE_LIMIT_EXCEEDED,
                f"'{path}' has {size} bytes; a model may have {MAX_MODEL_BYTES}",
            )
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AfeError(ErrorCode.FILE_INVALID, f"cannot read '{path}': {reason}") from error
    if not data:
        raise AfeError(ErrorCode.FILE_INVALID, f"'{path}' is empty")
    return data
