"""The `memref` dialect of MLIR."""

from ._memref_ops_gen import *  # noqa: F403
