"""The digits network: what it computes, its loss, and how it is trained (numpy only, seeded).

    image 1x8x8 -> conv 3x3 (16) -> relu -> [depthwise 3x3 -> relu -> conv 1x1] + residual -> relu
      -> max pool -> conv 3x3 (20) -> relu -> max pool -> fully connected (10 logits)

Small as it is, it meets what a compiler must get right: a first layer of one channel, a depthwise
layer, a residual addition, channels that are no multiple of 16, pooling and a fully connected tail.
"""

from __future__ import annotations

import numpy as np
from data import Split
from layers import Array, Convolution, Dense, Depthwise, Layer, MaxPool, Relu
from numpy.typing import NDArray

STEM, BODY, CLASSES = 16, 20, 10


class DigitsNetwork:
    """f32 [n, 1, 8, 8] -> logits f32 [n, 10]."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.layers: dict[str, Layer] = {
            "stem": Convolution(rng, 1, STEM, 3),
            "stem_relu": Relu(),
            "depthwise": Depthwise(rng, STEM, 3),
            "depthwise_relu": Relu(),
            "pointwise": Convolution(rng, STEM, STEM, 1),
            "residual_relu": Relu(),
            "pool1": MaxPool(),
            "body": Convolution(rng, STEM, BODY, 3),
            "body_relu": Relu(),
            "pool2": MaxPool(),
            "fc": Dense(rng, BODY * 4, CLASSES),
        }

    _BRANCH = ("depthwise", "depthwise_relu", "pointwise")
    _TAIL = ("residual_relu", "pool1", "body", "body_relu", "pool2", "fc")

    def forward(self, images: Array) -> Array:
        """Return the logits and keep what `backward` needs."""
        skip = self._run(images, ("stem", "stem_relu"))
        return self._run(skip + self._run(skip, self._BRANCH), self._TAIL)

    def backward(self, dlogits: Array) -> Array:
        """Store every parameter's gradient; return dLoss/dImages."""
        dsum = self._run_back(dlogits, self._TAIL)
        dskip = dsum + self._run_back(dsum, self._BRANCH)
        return self._run_back(dskip, ("stem", "stem_relu"))

    def _run(self, x: Array, names: tuple[str, ...]) -> Array:
        for name in names:
            x = self.layers[name].forward(x)
        return x

    def _run_back(self, dy: Array, names: tuple[str, ...]) -> Array:
        for name in reversed(names):
            dy = self.layers[name].backward(dy)
        return dy


def cross_entropy(logits: Array, labels: NDArray[np.int64]) -> tuple[float, Array]:
    """The mean cross entropy of softmax(logits) and its gradient with respect to the logits."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    probability = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(probability[rows, labels] + 1e-30).mean()
    gradient = probability.copy()
    gradient[rows, labels] -= 1
    return float(loss), gradient / len(labels)


class Adam:
    """Adam with the usual moments (0.9, 0.999) on all parameters of a network."""

    def __init__(self, network: DigitsNetwork) -> None:
        self._network = network
        self._step = 0
        self._moments = {
            (name, key): (np.zeros_like(value), np.zeros_like(value))
            for name, layer in network.layers.items()
            for key, value in layer.parameters.items()
        }

    def update(self, rate: float) -> None:
        """Move every parameter one step of learning rate `rate` against its gradient."""
        self._step += 1
        for (name, key), (first, second) in self._moments.items():
            layer = self._network.layers[name]
            gradient = layer.gradients[key]
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient * gradient - second)
            mean = first / (1 - 0.9**self._step)
            variance = second / (1 - 0.999**self._step)
            layer.parameters[key] -= (rate * mean / (np.sqrt(variance) + 1e-8)).astype(np.float32)


def shifted(images: Array, rng: np.random.Generator) -> Array:
    """Every image moved by -1, 0 or 1 pixels in each direction, zeros moving in."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    offsets = rng.integers(0, 3, (len(images), 2))
    return np.stack([p[:, y : y + 8, x : x + 8] for p, (y, x) in zip(padded, offsets, strict=True)])


def train(split: Split, *, seed: int, epochs: int, batch: int = 64) -> DigitsNetwork:
    """Train from a seed; the same seed and library versions give the same network."""
    rng = np.random.default_rng(seed)
    network = DigitsNetwork(rng)
    optimizer = Adam(network)
    for epoch in range(epochs):
        rate = 0.004 * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        order = rng.permutation(len(split.labels))
        losses = []
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            logits = network.forward(shifted(split.images[rows], rng))
            loss, gradient = cross_entropy(logits, split.labels[rows])
            network.backward(gradient)
            optimizer.update(rate)
            losses.append(loss)
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1:3d}  loss {np.mean(losses):.4f}")
    return network
