"""The `scf` dialect of MLIR."""

from ._scf_ops_gen import *  # noqa: F403
