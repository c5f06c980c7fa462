"""Every case of the TFLite importer's operators, lowered, equals LiteRT's reference kernels too."""

from __future__ import annotations

from collections.abc import Iterator

import litert_oracle
import lowered
import pytest
from test_tflite_activation import *  # noqa: F403
from test_tflite_convolution import *  # noqa: F403
from test_tflite_elementwise import *  # noqa: F403
from test_tflite_folding import *  # noqa: F403
from test_tflite_indices import *  # noqa: F403
from test_tflite_lstm import *  # noqa: F403
from test_tflite_movement import *  # noqa: F403
from test_tflite_svdf import *  # noqa: F403
from test_tflite_variables import *  # noqa: F403


@pytest.fixture(autouse=True)
def _lowered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The comparisons evaluate what the lowering made of the module."""
    monkeypatch.setattr(litert_oracle, "evaluate", lowered.evaluate)
    yield
