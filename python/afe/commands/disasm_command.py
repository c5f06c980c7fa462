"""`afe disasm FILE`: the MLA programs of an archive, or one program, as text."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from afe.commands import print_json
from afe.errors import AfeError, ErrorCode

EXAMPLES = """examples:
  afe disasm out/m_mpk.tar.gz
  afe disasm m_stage1_mla.lm
"""


def add(parser: argparse.ArgumentParser) -> None:
    """FILE, --json."""
    parser.add_argument("file", metavar="FILE", help="a *_mpk.tar.gz, a .lm or an .elf")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object: text by program"
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints every program."""
    from afe.runtime.mla import disassemble

    texts = {
        name: disassemble(data, name) for name, data in _programs(Path(arguments.file)).items()
    }
    if arguments.json:
        print_json(texts)
    else:
        for name, text in texts.items():
            print(f"// {name}\n{text}")
    return 0


def _programs(path: Path) -> Mapping[str, bytes]:
    if path.name.endswith(".tar.gz"):
        from afe.archive import read_archive

        members = read_archive(path)
        programs = {n: data for n, data in members.items() if n.endswith(("_mla.lm", "_mla.elf"))}
        if not programs:
            raise AfeError(ErrorCode.INVALID_INPUT, f"'{path}' holds no MLA program")
        return programs
    try:
        return {path.name: path.read_bytes()}
    except FileNotFoundError as error:
        raise AfeError(ErrorCode.FILE_NOT_FOUND, f"there is no file '{path}'") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise AfeError(ErrorCode.FILE_INVALID, f"cannot read '{path}': {reason}") from error
