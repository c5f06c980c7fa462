"""The project's `a65` dialect."""

from typing import TYPE_CHECKING, Any

from ._a65_enum_gen import *
from ._a65_ops_gen import *

if TYPE_CHECKING:  # what is generated, a type checker does not see

    def __getattr__(name: str) -> Any: ...
