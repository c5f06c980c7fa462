"""Where the built tools are, for tests that run them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


def tool(name: str) -> str:
    """Path of mla-opt or mla-translate: the newest build's, else PATH's.

    Where there is none the test is skipped; in CI it fails.
    """
    built = sorted(PROJECT.glob(f"build*/**/bin/{name}"), key=lambda path: path.stat().st_mtime)
    found = str(built[-1]) if built else shutil.which(name)
    if found is None:
        message = f"needs {name}: make build"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return found
