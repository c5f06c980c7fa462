#!/usr/bin/env python3
"""Writes docs/cli.md from the command line's parser; --check only says whether it is up to date.

PYTHONPATH=python python scripts/generate_cli_docs.py [--check]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from afe.cli import EXIT_STATUSES, make_parser
from afe.commands import NAMES
from afe.commands.completion_command import subparsers_of

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"

HEAD = """# The command line
<!-- Written by scripts/generate_cli_docs.py; edit the commands in python/afe/commands instead. -->

`afe COMMAND …`, or `python -m afe COMMAND …`. With `--json` a command prints one
JSON object on stdout; errors are one sentence on stderr. Progress is shown on a terminal
only, and there are no colours.

## Exit status
| status | means |
|---|---|
"""


def main() -> int:
    """Writes or checks the page."""
    text = page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


def page() -> str:
    """The whole page."""
    rows = "".join(f"| {status} | {text} |\n" for status, text in EXIT_STATUSES.items())
    commands = subparsers_of(make_parser())
    return HEAD + rows + "".join(section(name, parser) for name, parser in commands.items())


def section(name: str, parser: argparse.ArgumentParser) -> str:
    """One command: what it does, its arguments, its examples."""
    actions = [action for action in parser._actions if action.dest != "help"]
    rows = "".join(f"| {_spelling(action)} | {_cell(action.help or '')} |\n" for action in actions)
    return (
        f"\n## `afe {name}`\n{NAMES[name][0].upper()}{NAMES[name][1:]}.\n\n"
        f"| argument | what |\n|---|---|\n{rows}\n```text\n{(parser.epilog or '').rstrip()}\n```\n"
    )


def _spelling(action: argparse.Action) -> str:
    metavar = str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return f"`{_cell(metavar)}`"
    value = "" if action.nargs == 0 else f" {_cell(metavar)}"
    return ", ".join(f"`{flag}{value}`" for flag in action.option_strings)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
