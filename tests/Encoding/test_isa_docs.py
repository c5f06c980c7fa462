"""docs/isa.md and docs/validator.md say what the tables say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def test_pages_are_up_to_date() -> None:
    """The pages are what scripts/generate_isa_docs.py writes."""
    script = ROOT / "scripts" / "generate_isa_docs.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"run scripts/generate_isa_docs.py\n{done.stdout}{done.stderr}"
