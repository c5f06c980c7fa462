"""`afe check MODEL`: what would not run on the MLA, or not well, without compiling the model."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from afe.commands import add_import_options, import_options, interrupts_held, print_json
from afe.commands.terminal import styled
from afe.options import CompileOptions

if TYPE_CHECKING:
    from afe.check import Check, Finding

EXAMPLES = """examples:
  afe check model.tflite
  afe check model.onnx --target tiny --json
  afe check model.tflite --strict || echo "not all of it runs well on the MLA"

Exit status: 0 where every operator runs on the MLA, 1 where one does not (with --strict: or where
anything else is remarked), 2 where the model cannot be compiled at all.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """MODEL, --target, --batch-size, --dim, --signature, --strict, --json."""
    parser.add_argument("model", metavar="MODEL", help="a model of any format that is compiled")
    parser.add_argument("--target", default="mlsoc", metavar="NAME|FILE", help="see 'afe targets'")
    parser.add_argument("--batch-size", type=int, default=1, metavar="N", help="up to N images")
    add_import_options(parser)
    parser.add_argument("--strict", action="store_true", help="status 1 for every remark")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Checks and prints the findings."""
    options = CompileOptions(target=arguments.target, batch_size=arguments.batch_size)
    how = import_options(arguments)
    with interrupts_held():
        from afe.check import check_model

    check = check_model(arguments.model, options, how)
    if arguments.json:
        print_json(check.to_dict())
    else:
        print("\n".join(_lines(check)))
    counted = check.findings if arguments.strict else check.fallbacks
    return 1 if counted else 0


def _lines(check: Check) -> Iterator[str]:
    counts = ", ".join(f"{count} {processor}" for processor, count in check.segments.items())
    yield f"{check.model}: segments: {counts}"
    yield from map(_line, check.findings)
    if not check.findings:
        yield styled("every operator runs on the MLA; nothing to remark", "green")


def _line(finding: Finding) -> str:
    kind = "not on the MLA" if finding.kind == "fallback" else finding.kind
    where = f"{finding.operator} at {finding.location}"
    return f"{styled(kind, 'yellow')}: {where}: {finding.reason}; {finding.hint}"
