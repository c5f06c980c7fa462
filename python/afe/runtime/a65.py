"""A65 segments: functions of AArch64 shared objects, in an emulator that runs in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode
from afe.package.network import TensorType


def run_function(
    shared_object: bytes,
    function: str,
    inputs: Sequence[NDArray[Any]],
    output_types: Sequence[TensorType],
) -> list[NDArray[Any]]:
    """The arrays that `function` of `shared_object` writes for `inputs`.

    `a65_emulator.run` has this signature. Raises AfeError RUNTIME_FAULT where the code faults or
    the emulator is not installed.
    """
    try:
        from afe.runtime import a65_emulator
    except ImportError as error:
        raise AfeError(
            ErrorCode.RUNTIME_FAULT,
            f"the archive holds Cortex-A65 code, and its emulator is not available: {error}; "
            "install unicorn and pyelftools",
        ) from error
    return list(a65_emulator.run(shared_object, function, inputs, output_types))
