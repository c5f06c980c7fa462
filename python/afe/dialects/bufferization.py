"""The `bufferization` dialect of MLIR."""

from ._bufferization_ops_gen import *  # noqa: F403
