"""The project's `mla` dialect."""

from ._mla_enum_gen import *  # noqa: F403
from ._mla_ops_gen import *  # noqa: F403
