"""`afe compile SRC -o DIR`: the fields of CompileOptions are its flags."""

from __future__ import annotations

import argparse
from collections.abc import Container
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from afe.commands import (
    add_import_options,
    import_options,
    interrupts_held,
    print_json,
)
from afe.commands.report_command import write_report
from afe.commands.terminal import styled, terminal_progress
from afe.options import CompileOptions, flag_of
from afe.target import load_target
from afe.tessellation import parse_tessellation

EXAMPLES = """examples:
  afe compile resnet8_int8.tflite -o out
  afe compile model.onnx -o out --name m --target tiny --batch-size 16 --json
  afe compile model.onnx -o out --dump-phases phases
"""


def add(parser: argparse.ArgumentParser) -> None:
    """SRC, -o, --json, and one flag per option."""
    parser.add_argument(
        "source", metavar="SRC", help=".tflite, .onnx, .tosa, .mlir, .mlirbc or .sima"
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="folder for the archive"
    )
    add_import_options(parser)
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    parser.add_argument(
        "--report", metavar="HTML", help="write an HTML page on what the archive costs and why"
    )
    add_options(parser)


def add_options(parser: argparse.ArgumentParser, names: Container[str] | None = None) -> None:
    """One flag per field of CompileOptions, or per field that is named; read by `options_of`."""
    for option in fields(CompileOptions):
        if names is None or option.name in names:
            _add_option(parser, option)


def _add_option(parser: argparse.ArgumentParser, option: Field[Any]) -> None:
    metadata = option.metadata
    flag = flag_of(option.name, metadata["flag"])
    if option.type == "bool":
        action = "store_false" if option.default else "store_true"
        parser.add_argument(
            flag, dest=option.name, action=action, default=MISSING, help=metadata["help"]
        )
        return
    kind = str(option.type)
    if kind.startswith("tuple["):
        parser.add_argument(
            flag,
            dest=option.name,
            action="append",
            type=parse_tessellation if "Tessellate" in kind else str,
            default=None,
            metavar=metadata["metavar"],
            help=metadata["help"],
        )
        return
    default = "" if option.default is None else f" (default: {option.default})"
    parser.add_argument(
        flag,
        dest=option.name,
        type=int if option.type == "int" else str,
        default=MISSING,
        metavar=metadata["metavar"],
        help=metadata["help"] + default,
    )


def run(arguments: argparse.Namespace) -> int:
    """Compiles and prints the report."""
    options = options_of(arguments)
    how = import_options(arguments)
    load_target(options.target)  # a wrong one is told before anything heavy is loaded
    with interrupts_held():
        import afe.ir  # noqa: F401
        from afe.compiler import compile_model
        from afe.source import read_source

    with terminal_progress() as progress:
        report = compile_model(
            lambda: read_source(arguments.source, options=how),
            arguments.output,
            options,
            progress=progress,
        )
    if arguments.report:
        write_report(Path(arguments.report), report.archive, report)
    if arguments.json:
        print_json(report.to_dict())
    else:
        print("\n".join(report.summary_lines()))
        for line in report.fallback_lines():
            kind, rest = line.split(":", 1)
            print(f"{styled(kind, 'yellow')}:{rest}")
    return 0


def options_of(
    arguments: argparse.Namespace, names: Container[str] | None = None
) -> CompileOptions:
    """The options that were given as flags added by `add_options`."""
    given = {
        option.name: getattr(arguments, option.name)
        for option in fields(CompileOptions)
        if names is None or option.name in names
    }
    return CompileOptions.from_keywords(
        {name: value for name, value in given.items() if value is not MISSING and value is not None}
    )
