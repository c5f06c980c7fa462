"""Writes docs/onnx-coverage.md: which of ONNX's own backend node tests pass, which are refused.

Every test of the operators in tests/python/importers/onnx_backend.py is compiled into an archive,
which is run on the host. `--check` writes nothing and ends with status 1 if the page is not up to
date; a test that neither passes nor is refused ends the script with an error.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "onnx-coverage.md"
HEADER = """# ONNX's backend node tests

Which of the node tests that come with ONNX ({version}) an archive passes, written by
`scripts/generate_onnx_coverage.py`. What a quantized network knows when it is compiled (weights,
scales, shapes, axes) is bound as a constant first. A float `Conv` or `Gemm` alone is a float
model, which has to be quantized before it is compiled; inside a quantized model both run on the
Cortex-A65.

| operator | passed | refused |
|---|---|---|
"""


def page() -> str:
    """The text of the page."""
    sys.path[:0] = [str(ROOT / "tests" / "python"), str(ROOT / "tests" / "python" / "importers")]
    import onnx
    import onnx_backend

    passed = dict.fromkeys(onnx_backend.OPERATORS, 0)
    refused: dict[str, list[str]] = {operator: [] for operator in onnx_backend.OPERATORS}
    for case in onnx_backend.cases():
        outcome = onnx_backend.outcome(case, onnx_backend.through_an_archive)
        if outcome.passed:
            passed[case.operator] += 1
        else:
            reason = outcome.reason.replace("|", "\\|")
            refused[case.operator].append(f"| {case.name} | {reason} |")
    text = HEADER.format(version=onnx.__version__)
    rows = [f"| {name} | {passed[name]} | {len(refused[name])} |\n" for name in passed]
    total = f"| all | {sum(passed.values())} | {sum(map(len, refused.values()))} |\n"
    reasons = [line for name in passed for line in refused[name]]
    listed = "\n## Refused\n\n| test | reason |\n|---|---|\n" + "\n".join(reasons) + "\n"
    return text + "".join(rows) + total + listed


def main() -> None:
    """Writes or checks the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    check = parser.parse_args().check
    text = page()
    if check and PAGE.read_text() != text:
        raise SystemExit(f"{PAGE} is not up to date: run scripts/generate_onnx_coverage.py")
    if not check:
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
