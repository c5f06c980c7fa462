"""Runs a named pass pipeline on a module; a pass's diagnostics become one AfeError."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from afe import ir
from afe.errors import AfeError, ErrorCode
from afe.options import CompileOptions
from afe.passmanager import PassManager

_OUT_OF_MEMORY = re.compile(r"\bneeds? (?:at least )?\d+ bytes of (L1|L2|DRAM)\b")
_WHOLE_OPERATION = "see current operation:"


def run_pipeline(module: ir.Module, pipeline: str, options: CompileOptions) -> None:
    """Runs `pipeline` on the module, with the MLIR debugging that `options` ask for.

    Raises AfeError COMPILE_FAILED or OUT_OF_MEMORY with the passes' own messages.
    """
    manager = PassManager.parse(f"builtin.module({pipeline})", context=module.context)
    _configure(manager, options)
    try:
        manager.run(module.operation)
    except ir.MLIRError as error:
        raise _afe_error(pipeline, error) from error


def _configure(manager: PassManager, options: CompileOptions) -> None:
    if options.prints_ir:
        manager.enable_ir_printing(
            print_before_all=options.mlir_print_ir_before_all,
            print_after_all=options.mlir_print_ir_after_all or options.mlir_print_ir_after_change,
            print_after_change=options.mlir_print_ir_after_change,
            print_module_scope=True,
        )
    if options.mlir_timing:
        manager.enable_timing()
    if options.mlir_pass_statistics:
        manager.enable_statistics()
    if options.mlir_pass_pipeline_crash_reproducer:
        manager.enable_crash_reproducer(options.mlir_pass_pipeline_crash_reproducer)


def _afe_error(pipeline: str, error: ir.MLIRError) -> AfeError:
    """The first error as the sentence; locations, notes and further errors as notes."""
    diagnostics = list(error.error_diagnostics)
    if not diagnostics:
        return AfeError(ErrorCode.COMPILE_FAILED, f"{pipeline} failed: {error}")
    first, *others = diagnostics
    notes = [f"at {first.location}", *_notes(first.notes), *(other.message for other in others)]
    memory = _OUT_OF_MEMORY.search(first.message)
    code = ErrorCode.OUT_OF_MEMORY if memory else ErrorCode.COMPILE_FAILED
    return AfeError(code, first.message, notes=notes)


def _notes(notes: Iterable[Any]) -> list[str]:
    """The passes' own notes; MLIR's print of the whole operation is left out."""
    return [note.message for note in notes if not note.message.startswith(_WHOLE_OPERATION)]
