"""Pass pipelines."""

import enum

import afe._mlir.ir


class PassDisplayMode(enum.Enum):
    LIST = 0

    PIPELINE = 1

class PassManager:
    """A pipeline of passes."""

    def __init__(self, anchor_op: str = 'any', context: afe._mlir.ir.Context | None = None) -> None: ...

    @staticmethod
    def parse(pipeline: str, context: afe._mlir.ir.Context | None = None) -> PassManager:
        """
        From text such as `builtin.module(canonicalize,cse)`; ValueError if wrong.
        """

    def add(self, pipeline: str) -> None:
        """Appends passes, given without the operation they are for."""

    def run(self, operation: afe._mlir.ir._OperationBase, invalidate_ops: bool = True) -> None:
        """
        Runs on the operation; handles into it raise afterwards. MLIRError if a pass fails.
        """

    def __str__(self) -> str: ...

    def enable_ir_printing(self, print_before_all: bool = False, print_after_all: bool = True, print_module_scope: bool = False, print_after_change: bool = False, print_after_failure: bool = False, large_elements_limit: int | None = None, large_resource_limit: int | None = None, enable_debug_info: bool = False, print_generic_op_form: bool = False, tree_printing_dir_path: str | None = None) -> None:
        """
        Prints to stderr, or into files below `tree_printing_dir_path`. Printing at module scope needs a context without multithreading.
        """

    def enable_verifier(self, enable: bool) -> None:
        """Off: neither the input nor the result of any pass is verified."""

    def enable_timing(self) -> None:
        """Reports to stderr when the pass manager is destroyed."""

    def enable_statistics(self, displayMode: PassDisplayMode = PassDisplayMode.PIPELINE) -> None:
        """Reports to stderr after each run."""

    def enable_crash_reproducer(self, path: str, local: bool = False) -> None:
        """
        Where a pass fails, writes IR and pipeline to `path`, for `mla-opt --run-reproducer`.
        """
