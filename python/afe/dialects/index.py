"""The `index` dialect of MLIR."""

from ._index_enum_gen import *  # noqa: F403
from ._index_ops_gen import *  # noqa: F403
