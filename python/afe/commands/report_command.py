"""`afe report ARCHIVE -o report.html`: one static page on what an archive costs and why."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from afe.commands import interrupts_held, print_json

if TYPE_CHECKING:
    from afe.package.report import CompileReport

EXAMPLES = """examples:
  afe report out/m_mpk.tar.gz -o report.html
  afe compile model.tflite -o out --report report.html

The page shows engines and memories over time, cycles per layer against the bound, DRAM traffic, and
the chain. 'afe compile --report' adds why each layer is scheduled as it is and what is not on the
MLA. It is one file that loads nothing, readable in light and dark.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """ARCHIVE, -o, --json."""
    parser.add_argument("archive", metavar="ARCHIVE", help="a *_mpk.tar.gz")
    parser.add_argument("-o", "--output", required=True, metavar="HTML", help="where it goes")
    parser.add_argument("--json", action="store_true", help="print one JSON object: path, bytes")


def run(arguments: argparse.Namespace) -> int:
    """Writes the page."""
    with interrupts_held():
        from afe import _sim  # noqa: F401

    path = Path(arguments.output)
    size = write_report(path, arguments.archive)
    if arguments.json:
        print_json({"report": str(path), "bytes": size})
    else:
        print(path)
    return 0


def write_report(path: Path, archive: str, report: CompileReport | None = None) -> int:
    """Writes the page on an archive, and returns its size; AfeError leaves nothing behind."""
    from afe.files import output_folder, write_atomically
    from afe.html.page import report_page
    from afe.runtime.opened import open_archive

    page = report_page(open_archive(archive), report).encode()
    with output_folder(path.parent):
        write_atomically(path, [page])
    return len(page)
