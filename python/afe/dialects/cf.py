"""The `cf` dialect of MLIR."""

from ._cf_ops_gen import *  # noqa: F403
