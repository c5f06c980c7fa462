"""The example of docs/simulator.md runs, and does what it says."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from afe import _sim
from harness import ROOT


def test_the_program_by_hand_takes_absolute_values() -> None:
    """The dictionaries of the page build a legal-looking program whose result is |x|."""
    page = (ROOT / "docs/simulator.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {"_sim": _sim}
    (code,) = [c for c in re.findall(r"```python\n(.*?)```", page, re.S) if "_sim.build" in c]
    exec(code, names)
    x = np.arange(-32, 32, dtype=np.int8)
    (y,), _ = _sim.simulate(names["program"], {"name": "mlsoc", "quads": 1}, [x])
    assert np.array_equal(y.view(np.int8), np.abs(x))
