"""The `quant` dialect of MLIR."""

from ._quant_ops_gen import *  # noqa: F403
