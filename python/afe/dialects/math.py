"""The `math` dialect of MLIR."""

from ._math_ops_gen import *  # noqa: F403
