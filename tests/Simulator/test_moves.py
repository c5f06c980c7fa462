"""LOAD, STORE and DRAM requests: strides of either sign, transposition, multicast, rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from afe import _sim
from harness import MLSOC, Fields, compare, complete, simulate
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import run_instruction

SIZE = 8192
Draw = Any


def _side(draw: Draw, run: int, count1: int, count2: int) -> tuple[int, int, int]:
    """(address, stride 1, stride 2) that stay inside SIZE bytes; strides may be negative or 0."""
    stride1 = draw(st.one_of(st.just(run), st.integers(-60, 60)))
    stride2 = draw(st.one_of(st.just(run * count1), st.integers(-200, 200)))
    low = min(0, (count1 - 1) * stride1) + min(0, (count2 - 1) * stride2)
    high = max(0, (count1 - 1) * stride1) + max(0, (count2 - 1) * stride2) + run
    return draw(st.integers(-low, SIZE - high)), stride1, stride2


@settings(max_examples=80, derandomize=True, deadline=None)
@given(data=st.data(), op=st.sampled_from(["load", "store"]), seed=st.integers(0, 99))
def test_strided_moves_equal_the_oracle(data: Any, op: str, seed: int) -> None:
    """Three dimensions on both sides; where destinations overlap, the last run stays."""
    draw = data.draw
    run, count1, count2 = (draw(st.integers(1, n)) for n in (40, 6, 5))
    l2, l2_1, l2_2 = _side(draw, run, count1, count2)
    l1, l1_1, l1_2 = _side(draw, run, count1, count2)
    f = {"op": op, "run": run, "count1": count1, "count2": count2, "l2": l2, "l1": l1,
         "l2_stride1": l2_1, "l2_stride2": l2_2, "l1_stride1": l1_1,
         "l1_stride2": l1_2}  # fmt: skip
    if op == "load":
        compare(
            np.random.default_rng(seed).integers(0, 256, SIZE, dtype=np.uint8), [f | {"rate": 32}]
        )
        return
    # A STORE shows in L2 only: bring L2 back to L1 after it.
    back = {"op": "load", "run": SIZE, "count1": 1, "count2": 1, "rate": 128}
    image = np.random.default_rng(seed).integers(0, 256, SIZE, dtype=np.uint8)
    l2_memory = image.copy()
    run_instruction(l2_memory, image, {}, complete(f))
    assert np.array_equal(simulate(image, [f, back]), l2_memory)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(data=st.data(), seed=st.integers(0, 99))
def test_transposition(data: Any, seed: int) -> None:
    """16 x 16 bytes per plane, fewer runs than 16 too."""
    draw = data.draw
    count1, count2 = draw(st.integers(1, 16)), draw(st.integers(1, 6))
    f = {"op": "load", "transpose": 1, "run": 16, "count1": count1, "count2": count2, "rate": 64,
         "l2": draw(st.integers(0, 500)), "l2_stride1": draw(st.integers(0, 100)),
         "l2_stride2": draw(st.integers(0, 300)), "l1": draw(st.integers(0, 1000)),
         "l1_stride2": draw(st.integers(0, 400))}  # fmt: skip
    compare(np.random.default_rng(seed).integers(0, 256, SIZE, dtype=np.uint8), [f])


def _store_all(quad: int, start: int) -> Fields:
    return {"op": "store", "start": start, "l2": 4096 + 1024 * quad, "run": 1024, "count1": 1,
            "count2": 1}  # fmt: skip


def test_multicast_fills_the_quads_of_its_mask() -> None:
    """One LOAD in quad 1's stream writes L1 of quads 1 and 3 and of no other."""
    load = {"op": "load", "start": 1000, "quads": 0b1010, "l2": 10, "l1": 3, "run": 600,
            "count1": 1, "count2": 1, "rate": 128}  # fmt: skip
    program = {
        "name": "P", "quads": 4, "end_cycle": 5000, "dram_bytes": 8192,
        "streams": [[*([load] if q == 1 else []), _store_all(q, 1100)] for q in range(4)],
        "requests": [
            {"kind": "to_l2", "issue": 0, "due": 900, "row_bytes": 1024},
            {"kind": "from_l2", "issue": 2000, "due": 5000, "dram": 4096, "l2": 4096,
             "row_bytes": 4096},
        ],
        "inputs": [{"name": "in", "bytes": 1024}],
        "outputs": [{"name": "out", "dram": 4096, "bytes": 4096}],
    }  # fmt: skip
    image = np.random.default_rng(0).integers(0, 256, 1024, dtype=np.uint8)
    filled = np.zeros(1024, np.uint8)
    filled[3:603] = image[10:610]
    for threads in (1, 4):
        outputs, _ = _sim.simulate(_sim.build(program), MLSOC, [image], threads=threads)
        got = outputs[0].reshape(4, 1024)
        for quad in range(4):
            assert np.array_equal(got[quad], filled if quad in (1, 3) else np.zeros(1024))


def test_requests_move_rows_and_read_constants() -> None:
    """Rows with strides on both sides, from the constants and across their end."""
    constants = bytes(range(100))
    program = {
        "name": "P", "quads": 1, "end_cycle": 5000, "dram_bytes": 1000, "constants": constants,
        "streams": [[]],
        "requests": [
            {"kind": "to_l2", "issue": 0, "due": 900, "dram": 7, "l2": 50, "rows": 3,
             "row_bytes": 5, "dram_stride": 41, "l2_stride": -9},
            {"kind": "from_l2", "issue": 2000, "due": 5000, "dram": 500, "l2": 0, "row_bytes": 64},
        ],
        "inputs": [{"name": "in", "dram": 100, "bytes": 10}],
        "outputs": [{"name": "out", "dram": 500, "bytes": 64}],
    }  # fmt: skip
    image = np.arange(200, 210, dtype=np.uint8)
    dram = np.concatenate([np.frombuffer(constants, np.uint8), image])
    want = np.zeros(64, np.uint8)
    for row in range(3):
        want[50 - 9 * row :][:5] = dram[7 + 41 * row :][:5]
    outputs, _ = _sim.simulate(_sim.build(program), {**MLSOC, "quads": 1}, [image])
    assert np.array_equal(outputs[0], want)


def test_batch_of_one_program_can_run_again() -> None:
    """A program holds no state: the second run equals the first."""
    program = _sim.build(
        {"quads": 1, "streams": [[]], "end_cycle": 300, "dram_bytes": 128,
         "requests": [{"kind": "to_l2", "due": 300, "row_bytes": 64},
                      {"kind": "from_l2", "issue": 300, "due": 300, "dram": 64, "row_bytes": 64}],
         "inputs": [{"name": "a", "bytes": 64}],
         "outputs": [{"name": "b", "dram": 64, "bytes": 64}]}
    )  # fmt: skip
    for seed in range(3):
        image = np.random.default_rng(seed).integers(0, 256, 64, dtype=np.uint8)
        assert np.array_equal(_sim.simulate(program, MLSOC, [image])[0][0], image)
