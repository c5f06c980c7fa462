"""Names the SDK's API defines and this compiler uses."""

from __future__ import annotations

from enum import Enum

from afe.tessellation import TensorDRAMLayout as TensorDRAMLayout
from afe.tessellation import TensorTessellateParameters as TensorTessellateParameters
from afe.tessellation import TessellateParameters as TessellateParameters

gen1_target = "mlsoc"
"""The target description of the MLSoC (targets/mlsoc.yaml)."""


class ExceptionFuncType(Enum):
    """Which API function an error came from."""

    MODEL_LOAD = "Model.load"
    MODEL_SAVE = "Model.save"
    MODEL_COMPILE = "Model.compile"
    MODEL_EXECUTE = "Model.execute"
