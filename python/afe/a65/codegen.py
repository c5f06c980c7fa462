"""LLVM bitcode to machine code with llvmlite's own LLVM: for the Cortex-A65 or this machine."""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.binding as llvm

from afe.errors import AfeError, ErrorCode

TRIPLE = "aarch64-linux-gnu"
CPU = "cortex-a65"


def compile_bitcode(bitcode: bytes) -> bytes:
    """The optimized object. Raises AfeError COMPILE_FAILED where LLVM refuses the module."""
    machine = _target_machine()
    return bytes(machine.emit_object(_optimized(bitcode, machine)))


def compile_assembly(text: str) -> bytes:
    """The object of LLVM IR in its textual form."""
    machine = _target_machine()
    module = llvm.parse_assembly(text, context=llvm.create_context())
    _optimize(module, machine)
    return bytes(machine.emit_object(module))


def assembly_of(bitcode: bytes) -> str:
    """The machine code in words, for people and tests."""
    machine = _target_machine()
    return str(machine.emit_assembly(_optimized(bitcode, machine)))


def load_on_host(bitcode: bytes) -> Any:
    """An llvmlite execution engine that holds the code for this machine, ready to be called.

    What the code calls of the C library is this process's. AfeError COMPILE_FAILED as above.
    """
    machine = _host_machine()
    engine = llvm.create_mcjit_compiler(_optimized(bitcode, machine), machine)
    engine.finalize_object()
    return engine


def _optimized(bitcode: bytes, machine: Any) -> Any:
    try:
        module = llvm.parse_bitcode(bitcode, context=llvm.create_context())
        _optimize(module, machine)
    except RuntimeError as error:
        raise AfeError(
            ErrorCode.COMPILE_FAILED, f"LLVM refuses the code for {machine.triple}: {error}"
        ) from error
    return module


def _optimize(module: Any, machine: Any) -> None:
    module.triple = machine.triple
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


def _host_machine() -> Any:
    _initialize()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        jit=True,
    )


@functools.cache
def _initialize() -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
