"""Writes the stubs of the native module, python/afe/_mlir/*.pyi, from the built module.

    python python/bindings/update_stubs.py [--check]

With --check it writes nothing and fails where the stubs in the checkout are out of date.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

BINDINGS = Path(__file__).resolve().parent
STUBS = BINDINGS.parent / "afe" / "_mlir"


def generate(folder: Path) -> list[Path]:
    """Runs nanobind's stub generator; returns what it wrote below `folder`."""
    stubgen = [sys.executable, "-m", "nanobind.stubgen", "-q", "-P", "-r"]
    patterns = ["-p", str(BINDINGS / "stubs.pattern")]
    subprocess.run(
        [*stubgen, *patterns, "-m", "afe._mlir", "-O", str(folder)], check=True, timeout=300
    )
    return sorted((folder / "_mlir").glob("*.pyi"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        stale = []
        for path in generate(Path(folder)):
            target = STUBS / path.name
            if target.exists() and target.read_text() == path.read_text():
                continue
            stale.append(target.name)
            if not check:
                target.parent.mkdir(exist_ok=True)
                target.write_text(path.read_text())
    if check and stale:
        print(f"out of date: {', '.join(stale)}; run {Path(__file__).name}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
