"""TFLite importer: one small function per operator, exact as LiteRT's reference kernels.

The families register their operators when they are imported.
"""

from afe.importers.tflite import (  # noqa: F401
    activation,
    convolution,
    detection,
    elementwise,
    floating,
    floating_layers,
    joining,
    lstm,
    matmul,
    pooling,
    quantization,
    reduction,
    resize,
    shape,
    slicing,
)
from afe.importers.tflite.importer import import_tflite

__all__ = ["import_tflite"]
