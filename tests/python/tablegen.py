"""The project's TableGen definitions as data, for the tests that compare them with other files."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LLVM = Path("/usr/lib/llvm-22")
DIALECTS = {"mla": "mla/MLAOps.td", "a65": "a65/A65Ops.td"}


@dataclass(frozen=True)
class Definition:
    """An operation (`mla.conv2d`) or an attribute (`#mla.window`) of a dialect."""

    name: str
    description: str

    @property
    def constraints(self) -> dict[str, str]:
        """Text of each labelled constraint, by its label (`C1`)."""
        found = re.findall(r"- \((C\d+)\)(.*?)(?=\n\s*- \(C|\n\s*\n|\Z)", self.description, re.S)
        return {label: " ".join(text.split()) for label, text in found}

    @property
    def examples(self) -> list[str]:
        """The ```mlir blocks of the description."""
        blocks = re.findall(r"```mlir\n(.*?)```", self.description, re.S)
        return [_dedent(block) for block in blocks]


def _dedent(block: str) -> str:
    lines = block.rstrip().split("\n")
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[indent:] for line in lines)


@cache
def records(source: Path) -> dict[str, Any]:
    """All records of a definition file."""
    includes = [LLVM / "include", ROOT / "mlir_dialects", ROOT / "lib", source.parent]
    command = [str(LLVM / "bin" / "llvm-tblgen"), "--dump-json", *(f"-I{p}" for p in includes)]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def _of_class(source: Path, name: str) -> Iterator[dict[str, Any]]:
    for record in records(source).get("!instanceof", {}).get(name, []):
        yield records(source)[record]


def operations(dialect: str) -> list[Definition]:
    source = ROOT / "mlir_dialects" / DIALECTS[dialect]
    return [
        Definition(f"{dialect}.{op['opName']}", op["description"] or "")
        for op in _of_class(source, "Op")
        if op["opDialect"]["def"] == f"{dialect.upper()}_Dialect"
    ]


def attributes(dialect: str) -> list[Definition]:
    source = ROOT / "mlir_dialects" / DIALECTS[dialect]
    return [
        Definition(f"#{dialect}.{attr['mnemonic']}", attr["description"] or "")
        for attr in _of_class(source, "AttrDef")
        if attr["dialect"]["def"] == f"{dialect.upper()}_Dialect" and attr["mnemonic"]
    ]


def passes() -> list[str]:
    """The arguments of all passes: `mla-encode`."""
    sources = sorted((ROOT / "lib").rglob("Passes.td"))
    return [record["argument"] for path in sources for record in _of_class(path, "PassBase")]
