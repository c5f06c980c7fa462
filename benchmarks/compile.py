"""What compiling and simulating costs, beside LiteRT's kernels in the same run.

Compiles each model in a process of its own (user seconds, peak memory), simulates one inference of
its archive functionally and in cycle mode, and times LiteRT's reference and default kernels (or
onnxruntime) on one thread. Ratios travel between machines, seconds do not.

    python benchmarks/compile.py [--models DIR] [--repeat N] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measure import CompilationFailed, compile_once

MODELS = ("tf2_mobilenet_v2_224_ptq.tflite", "mobilenetv2_s8_qdq.onnx", "resnet50_u8_qdq.onnx")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("../shared/models"), metavar="DIR")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    for name in MODELS:
        if not (options.models / name).exists():
            print(f"{name}: not in {options.models}, left out", file=sys.stderr)
            continue
        rows.append(measure(options.models / name, options.repeat))
    if options.json:
        print(json.dumps(rows, indent=1))
    else:
        print_table(rows)
    return 0 if rows else 2


def measure(model: Path, repeat: int) -> dict[str, Any]:
    """One row: medians of `repeat` runs."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            compiles = [compile_once(model, Path(folder)) for _ in range(repeat)]
        except CompilationFailed as error:
            raise SystemExit(f"{model}: {error}") from error
        cycles = compiles[0].report["cycles"]["total"]
        archive = next(Path(folder).glob("*_mpk.tar.gz"))
        row: dict[str, Any] = {
            "model": model.name,
            "compile_user_seconds": median(c.user_seconds for c in compiles),
            "compile_peak_megabytes": max(c.peak_megabytes for c in compiles),
            "wall_cycles": cycles["wall"],
            "wall_over_bound": cycles["wall"] / cycles["lower_bound"],
        }
        row |= simulate(archive, repeat)
    row |= other_kernels(model, repeat)
    return row


def simulate(archive: Path, repeat: int) -> dict[str, float]:
    """Seconds of one batch through the archive's whole chain, one thread."""
    from afe import runtime

    loaded = runtime.load(str(archive))
    inputs = [np.zeros(spec.type.shape, np.dtype(spec.type.scalar)) for spec in loaded.inputs]
    functional = seconds(lambda: loaded.run(inputs, threads=1), repeat)
    cycle = seconds(lambda: loaded.run(inputs, threads=1, accelerator=True), repeat)
    return {"simulate_seconds": functional, "simulate_cycles_seconds": cycle}


def other_kernels(model: Path, repeat: int) -> dict[str, float]:
    """The same inference by LiteRT's kernels, or by onnxruntime."""
    if model.suffix == ".onnx":
        import onnxruntime as ort

        session_options = ort.SessionOptions()
        session_options.intra_op_num_threads = 1
        session = ort.InferenceSession(str(model), session_options)
        feed = {
            i.name: np.zeros([d if isinstance(d, int) else 1 for d in i.shape], np.float32)
            for i in session.get_inputs()
        }
        return {"onnxruntime_seconds": seconds(lambda: session.run(None, feed), repeat)}
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    result = {}
    for name, resolver in (
        ("litert_reference_seconds", OpResolverType.BUILTIN_REF),
        ("litert_default_seconds", OpResolverType.AUTO),
    ):
        interpreter = Interpreter(str(model), experimental_op_resolver_type=resolver, num_threads=1)
        interpreter.allocate_tensors()
        result[name] = seconds(interpreter.invoke, repeat)
    return result


def seconds(run: Callable[[], object], repeat: int) -> float:
    """Median of `repeat` runs after one that does not count."""
    run()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times)


def print_table(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        print(row["model"])
        for key, value in row.items():
            if key != "model":
                text = f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"
                print(f"  {key.replace('_', ' '):28} {text:>14}")


if __name__ == "__main__":
    sys.exit(main())
