"""The functions of the target's C library that generated code may call.

MLIR's lowering of the math dialect calls libm; LLVM recognizes loops that copy or fill memory and
pairs of calls that the library has one function for.
"""

from __future__ import annotations

LIBM = (
    "acosf", "acoshf", "asinf", "asinhf", "atan2f", "atanf", "atanhf", "cbrtf", "ceilf", "cosf",
    "coshf", "erfcf", "erff", "exp", "exp2f", "expf", "expm1f", "floorf", "fmodf", "ldexpf",
    "log10f", "log1pf", "log2f", "logf", "powf", "rintf", "roundevenf", "roundf", "sincosf", "sinf",
    "sinhf", "sqrtf", "tanf", "tanhf", "truncf",
)  # fmt: skip
LIBC = ("memcmp", "bcmp", "memcpy", "memmove", "memset")

LIBRARIES = {"libm.so.6": LIBM, "libc.so.6": LIBC}
"""Functions by the name under which the target's loader finds their library."""
