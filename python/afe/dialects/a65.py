"""The project's `a65` dialect."""

from ._a65_enum_gen import *  # noqa: F403
from ._a65_ops_gen import *  # noqa: F403
