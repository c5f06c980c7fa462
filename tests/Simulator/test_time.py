"""Time: the DRAM timeline against a simulation tick by tick, occupancies, and the statistics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from afe import _sim
from harness import MLSOC, Fields, program_of
from hypothesis import given, settings
from hypothesis import strategies as st

Request = tuple[int, int, int]


class Clocked:
    """DRAM controller and T as clocked machines: none of the timeline's formulas is used."""

    def __init__(self, target: Fields, end: int, prologue: int, requests: list[Request]) -> None:
        self.target, self.end = target, end
        self.ticks: int = target["dram_decibytes_per_cycle"]
        burst = target["dram_burst_bytes"] * 10
        self.issues = [-1, *(issue for issue, _, _ in requests)]
        self.dues = [-1, *(min(due, end) for _, due, _ in requests)]
        self.work = [burst * n for n in (prologue, *(n for _, _, n in requests))]
        self.arrival = {-1: 0}  # T (-1: before the prologue) -> w of its arrival
        self.done: list[int] = []  # tick at which each transfer ended

    def _finish_empty(self, tick: int) -> None:
        """Transfers whose work is done end here; the next may begin at once."""
        while len(self.done) < len(self.work) and self._begun(tick) and not self._left():
            self.done.append(tick)

    def _begun(self, tick: int) -> bool:
        asked = self.arrival.get(self.issues[len(self.done)])
        return asked is not None and tick >= (asked + self.target["dram_latency"]) * self.ticks

    def _left(self) -> int:
        return self.work[len(self.done)]

    def _tick(self, tick: int) -> None:
        refresh = tick % (self.target["dram_refresh_period"] * self.ticks)
        live = refresh >= self.target["dram_refresh_cycles"] * self.ticks
        if live and len(self.done) < len(self.work) and self._begun(tick):
            self.work[len(self.done)] -= 1
            if not self._left():
                self.done.append(tick + 1)
        self._finish_empty(tick + 1)

    def run(self) -> tuple[int, int, list[int]]:
        """(wall, w at which T is 0, ticks at which the requests ended)."""
        t = -1
        for w in range(1_000_000):
            now = w * self.ticks
            self._finish_empty(now)
            complete = sum(done <= now for done in self.done)
            if t < 0 and complete:
                t = 0
            self.arrival.setdefault(t, w)
            self._finish_empty(now)
            complete = sum(done <= now for done in self.done)
            if t == self.end and complete == len(self.work):
                return w, self.arrival[0], self.done[1:]
            stands = t < 0 or any(due <= t for due in self.dues[complete:])
            for tick in range(now, now + self.ticks):
                self._tick(tick)
            t += not stands and t < self.end
        raise AssertionError("the clocked machine does not end")


SMALL_DRAM = st.fixed_dictionaries(
    {
        "name": st.just("small"),
        "dram_decibytes_per_cycle": st.sampled_from([7, 40, 160, 512]),
        "dram_burst_bytes": st.sampled_from([16, 64]),
        "dram_latency": st.integers(0, 9),
        "dram_refresh_period": st.integers(8, 60),
        "dram_refresh_cycles": st.integers(0, 7),
    }
)


def _requests(draw: Any, end: int) -> Iterator[Request]:
    """A list that does not deadlock: no due before an earlier issue."""
    latest = 0
    for _ in range(draw(st.integers(0, 8))):
        issue = draw(st.integers(0, end))
        latest = max(latest, issue)
        yield issue, draw(st.integers(latest, end + 20)), draw(st.integers(0, 6))


@settings(max_examples=150, derandomize=True, deadline=None)
@given(data=st.data(), target=SMALL_DRAM, prologue=st.integers(0, 3), end=st.integers(0, 120))
def test_timeline_equals_a_clocked_machine(
    data: Any, target: Fields, prologue: int, end: int
) -> None:
    """Wall, prologue and every end of a transfer, to the tick; stalls add up."""
    requests = list(_requests(data.draw, end))
    got = _sim.dram_timeline(target, end, prologue, requests)
    wall, zero, done = Clocked(target, end, prologue, requests).run()
    assert (got["wall"], got["prologue"]) == (wall, zero)
    assert [tick for _, tick in got["transfers"]] == done
    assert zero + sum(cycles for _, _, cycles in got["stalls"]) == wall - end
    assert all(cycles > 0 for _, _, cycles in got["stalls"])


def test_a_list_that_waits_for_itself_is_refused() -> None:
    """Request 1 is due before request 0, which must run first, is issued."""
    with pytest.raises(ValueError, match="deadlock"):
        _sim.dram_timeline(MLSOC, 1000, 1, [(500, 600, 1), (10, 400, 1)])
    with pytest.raises(ValueError, match="deadlock"):
        _sim.dram_timeline(MLSOC, 1000, 1, [(1001, 2000, 1)])


def test_stall_is_charged_to_the_request_that_is_late() -> None:
    """Two requests due at once: each is charged for the cycles that it alone adds."""
    got = _sim.dram_timeline(MLSOC, 5000, 1, [(0, 10, 100), (0, 10, 200), (4000, 4100, 1)])
    assert [request for request, _, _ in got["stalls"]] == [0, 1, 2]
    assert [at for _, at, _ in got["stalls"]] == [10, 10, 4100]
    # The latency of 150 exceeds the window of 100 by 50; one burst takes 1.25 cycles.
    assert got["stalls"][2][2] == 52


OCCUPANCIES: list[tuple[Fields, int]] = [
    # Runs of 100 bytes at 64 per cycle: two cycles each; adjacent on both sides they become one.
    ({"op": "load", "run": 100, "count1": 7, "count2": 3, "rate": 64,
      "l2_stride1": 200, "l1_stride1": 100}, 42),
    ({"op": "load", "run": 100, "count1": 7, "count2": 3, "rate": 64,
      "l2_stride1": 100, "l1_stride1": 100, "l2_stride2": 800, "l1_stride2": 700}, 33),
    ({"op": "load", "run": 100, "count1": 7, "count2": 3, "rate": 128,
      "l2_stride1": 100, "l1_stride1": 100, "l2_stride2": 700, "l1_stride2": 700}, 17),
    # 16 x 16 bytes at half of 128 per cycle.
    ({"op": "load", "run": 16, "count1": 16, "count2": 5, "rate": 128, "transpose": 1,
      "l2_stride1": 16}, 20),
    ({"op": "load", "run": 16, "count1": 9, "count2": 5, "rate": 32, "transpose": 1,
      "l2_stride1": 40}, 45),
    ({"op": "store", "run": 65, "count1": 2, "count2": 1, "l1_stride1": 65, "l2_stride1": 80}, 4),
    # K = 3 * 3 * 2; 50 pixels on 6 tiles need 9 cycles, 3 blocks of weights 3.
    ({"op": "tensor", "images": 2, "rows": 5, "cols": 5, "kh": 3, "kw": 3, "ic": 17, "oc": 40,
      "grid_p": 6}, 162),
    ({"op": "tensor", "images": 1, "rows": 1, "cols": 1, "kh": 1, "kw": 1, "ic": 64, "oc": 100,
      "grid_p": 1}, 28),
    ({"op": "tensor", "mode": 1, "images": 1, "rows": 4, "cols": 4, "kh": 3, "kw": 3, "ic": 3,
      "oc": 16, "grid_p": 4}, 12),
    ({"op": "tensor", "mode": 2, "images": 1, "rows": 5, "cols": 5, "kh": 3, "kw": 3, "ic": 40,
      "oc": 40, "grid_p": 1}, 8),
    ({"op": "tensor", "images": 1, "rows": 1, "cols": 1, "kh": 1, "kw": 1, "ic": 1, "oc": 20,
      "grid_p": 1, "use_psum": 1}, 3),
    ({"op": "output", "images": 1, "rows": 5, "cols": 5, "oc": 17}, 4),
    ({"op": "vector", "images": 2, "rows": 3, "cols": 3, "channels": 17, "cost": 3, "row_cost": 2,
      "channel_cost": 5}, 22),
    ({"op": "vector", "images": 1, "rows": 3, "cols": 3, "channels": 17}, 3),
]  # fmt: skip


@pytest.mark.parametrize("instruction, cycles", OCCUPANCIES)
def test_occupancies(instruction: Fields, cycles: int) -> None:
    """The formulas of the machine model, worked out by hand."""
    assert _sim.occupancy(instruction, MLSOC) == cycles


def _timed() -> Fields:
    tensor = {"op": "tensor", "images": 1, "rows": 2, "cols": 2, "kh": 1, "kw": 1, "ic": 3,
              "oc": 5, "grid_p": 2, "bank": 1, "layer": 1}  # fmt: skip
    output = {"op": "output", "images": 1, "rows": 2, "cols": 2, "oc": 5, "bank": 1, "out_sx": 64,
              "out_sy": 128, "layer": 1}  # fmt: skip
    program = program_of(4096, [tensor, output], MLSOC)
    program["layers"] = [{"name": "move"}, {"name": "conv", "sources": ["a", "b"]}]
    program["requests"][1]["layer"] = 1
    return program


def test_statistics_add_up() -> None:
    """wall = T + stalls, T = busy + planned wait, and layers and engines hold their shares."""
    program = _sim.build(_timed())
    stats = _sim.stats(program, MLSOC)
    assert stats["deterministic"] == program.end_cycle
    assert stats["busy"] == 2 + 1
    assert stats["busy"] + stats["planned_wait"] == stats["deterministic"]
    assert stats["wall"] == stats["deterministic"] + stats["stalls"]
    assert stats["stalls"] == sum(cause["cycles"] for cause in stats["causes"])
    assert [cause["kind"] for cause in stats["causes"]] == ["prologue", "store"]
    move, conv = stats["layers"]
    assert (conv["name"], conv["macs"]) == ("conv", 4 * 3 * 5)
    assert conv["engines"] == {"load": 0, "store": 0, "tensor": 2, "output": 1, "vector": 0}
    assert conv["stalls"] == stats["stalls"] - stats["prologue"]
    assert conv["end"] - conv["start"] == 2 + 64 + 1 + 16
    assert stats["engines"][0]["load"] == move["engines"]["load"] == 4096 // 128
    assert stats["dram_bytes"] == 128 + 2 * 4096


def test_first_blocks_and_request_list_come_before_t_0() -> None:
    """The prologue is one transfer: 48 bytes per request, and the first block of every quad."""
    plan = _timed()
    without = _sim.stats(_sim.build(plan), MLSOC)
    blocks = [[{"bytes": 6400}, {"bytes": 8000}], [{"bytes": 65}], [], []]
    with_blocks = _sim.stats(_sim.build(plan | {"blocks": blocks}), MLSOC)
    # 150 cycles of latency lie in the refresh, which ends at 273; then 2 or 104 bursts of 1.25.
    assert without["prologue"] == 273 + 3
    assert with_blocks["prologue"] == 273 + 130
    assert with_blocks["dram_bytes"] - without["dram_bytes"] == 102 * 64


def test_cycle_mode_gives_the_same_values_and_statistics() -> None:
    """simulate(cycle=True) is the functional simulation plus stats()."""
    program = _sim.build(_timed())
    image = bytes(range(256)) * 16
    outputs, stats = _sim.simulate(program, MLSOC, [image], cycle=True)
    plain, nothing = _sim.simulate(program, MLSOC, [image])
    assert nothing is None and stats == _sim.stats(program, MLSOC)
    assert (outputs[0] == plain[0]).all()
