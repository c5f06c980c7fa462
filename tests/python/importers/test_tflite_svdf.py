"""SVDF equals LiteRT's reference kernel, call by call."""

from __future__ import annotations

import numpy as np
import pytest
from afe.errors import AfeError, ErrorCode
from litert_oracle import Cases, assert_exact_calls, import_bytes
from tflite_files import T


def svdf(
    cases: Cases, *, batch: int = 1, features: int = 13, units: int = 7, rank: int = 1,
    memory: int = 5, bias: bool = True, time_type: type = np.int16,
) -> bytes:  # fmt: skip
    """One layer of random weights."""
    filters = units * rank
    inputs = [
        T((batch, features), np.int8, 0.05, cases.zero_point(np.int8)),
        T(data=cases.integers(np.int8, (filters, features)), scale=0.01),
        T(data=cases.integers(time_type, (filters, memory)), scale=1e-4),
        T(data=cases.random.integers(-40000, 40000, units).astype(np.int32), scale=1e-7),
        T((batch, memory * filters), np.int16, 1e-3, variable=True),
    ]
    output = T((batch, units), np.int8, 0.6, cases.zero_point(np.int8))
    fields = {"rank": rank, "fusedActivationFunction": 1}
    if not bias:
        inputs[3] = T(data=np.zeros(units, np.int32), scale=1e-7)
    return cases.single("SVDF", inputs, output, "SVDFOptions", fields, version=3)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("memory", [1, 8])
def test_svdf(batch: int, rank: int, memory: int) -> None:
    """The memory fills, and then forgets what is oldest."""
    for seed in range(4):
        cases = Cases(seed)
        data = svdf(cases, batch=batch, rank=rank, memory=memory)
        calls = [[cases.integers(np.int8, (batch, 13))] for _ in range(memory + 2)]
        (expected,) = assert_exact_calls(data, calls)
        assert len(np.unique(expected)) > 3


def test_float_time_weights_are_refused() -> None:
    """The hybrid form."""
    with pytest.raises(AfeError, match="INT16 is needed") as caught:
        import_bytes(svdf(Cases(1), time_type=np.int8))
    assert caught.value.code == ErrorCode.UNSUPPORTED_OPERATOR
