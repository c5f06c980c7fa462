"""Every example of the tutorial and of the how-to pages does what the page says.

The blocks of a page run in order, in one folder beside links to the project's `examples` and
`targets`; its Python blocks share their names. A `text` block is what the block before it printed:
each of its lines must appear, `…` standing for anything. Blocks of language `sh` are not run.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tools

DOCS = tools.PROJECT / "docs"
PAGES = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NOT_RUN = "sh"
MOST_NOT_RUN = 4
"""Blocks of language `sh` over all pages: what needs another machine, or a network."""


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Language and text of every block."""
    yield from _BLOCK.findall(page.read_text())


class Session:
    """One page's folder and names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, Any] = {"__name__": "__main__"}
        self._printed = ""

    def run(self, language: str, text: str) -> None:
        """Runs a block, or checks what the one before it printed."""
        if language == "bash":
            self._printed = self._bash(text)
        elif language == "python":
            self._printed = self._python(text)
        elif language == "text":
            self._check(text)
        else:
            assert language == _NOT_RUN, f"blocks of language {language} are not known"

    def _bash(self, text: str) -> str:
        tools_folder = Path(tools.tool("mla-opt")).parent
        path = os.pathsep.join([str(Path(sys.executable).parent), str(tools_folder)])
        environment = os.environ | {"PATH": path + os.pathsep + os.environ["PATH"]}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self._folder, env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{text}\nstatus {done.returncode}\n{done.stdout}"
        return done.stdout

    def _python(self, text: str) -> str:
        printed = io.StringIO()
        with contextlib.chdir(self._folder), contextlib.redirect_stdout(printed):
            exec(compile(text, "<page>", "exec"), self._names)
        return printed.getvalue()

    def _check(self, text: str) -> None:
        printed = " ".join(self._printed.split())
        for line in text.splitlines():
            parts = [re.escape(" ".join(part.split())) for part in line.split("…")]
            assert re.search(".*?".join(parts), printed), f"{line!r} is not in\n{self._printed}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page(page: Path, tmp_path: Path) -> None:
    """All blocks of one page."""
    for name in ("examples", "targets"):
        (tmp_path / name).symlink_to(tools.PROJECT / name)
    session = Session(tmp_path)
    ran = 0
    for language, text in blocks(page):
        session.run(language, text)
        ran += language in ("bash", "python")
    assert ran, "a page without an example that runs"


def test_few_blocks_are_not_run() -> None:
    """So that examples stay true."""
    languages = [language for page in PAGES for language, _ in blocks(page)]
    assert languages.count(_NOT_RUN) <= MOST_NOT_RUN


def test_site(tmp_path: Path) -> None:
    """It builds without a dead link, a missing anchor or a page outside the navigation."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path / "site")],
        cwd=tools.PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for page in (tmp_path / "site").rglob("*.html"):
        loaded = re.findall(r'<(?:script|img|iframe)[^>]* src="(https?:[^"]+)"', page.read_text())
        loaded += re.findall(
            r'<link[^>]*rel="stylesheet"[^>]*href="(https?:[^"]+)"', page.read_text()
        )
        assert not loaded, f"{page.name} fetches {loaded}"
