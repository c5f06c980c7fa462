"""Writes the reference pages of dialects and passes from their TableGen definitions.

`generate_docs.py` writes docs/dialects/*.md and docs/passes.md; `generate_docs.py --check` writes
nothing and ends with status 1 if one of them is not up to date.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIALECTS = {"mla": "mla/MLAOps.td", "a65": "a65/A65Ops.td"}
PASSES_HEADER = """# Passes

The project's passes, from their TableGen definitions. `mla-opt` runs them one by one, by the names
below, or in a pipeline; MLIR's own passes are there as well.
"""


def llvm_bin() -> Path:
    """The folder of LLVM's tools."""
    config = shutil.which("llvm-config-22")
    if config is None:
        return Path("/usr/lib/llvm-22/bin")
    done = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


def tablegen(source: Path, *options: str) -> str:
    """What mlir-tblgen prints for a definition file."""
    bin_dir = llvm_bin()
    includes = [bin_dir.parent / "include", ROOT / "mlir_dialects", ROOT / "lib", source.parent]
    command = [str(bin_dir / "mlir-tblgen"), *options, *(f"-I{path}" for path in includes)]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{source}: mlir-tblgen failed\n{done.stderr}")
    return done.stdout


def tidy(page: str) -> str:
    """Without what only upstream's web site understands, and without runs of blank lines."""
    page = page.replace("[TOC]\n", "").replace("\n_\n", "\n")
    page = re.sub(r"(?m)[ \t]+$", "", page)
    return re.sub(r"\n{3,}", "\n\n", page).rstrip() + "\n"


def dialect_page(dialect: str) -> str:
    source = ROOT / "mlir_dialects" / DIALECTS[dialect]
    return tidy(tablegen(source, "-gen-dialect-doc", f"-dialect={dialect}"))


def pass_sections(source: Path) -> list[str]:
    """One section per pass of a definition file."""
    text = tablegen(source, "-gen-pass-doc").split("-->", 1)[-1]
    return [f"### {section}" for section in re.split(r"(?m)^### ", text)[1:]]


def passes_page() -> str:
    """All passes, grouped by the folder that defines them."""
    parts = [PASSES_HEADER]
    for source in sorted((ROOT / "lib").rglob("Passes.td")):
        folder = source.parent.relative_to(ROOT)
        if sections := pass_sections(source):
            parts.append(f"## {folder}\n\n" + "\n".join(sections))
    return tidy("\n\n".join(parts))


def pages() -> dict[Path, str]:
    """Path and text of every generated page."""
    docs = ROOT / "docs"
    result = {docs / "dialects" / f"{name}.md": dialect_page(name) for name in DIALECTS}
    return result | {docs / "passes.md": passes_page()}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a stale page")
    check = parser.parse_args(arguments).check
    stale = [
        (path, text)
        for path, text in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        print(f"{path.relative_to(ROOT)}: {'not up to date' if check else 'written'}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
