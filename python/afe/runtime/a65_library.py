"""The C library as code in the emulator finds it: f32 math, and copies of memory.

The math is the host's own libm, so a result may differ from the target's by a unit in the last
place, as between any two libraries.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import struct
from collections.abc import Callable
from typing import Any

from afe.errors import AfeError, ErrorCode

MAX_COPY_BYTES = 1 << 30

UNARY = (
    "acosf", "acoshf", "asinf", "asinhf", "atanf", "atanhf", "cbrtf", "ceilf", "cosf", "coshf",
    "erfcf", "erff", "exp2f", "expf", "expm1f", "floorf", "log10f", "log1pf", "log2f", "logf",
    "rintf", "roundevenf", "roundf", "sinf", "sinhf", "sqrtf", "tanf", "tanhf", "truncf",
)  # fmt: skip
BINARY = ("atan2f", "fmodf", "powf")


class Registers:
    """Arguments and results of a call, by the procedure call standard of AArch64."""

    def __init__(self, machine: Any) -> None:
        from unicorn import arm64_const as names

        self.machine = machine
        self._x = [names.UC_ARM64_REG_X0 + index for index in range(4)]
        self._d = [names.UC_ARM64_REG_D0 + index for index in range(2)]
        self._s = [names.UC_ARM64_REG_S0 + index for index in range(2)]

    def x(self, index: int) -> int:
        """An integer or a pointer."""
        return int(self.machine.reg_read(self._x[index]))

    def s(self, index: int) -> float:
        """An f32."""
        bits = self.machine.reg_read(self._s[index]) & 0xFFFFFFFF
        return float(struct.unpack("<f", struct.pack("<I", bits))[0])

    def d(self, index: int) -> float:
        """An f64."""
        bits = self.machine.reg_read(self._d[index]) & (2**64 - 1)
        return float(struct.unpack("<d", struct.pack("<Q", bits))[0])

    def return_x(self, value: int) -> None:
        self.machine.reg_write(self._x[0], value % 2**64)

    def return_d(self, value: float) -> None:
        bits = struct.unpack("<Q", struct.pack("<d", value))[0]
        self.machine.reg_write(self._d[0], bits)

    def return_s(self, value: float) -> None:
        self.machine.reg_write(self._s[0], struct.unpack("<I", struct.pack("<f", value))[0])


Function = Callable[[Registers], None]


def find_function(name: str) -> Function:
    """What a call of `name` does. Raises AfeError RUNTIME_FAULT for one that is not offered."""
    if name in UNARY:
        return functools.partial(_unary, _host_function(name, 1))
    if name in BINARY:
        return functools.partial(_binary, _host_function(name, 2))
    if name not in _OTHERS:
        raise AfeError(
            ErrorCode.RUNTIME_FAULT,
            f"the Cortex-A65 code calls '{name}', which the emulator does not offer",
        )
    return _OTHERS[name]


@functools.cache
def _libm() -> ctypes.CDLL:
    return ctypes.CDLL(ctypes.util.find_library("m") or "libm.so.6")


def _host_function(name: str, arguments: int) -> Callable[..., float]:
    function: Any = getattr(_libm(), name)
    function.restype = ctypes.c_float
    function.argtypes = [ctypes.c_float] * arguments
    return function  # type: ignore[no-any-return]


def _unary(function: Callable[..., float], registers: Registers) -> None:
    registers.return_s(function(registers.s(0)))


def _binary(function: Callable[..., float], registers: Registers) -> None:
    registers.return_s(function(registers.s(0), registers.s(1)))


def _ldexpf(registers: Registers) -> None:
    exponent = (registers.x(0) + 2**31) % 2**32 - 2**31
    function = _libm().ldexpf
    function.restype, function.argtypes = ctypes.c_float, [ctypes.c_float, ctypes.c_int]
    registers.return_s(function(registers.s(0), exponent))


def _exp(registers: Registers) -> None:
    """In f64, with the library's own answer where the result is too large."""
    function = _libm().exp
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double]
    registers.return_d(function(registers.d(0)))


def _sincosf(registers: Registers) -> None:
    x = registers.s(0)
    for name, pointer in (("sinf", registers.x(0)), ("cosf", registers.x(1))):
        registers.machine.mem_write(pointer, struct.pack("<f", _host_function(name, 1)(x)))


def _size(registers: Registers) -> int:
    size = registers.x(2)
    if size > MAX_COPY_BYTES:
        raise AfeError(ErrorCode.RUNTIME_FAULT, f"the Cortex-A65 code copies {size} bytes at once")
    return size


def _copy(registers: Registers) -> None:
    if size := _size(registers):
        data = registers.machine.mem_read(registers.x(1), size)
        registers.machine.mem_write(registers.x(0), bytes(data))


def _fill(registers: Registers) -> None:
    if size := _size(registers):
        registers.machine.mem_write(registers.x(0), bytes([registers.x(1) & 255]) * size)


def _compare(registers: Registers) -> None:
    size = _size(registers)
    left, right = (bytes(registers.machine.mem_read(registers.x(i), size)) for i in (0, 1))
    registers.return_x((left > right) - (left < right))


_OTHERS: dict[str, Function] = {
    "bcmp": _compare,
    "exp": _exp,
    "ldexpf": _ldexpf,
    "memcmp": _compare,
    "memcpy": _copy,
    "memmove": _copy,
    "memset": _fill,
    "sincosf": _sincosf,
}
