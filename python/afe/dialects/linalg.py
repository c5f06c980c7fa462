"""The `linalg` dialect of MLIR."""

from ._linalg_enum_gen import *  # noqa: F403
from ._linalg_ops_gen import *  # noqa: F403
