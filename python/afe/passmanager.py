"""Pass pipelines, in the shape of MLIR's own bindings."""

from __future__ import annotations

from afe._mlir.passmanager import PassDisplayMode as PassDisplayMode
from afe._mlir.passmanager import PassManager as PassManager

__all__ = ["PassDisplayMode", "PassManager"]
