"""Pass pipelines from Python: text, errors, and the ways to look into a run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from afe.ir import Context, Location, MLIRError, Module
from afe.passmanager import PassManager

MODULE = """
func.func @f(%a: i32) -> i32 {
  %0 = arith.constant 3 : i32
  %1 = arith.constant 4 : i32
  %2 = arith.addi %0, %1 : i32
  return %2 : i32
}
"""
UNLOWERED = """
func.func @f{n}(%a: tensor<2xf32>) -> tensor<2xf32> {{
  %0 = tosa.custom %a {{operator_name = "x", domain_name = "y", implementation_attrs = ""}}
    : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}}
"""
FAILING = 'func.func @f(%a: tensor<2xf32>) { "x.y"(%a) : (tensor<2xf32>) -> () return }'


@pytest.fixture(autouse=True)
def context() -> Iterator[Context]:
    with Context() as context, Location.unknown():
        context.allow_unregistered_dialects = True
        yield context


def test_a_pipeline_runs() -> None:
    """Text with the operation it is for; nested pipelines too."""
    module = Module.parse(MODULE)
    manager = PassManager.parse("builtin.module(func.func(canonicalize),cse)")
    assert str(manager).startswith("builtin.module(func.func(canonicalize")
    manager.run(module.operation)
    assert "constant 7" in str(module) and "addi" not in str(module)


def test_passes_can_be_added() -> None:
    """An empty manager for any operation, filled step by step."""
    manager = PassManager("builtin.module")
    manager.add("cse")
    manager.add("func.func(canonicalize)")
    module = Module.parse(MODULE)
    manager.run(module.operation)
    assert "constant 7" in str(module)


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("builtin.module(no-such-pass)", "no-such-pass"),
        ("builtin.module(cse", "expected|missing|MLIR Textual"),
        ("", "anchor"),
        ("builtin.module(canonicalize{max-iterations=x})", "max-iterations|invalid"),
    ],
)
def test_wrong_pipelines_are_refused(pipeline: str, message: str) -> None:
    """The error says what was not understood."""
    with pytest.raises(ValueError, match=message):
        PassManager.parse(pipeline)


def test_the_operation_must_fit() -> None:
    """A pipeline for functions does not run on a module."""
    with pytest.raises(ValueError, match=r"func\.func.*builtin\.module"):
        PassManager.parse("func.func(cse)").run(Module.create().operation)


def test_invalid_ir_is_refused_before_the_first_pass() -> None:
    """Passes may crash on it; the verifier's message is the error."""
    module = Module.parse(MODULE)
    module.body.operations[0].entry_block.operations[3].operation.erase()
    with pytest.raises(MLIRError, match="Verification failed"):
        PassManager.parse("builtin.module(cse)").run(module.operation)


def test_handles_cannot_be_kept_over_a_run() -> None:
    """Upstream's unsafe option is refused with the reason."""
    with pytest.raises(ValueError, match="cannot survive"):
        PassManager.parse("builtin.module(cse)").run(
            Module.create().operation, invalidate_ops=False
        )


def test_threads_give_the_same_result(context: Context) -> None:
    """Function passes on two threads."""
    functions = "".join(MODULE.replace("@f", f"@f{n}") for n in range(20))
    single, threaded = Module.parse(functions), Module.parse(functions)
    manager = PassManager.parse("builtin.module(func.func(canonicalize,cse))")
    manager.run(single.operation)
    context.enable_multithreading(True)
    assert context.num_threads >= 1
    manager.run(threaded.operation)
    context.enable_multithreading(False)
    assert str(single) == str(threaded)


def test_errors_on_worker_threads_arrive(context: Context) -> None:
    """Diagnostics of a threaded run are in the exception, all of them, in order."""
    context.enable_multithreading(True)
    module = Module.parse("".join(UNLOWERED.format(n=n) for n in range(4)))
    with pytest.raises(MLIRError, match=r"tosa\.custom") as failure:
        PassManager.parse("builtin.module(func.func(tosa-to-linalg))").run(module.operation)
    lines = [d.location.start_line for d in failure.value.error_diagnostics]
    assert lines == sorted(lines) and lines


def _stderr_of(statements: str) -> str:
    """What a fresh process that runs `statements` on MODULE's text writes to stderr."""
    code = (
        "from afe.ir import *\nfrom afe.passmanager import *\n"
        "with Context() as context, Location.unknown():\n"
        f"    module = Module.parse({MODULE!r})\n"
        "    manager = PassManager.parse('builtin.module(func.func(cse),canonicalize)')\n"
    )
    code += "".join(f"    {line}\n" for line in statements.split("; "))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_ir_printing() -> None:
    """Before and after passes, to stderr."""
    text = _stderr_of(
        "manager.enable_ir_printing(print_before_all=True, print_module_scope=True); "
        "manager.run(module.operation)"
    )
    assert "IR Dump Before CSE" in text and "IR Dump After CSE" in text
    assert text.count("func.func @f") >= 4


def test_ir_printing_into_files(tmp_path: Path) -> None:
    """One file for each pass, below a folder."""
    manager = PassManager.parse("builtin.module(canonicalize)")
    manager.enable_ir_printing(tree_printing_dir_path=str(tmp_path / "tree"))
    manager.run(Module.parse(MODULE).operation)
    files = list((tmp_path / "tree").rglob("*canonicalize*.mlir"))
    assert len(files) == 1 and "constant 7" in files[0].read_text()


def test_timing_and_statistics() -> None:
    """Both reports name the passes."""
    text = _stderr_of(
        "manager.enable_statistics(); manager.enable_timing(); "
        "manager.run(module.operation); del manager"
    )
    assert "Pass statistics report" in text and "Execution time report" in text
    assert "CSE" in text


def test_module_scope_printing_needs_one_thread(context: Context) -> None:
    """MLIR would end the process; here the exception says what to do, whichever comes first."""
    manager = PassManager.parse("builtin.module(cse)")
    manager.enable_ir_printing(print_module_scope=True)
    context.enable_multithreading(True)
    with pytest.raises(RuntimeError, match="enable_multithreading"):
        manager.run(Module.create().operation)
    with pytest.raises(RuntimeError, match="enable_multithreading"):
        PassManager.parse("builtin.module(cse)").enable_ir_printing(print_module_scope=True)


def test_crash_reproducers(tmp_path: Path) -> None:
    """Where a pass fails, IR and pipeline are written down together."""
    path = tmp_path / "reproducer.mlir"
    manager = PassManager.parse("builtin.module(cse,one-shot-bufferize)")
    manager.enable_crash_reproducer(str(path))
    module = Module.parse(FAILING)
    with pytest.raises(MLIRError, match="pipeline"):
        manager.run(module.operation)
    text = path.read_text()
    assert "one-shot-bufferize" in text and "func.func @f" in text
    assert "mlir_reproducer" in text
