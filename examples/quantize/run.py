#!/usr/bin/env python3
"""Quantize float networks, compile them, run the archives, and compare with the float networks.

    python examples/quantize/run.py [NAME…] [--samples N] [--images N] [--method NAME] [--json]

NAME is digits (the trained network of examples/digits), mobilenet_v2 or vit; all by default. Per
network: its accuracy or correlation with float, what runs where, cycles, seconds. Exit status 1
where the digits lose more than half a point or another network's outputs correlate less than 0.98.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
from afe import runtime
from afe.apis.defines import CalibrationMethod, default_quantization
from afe.apis.loaded_net import LoadedNet, load_model
from afe.load.importers.general_importer import onnx_source
from float_networks import NETWORKS, seeded_images
from numpy.typing import NDArray

Array = NDArray[np.float32]

DIGITS_FOLDER = Path(__file__).parents[1] / "digits"
LOST_POINTS, LEAST_CORRELATION = 0.5, 0.98


@dataclass(frozen=True)
class Row:
    """One network. Accuracies are percent, None where there are no labels; `residual` is the
    correlation of what differs between images, the mean over images taken off."""

    network: str
    correlation: float
    residual: float
    float_accuracy: float | None
    accuracy: float | None
    fallbacks: int
    cycles: int
    quantize_seconds: float
    compile_seconds: float

    @property
    def is_good(self) -> bool:
        """Whether the archive computes what the float network does."""
        if self.float_accuracy is not None and self.accuracy is not None:
            return self.accuracy >= self.float_accuracy - LOST_POINTS
        return self.correlation >= LEAST_CORRELATION


@dataclass(frozen=True)
class Task:
    """A float network, samples to calibrate with, other images, and their classes if known."""

    net: LoadedNet
    samples: Array
    images: Array
    labels: NDArray[np.int64] | None


def digits_task(folder: Path, samples: int, images: int) -> Task:
    """The trained network on scikit-learn's digits; always all test images."""
    sys.path.insert(0, str(DIGITS_FOLDER))
    from data import load_split

    train, test = load_split()
    last = [np.ascontiguousarray(s.images.transpose(0, 2, 3, 1)) for s in (train, test)]
    net = load_model(onnx_source(DIGITS_FOLDER / "digits_cnn.onnx"))
    return Task(net, last[0][: max(samples, 64)], last[1], test.labels)


def seeded_task(name: str, folder: Path, samples: int, images: int) -> Task:
    """A network with seeded weights on seeded images."""
    path = folder / f"{name}.onnx"
    onnx.save(NETWORKS[name](), path)
    net = load_model(onnx_source(path))
    drawn = seeded_images(samples + images, net.inputs[0].shape[1])
    return Task(net, drawn[:samples], drawn[samples:], None)


def measure(name: str, task: Task, method: str, folder: Path) -> Row:
    """Quantizes, compiles, runs and compares."""
    config = default_quantization.with_calibration(CalibrationMethod.from_str(method))
    (edge,) = task.net.inputs
    started = time.monotonic()
    model = task.net.quantize({edge.name: task.samples}, config, model_name=name)
    quantized = time.monotonic()
    report = model.compile(folder, log_level=100)
    compiled = time.monotonic()
    (found,) = runtime.load(report.archive).run([task.images], threads=2).outputs
    (wanted,) = task.net.execute({edge.name: task.images})
    return Row(
        name,
        correlation(wanted, found),
        correlation(wanted - wanted.mean(axis=0), found - found.mean(axis=0)),
        percent(wanted, task.labels),
        percent(found, task.labels),
        len(report.fallbacks),
        report.cycles["total"].wall,
        round(quantized - started, 2),
        round(compiled - quantized, 2),
    )


def correlation(a: Array, b: Array) -> float:
    """Of all elements."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def percent(logits: Array, labels: NDArray[np.int64] | None) -> float | None:
    """The share of images whose largest logit is the label's."""
    return None if labels is None else float((logits.argmax(axis=1) == labels).mean() * 100)


def main() -> int:
    """Measures, prints a table or JSON."""
    parser = argparse.ArgumentParser(description="Quantize, compile, run and compare.")
    parser.add_argument("names", nargs="*", metavar="NAME", default=["digits", *NETWORKS])
    parser.add_argument("--samples", type=int, default=8, metavar="N")
    parser.add_argument("--images", type=int, default=4, metavar="N")
    parser.add_argument("--method", default="mse", metavar="NAME")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    for name in options.names:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            sizes = (folder, options.samples, options.images)
            task = digits_task(*sizes) if name == "digits" else seeded_task(name, *sizes)
            rows.append(measure(name, task, options.method, folder))
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
    else:
        print_table(rows)
    return 0 if all(row.is_good for row in rows) else 1


def print_table(rows: list[Row]) -> None:
    """One line per network."""
    print(f"{'network':14} {'correlation':>11} {'residual':>9} {'float %':>8} {'archive %':>9} "
          f"{'fallbacks':>9} {'cycles':>11} {'quantize s':>10} {'compile s':>9}")  # fmt: skip
    for row in rows:
        accuracies = [
            "-" if value is None else f"{value:.2f}" for value in (row.float_accuracy, row.accuracy)
        ]
        print(f"{row.network:14} {row.correlation:11.5f} {row.residual:9.5f} {accuracies[0]:>8} "
              f"{accuracies[1]:>9} {row.fallbacks:9} {row.cycles:11,} "
              f"{row.quantize_seconds:10.2f} {row.compile_seconds:9.2f}")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
