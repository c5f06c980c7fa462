"""The code for the Cortex-A65: instructions per output element, and seconds of the same code here.

Instructions are those of the AArch64 object in the emulator, exact and the same everywhere. Seconds
are those of the same code compiled for this machine, on one thread, beside numpy, onnxruntime and
LiteRT's kernels (reference and optimized): compare them within one run only. Results must be
LiteRT's (or, within one code, onnxruntime's), or the script fails.

    python benchmarks/a65.py [--models DIR] [--repeat N] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from afe import ir
from afe.a65.codegen import compile_bitcode
from afe.a65.host import HostFunction
from afe.a65.link import link_shared_object
from afe.a65.segments import lower_segment, segment_of_main
from afe.apis.model import Model
from afe.options import CompileOptions
from afe.package.read_module import main_ports
from afe.runtime import a65_emulator
from numpy.typing import NDArray

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT / name) for name in ("", "tests/python", "tests/python/importers")]

from tflite_files import invoke, reference_interpreter  # noqa: E402

from benchmarks.a65_cases import CASES, Case  # noqa: E402

Array = NDArray[Any]
NETWORKS = ("tf2_mobilenet_v2_224_ptq.tflite", "mobilenet_v2_224_uint8.tflite")


@dataclass(frozen=True)
class Compiled:
    """One module as AArch64 code and as code of this machine."""

    shared_object: bytes
    function: str
    host: HostFunction
    output_types: Sequence[Any]

    @staticmethod
    def of(module: ir.Module) -> Compiled:
        """Everything of @main; `module` is consumed."""
        types = [port.type for port in main_ports(module)[1]]
        code = lower_segment(segment_of_main(module), CompileOptions())
        shared_object = link_shared_object(compile_bitcode(code.bitcode))
        return Compiled(shared_object, code.function, HostFunction(code, types), types)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("../shared/models"), metavar="DIR")
    parser.add_argument("--repeat", type=int, default=9, metavar="N")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [measure_case(make(), options.repeat) for make in CASES]
    for name in NETWORKS:
        if (options.models / name).exists():
            rows.append(measure_network(options.models / name, options.repeat))
        else:
            print(f"{name}: not in {options.models}, left out", file=sys.stderr)
    print(json.dumps(rows, indent=1) if options.json else table(rows))
    return 0


def measure_case(case: Case, repeat: int) -> dict[str, Any]:
    """One row: an operator everywhere it exists."""
    compiled = Compiled.of(case.module)
    outputs, count = a65_emulator.run_counted(
        compiled.shared_object, compiled.function, case.inputs, compiled.output_types
    )
    check(case, outputs, compiled.host(case.inputs))
    row: dict[str, Any] = {
        "name": case.name,
        "elements": sum(array.size for array in outputs),
        "instructions": count,
    }
    row["instructions_per_element"] = count / row["elements"]
    row["host_seconds"] = seconds(lambda: compiled.host(case.inputs), repeat)
    for name, run in case.others.items():
        row[f"{name}_seconds"] = seconds(run, repeat)
    return row


def check(case: Case, emulated: Sequence[Array], native: Sequence[Array]) -> None:
    """Emulator and host agree to the bit, both with the reference."""
    for one, other, wanted in zip(emulated, native, case.wanted, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=case.name)
        np.testing.assert_allclose(
            one.astype(np.float64), wanted.astype(np.float64), atol=case.tolerance, rtol=1e-5,
            err_msg=case.name,
        )  # fmt: skip


def measure_network(path: Path, repeat: int) -> dict[str, Any]:
    """One row: `Model.execute` beside LiteRT's reference kernels."""
    model = Model.from_file(path)
    (port,) = model.inputs
    dtype = np.uint8 if port.dtype == "ui8" else np.int8
    image = np.random.default_rng(1).integers(0, 100, port.shape).astype(dtype)
    start = time.perf_counter()
    got = model.execute([image])
    first = time.perf_counter() - start
    interpreter = reference_interpreter(path.read_bytes())
    for one, other in zip(got, invoke(interpreter, [image]), strict=True):
        np.testing.assert_array_equal(one, other, err_msg=path.name)
    return {
        "name": path.stem,
        "first_seconds": first,
        "host_seconds": seconds(lambda: model.execute([image]), repeat),
        "litert_reference_seconds": seconds(lambda: invoke(interpreter, [image]), min(repeat, 3)),
    }


def seconds(run: Callable[[], Any], repeat: int) -> float:
    """The median of `repeat` runs after one that warms up."""
    run()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times)


COLUMNS = (
    ("instructions/element", "instructions_per_element", 1.0),
    ("host ms", "host_seconds", 1e3),
    ("numpy ms", "numpy_seconds", 1e3),
    ("onnxruntime ms", "onnxruntime_seconds", 1e3),
    ("LiteRT ms", "litert_seconds", 1e3),
    ("LiteRT reference ms", "litert_reference_seconds", 1e3),
    ("first call s", "first_seconds", 1.0),
)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Rows for people; a dash where a column has no figure."""
    cells = [["", *(name for name, _, _ in COLUMNS)]]
    for row in rows:
        figures = [f"{row[key] * factor:.3f}" if key in row else "-" for _, key, factor in COLUMNS]
        cells.append([row["name"], *figures])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True))
        for line in cells
    )


if __name__ == "__main__":
    sys.exit(main())
