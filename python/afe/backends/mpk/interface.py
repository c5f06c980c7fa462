"""`L2CachingMode`, where the SDK documents it."""

from __future__ import annotations

from enum import Enum


class L2CachingMode(Enum):
    """Whether weights stay in L2 between inferences."""

    NONE = "none"
    """Every inference loads its weights from DRAM."""
    SINGLE_MODEL = "single_model"
    """One model's weights are loaded once and stay."""
