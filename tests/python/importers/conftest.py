"""Makes the helpers beside these tests importable, and the oracles as `reference`."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
