"""MLIR for Python, in the shape of MLIR's own bindings."""

from typing import Any

from afe._mlir import ir as ir, passmanager as passmanager


class _Globals:
    def append_dialect_search_prefix(self, module_name: str) -> None: ...

    def register_traceback_file_exclusion(self, filename: str) -> None: ...

    @property
    def traceback_file_exclusions(self) -> list[str]: ...

globals: _Globals = ...

def register_dialect(dialect_class: object) -> Any: ...

def register_operation(dialect_class: object, *, replace: bool = False) -> Any:
    """A decorator for a generated operation class."""
