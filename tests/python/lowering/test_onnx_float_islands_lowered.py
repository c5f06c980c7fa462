"""Every float island of the ONNX importer, lowered, is as close to onnxruntime."""

from __future__ import annotations

from collections.abc import Iterator

import lowered
import onnx_models
import pytest
from test_onnx_float_islands import *  # noqa: F403


@pytest.fixture(autouse=True)
def _lowered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The comparisons evaluate what the lowering made of the module."""
    monkeypatch.setattr(onnx_models, "evaluate", lowered.evaluate)
    yield
