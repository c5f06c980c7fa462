"""`afe import MODEL -o OUT`: a quantized model of any format as a `.sima` file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afe.commands import add_import_options, import_options, interrupts_held, print_json
from afe.options import check_name

if TYPE_CHECKING:
    from afe.apis.model import Model

EXAMPLES = """examples:
  afe import model.tflite -o models
  afe import model.onnx -o models/m.sima --dim height=224 --dim width=224 --json

Importing once saves the time at every compilation; Model.load opens the file from Python. A float
model is quantized instead: see 'afe quantize --help'.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """MODEL, -o, --name, --dim, --signature, --json."""
    parser.add_argument(
        "model", metavar="MODEL", help=".tflite, .onnx, .mlir or .mlirbc, quantized"
    )
    add_output(parser)
    add_import_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_output(parser: argparse.ArgumentParser) -> None:
    """-o and --name of commands that write a `.sima` file."""
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="DIR|FILE",
        help="folder for NAME.sima, or a file called so",
    )
    parser.add_argument("--name", metavar="NAME", help="the model's name (default: the file's)")


def run(arguments: argparse.Namespace) -> int:
    """Imports, saves, says what was saved."""
    how = import_options(arguments)
    name = output_name(arguments.output, arguments.name)
    with interrupts_held():
        from afe.apis.model import Model

    model = Model.from_file(
        arguments.model, name=name, dimensions=how.dimensions, signature=how.signature
    )
    save(model, arguments.output, arguments.json)
    return 0


def output_name(output: str, name: str | None) -> str | None:
    """The model's name as --name or the output file say it; None where neither does."""
    if name is None and output.endswith(".sima"):
        name = Path(output).stem
    return None if name is None else check_name(name)


def save(model: Model, output: str, as_json: bool, more: dict[str, Any] | None = None) -> None:
    """Writes the model where --output says and prints what it is."""
    path = Path(output)
    if path.suffix != ".sima":
        path = path / f"{model.name}.sima"
    model.save(path.stem, path.parent)
    if as_json:
        print_json({"file": str(path), **_description(model), **(more or {})})
        return
    print(f"{path}: {path.stat().st_size:,} bytes")
    for kind, ports in (("input", model.inputs), ("output", model.outputs)):
        for port in ports:
            print(f"  {kind} {port.name}: {port.dtype} {list(port.shape)}")


def _description(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        **{
            kind: [
                {"name": port.name, "dtype": port.dtype, "shape": list(port.shape)}
                for port in ports
            ]
            for kind, ports in (("inputs", model.inputs), ("outputs", model.outputs))
        },
    }
