"""Elementary functions of the generated code: rounded correctly but for near ties, specials as C.

The references are numpy's and scipy's functions in f64. The host runs the code over many f32 of all
exponents; the emulator must give the same bits.
"""

from __future__ import annotations

import numpy as np
import pytest
from afe.a65.host import HostFunction
from afe.a65.segments import lower_segment, segment_of_main
from afe.options import CompileOptions
from afe.package.network import TensorType
from forced import parse, run_on_a65
from scipy import special

STEP = 2003
"""Every so many-th bit pattern is tried."""

UNARY = {
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "erf": special.erf,
    "sin": np.sin,
    "cos": np.cos,
}
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -3.0, 3.5, np.inf, -np.inf, np.nan, 1e-45, -1e-45]
HUGE = [3.4e38, -3.4e38, 1e22, 16367173.0 * 2**72, 88.72284, 88.7229, -103.97, -104.0, 1.570796371]


def module(operator: str, operands: int, size: int) -> str:
    """@main with one operator of f32."""
    row = f"tensor<{size}xf32>"
    names = [f"%{i}" for i in range(operands)]
    arguments = ", ".join(f"{name}: {row}" for name in names)
    types = ", ".join([row] * operands)
    return f"""
    func.func @main({arguments}) -> {row} {{
      %r = tosa.{operator} {", ".join(names)} : ({types}) -> {row}
      return %r : {row}
    }}"""


def on_host(operator: str, *operands: np.ndarray) -> np.ndarray:
    """What this machine's code gives."""
    text = module(operator, len(operands), operands[0].size)
    code = lower_segment(segment_of_main(parse(text)), CompileOptions())
    (result,) = HostFunction(code, [TensorType("float32", operands[0].shape)])(operands)
    return result


def assert_rounded(got: np.ndarray, wanted: np.ndarray, most: float = 1e-4) -> None:
    """Equal, NaN and signs of zeros too; the next f32 in at most `most` of the cases."""
    rounded = wanted.astype(np.float32)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(rounded))
    numbers = ~np.isnan(rounded)
    one, other = got[numbers], rounded[numbers]
    np.testing.assert_array_equal(np.signbit(one), np.signbit(other))
    differing = one != other
    assert differing.mean() <= most
    neighbours = np.nextafter(other[differing], one[differing])
    np.testing.assert_array_equal(one[differing], neighbours)


@pytest.fixture(scope="module")
def numbers() -> np.ndarray:
    """f32 of all exponents and signs, NaN and infinities among them."""
    return np.arange(0, 1 << 32, STEP, dtype=np.uint64).astype(np.uint32).view(np.float32)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("operator", UNARY)
def test_one_operand(operator, numbers):
    """Two million arguments; then special ones, in the emulator as well."""
    function = UNARY[operator]
    assert_rounded(on_host(operator, numbers), function(numbers.astype(np.float64)))
    few = np.array([*SPECIAL, *HUGE, *numbers[:: numbers.size // 400]], np.float32)
    host = on_host(operator, few)
    assert_rounded(host, function(few.astype(np.float64)))
    (emulated,) = run_on_a65(parse(module(operator, 1, few.size)), [few])
    np.testing.assert_array_equal(emulated, host)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_power():
    """All pairs of special numbers, and random ones whose power is no infinity."""
    values = np.array([*SPECIAL, *HUGE, 7.0, -7.0, 1 / 3, 2.5, -2.0, 1 + 2**-23], np.float32)
    x, y = (part.ravel() for part in np.meshgrid(values, values))
    host = on_host("pow", x, y)
    assert_rounded(host, np.power(x.astype(np.float64), y.astype(np.float64)), most=1e-2)
    (emulated,) = run_on_a65(parse(module("pow", 2, x.size)), [x, y])
    np.testing.assert_array_equal(emulated, host)
    print("seed 5")
    generator = np.random.default_rng(5)
    x = np.exp(generator.uniform(-20, 20, 500_000)).astype(np.float32)
    y = generator.uniform(-4, 4, x.size).astype(np.float32)
    assert_rounded(on_host("pow", x, y), np.power(x.astype(np.float64), y.astype(np.float64)))
