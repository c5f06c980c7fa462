"""Programs around single instructions: the L1 of a quad goes in, the changed L1 comes out.

Every program here moves a whole image of L1 from DRAM through L2, runs instructions of one quad
with enough time between them, and brings the whole image back, so that a comparison with the oracle
sees wrong values and stray writes alike.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import oracle_vector
from afe import _sim
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
TINY: dict[str, Any] = {
    "name": "tiny",
    "quads": 1,
    "tiles": 4,
    "l1_bytes": 65536,
    "l2_bytes": 262144,
    "dram_decibytes_per_cycle": 40,
}
MLSOC: dict[str, Any] = {"name": "mlsoc"}
Fields = dict[str, Any]


def _engine_fields() -> dict[str, list[str]]:
    """Field names of each engine, from the table."""
    program = _sim.build(
        {
            "quads": 1,
            "streams": [[{"op": op} for op in ("load", "store", "tensor", "output", "vector")]],
        }
    )
    own = ("op", "start", "quads", "layer", "buffers")
    stream = program.to_dict()["streams"][0]
    return {one["op"]: [key for key in one if key not in own] for one in stream}


FIELDS = _engine_fields()
_MICRO = (ROOT / "lib/Encoding/Micro.def").read_text(encoding="utf-8")
oracle_vector.NAMES.update(
    {int(code, 16): name for code, name in re.findall(r"^MICRO\((0x\w+), (\w+),", _MICRO, re.M)}
)


def complete(instruction: Fields) -> Fields:
    """The instruction with every field of its engine."""
    return dict.fromkeys(FIELDS[instruction["op"]], 0) | instruction


class Arena:
    """Hands out addresses of an L1 image, in order, at odd places."""

    def __init__(self, rng: np.random.Generator, size: int = 32768) -> None:
        self.rng, self.size, self.next = rng, size, 0
        self.image = rng.integers(0, 256, size, dtype=np.uint8)

    def take(self, count: int) -> int:
        """Address of `count` bytes, or ValueError if the image is full."""
        at = self.next + int(self.rng.integers(0, 5))
        if at + count > self.size:
            raise ValueError("the image is full")
        self.next = at + count
        return at

    def put(self, data: bytes | NDArray[Any]) -> int:
        raw = np.frombuffer(data if isinstance(data, bytes) else data.tobytes(), np.uint8)
        at = self.take(len(raw))
        self.image[at : at + len(raw)] = raw
        return at


def program_of(size: int, instructions: Sequence[Fields], target: Fields, gap: int = 0) -> Fields:
    """Loads `size` bytes of DRAM into L1, runs the instructions, stores the bytes behind them."""
    stream, cycle = [], 1 << 20
    head: Fields = {"op": "load", "run": size, "count1": 1, "count2": 1, "rate": 128}
    tail: Fields = {"op": "store", "run": size, "count1": 1, "count2": 1}
    for instruction in [head, *instructions, tail]:
        stream.append(instruction | {"start": cycle})
        cycle += _sim.occupancy(instruction, target) + 64 + gap
    streams = [stream] + [[] for _ in range(target.get("quads", 4) - 1)]
    return {
        "name": "P", "quads": len(streams), "end_cycle": cycle + 1, "dram_bytes": 2 * size,
        "streams": streams,
        "requests": [
            {"kind": "to_l2", "issue": 0, "due": 1 << 20, "dram": 0, "l2": 0, "row_bytes": size},
            {"kind": "from_l2", "issue": cycle, "due": cycle, "dram": size, "l2": 0,
             "row_bytes": size},
        ],
        "inputs": [{"name": "l1", "dram": 0, "bytes": size}],
        "outputs": [{"name": "l1", "dram": size, "bytes": size}],
    }  # fmt: skip


def simulate(
    image: NDArray[np.uint8],
    instructions: Sequence[Fields],
    target: Fields = MLSOC,
    kernels: str = "auto",
) -> NDArray[np.uint8]:
    """L1 after the instructions, by the simulator."""
    program = _sim.build(program_of(len(image), instructions, target))
    outputs, _ = _sim.simulate(program, target, [image], kernels=kernels)
    return outputs[0]  # type: ignore[no-any-return]


def expected(image: NDArray[np.uint8], instructions: Sequence[Fields]) -> NDArray[np.uint8]:
    """L1 after the instructions, by the oracle."""
    l1, banks = image.copy(), {}  # type: ignore[var-annotated]
    l2 = image.copy()
    for instruction in instructions:
        oracle.run_instruction(l2, l1, banks, complete(instruction))
    return l1


def compare(
    image: NDArray[np.uint8], instructions: Sequence[Fields], target: Fields = MLSOC
) -> NDArray[np.uint8]:
    """Asserts that every kernel set leaves the L1 that the oracle leaves; returns it."""
    want = expected(image, instructions)
    for kernels in _sim.available_kernels():
        got = simulate(image, instructions, target, kernels)
        wrong = np.flatnonzero(got != want)
        assert not len(wrong), (
            f"{kernels}: {len(wrong)} bytes differ, first at {wrong[0]}: "
            f"{got[wrong[0]]} instead of {want[wrong[0]]}; {instructions}"
        )
    return want
