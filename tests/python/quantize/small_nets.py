"""Small float networks for tests, written to files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from afe.apis.loaded_net import LoadedNet, load_model
from afe.load.importers.general_importer import onnx_source
from float_networks import FloatNet

SIZE = 8


def image(count: int, seed: int = 0) -> np.ndarray:
    """[count, 8, 8, 3] normally distributed."""
    return np.random.default_rng(seed).normal(0, 1, (count, SIZE, SIZE, 3)).astype(np.float32)


def head(net: FloatNet, x: str, channels: int) -> str:
    """Means of the channels and one product."""
    x = net.node("Flatten", net.node("GlobalAveragePool", x), axis=1)
    weights = net.normal((5, channels), channels**-0.5)
    return net.node("Gemm", x, weights, net.normal((5,), 0.1), transB=1)


def conv(net: FloatNet, x: str, inner: int, channels: int) -> str:
    """3x3 with a bias."""
    weights = net.normal((channels, inner, 3, 3), (2 / (9 * inner)) ** 0.5)
    return net.node("Conv", x, weights, net.normal((channels,), 0.2), pads=[1, 1, 1, 1])


def model_of(body: Callable[[FloatNet, str], str], channels: int = 8) -> onnx.ModelProto:
    """`body` between a convolution to `channels` and the head."""
    net = FloatNet("small", 3)
    x = body(net, conv(net, "image", 3, channels))
    return net.model(SIZE, head(net, x, channels), ["batch", 5])


def written(model: onnx.ModelProto, folder: Path, name: str = "small") -> Path:
    """The model's file."""
    path = folder / f"{name}.onnx"
    onnx.save(model, path)
    return path


def loaded(model: onnx.ModelProto, folder: Path) -> LoadedNet:
    """The model through a file."""
    return load_model(onnx_source(written(model, folder)))


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Of all elements."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
