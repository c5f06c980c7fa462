"""`TensorType` and `ScalarType`, where the SDK has them."""

from __future__ import annotations

from afe.package.network import ScalarType as ScalarType
from afe.package.network import TensorType as TensorType
