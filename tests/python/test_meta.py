"""Tests of the tests: every operation, constraint and pass has one, and every RUN line checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tablegen

TESTS = Path(__file__).resolve().parents[1]
LIT_TESTS = sorted(
    path
    for suffix in ("*.mlir", "*.test")
    for path in TESTS.rglob(suffix)
    if "Inputs" not in path.parts
)
CHECKS = ("FileCheck", "diff ", "cmp ", "--verify-diagnostics")
LABEL = re.compile(r"^// (\S+) \((C\d+)\):", re.M)


def run_lines(path: Path) -> list[str]:
    """The RUN lines of a lit test, continued lines joined."""
    lines = re.findall(r"RUN:(.*)", path.read_text(encoding="utf-8"))
    joined = "\n".join(lines).replace("\\\n", " ")
    return [line.strip() for line in joined.split("\n")]


def texts(pattern: str) -> str:
    """All files of tests/ that match, one behind the other."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(TESTS.glob(pattern)))


def definitions(dialect: str) -> list[tablegen.Definition]:
    return tablegen.operations(dialect) + tablegen.attributes(dialect)


@pytest.mark.parametrize("path", LIT_TESTS, ids=lambda path: str(path.relative_to(TESTS)))
def test_run_lines_check_something(path: Path) -> None:
    """A RUN line compares its output, or writes a file that a later line reads."""
    lines = run_lines(path)
    assert lines, f"{path} has no RUN line"
    for index, line in enumerate(lines):
        made = re.findall(r"(?:-o|>|-rf|=|split-file %s)\s*(%t[\w.%/-]*)", line)
        used_later = any(file in later for file in made for later in lines[index + 1 :])
        assert used_later or any(check in line for check in CHECKS), f"checks nothing: {line}"


@pytest.mark.parametrize("path", LIT_TESTS, ids=lambda path: str(path.relative_to(TESTS)))
def test_every_lit_test_is_led_by_a_sentence(path: Path) -> None:
    """The comment at the top, beside RUN lines, says in words what is tested."""
    lines = path.read_text(encoding="utf-8").split("\n")
    words = [line for line in lines[:12] if re.match(r"// (?!\S*RUN:)(?!\S*CHECK)\S.{20,}", line)]
    assert words, f"{path} begins with: {lines[:3]}"


def test_every_pass_has_a_test() -> None:
    """Each pass is run by name in a lit test."""
    used = "\n".join(line for path in LIT_TESTS for line in run_lines(path))
    missing = [name for name in tablegen.passes() if not re.search(rf"{name}(?![\w-])", used)]
    assert not missing, f"passes without a lit test: {missing}"


@pytest.mark.parametrize("dialect", tablegen.DIALECTS)
def test_every_operation_is_round_tripped(dialect: str) -> None:
    """Each operation and each attribute is in a file of tests/Dialect that is printed again."""
    valid = texts(f"Dialect/{dialect}/[!i]*.mlir")
    missing = [d.name for d in definitions(dialect) if not re.search(rf"{d.name}(?![\w.])", valid)]
    assert not missing, f"not in tests/Dialect/{dialect}: {missing}"


@pytest.mark.parametrize("dialect", tablegen.DIALECTS)
def test_every_constraint_is_broken_once(dialect: str) -> None:
    """Each labelled constraint has a case in invalid*.mlir, a shared one for one operation."""
    cases = set(LABEL.findall(texts(f"Dialect/{dialect}/invalid*.mlir")))
    by_text: dict[str, set[tuple[str, str]]] = {}
    for definition in definitions(dialect):
        for label, text in definition.constraints.items():
            by_text.setdefault(text, set()).add((definition.name, label))
    missing = [sorted(places)[0] for places in by_text.values() if not places & cases]
    assert not missing, f"constraints that no test breaks: {missing}"


@pytest.mark.parametrize("dialect", tablegen.DIALECTS)
def test_every_label_in_a_test_is_one_of_a_description(dialect: str) -> None:
    """A case that names a constraint names one that is documented (perhaps for mla.conv2d)."""
    documented = {d.name: set(d.constraints) for d in definitions(dialect)}
    shared = documented.get("mla.conv2d", set())
    cases = LABEL.findall(texts(f"Dialect/{dialect}/invalid*.mlir"))
    unknown = [
        (name, label)
        for name, label in cases
        if label not in documented.get(name, set())
        and not (name == "mla.matmul" and label in shared)
    ]
    assert not unknown, f"labels without a constraint: {unknown}"


@pytest.mark.parametrize("dialect", tablegen.DIALECTS)
def test_every_operation_is_documented(dialect: str) -> None:
    """Each operation has a description."""
    missing = [d.name for d in definitions(dialect) if not d.description.strip()]
    assert not missing, f"without a description: {missing}"
