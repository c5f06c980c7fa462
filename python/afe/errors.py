"""The one exception type of the project, and its stable codes.

Every error that a user's input, option or environment can cause is an `AfeError`; anything else
that escapes is a bug of the compiler.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class ErrorCode(StrEnum):
    """Stable identifiers; scripts may match on them, so a code never changes its meaning."""

    FILE_NOT_FOUND = "file-not-found"
    FILE_INVALID = "file-invalid"
    UNSUPPORTED_FORMAT = "unsupported-format"
    UNSUPPORTED_VERSION = "unsupported-version"
    UNSUPPORTED_OPERATOR = "unsupported-operator"
    UNSUPPORTED_TYPE = "unsupported-type"
    DYNAMIC_SHAPE = "dynamic-shape"
    FLOAT_MODEL = "float-model"
    INVALID_MODEL = "invalid-model"
    INVALID_OPTION = "invalid-option"
    INVALID_TARGET = "invalid-target"
    INVALID_INPUT = "invalid-input"
    MISSING_DEPENDENCY = "missing-dependency"
    INVALID_ARCHIVE = "invalid-archive"
    PATH_TRAVERSAL = "path-traversal"
    SCHEMA_ERROR = "schema-error"
    SIZE_LIMIT_EXCEEDED = "size-limit-exceeded"
    OUTPUT_FAILED = "output-failed"
    OUT_OF_MEMORY = "out-of-memory"
    COMPILE_FAILED = "compile-failed"
    RUNTIME_FAULT = "runtime-fault"
    INTERNAL = "internal"


class AfeError(Exception):
    """A stable code, one sentence, and notes that help (location, memory map, remedy)."""

    def __init__(self, code: ErrorCode, message: str, *, notes: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.notes = tuple(notes)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  note: {note}" for note in self.notes)])
