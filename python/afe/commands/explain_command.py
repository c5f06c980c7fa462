"""`afe explain MODEL [LAYER]`: why each layer is scheduled as it is, and what came second."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from afe.commands import (
    add_import_options,
    import_options,
    interrupts_held,
    print_json,
)
from afe.commands.compile_command import add_options, options_of
from afe.commands.terminal import terminal_progress
from afe.target import load_target

EXAMPLES = """examples:
  afe explain resnet8_int8.tflite
  afe explain resnet8_int8.tflite conv2d_add_4 --target edge
  afe explain model.onnx --batch-size 16 --disable cascades --json
"""

OPTIONS = ("target", "batch_size", "threads", "effort", "disable")


def add(parser: argparse.ArgumentParser) -> None:
    """MODEL, LAYER, --json, and the options that matter to a schedule."""
    parser.add_argument(
        "source", metavar="MODEL", help=".tflite, .onnx, .tosa, .mlir, .mlirbc or .sima"
    )
    parser.add_argument(
        "layer",
        metavar="LAYER",
        nargs="?",
        help="a layer's name, or that of an operator of the model (default: a table of all)",
    )
    add_import_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_options(parser, OPTIONS)


def run(arguments: argparse.Namespace) -> int:
    """Compiles up to the schedule and prints its decisions."""
    options = options_of(arguments, OPTIONS)
    how = import_options(arguments)
    load_target(options.target)  # a wrong one is told before anything heavy is loaded
    with interrupts_held():
        import afe.ir  # noqa: F401
        from afe.compiler import decide
        from afe.source import read_source
    from afe import explain

    with terminal_progress() as progress:
        decisions = decide(
            lambda: read_source(arguments.source, options=how),
            options,
            progress=progress,
        )
    if arguments.layer is not None:
        found = explain.find_layers(decisions, arguments.layer)
    else:
        found = [(name, layer) for name, layers in decisions.items() for layer in layers]
    if arguments.json:
        segments: dict[str, list[object]] = {name: [] for name in decisions}
        for name, layer in found:
            segments[name].append(asdict(layer))
        print_json({"decisions": segments})
    elif arguments.layer is None:
        print("\n".join(explain.table_lines(decisions)))
    else:
        blocks = (explain.layer_lines(name, layer, decisions) for name, layer in found)
        print("\n\n".join("\n".join(lines) for lines in blocks))
    return 0
