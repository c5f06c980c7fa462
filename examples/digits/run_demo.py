#!/usr/bin/env python3
"""Compile the digits network, run all test images through the archive, print what came of it.

    python examples/digits/run_demo.py [--output DIR] [--target NAME|FILE] [--batch-size N]

The accuracy stands beside onnxruntime's on the same quantized model; outputs are also compared with
onnxruntime's quantized kernels, image for image. Exit status 1 where one differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from afe import runtime
from afe.apis.model import Model
from afe.commands import inspect_command
from afe.errors import AfeError
from afe.verify.ortq import Oracle
from data import accuracy, load_split
from numpy.typing import NDArray

MODEL = Path(__file__).parent / "digits_cnn_qdq.onnx"
INPUT, OUTPUT = "image", "logits"


def main() -> int:
    """Compile, run, compare, print."""
    parser = argparse.ArgumentParser(description="Compile and run the digits example.")
    parser.add_argument("--output", type=Path, help="folder to keep the archive in")
    parser.add_argument("--target", default="mlsoc", metavar="NAME|FILE")
    parser.add_argument("--batch-size", type=int, default=16)
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            return demo(options.output or Path(scratch), options.target, options.batch_size)
    except AfeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def demo(output: Path, target: str, batch_size: int) -> int:
    """The whole example; 0 where every output equals the oracle's."""
    print(f"== compiling {MODEL.name} for {target}")
    model = Model.from_file(MODEL)
    report = model.compile(output_path=output, batch_size=batch_size, target=target)

    print("\n== the archive")
    inspect_command.print_description(Path(report.archive))

    _, test = load_split()
    print(f"\n== running {len(test.images)} test images through the archive, in the simulator")
    result = runtime.load(report.archive).run([test.images], accelerator=True, threads=2)
    (logits,) = result.outputs
    total = result.cycles["total"]
    print(f"{result.groups} groups of {result.batch_size} images, {total.wall:,} cycles each")
    print(f"accuracy of the archive   {accuracy(logits, test.labels):.2%}")
    print(f"accuracy of onnxruntime   {accuracy(default_run(test.images), test.labels):.2%}")

    wanted = oracle_run(test.images)
    differing = int(np.count_nonzero(logits != wanted))
    print(f"outputs that differ from onnxruntime's quantized kernels: {differing} of {wanted.size}")
    return 1 if differing else 0


def default_run(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits [n, 10] of onnxruntime with its default optimisations."""
    session = onnxruntime.InferenceSession(MODEL, providers=["CPUExecutionProvider"])
    logits: NDArray[np.float32] = session.run([OUTPUT], {INPUT: images})[0]
    return logits


def oracle_run(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits [n, 10] of onnxruntime's quantized kernels, everything else as written."""
    logits: NDArray[np.float32] = Oracle(onnx.load(MODEL)).run({INPUT: images})[OUTPUT]
    return logits


if __name__ == "__main__":
    sys.exit(main())
