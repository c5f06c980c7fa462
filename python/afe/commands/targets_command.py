"""`afe targets [NAME|FILE]`."""

from __future__ import annotations

import argparse

from afe.commands import print_json
from afe.target import field_table, load_target, target_names

EXAMPLES = """examples:
  afe targets
  afe targets tiny
  afe targets my_machine.yaml --json
"""


def add(parser: argparse.ArgumentParser) -> None:
    """[TARGET], --json."""
    parser.add_argument("target", nargs="?", metavar="NAME|FILE", help="show this one's fields")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Lists the targets, or shows every field of one."""
    names = [arguments.target] if arguments.target else list(target_names())
    targets = [load_target(name) for name in names]
    if arguments.json:
        print_json({target.name: dict(target.fields) for target in targets})
    elif arguments.target:
        print(f"{targets[0].name}")
        for field in field_table().values():
            value = f"{targets[0].fields[field.name]:,} {field.unit}"
            print(f"  {field.name:<26} {value:<28} [{field.provenance}] {field.doc}")
    else:
        for target in targets:
            fields = target.fields
            print(
                f"{target.name:<10} {fields['quads']} quads of {fields['tiles']} tiles, "
                f"L1 {fields['l1_bytes']:,} bytes each, L2 {fields['l2_bytes']:,} bytes"
            )
    return 0
