"""The native module of the simulator: programs for the MLA decoded, simulated and validated."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

class Program:
    """A decoded program (lib/Encoding/Isa.h)."""

    @property
    def name(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def target_hash(self) -> int: ...
    @property
    def quads(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def end_cycle(self) -> int: ...
    def to_dict(self) -> dict[str, Any]: ...
    def traffic(self) -> dict[str, Any]: ...

class Simulation(NamedTuple):
    """Outputs in the program's order; `stats` only where cycles were asked for."""

    outputs: list[NDArray[np.uint8]]
    stats: dict[str, Any] | None

def load(lm: object) -> Program: ...
def build(program: Mapping[str, Any]) -> Program: ...
def encode(program: Program, target: Mapping[str, Any]) -> bytes: ...
def simulate(
    program: Program,
    target: Mapping[str, Any],
    inputs: Sequence[object],
    *,
    cycle: bool = False,
    threads: int = 1,
    kernels: str = "auto",
    poison: int = -1,
) -> Simulation: ...
def stats(program: Program, target: Mapping[str, Any]) -> dict[str, Any]: ...
def validate(program: Program, target: Mapping[str, Any]) -> str | None: ...
def available_kernels() -> list[str]: ...
def micro_program(
    operations: Sequence[Mapping[str, Any]], kh: int = 0, kw: int = 0
) -> tuple[bytes, dict[str, int]]: ...
def occupancy(instruction: Mapping[str, Any], target: Mapping[str, Any]) -> int: ...
def dram_timeline(
    target: Mapping[str, Any],
    end_cycle: int,
    prologue_bursts: int,
    requests: Sequence[tuple[int, int, int]],
) -> dict[str, Any]: ...
def place_buffers(
    buffers: Sequence[tuple[int, int, int, int]],
    capacity: int,
    steps: int,
    method: str,
    lowest: bool,
    in_place: Sequence[tuple[int, int]],
    names: Sequence[str],
) -> dict[str, Any]: ...
def validate_placement(
    buffers: Sequence[tuple[int, int, int, int]],
    capacity: int,
    offsets: Sequence[int],
    in_place: Sequence[tuple[int, int]],
) -> str: ...
