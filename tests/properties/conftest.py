"""The generator's modules import each other by name, and the evaluator of tests/python."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python")]
