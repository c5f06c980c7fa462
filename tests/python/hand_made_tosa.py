"""Small TOSA modules in files, for tests that need a certain shape."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from afe.importers.builder import TosaBuilder
from afe.importers.common import Port


def pointwise(folder: Path, shape: tuple[int, int, int, int], channels: int) -> Path:
    """`x` of int8 [N, H, W, C] through one 1x1 convolution to `y` of so many channels."""
    random = np.random.default_rng(11)
    builder = TosaBuilder("pointwise", "tosa", "pointwise.mlirbc")
    with builder.context:
        (x,) = builder.arguments([Port("x", shape, "i8")])
        weights = random.integers(-128, 128, (channels, 1, 1, shape[3])).astype(np.int8)
        bias = random.integers(-999, 999, channels).astype(np.int32)
        builder.at("conv", 0)
        sums = builder.conv2d(x, builder.const(weights), builder.const(bias))
        y = builder.rescale(sums, "i8", 1 << 30, 40)
        module = builder.finish([y], [Port("y", y.shape, "i8")])
        bytecode = io.BytesIO()
        module.operation.write_bytecode(bytecode)
    path = folder / "pointwise.mlirbc"
    path.write_bytes(bytecode.getvalue())
    return path
