"""Makes the example's float networks and the helpers beside these tests importable."""

import sys
from pathlib import Path

PROJECT = Path(__file__).parents[3]
sys.path[:0] = [
    str(Path(__file__).parent),
    str(PROJECT / "examples" / "quantize"),
    str(PROJECT / "examples" / "digits"),
]
