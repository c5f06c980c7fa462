"""MLA programs in the simulator: the one place that talks to the native module `afe._sim`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode
from afe.package.report import Cycles, cycles_from
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
        self._bound = config.get("cycles", {})
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

    def _cycles(self, result: Any) -> Cycles:
        """The simulator's figures beside the bound the compiler computed for the model."""
        stats = result.stats
        return cycles_from(
            {key: stats[key] for key in ("deterministic", "busy", "planned_wait", "stalls", "wall")}
            | {"lower_bound": self._bound["lower_bound"], "bound_terms": self._bound["bound_terms"]}
        )


def program_target(config: Mapping[str, Any], name: str) -> Target:
    """The machine that an archive's MLA plugin states; AfeError SCHEMA_ERROR or INVALID_TARGET."""
    description = config.get("target")
    if not isinstance(description, dict):
        raise AfeError(ErrorCode.SCHEMA_ERROR, f"archive JSON, {name}: 'target' is missing")
    return target_from_mapping(description, f"of {name}")
