"""Starts a new pass: its TableGen entry, its source file, its line in CMake and its lit test.

`new_pass.py SplitTiles --summary "cuts large tiles"` makes lib/Transforms/SplitTiles.cpp, the entry
`def SplitTilesPass : Pass<"afe-split-tiles">` and tests/Transforms/split-tiles.mlir: a pass that
builds and changes nothing. A pass of the back end (`--folder lib/Conversion/MLAToProgram`) is
called `mla-…`. Nothing that exists is overwritten.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

ENTRY = """def {name}Pass : Pass<"{argument}", "::mlir::ModuleOp"> {{
  let summary = "{summary}";
  let description = [{{
    Assumes …. Before ==> after:
    ```
    …
    ==>
    …
    ```
  }}];
  let statistics = [Statistic<"changed", "changed", "Operations changed">];
}}
"""

SOURCE = """// --{argument}: {summary}.

#include "{include}/Passes.h"

using namespace mlir;

namespace afe {{
#define GEN_PASS_DEF_{macro}PASS
#include "{include}/Passes.h.inc"

namespace {{

struct {name}Pass : impl::{name}PassBase<{name}Pass> {{
  void runOnOperation() override {{}}
}};

}} // namespace
}} // namespace afe
"""

TEST = """// {summary_sentence}.
// RUN: mla-opt %s --{argument} | FileCheck %s

// CHECK-LABEL: func.func @unchanged
func.func @unchanged(%x: tensor<1x7x5x3xi8>) -> tensor<1x7x5x3xi8> {{
  return %x : tensor<1x7x5x3xi8>
}}
"""


def argument_of(name: str, prefix: str) -> str:
    """`SplitTiles` as the command line writes it: `afe-split-tiles`."""
    return prefix + re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def insert_before_end(text: str, entry: str) -> str:
    """`text` of a definition file with `entry` in front of its closing #endif."""
    head, separator, tail = text.rpartition("#endif")
    if not separator:
        raise SystemExit("Passes.td has no include guard to insert in front of")
    return f"{head}{entry}\n{separator}{tail}"


def add_source(cmake: str, file: str) -> str:
    """`cmake` with `file` as one more source of the folder's library."""
    text, count = re.subn(r"(afe_mlir_library\(\w+)(\s)", rf"\1\2{file}\2", cmake, count=1)
    if count != 1:
        raise SystemExit("CMakeLists.txt has no afe_mlir_library to add the source to")
    return text


def plan(root: Path, name: str, summary: str, folder: str) -> dict[Path, str]:
    """The text of every file that is new or changed."""
    source, tests = root / folder, root / "tests" / Path(folder).relative_to("lib")
    prefix = "mla-" if "ProgramToIsa" in folder or "MLAToProgram" in folder else "afe-"
    argument = argument_of(name, prefix)
    values = {
        "name": name,
        "argument": argument,
        "summary": summary,
        "summary_sentence": summary[0].upper() + summary[1:],
        "macro": name.upper(),
        "include": str(Path(folder).relative_to("lib")),
    }
    new = {
        source / f"{name}.cpp": SOURCE.format(**values),
        tests / f"{argument.removeprefix(prefix)}.mlir": TEST.format(**values),
    }
    for path in new:
        if path.exists():
            raise SystemExit(f"{path.relative_to(root)} exists already")
    table, cmake = source / "Passes.td", source / "CMakeLists.txt"
    return new | {
        table: insert_before_end(table.read_text(encoding="utf-8"), ENTRY.format(**values)),
        cmake: add_source(cmake.read_text(encoding="utf-8"), f"{name}.cpp"),
    }


def main(arguments: list[str], root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="in CamelCase, beginning with a verb: SplitTiles")
    parser.add_argument("--summary", required=True, help="what it does, in half a sentence")
    parser.add_argument("--folder", default="lib/Transforms", help="a folder with a Passes.td")
    options = parser.parse_args(arguments)
    if not re.fullmatch(r"([A-Z][a-z0-9]+)+", options.name):
        parser.error(f"'{options.name}' is not in CamelCase")
    if not (root / options.folder / "Passes.td").exists():
        parser.error(f"{options.folder} has no Passes.td")
    files = plan(root, options.name, options.summary.rstrip("."), options.folder)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(root))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
