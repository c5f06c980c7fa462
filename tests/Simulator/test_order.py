"""Order and threads: random hazard-free programs of several quads that share L2 and DRAM.

Actions are laid out one after the other with the least distance that hazards allow, so that quads
overlap as much as they may; the oracle runs them in the order in which they were drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from afe import _sim
from harness import MLSOC, Fields, complete
from numpy.typing import NDArray
from oracle import run_instruction

DRAM, L2, L1 = 4096, 2048, 1024
LATENCY = {"load": 24, "store": 24, "vector": 16}
CODE = 900  # address of the micro-program in every L1


class Schedule:
    """Earliest starts that keep reads after writes, writes after reads and engines apart."""

    def __init__(self) -> None:
        self.past: list[tuple[str, int, int, bool, int, int]] = []
        self.engine: dict[tuple[str, int], int] = {}

    def earliest(self, accesses: list[tuple[str, int, int, bool]]) -> int:
        start = 0
        for memory, lo, hi, write in accesses:
            for other, other_lo, other_hi, wrote, ends, ready in self.past:
                if other == memory and lo < other_hi and other_lo < hi and (write or wrote):
                    start = max(start, ready if wrote else ends)
        return start

    def add(self, accesses: list[tuple[str, int, int, bool]], ends: int, ready: int) -> None:
        self.past += [(*access, ends, ready) for access in accesses]


class Builder:
    """Draws actions, runs them on the oracle's memories, and gives them start cycles."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.schedule = Schedule()
        self.streams: list[list[Fields]] = [[], [], [], []]
        self.requests: list[Fields] = []
        self.latest_issue = 0
        code, cost = _sim.micro_program(
            [{"op": "load", "d": 0}, {"op": "imm", "d": 1, "x": 3},
             {"op": "mul", "d": 0, "a": 0, "b": 1}, {"op": "store", "a": 0}]
        )  # fmt: skip
        self.cost = cost
        self.input = self.rng.integers(0, 256, DRAM, dtype=np.uint8)
        self.input[:80] = np.frombuffer(code, np.uint8)
        self.dram = np.concatenate([self.input, np.zeros(DRAM, np.uint8)])
        self.l2 = np.zeros(L2, np.uint8)
        self.l1 = [np.zeros(L1, np.uint8) for _ in range(4)]
        self._request("to_l2", 0, 0, L2)
        for quad in range(4):
            self._move("load", 1 << quad, 0, CODE, 80)

    def draw(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def _request(self, kind: str, dram: int, l2: int, size: int) -> None:
        accesses = [("l2", l2, l2 + size, kind == "to_l2")]
        issue = self.schedule.earliest(accesses)
        self.latest_issue = max(self.latest_issue, issue)
        due = max(self.latest_issue, issue + self.draw(0, 200))
        # List order alone keeps accesses to DRAM apart; what the request does to L2 ends at due.
        self.schedule.add(accesses, due, due)
        self.requests.append({"kind": kind, "issue": issue, "due": due, "dram": dram, "l2": l2,
                              "row_bytes": size})  # fmt: skip
        if kind == "to_l2":
            self.l2[l2 : l2 + size] = self.dram[dram : dram + size]
        else:
            self.dram[dram : dram + size] = self.l2[l2 : l2 + size]

    def _place(
        self, f: Fields, quads: list[int], accesses: list[tuple[str, int, int, bool]]
    ) -> None:
        start = self.schedule.earliest(accesses)
        for quad in quads:
            start = max(start, self.schedule.engine.get((f["op"], quad), 0))
        start += self.draw(0, 2)
        cycles = _sim.occupancy(f, MLSOC)
        for quad in quads:
            self.schedule.engine[f["op"], quad] = start + cycles
        self.schedule.add(accesses, start + cycles, start + cycles + LATENCY[f["op"]])
        self.streams[quads[0]].append(f | {"start": start})
        for quad in quads:
            run_instruction(self.l2, self.l1[quad], {}, complete(f))

    def _move(self, op: str, mask: int, l2: int, l1: int, size: int) -> None:
        f: Fields = {"op": op, "quads": mask, "l2": l2, "l1": l1, "run": size, "count1": 1,
                     "count2": 1}  # fmt: skip
        if op == "load":
            f["rate"] = 64
        quads = [quad for quad in range(4) if mask >> quad & 1]
        accesses = [("l2", l2, l2 + size, op == "store")]
        accesses += [(f"l1.{quad}", l1, l1 + size, op == "load") for quad in quads]
        self._place(f, quads, accesses)

    def _vector(self, quad: int) -> None:
        size = 16 * self.draw(1, 8)
        a, r = self.draw(0, CODE - 160), self.draw(0, CODE - 160)
        if abs(a - r) < size:
            r = a
        f: Fields = {"op": "vector", "quads": 1 << quad, "images": 1, "rows": 1, "cols": size // 16,
                     "channels": 16, "program": CODE, "a0": a, "a0_type": 1, "a0_sl": 1,
                     "a0_sx": 16, "r0": r, "r0_type": 1, "r0_sl": 1, "r0_sx": 16}  # fmt: skip
        f |= self.cost
        memory = f"l1.{quad}"
        self._place(f, [quad], [(memory, a, a + size, False), (memory, CODE, CODE + 80, False),
                                (memory, r, r + size, True)])  # fmt: skip

    def action(self) -> None:
        kind = self.draw(0, 9)
        size = self.draw(1, 200)
        l2, l1 = self.draw(0, L2 - size), self.draw(0, CODE - size)
        if kind == 0:
            self._request("to_l2", self.draw(0, 2 * DRAM - size), l2, size)
        elif kind == 1:
            self._request("from_l2", self.draw(DRAM, 2 * DRAM - size), l2, size)
        elif kind <= 4:
            self._move("load", self.draw(1, 15), l2, l1, size)
        elif kind <= 7:
            self._move("store", 1 << self.draw(0, 3), l2, l1, size)
        else:
            self._vector(self.draw(0, 3))

    def finish(self) -> Fields:
        self._request("from_l2", DRAM, 0, L2)
        end = max([f["start"] + 100 for s in self.streams for f in s] + [self.requests[-1]["due"]])
        for stream in self.streams:
            stream.sort(key=lambda f: f["start"])
        return {
            "name": "P", "quads": 4, "end_cycle": end, "dram_bytes": 2 * DRAM,
            "streams": self.streams, "requests": self.requests,
            "inputs": [{"name": "in", "dram": 0, "bytes": DRAM}],
            "outputs": [{"name": "out", "dram": 0, "bytes": 2 * DRAM}],
        }  # fmt: skip


def _run(program: Any, image: NDArray[np.uint8], threads: int) -> NDArray[np.uint8]:
    outputs, _ = _sim.simulate(program, MLSOC, [image], threads=threads)
    return outputs[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize("seed", range(30))
def test_hazard_free_programs_have_one_meaning(seed: int) -> None:
    """Any number of threads leaves the DRAM that the actions leave one by one."""
    builder = Builder(seed)
    for _ in range(150):
        builder.action()
    program = _sim.build(builder.finish())
    for threads in (1, 2, 4, 2):
        got = _run(program, builder.input, threads)
        assert np.array_equal(got, builder.dram), f"seed {seed}, {threads} threads"


def test_the_first_fault_is_the_same_with_threads() -> None:
    """Two quads fault; the earlier one in time is reported, however many threads run."""
    builder = Builder(3)
    for _ in range(40):
        builder.action()
    program = builder.finish()
    vectors = [(f["start"], q) for q, s in enumerate(program["streams"]) for f in s
               if f["op"] == "vector"]  # fmt: skip
    assert len({quad for _, quad in vectors}) > 1
    for stream in program["streams"]:
        for f in stream:
            if f["op"] == "vector":
                f["cost"] = 9
    start, quad = min(vectors)
    for threads in (1, 2, 4):
        with pytest.raises(RuntimeError, match=f"quad {quad}, .*vector at {start}"):
            _run(_sim.build(program), builder.input, threads)
