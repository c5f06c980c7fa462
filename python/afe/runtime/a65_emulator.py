"""Runs a function of an AArch64 shared object in this process (unicorn), by the ABI of docs/a65.md.

Each buffer has pages of its own with unmapped ones around them, so that an access behind a buffer
faults instead of reaching another one (up to the rest of its last page). The code must be complete:
there are no libraries, and it has no workers, so that all of it runs on one thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import unicorn
from numpy.typing import NDArray
from unicorn import arm64_const as arm64

from afe.errors import AfeError, ErrorCode
from afe.package.network import MAX_WORKSPACE_BYTES, TensorType
from afe.runtime.a65_image import PAGE_BYTES, Image, load_image

TIME_LIMIT_SECONDS = 600

_END = 0x0000_1000_0000
"""Where the called function returns to."""
_IMAGE_BASE = 0x0001_0000_0000
_DATA_BASE = 0x0010_0000_0000
_STACK_BYTES = 1 << 20


def run(
    shared_object: bytes,
    function: str,
    inputs: Sequence[NDArray[Any]],
    output_types: Sequence[TensorType],
) -> list[NDArray[Any]]:
    """The arrays that `function` writes for `inputs`.

    Raises AfeError INVALID_ARCHIVE where the file cannot be loaded, RUNTIME_FAULT where its code
    faults, takes longer than TIME_LIMIT_SECONDS or returns anything but 0.
    """
    return _call(shared_object, function, inputs, output_types)[0]


def run_counted(
    shared_object: bytes,
    function: str,
    inputs: Sequence[NDArray[Any]],
    output_types: Sequence[TensorType],
) -> tuple[list[NDArray[Any]], int]:
    """As `run`, and how many instructions were executed; takes several times as long."""
    return _call(shared_object, function, inputs, output_types, counts=True)


def _call(
    shared_object: bytes,
    function: str,
    inputs: Sequence[NDArray[Any]],
    output_types: Sequence[TensorType],
    *,
    counts: bool = False,
) -> tuple[list[NDArray[Any]], int]:
    image = load_image(shared_object)
    try:
        machine = _Machine(image)
        if counts:
            machine.count_instructions()
        outputs = machine.call(function, inputs, output_types)
    except unicorn.UcError as error:
        raise _fault(f"cannot be set up: {error}") from error
    return outputs, machine.instructions


class _Machine:
    """An emulator with one image in it."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._uc = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
        self._uc.ctl_set_cpu_model(arm64.UC_CPU_ARM64_MAX)
        self._next = _DATA_BASE
        self.instructions = 0
        self._image.bind(_IMAGE_BASE)
        self._map_image()
        self._enable_vector_unit()

    def count_instructions(self) -> None:
        """From now on `instructions` counts them."""
        self._uc.hook_add(unicorn.UC_HOOK_BLOCK, self._count)

    def _count(self, _uc: Any, _address: int, size: int, _data: Any) -> None:
        self.instructions += size // 4

    def call(
        self, function: str, inputs: Sequence[NDArray[Any]], output_types: Sequence[TensorType]
    ) -> list[NDArray[Any]]:
        """Runs the function on copies of the inputs."""
        if function not in self._image.symbols:
            raise AfeError(
                ErrorCode.INVALID_ARCHIVE, f"the Cortex-A65 code has no function '{function}'"
            )
        sources = [self._place(array.nbytes, array.tobytes()) for array in inputs]
        targets = [self._place(tensor.size_in_bytes) for tensor in output_types]
        tables = [
            self._place(8 * len(table), np.array(table, "<u8").tobytes())
            for table in (sources, targets)
        ]
        workspace = self._place(self._workspace_bytes(function))
        no_workers = 0
        self._start(function, [*tables, workspace, no_workers])
        return [
            np.frombuffer(bytes(self._uc.mem_read(place, tensor.size_in_bytes)), tensor.scalar)
            .reshape(tensor.shape)
            .copy()
            for place, tensor in zip(targets, output_types, strict=True)
        ]

    def _workspace_bytes(self, function: str) -> int:
        symbol = f"{function}_workspace_bytes"
        size = self._image.read_u64(symbol) if symbol in self._image.symbols else 0
        if size > MAX_WORKSPACE_BYTES:
            raise AfeError(
                ErrorCode.INVALID_ARCHIVE,
                f"'{function}' wants {size} bytes of workspace, the limit is {MAX_WORKSPACE_BYTES}",
            )
        return size

    def _map_image(self) -> None:
        for segment in self._image.segments:
            rights = unicorn.UC_PROT_READ
            rights |= unicorn.UC_PROT_WRITE if segment.is_writable else 0
            rights |= unicorn.UC_PROT_EXEC if segment.is_executable else 0
            self._uc.mem_map(_IMAGE_BASE + segment.address, segment.size_in_bytes, rights)
            data = self._image.memory[segment.address : segment.address + segment.size_in_bytes]
            self._uc.mem_write(_IMAGE_BASE + segment.address, bytes(data))

    def _enable_vector_unit(self) -> None:
        enabled = self._uc.reg_read(arm64.UC_ARM64_REG_CPACR_EL1) | (0b11 << 20)
        self._uc.reg_write(arm64.UC_ARM64_REG_CPACR_EL1, enabled)

    def _place(self, size: int, data: bytes = b"") -> int:
        """A page-aligned buffer of its own, with the data at its start."""
        address = self._next
        mapped = _page_up(max(1, size))
        self._uc.mem_map(address, mapped, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
        if data:
            self._uc.mem_write(address, data)
        self._next = address + mapped + PAGE_BYTES
        return address

    def _start(self, function: str, arguments: Sequence[int]) -> None:
        stack = self._place(_STACK_BYTES)
        self._uc.reg_write(arm64.UC_ARM64_REG_SP, stack + _STACK_BYTES)
        self._uc.reg_write(arm64.UC_ARM64_REG_LR, _END)
        for index, argument in enumerate(arguments):
            self._uc.reg_write(arm64.UC_ARM64_REG_X0 + index, argument)
        start = _IMAGE_BASE + self._image.symbols[function]
        try:
            self._uc.emu_start(start, _END, timeout=TIME_LIMIT_SECONDS * 1_000_000)
        except unicorn.UcError as error:
            place = self._uc.reg_read(arm64.UC_ARM64_REG_PC) - _IMAGE_BASE
            raise _fault(f"'{function}' faults at {place:#x}: {error}") from error
        self._check_end(function)

    def _check_end(self, function: str) -> None:
        if self._uc.reg_read(arm64.UC_ARM64_REG_PC) != _END:
            raise _fault(f"'{function}' has not returned after {TIME_LIMIT_SECONDS} seconds")
        status = self._uc.reg_read(arm64.UC_ARM64_REG_X0) & 0xFFFFFFFF
        if status:
            raise _fault(f"'{function}' returned {status}, expected 0")


def _page_up(size: int) -> int:
    return -(-size // PAGE_BYTES) * PAGE_BYTES


def _fault(problem: str) -> AfeError:
    return AfeError(ErrorCode.RUNTIME_FAULT, f"Cortex-A65 code: {problem}")
