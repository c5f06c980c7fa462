"""The `tosa` dialect of MLIR."""

from typing import TYPE_CHECKING, Any

from ._tosa_enum_gen import *
from ._tosa_ops_gen import *

if TYPE_CHECKING:  # what is generated, a type checker does not see

    def __getattr__(name: str) -> Any: ...
