#!/usr/bin/env python3
"""Train the digits network; write it as `digits_cnn.onnx` and, quantized, `digits_cnn_qdq.onnx`.

    python examples/digits/train.py [--output FILE] [--float-output FILE] [--epochs N] [--seed N]

Needs numpy, scikit-learn, onnx and onnxruntime; takes about 20 seconds on one core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from data import accuracy, load_split
from export import INPUT, float_model, quantized_model
from network import train
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

DEFAULT_OUTPUT = Path(__file__).parent / "digits_cnn_qdq.onnx"
DEFAULT_FLOAT_OUTPUT = Path(__file__).parent / "digits_cnn.onnx"


def run(model: onnx.ModelProto, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """The logits [n, 10] onnxruntime computes for `images` [n, 1, 8, 8]."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    logits: NDArray[np.float32] = session.run(None, {INPUT: images})[0]
    return logits


def main() -> None:
    """Train, export, quantize, measure, write."""
    parser = argparse.ArgumentParser(description="Train and quantize the digits example.")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    parser.add_argument("--float-output", type=Path, default=DEFAULT_FLOAT_OUTPUT)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()

    training, test = load_split()
    with threadpool_limits(1):  # the order of a matrix product's sums depends on the threads
        network = train(training, seed=options.seed, epochs=options.epochs)
    model = float_model(network)
    quantized = quantized_model(model, training.images)
    print(f"float accuracy      {accuracy(run(model, test.images), test.labels):.2%}")
    print(f"quantized accuracy  {accuracy(run(quantized, test.images), test.labels):.2%}")
    for trained, path in ((model, options.float_output), (quantized, options.output)):
        onnx.save(trained, path)
        print(f"wrote {path} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
