"""The `tosa` dialect of MLIR."""

from ._tosa_enum_gen import *  # noqa: F403
from ._tosa_ops_gen import *  # noqa: F403
