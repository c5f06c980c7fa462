"""The `vector` dialect of MLIR."""

from ._vector_enum_gen import *  # noqa: F403
from ._vector_ops_gen import *  # noqa: F403
