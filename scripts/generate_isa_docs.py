"""Writes docs/isa.md and docs/validator.md from the tables of lib/Encoding and lib/Simulator.

`generate_isa_docs.py` builds the tool isa-doc, which is made of those tables, and writes what it
prints, with the comments of the .def files put in; with `--check` it writes nothing and
ends with status 1 if a page is not up to date.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("isa", "validator")
SOURCES = (
    "lib/Tools/isa-doc/isa-doc.cpp",
    "lib/Encoding/Fields.cpp",
    "lib/Encoding/Loops.cpp",
    "lib/Encoding/StreamEncoder.cpp",
)
PLACEHOLDER = re.compile(r"\{\{(?P<file>\w+\.def)(:(?P<section>\w+))?\}\}")


def build_tool(folder: Path) -> Path:
    """Compiles isa-doc into `folder`; plain C++, no CMake needed."""
    tool = folder / "isa-doc"
    command = ["clang++-22", "-std=c++17", f"-I{ROOT / 'lib'}", *(str(ROOT / s) for s in SOURCES)]
    subprocess.run([*command, "-o", str(tool)], check=True)
    return tool


def comment_lines(text: str) -> list[str]:
    """The comment `text` begins with, without its slashes."""
    block = re.match(r"((?://.*\n)*)", text)
    assert block is not None
    return [re.sub(r"^// ?", "", line) for line in block.group(1).splitlines()]


def comment(file: str, section: str | None) -> str:
    """The comment of an engine's section; or a file's, from behind the legend of its macro."""
    text = (ROOT / "lib" / "Encoding" / file).read_text(encoding="utf-8")
    if section:
        return "\n".join(comment_lines(text.split(f"#ifdef {section.upper()}_FIELDS\n", 1)[1]))
    paragraphs = "\n".join(comment_lines(text)).split("\n\n")
    legend = next(i for i, p in enumerate(paragraphs) if p.startswith("  "))
    return "\n\n".join(paragraphs[legend + 1 :])


def page(tool: Path, name: str) -> str:
    """The text of docs/<name>.md."""
    done = subprocess.run([str(tool), name], capture_output=True, text=True, check=True)
    return PLACEHOLDER.sub(lambda match: comment(match["file"], match["section"]), done.stdout)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a stale page")
    check = parser.parse_args(arguments).check
    stale = False
    with tempfile.TemporaryDirectory() as folder:
        tool = build_tool(Path(folder))
        for name in PAGES:
            path, text = ROOT / "docs" / f"{name}.md", page(tool, name)
            if path.exists() and path.read_text(encoding="utf-8") == text:
                continue
            stale = True
            print(f"docs/{name}.md: {'not up to date' if check else 'written'}")
            if not check:
                path.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
