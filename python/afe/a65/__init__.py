"""Code for the Cortex-A65: segments of a module become shared objects.

`segments` drives, `codegen` makes objects with llvmlite, `link` shared objects with lld. The ABI is
described in docs/a65.md.
"""

from __future__ import annotations

from afe.a65.segments import compile_segments as compile_segments

__all__ = ["compile_segments"]
