"""`afe disasm FILE`: the MLA programs of an archive, or one program, as text."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from afe.commands import interrupts_held, print_json
from afe.errors import AfeError, ErrorCode

if TYPE_CHECKING:
    from afe.target import Target

EXAMPLES = """examples:
  afe disasm out/m_mpk.tar.gz
  afe disasm m_stage1_mla.lm --target tiny | mla-translate --mlir-to-lm -o same.lm
"""


def add(parser: argparse.ArgumentParser) -> None:
    """FILE, --target, --json."""
    parser.add_argument("file", metavar="FILE", help="a *_mpk.tar.gz, a .lm or an .elf")
    parser.add_argument(
        "--target",
        default="mlsoc",
        metavar="NAME|FILE",
        help="of a program outside of an archive (default: mlsoc)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object: text by program"
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints every program."""
    with interrupts_held():
        from afe.disassemble import disassemble

    programs = list(_programs(Path(arguments.file), arguments.target))
    texts = {name: disassemble(program, target) for name, program, target in programs}
    if arguments.json:
        print_json(texts)
    else:
        for name, text in texts.items():
            print(f"// {name}\n{text}")
    return 0


def _programs(path: Path, target: str) -> Iterator[tuple[str, bytes, Target]]:
    if path.name.endswith(".tar.gz"):
        yield from _archived_programs(path)
        return
    from afe.target import load_target

    try:
        yield path.name, path.read_bytes(), load_target(target)
    except FileNotFoundError as error:
        raise AfeError(ErrorCode.FILE_NOT_FOUND, f"there is no file '{path}'") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise AfeError(ErrorCode.FILE_INVALID, f"cannot read '{path}': {reason}") from error


def _archived_programs(path: Path) -> Iterator[tuple[str, bytes, Target]]:
    """Every MLA plugin's program with the machine the archive states."""
    from afe.runtime.mla import program_target
    from afe.runtime.opened import open_archive

    opened = open_archive(path)
    programs = [plugin for plugin in opened.chain.plugins if plugin.processor == "MLA"]
    if not programs:
        raise AfeError(ErrorCode.INVALID_INPUT, f"'{path}' holds no MLA program")
    for plugin in programs:
        target = program_target(plugin.config, plugin.name)
        yield plugin.executable, opened.members[plugin.executable], target
