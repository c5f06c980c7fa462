"""Every case of the ONNX importer's operators, lowered, equals onnxruntime too."""

from __future__ import annotations

from collections.abc import Iterator

import lowered
import onnx_models
import pytest
from test_onnx_operators import *  # noqa: F403


@pytest.fixture(autouse=True)
def _lowered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The comparisons evaluate what the lowering made of the module."""
    monkeypatch.setattr(onnx_models, "evaluate", lowered.evaluate)
    yield
