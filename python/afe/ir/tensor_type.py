"""`TensorType` and `ScalarType`, where the SDK has them."""

from __future__ import annotations

from enum import StrEnum

from afe.package.network import TensorType as TensorType


class ScalarType(StrEnum):
    """Element types; the values are numpy's names."""

    bool = "bool"
    int8 = "int8"
    uint8 = "uint8"
    int16 = "int16"
    uint16 = "uint16"
    int32 = "int32"
    uint32 = "uint32"
    int64 = "int64"
    float16 = "float16"
    float32 = "float32"
