"""Names of what evaluations pass around, where the SDK has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from numpy.typing import NDArray

Tensor = NDArray[Any]
Tensors = list[Tensor]
InputValues = Mapping[str, Tensor]
"""Arrays by the name of the input, images along the first dimension."""

GroundTruth = TypeVar("GroundTruth")
"""What an evaluation compares with: whatever its criterion takes."""
