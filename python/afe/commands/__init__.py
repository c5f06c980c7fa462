"""The commands of `afe`, one module each: `add` describes the arguments, `run` does the work."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import signal
from collections.abc import Callable, Iterator
from typing import Any

from afe.options import ImportOptions, parse_dimensions

NAMES = {
    "import": "save a quantized model as a .sima file",
    "quantize": "quantize a float model with calibration samples into a .sima file",
    "compile": "compile a quantized model into an archive",
    "run": "run an archive on the host: simulator, emulator and EV74 kernels",
    "inspect": "show what an archive holds: chain, batch, files, cycles per layer",
    "report": "write an HTML page on what an archive costs: time, memory, layers",
    "check": "tell what would not run on the MLA, or not well, without compiling",
    "explain": "say why each layer is scheduled as it is, and what came second",
    "diff": "show what changed between two archives",
    "disasm": "print an MLA program as text",
    "verify": "compare a model's layers with a reference, layer by layer",
    "targets": "list the machine descriptions, or show one",
    "completion": "print a script that completes commands and options in a shell",
}

EXAMPLES = """examples:
  afe compile model.tflite -o out --batch-size 16
  afe inspect out/model_mpk.tar.gz
  afe run out/model_mpk.tar.gz --inputs in.npz -o out.npz --accelerator
  afe verify model.tflite
"""

Command = Callable[[argparse.Namespace], int]


def add_all(subparsers: Any) -> None:
    """Adds every command; a command's module is loaded when its arguments are parsed."""
    for name, text in NAMES.items():
        module = importlib.import_module(f"afe.commands.{name}_command")
        parser = subparsers.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add(parser)
        parser.set_defaults(command=module.run)


def add_import_options(parser: argparse.ArgumentParser, *, signatures: bool = True) -> None:
    """--dim NAME=SIZE, any number of times, and --signature; read them with `import_options`."""
    parser.add_argument(
        "--dim",
        dest="dimensions",
        action="append",
        default=[],
        metavar="NAME=SIZE",
        help="size of a symbolic dimension of an ONNX model (the batch is 1 where it is not given)",
    )
    parser.set_defaults(signature=None)
    if signatures:
        parser.add_argument(
            "--signature",
            metavar="KEY",
            help="entry point of a TFLite model that has several (default: the first subgraph)",
        )


def import_options(arguments: argparse.Namespace) -> ImportOptions:
    """What --dim and --signature say; AfeError INVALID_OPTION."""
    dimensions = parse_dimensions(arguments.dimensions)
    return ImportOptions(dimensions=dimensions, signature=arguments.signature)


def print_json(value: object) -> None:
    """One JSON object on stdout."""
    print(json.dumps(value, ensure_ascii=False))


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Holds interruptions back until the end of the body.

    A native module whose initialisation is interrupted takes the process down with it.
    """
    held = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
