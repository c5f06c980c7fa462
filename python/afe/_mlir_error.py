"""The exception that carries MLIR's diagnostics; the native module raises it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afe._mlir.ir import Diagnostic


class MLIRError(Exception):
    """MLIR refused something: a parse, a verification, a pass, the arguments of a type.

    Attributes:
        message: what was tried.
        error_diagnostics: the errors MLIR reported, each with location, message and notes.
    """

    def __init__(self, message: str, error_diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(message, error_diagnostics)
        self.message = message
        self.error_diagnostics = list(error_diagnostics)

    def __str__(self) -> str:
        lines = [self.message + (":" if self.error_diagnostics else "")]
        for diagnostic in self.error_diagnostics:
            lines.append(f"error: {_located(diagnostic)}")
            lines += [f" note: {_located(note)}" for note in diagnostic.notes]
        return "\n".join(lines)


def _located(diagnostic: Diagnostic) -> str:
    location = str(diagnostic.location).removeprefix("loc(").removesuffix(")")
    return f"{location}: {diagnostic.message}"
