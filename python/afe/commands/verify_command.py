"""`afe verify MODEL`: layer by layer against the reference; exit status 1 where one differs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afe.commands import add_import_options, import_options, interrupts_held, print_json
from afe.commands.terminal import styled
from afe.options import CompileOptions

if TYPE_CHECKING:
    from afe.verify.compare import Difference, Verification

EXAMPLES = """examples:
  afe verify resnet8_int8.tflite
  afe verify resnet50_u8_qdq.onnx --isolated
  afe verify resnet8_int8.tflite --target tiny --inputs in.npz --json

Without --inputs one sample is drawn at random from --seed. in.npz holds one array per input by
name (or in0, in1…). Exit status: 0 equal, 1 different, 2 an error.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """MODEL, --target, --dim, --inputs, --seed, --threads, --isolated, --json."""
    parser.add_argument("model", metavar="MODEL", help="a .tflite or .onnx model")
    parser.add_argument("--target", default="mlsoc", metavar="NAME|FILE", help="see 'afe targets'")
    add_import_options(parser, signatures=False)
    parser.add_argument("--inputs", metavar="NPZ", help="arrays by name")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random sample")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads")
    parser.add_argument(
        "--isolated",
        action="store_true",
        help="feed every layer the reference's own values, so that differences do not spread",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Verifies and prints a table."""
    options = CompileOptions(
        target=arguments.target,
        threads=arguments.threads,
        keep_layer_outputs=True,
        isolate_layers=arguments.isolated,
    )
    with interrupts_held():
        from afe.verify.compare import verify_model

    samples = _samples(arguments.inputs)
    how = import_options(arguments)
    verification = verify_model(Path(arguments.model), options, samples, abs(arguments.seed), how)
    if arguments.json:
        print_json(verification.to_dict())
    else:
        print("\n".join(_lines(verification)))
    return 0 if verification.first_difference is None else 1


def _samples(inputs: str | None) -> Sequence[Mapping[str, Any]]:
    if inputs is None:
        return []
    from afe.runtime.npz import read_npz

    return [read_npz(inputs)]


def _lines(verification: Verification) -> list[str]:
    lines = [f"reference: {verification.oracle}"]
    lines += [_row(entry) for entry in verification.layers]
    lines += [_row(entry) + "  (output)" for entry in verification.outputs]
    lines += [f"not compared (no such value in the reference): {n}" for n in verification.unmatched]
    first = verification.first_difference
    if first is None:
        count = len(verification.layers)
        equal = styled("equal", "green")
        return [*lines, f"{equal}: 0 elements differ in {count} layers and the outputs"]
    return [
        *lines,
        f"{styled('first difference', 'red')}: {first.index} {first.operator} '{first.name}': "
        f"{first.differing} of {first.elements} elements, maximum {first.maximum:g}",
    ]


def _row(entry: Difference) -> str:
    return (
        f"{entry.index:>5}  {entry.operator:<24} {entry.differing:>9} of {entry.elements:>9}  "
        f"max {entry.maximum:<6g} {entry.name}"
    )
