"""Makes the helpers beside the tests importable."""

import sys
from pathlib import Path

IMPORTERS = Path(__file__).parents[1] / "python" / "importers"
sys.path[:0] = [str(Path(__file__).parent), str(IMPORTERS)]
