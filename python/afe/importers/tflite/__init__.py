"""TFLite importer: one small function per operator, exact as LiteRT's reference kernels.

The families register their operators when they are imported.
"""

from afe.importers.tflite import (  # noqa: F401
    activation,
    blocks,
    convolution,
    detection,
    elementwise,
    floating,
    floating_layers,
    gathering,
    integers,
    joining,
    lstm,
    matmul,
    normalization,
    pooling,
    quantization,
    reduction,
    resize,
    shape,
    slicing,
    svdf,
)
from afe.importers.tflite.importer import import_tflite

__all__ = ["import_tflite"]
