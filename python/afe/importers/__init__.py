"""Importers: a quantized model in a file becomes a TOSA module (docs/tosa-conventions.md).

`import_model` looks at a file's content, then at its suffix, and calls the importer of that
format. Each importer is a function `(data, *, name, path) -> ImportedModel`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from afe.errors import AfeError, ErrorCode
from afe.importers.common import ImportedModel, Port, Quantization, model_name_of, read_model_file
from afe.options import ImportOptions

__all__ = ["ImportedModel", "Port", "Quantization", "import_model"]

_IMPORTERS = {
    "tflite": ("afe.importers.tflite", "import_tflite"),
    "onnx": ("afe.importers.onnx", "import_onnx"),
    "tosa": ("afe.importers.tosa", "import_tosa"),
}

_FORMAT_OF_SUFFIX = {
    ".tflite": "tflite",
    ".lite": "tflite",
    ".onnx": "onnx",
    ".mlir": "tosa",
    ".mlirbc": "tosa",
}

_FOREIGN = {
    ".pb": "a TensorFlow graph; convert it with tf.lite.TFLiteConverter and quantize it to int8",
    ".h5": "a Keras model; convert it with tf.lite.TFLiteConverter and quantize it to int8",
    ".keras": "a Keras model; convert it with tf.lite.TFLiteConverter and quantize it to int8",
    ".pt": "a PyTorch model; export it with torch.onnx.export and quantize it to QDQ int8",
    ".pth": "a PyTorch model; export it with torch.onnx.export and quantize it to QDQ int8",
    ".sima": "a model saved by Model.save; open it with Model.load",
}


def import_model(
    path: str | PathLike[str],
    *,
    name: str | None = None,
    options: ImportOptions | None = None,
) -> ImportedModel:
    """Imports a .tflite, .onnx, .mlir or .mlirbc file as TOSA, under `name` (default: its stem).

    Raises AfeError: FILE_NOT_FOUND, FILE_INVALID, UNSUPPORTED_FORMAT, INVALID_MODEL,
    UNSUPPORTED_OPERATOR, UNSUPPORTED_TYPE, FLOAT_MODEL, DYNAMIC_SHAPE, INVALID_OPTION.
    """
    file = Path(path)
    data = read_model_file(file)
    kind = _format_of(file, data)
    importer = _importer_of(kind)
    special = _special_options(file, kind, options or ImportOptions())
    return importer(data, name=model_name_of(file, name), path=file, **special)


def _special_options(file: Path, kind: str, options: ImportOptions) -> dict[str, Any]:
    """The options that this format's importer takes; AfeError INVALID_OPTION for another's."""
    if options.dimensions and kind != "onnx":
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            f"'{file}' has no symbolic dimensions, so their sizes cannot be set",
            notes=["only ONNX models name dimensions"],
        )
    if options.signature is not None and kind != "tflite":
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            f"'{file}' has no signatures, so '{options.signature}' cannot be chosen",
            notes=["only TFLite models have several entry points"],
        )
    given = {"dimensions": options.dimensions, "signature": options.signature}
    return {name: value for name, value in given.items() if value}


def _format_of(path: Path, data: bytes) -> str:
    """The format by content where it is telling, else by suffix."""
    if data[4:8] == b"TFL3":
        return "tflite"
    suffix = path.suffix.lower()
    if data[:4] == b"ML\xefR" and suffix != ".sima":
        return "tosa"
    known = _FORMAT_OF_SUFFIX.get(suffix)
    if known is not None:
        return known
    raise AfeError(
        ErrorCode.UNSUPPORTED_FORMAT,
        f"'{path}' is {_FOREIGN.get(suffix, 'in no format that is known')}",
        notes=["models are read from .tflite, .onnx, .mlir and .mlirbc files"],
    )


def _importer_of(kind: str) -> Callable[..., ImportedModel]:
    """Loads an importer when it is first needed: each has dependencies of its own."""
    module, function = _IMPORTERS[kind]
    importer: Callable[..., ImportedModel] = getattr(importlib.import_module(module), function)
    return importer
