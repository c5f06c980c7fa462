"""The project's `mla` dialect."""

from typing import TYPE_CHECKING, Any

from ._mla_enum_gen import *
from ._mla_ops_gen import *

if TYPE_CHECKING:  # what is generated, a type checker does not see

    def __getattr__(name: str) -> Any: ...
