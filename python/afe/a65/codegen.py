"""LLVM bitcode to a relocatable object for the Cortex-A65, with llvmlite's own LLVM."""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.binding as llvm

from afe.errors import AfeError, ErrorCode

TRIPLE = "aarch64-linux-gnu"
CPU = "cortex-a65"


def compile_bitcode(bitcode: bytes) -> bytes:
    """The optimized object. Raises AfeError COMPILE_FAILED where LLVM refuses the module."""
    try:
        return _emit(llvm.parse_bitcode(bitcode, context=llvm.create_context()))
    except RuntimeError as error:
        raise AfeError(
            ErrorCode.COMPILE_FAILED, f"LLVM refuses the code for the Cortex-A65: {error}"
        ) from error


def compile_assembly(text: str) -> bytes:
    """The object of LLVM IR in its textual form."""
    return _emit(llvm.parse_assembly(text, context=llvm.create_context()))


def assembly_of(bitcode: bytes) -> str:
    """The machine code in words, for people and tests."""
    module = llvm.parse_bitcode(bitcode, context=llvm.create_context())
    machine = _target_machine()
    _optimize(module, machine)
    return str(machine.emit_assembly(module))


def _emit(module: Any) -> bytes:
    machine = _target_machine()
    _optimize(module, machine)
    return bytes(machine.emit_object(module))


def _optimize(module: Any, machine: Any) -> None:
    module.triple = TRIPLE
    module.data_layout = str(machine.target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = True
    options.slp_vectorization = True
    options.loop_interleaving = True
    options.loop_unrolling = True
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)


def _target_machine() -> Any:
    _initialize()
    target = llvm.Target.from_triple(TRIPLE)
    # No fast-math: every f32 operation rounds as written.
    return target.create_target_machine(cpu=CPU, opt=3, reloc="pic", codemodel="small")


@functools.cache
def _initialize() -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
