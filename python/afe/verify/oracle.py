"""Which reference implementation a model is compared with, by its format."""

from __future__ import annotations

from pathlib import Path

from afe.errors import AfeError, ErrorCode
from afe.verify.reference import Oracle


def oracle_for(path: Path) -> Oracle:
    """The reference for the model's format; AfeError UNSUPPORTED_FORMAT where there is none."""
    if not path.is_file():
        raise AfeError(ErrorCode.FILE_NOT_FOUND, f"there is no file '{path}'")
    suffix = path.suffix.lower()
    if suffix in (".tflite", ".lite"):
        from afe.verify.litert import LiteRtOracle

        return LiteRtOracle(path)
    if suffix == ".onnx":
        from afe.verify.onnxruntime_kernels import OnnxOracle

        return OnnxOracle(path)
    raise AfeError(
        ErrorCode.UNSUPPORTED_FORMAT,
        f"'{path}' has no reference to compare with; .tflite and .onnx models have",
    )
