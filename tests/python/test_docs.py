"""The generated pages are up to date, and the examples in them are what the tools accept."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import tablegen
import tools

# Their tables of 256 or 513 entries make no readable example.
WITHOUT_EXAMPLE = {"mla.v.table8", "mla.v.table16", "mla.v.table32"}
# These are shown in the example of mla.program.
IN_PROGRAM = re.compile(r"mla\.program\.\w+")


def test_generated_pages_are_up_to_date() -> None:
    """docs/dialects/*.md and docs/passes.md are what scripts/generate_docs.py writes."""
    script = tablegen.ROOT / "scripts" / "generate_docs.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"run scripts/generate_docs.py\n{done.stdout}{done.stderr}"


def test_every_operation_has_an_example() -> None:
    """Each operation's description shows it."""
    for dialect in tablegen.DIALECTS:
        for op in tablegen.operations(dialect):
            if op.name not in WITHOUT_EXAMPLE and not IN_PROGRAM.match(op.name):
                assert any(op.name in example for example in op.examples), op.name


def declared(example: str) -> list[str]:
    """The values that the example's first line declares: `%x: tensor<3xi8>`."""
    first = example.split("\n", 1)[0]
    return re.findall(r"%\w+: [^,\s]+", first) if first.startswith("//") else []


def in_vector(example: str) -> str:
    """A lane operation in a vector program whose operand 0 windows and gathers can read."""
    lanes = declared(example)
    tensors = [f"%t{i}: tensor<1x9x7x16x{lane[-3:]}>" for i, lane in enumerate(lanes)]
    types = ["tensor<1x9x7x16xi8>", *(tensor.split(": ")[1] for tensor in tensors)]
    window = (
        "{window = #mla.window<kernelRows = 1, kernelCols = 1, strideRows = 1, strideCols = 1, "
        "padTop = 0, padBottom = 0, padLeft = 0, padRight = 0>}"
        if "window_" in example
        else ""
    )
    end = "" if "mla.v.yield" in example else "%end = mla.v.const 0 : i32\nmla.v.yield %end : i32"
    return f"""func.func @example({", ".join(["%op0: tensor<1x9x7x16xi8>", *tensors])}) {{
  %out = mla.vector {", ".join(["%op0", *(t.split(":")[0] for t in tensors)])} {window}
    : ({", ".join(types)}) -> tensor<1x9x7x16xi32> {{
  ^bb0({", ".join(["%unused: i32", *lanes])}):
{example}
{end}
  }}
  return
}}"""


def in_stream(example: str) -> str:
    """An instruction in the first of two streams."""
    return f"""mla.program @example target "mlsoc" quads 2 batch 1 end_cycle 9 dram_bytes 0 {{
  mla.program.layer 0 "example"
  mla.program.buffer 0 l2 "x" at 0 size 256 live 0 to 9
  mla.program.stream 0 {{
{example}
  }}
  mla.program.stream 1 {{
  }}
}}"""


def complete(example: str) -> str:
    """The example as a file: inside what its operations need around them."""
    code = re.sub(r"^//.*\n", "", example)
    if "// in mla.program.stream" in example:
        return in_stream(code)
    if re.match(r"(%\w+ = )?mla\.v\.", code):
        return in_vector(example)
    if code.startswith("%"):
        return f"func.func @example({', '.join(declared(example))}) {{\n{code}\nreturn\n}}"
    return code


@pytest.mark.parametrize("dialect", tablegen.DIALECTS)
def test_examples_of_operations_verify(dialect: str) -> None:
    """Every ```mlir block of a description is read and verified by mla-opt."""
    blocks = [
        f"// {op.name}\n{complete(example)}"
        for op in tablegen.operations(dialect)
        for example in op.examples
    ]
    done = subprocess.run(
        [tools.tool("mla-opt"), "--split-input-file", "-"],
        input="\n// -----\n".join(blocks),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("// -----") == len(blocks) - 1
