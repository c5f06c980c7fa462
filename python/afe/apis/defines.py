"""Names the SDK's API defines and this compiler uses."""

from __future__ import annotations

from enum import Enum

gen1_target = "mlsoc"
"""The target description of the MLSoC (targets/mlsoc.yaml)."""


class ExceptionFuncType(Enum):
    """Which API function an error came from."""

    MODEL_LOAD = "Model.load"
    MODEL_SAVE = "Model.save"
    MODEL_COMPILE = "Model.compile"
    MODEL_EXECUTE = "Model.execute"


class TensorDRAMLayout(Enum):
    """Layouts of activations in DRAM."""

    HWC = "HWC"
    """Dense: rows, columns, channels."""
    HWC16 = "HWC16"
    """Channels padded to a multiple of 16."""
