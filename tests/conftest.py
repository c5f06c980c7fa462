"""What all Python tests share: helpers in tests/python are importable, model files are found."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "tests" / "python"))

MODELS = PROJECT.parent / "shared" / "models"


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of shared models; tests that need it are skipped elsewhere, never in CI."""
    if not MODELS.is_dir():
        reason = f"needs the model files in {MODELS.relative_to(PROJECT.parent)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return MODELS
