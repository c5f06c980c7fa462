"""The `builtin` dialect of MLIR; a ModuleOp has its body at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afe.ir import Block, Location

from ._builtin_ops_gen import *
from ._builtin_ops_gen import ModuleOp as _GeneratedModuleOp
from ._builtin_ops_gen import _Dialect
from ._ods_common import _cext

if TYPE_CHECKING:  # what is generated, a type checker does not see

    def __getattr__(name: str) -> Any: ...


@_cext.register_operation(_Dialect, replace=True)
class ModuleOp(_GeneratedModuleOp):
    """A module with its (empty) body block."""

    def __init__(self, *, loc: Location | None = None, ip: Any = None) -> None:
        super().__init__(loc=loc, ip=ip)
        Block.create_at_start(self.regions[0], [])

    @property
    def body(self) -> Block:
        return self.regions[0].blocks[0]
