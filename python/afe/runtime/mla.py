"""MLA programs in the simulator: the one place that talks to the native module `afe._sim`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode
from afe.package.report import BOUND_KEYS, Cycles, cycles_from
from afe.target import Target, target_from_mapping


@dataclass(frozen=True)
class SimulationResult:
    """Outputs as bytes in the program's order; cycles only where they were asked for."""

    outputs: Sequence[NDArray[np.uint8]]
    cycles: Cycles | None = None


class MlaProgram:
    """A `.lm` file, decoded and checked, with the target it was compiled for."""

    def __init__(self, name: str, program: bytes, config: Mapping[str, Any]) -> None:
        """Raises AfeError INVALID_ARCHIVE for a program that cannot be decoded."""
        self.name = name
        self._target = program_target(config, name)
        self._bound = _stated_bound(config, name)
        from afe import _sim

        try:
            self._program = _sim.load(program)
        except (ValueError, RuntimeError) as error:
            raise AfeError(
                ErrorCode.INVALID_ARCHIVE, f"the program of {name} cannot be read: {error}"
            ) from error
        if self._program.target_hash != self._target.fingerprint:
            raise AfeError(
                ErrorCode.INVALID_ARCHIVE,
                f"the program of {name} was made for another machine than the archive's JSON "
                f"states, target '{self._target.name}'",
            )

    def run(
        self, inputs: Sequence[NDArray[np.uint8]], *, accelerator: bool, threads: int
    ) -> SimulationResult:
        """One execution; `accelerator` counts cycles and stalls. AfeError RUNTIME_FAULT."""
        from afe import _sim

        try:
            result = _sim.simulate(
                self._program, self._target.as_dict(), list(inputs),
                cycle=accelerator, threads=threads,
            )  # fmt: skip
        except (ValueError, RuntimeError) as error:
            raise AfeError(
                ErrorCode.RUNTIME_FAULT, f"the simulator stopped in {self.name}: {error}"
            ) from error
        return SimulationResult(result.outputs, self._cycles(result) if accelerator else None)

    def validate(self) -> None:
        """Asks the validator about the schedule; AfeError INVALID_ARCHIVE names its offence."""
        from afe import _sim

        offence = _sim.validate(self._program, self._target.as_dict())
        if offence is not None:
            raise AfeError(
                ErrorCode.INVALID_ARCHIVE, f"the program of {self.name} is not legal: {offence}"
            )

    def _cycles(self, result: Any) -> Cycles:
        """The simulator's figures beside the bound the compiler computed for the model."""
        stats = result.stats
        return cycles_from(
            {key: stats[key] for key in ("deterministic", "busy", "planned_wait", "stalls", "wall")}
            | self._bound
        )


def _stated_bound(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """`lower_bound` and `bound_terms` of the archive's cycles; AfeError SCHEMA_ERROR."""
    cycles = config.get("cycles")
    terms = cycles.get("bound_terms") if isinstance(cycles, dict) else None
    bound = cycles.get("lower_bound") if isinstance(cycles, dict) else None
    counts = [bound, *(terms.get(key) for key in BOUND_KEYS)] if isinstance(terms, dict) else []
    if not counts or any(type(count) is not int or count < 0 for count in counts):
        raise AfeError(
            ErrorCode.SCHEMA_ERROR, f"archive JSON, {name}: 'cycles' must hold the lower bound"
        )
    return {"lower_bound": bound, "bound_terms": terms}


def program_target(config: Mapping[str, Any], name: str) -> Target:
    """The machine that an archive's MLA plugin states; AfeError SCHEMA_ERROR or INVALID_TARGET."""
    description = config.get("target")
    if not isinstance(description, dict):
        raise AfeError(ErrorCode.SCHEMA_ERROR, f"archive JSON, {name}: 'target' is missing")
    return target_from_mapping(description, f"of {name}")
