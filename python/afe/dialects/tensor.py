"""The `tensor` dialect of MLIR."""

from ._tensor_ops_gen import *  # noqa: F403
