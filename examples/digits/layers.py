"""Layers of a small convolutional network in numpy, with exact gradients.

A layer keeps from `forward` what its `backward` needs. Tensors are f32 NCHW; `backward` takes
dLoss/dOutput, stores dLoss/dParameter in `gradients`, and returns dLoss/dInput.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


class Layer:
    """A differentiable function with named parameters."""

    def __init__(self) -> None:
        self.parameters: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}

    def forward(self, x: Array) -> Array:
        raise NotImplementedError

    def backward(self, dy: Array) -> Array:
        raise NotImplementedError


def _windows(x: Array, kernel: int) -> Array:
    """[n, c, h, w] -> [n, c, h, w, kernel, kernel]: the zero-padded neighbourhood of each pixel."""
    pad = kernel // 2
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    return sliding_window_view(padded, (kernel, kernel), axis=(2, 3))


class Convolution(Layer):
    """Stride 1, same padding, odd kernel; weight [out, in, k, k], bias [out]."""

    def __init__(self, rng: np.random.Generator, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        deviation = np.sqrt(2 / (inputs * kernel * kernel))
        weight = rng.normal(0, deviation, (outputs, inputs, kernel, kernel)).astype(np.float32)
        self.parameters = {"weight": weight, "bias": np.zeros(outputs, np.float32)}

    def forward(self, x: Array) -> Array:
        weight = self.parameters["weight"]
        self._x = _windows(x, weight.shape[-1])
        y = np.tensordot(self._x, weight, axes=([1, 4, 5], [1, 2, 3])) + self.parameters["bias"]
        return y.transpose(0, 3, 1, 2)

    def backward(self, dy: Array) -> Array:
        weight = self.parameters["weight"]
        self.gradients["bias"] = dy.sum(axis=(0, 2, 3))
        self.gradients["weight"] = np.tensordot(dy, self._x, axes=([0, 2, 3], [0, 2, 3]))
        flipped = weight[:, :, ::-1, ::-1]
        around = _windows(dy, weight.shape[-1])
        return np.tensordot(around, flipped, axes=([1, 4, 5], [0, 2, 3])).transpose(0, 3, 1, 2)


class Depthwise(Layer):
    """Stride 1, same padding, odd kernel, one filter per channel; weight [c, 1, k, k], bias [c]."""

    def __init__(self, rng: np.random.Generator, channels: int, kernel: int) -> None:
        super().__init__()
        weight = rng.normal(0, np.sqrt(2) / kernel, (channels, 1, kernel, kernel))
        self.parameters = {
            "weight": weight.astype(np.float32),
            "bias": np.zeros(channels, np.float32),
        }

    def forward(self, x: Array) -> Array:
        weight = self.parameters["weight"][:, 0]
        self._x = _windows(x, weight.shape[-1])
        y = np.einsum("nchwij,cij->nchw", self._x, weight)
        return y + self.parameters["bias"][:, None, None]

    def backward(self, dy: Array) -> Array:
        weight = self.parameters["weight"][:, 0]
        self.gradients["bias"] = dy.sum(axis=(0, 2, 3))
        self.gradients["weight"] = np.einsum("nchw,nchwij->cij", dy, self._x)[:, None]
        return np.einsum("nchwij,cij->nchw", _windows(dy, weight.shape[-1]), weight[:, ::-1, ::-1])


class Relu(Layer):
    """max(x, 0)."""

    def forward(self, x: Array) -> Array:
        self._positive = x > 0
        return np.where(self._positive, x, np.zeros_like(x))

    def backward(self, dy: Array) -> Array:
        return np.where(self._positive, dy, np.zeros_like(dy))


class MaxPool(Layer):
    """The maximum of disjoint 2x2 windows; the gradient goes to the first maximum of a window."""

    def forward(self, x: Array) -> Array:
        n, c, h, w = x.shape
        tiles = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5)
        tiles = tiles.reshape(n, c, h // 2, w // 2, 4)
        self._argmax = tiles.argmax(axis=-1)[..., None]
        return np.take_along_axis(tiles, self._argmax, axis=-1)[..., 0]

    def backward(self, dy: Array) -> Array:
        n, c, h, w = dy.shape
        tiles = np.zeros((n, c, h, w, 4), dy.dtype)
        np.put_along_axis(tiles, self._argmax, dy[..., None], axis=-1)
        return (
            tiles.reshape(n, c, h, w, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, 2 * h, 2 * w)
        )


class Dense(Layer):
    """Flatten, then x @ weight.T + bias; weight [out, in], bias [out]."""

    def __init__(self, rng: np.random.Generator, inputs: int, outputs: int) -> None:
        super().__init__()
        weight = rng.normal(0, np.sqrt(1 / inputs), (outputs, inputs)).astype(np.float32)
        self.parameters = {"weight": weight, "bias": np.zeros(outputs, np.float32)}

    def forward(self, x: Array) -> Array:
        self._shape = x.shape
        self._x = x.reshape(len(x), -1)
        return self._x @ self.parameters["weight"].T + self.parameters["bias"]

    def backward(self, dy: Array) -> Array:
        self.gradients["bias"] = dy.sum(axis=0)
        self.gradients["weight"] = dy.T @ self._x
        return (dy @ self.parameters["weight"]).reshape(self._shape)
