"""The `affine` dialect of MLIR."""

from ._affine_ops_gen import *  # noqa: F403
