"""Placement: every answer is legal, exact where it claims to be, and the same every time."""

from __future__ import annotations

import random

import pytest
from afe.errors import AfeError, ErrorCode
from afe.memory import METHODS, Buffer, Method, Placement, place, validate
from hypothesis import given, settings
from hypothesis import strategies as st
from placement_problems import buffer_lists, hidden_solution, least_height

ALIGNMENTS = (1, 2, 3, 4, 8, 12)


def load_at(buffers: list[Buffer], time: int) -> int:
    return sum(b.size for b in buffers if b.lower <= time < b.upper)


def check(buffers: list[Buffer], placement: Placement, pairs: list[tuple[int, int]]) -> None:
    """Legal by the independent validator, consistent, and not below what must live together."""
    assert validate(buffers, placement.offsets, placement.height, in_place=pairs) == ""
    ends = [at + b.size for at, b in zip(placement.offsets, buffers, strict=True)]
    assert placement.height == max(ends)
    assert placement.max_live_load <= placement.lower_bound <= placement.height
    assert placement.gap == placement.height - placement.max_live_load


@settings(max_examples=150, deadline=None)
@given(buffer_lists(alignments=ALIGNMENTS), st.sampled_from(METHODS), st.integers(0, 3000))
def test_every_placement_is_legal(buffers: list[Buffer], method: Method, steps: int) -> None:
    """Any method, any budget: no overlap, alignment kept, load computed as by a plain sum."""
    placement = place(buffers, method=method, steps=steps)
    check(buffers, placement, [])
    assert placement.max_live_load == max(load_at(buffers, time) for time in range(16))
    assert placement.steps <= (steps if method == "exact" else 0)


@settings(max_examples=120, deadline=None)
@given(buffer_lists(most=7, sizes=9, alignments=ALIGNMENTS))
def test_exact_is_the_least_height(buffers: list[Buffer]) -> None:
    """With enough steps the height is that of an exhaustive search, and called optimal."""
    placement = place(buffers)
    check(buffers, placement, [])
    assert placement.height == least_height(buffers)
    assert placement.optimal


@settings(max_examples=60, deadline=None)
@given(buffer_lists(most=7, sizes=9, alignments=ALIGNMENTS), st.data())
def test_a_capacity_is_kept_where_it_can_be(buffers: list[Buffer], data: st.DataObject) -> None:
    """A capacity of the least height fits; one byte less does not, and that is proven."""
    least = least_height(buffers)
    capacity = data.draw(st.integers(max(0, least - 3), least + 3))
    placement = place(buffers, capacity)
    assert placement.fits == (capacity >= least)
    assert (placement.failure == "") == placement.fits
    if not placement.fits:
        assert capacity < placement.lower_bound <= least and placement.note == ""
        lowest = place(buffers, capacity, lowest=True)
        assert lowest.height == lowest.lower_bound == least
        assert f"no placement takes less than {least} bytes" in lowest.failure


@pytest.mark.parametrize("seed", range(12))
def test_a_hidden_placement_without_waste_is_found(seed: int) -> None:
    """Buffers cut from a full rectangle are put back into it."""
    buffers = hidden_solution(random.Random(seed), capacity=4096, moments=61)
    placement = place(buffers, 4096)
    check(buffers, placement, [])
    assert placement.fits and placement.gap == 0, f"seed {seed}: {placement}"


@settings(max_examples=40, deadline=None)
@given(buffer_lists(most=40, sizes=1000, alignments=ALIGNMENTS), st.integers(0, 2000))
def test_same_problem_same_placement(buffers: list[Buffer], steps: int) -> None:
    """Two calls agree to the byte, the report included."""
    assert place(buffers, steps=steps) == place(buffers, steps=steps)


@settings(max_examples=60, deadline=None)
@given(buffer_lists(most=40, sizes=1000), st.integers(1, 2000))
def test_searching_never_makes_it_worse(buffers: list[Buffer], steps: int) -> None:
    """The exact method is at most as high as either greedy one, on any budget."""
    greedy = [place(buffers, method=method).height for method in ("first-fit", "best-fit")]
    assert place(buffers, steps=steps).height <= min(greedy)


# Both greedy methods leave a gap here; the least height is the load.
FOILS_GREEDY = hidden_solution(random.Random(3), capacity=4096, moments=61)


def test_a_budget_of_0_is_the_baseline_and_says_so() -> None:
    greedy = {m: place(FOILS_GREEDY, method=m).height for m in ("first-fit", "best-fit")}
    placement = place(FOILS_GREEDY, 4096, steps=0)
    assert placement.height == min(greedy.values()) == greedy[placement.method] > 4096
    assert placement.steps == 0 and "budget of 0 steps" in placement.note
    assert not placement.fits and "lowest placement found in 0 steps" in placement.failure
    searched = place(FOILS_GREEDY, 4096)
    assert searched.fits and searched.method == "exact" and searched.note == ""


def test_a_used_up_budget_says_so() -> None:
    placement = place(FOILS_GREEDY, steps=3)
    assert placement.steps == 3 and placement.note.startswith("all 3 steps used")


def test_a_greedy_placement_at_the_bound_is_not_searched() -> None:
    placement = place([Buffer(0, 2, 10), Buffer(1, 3, 20), Buffer(2, 4, 10)])
    assert (placement.height, placement.steps, placement.method) == (30, 0, "best-fit")


def test_lowest_searches_on_below_the_capacity() -> None:
    roomy = place(FOILS_GREEDY, 1 << 20)
    low = place(FOILS_GREEDY, 1 << 20, lowest=True)
    assert roomy.steps == 0 and low.height == 4096 < roomy.height


def test_what_stands_in_the_way_is_named() -> None:
    """The buffers of the fullest moment, largest first, in data and in the sentence."""
    buffers = [
        Buffer(0, 9, 100, name="conv_1"),
        Buffer(2, 4, 300, name="add_7"),
        Buffer(3, 5, 200, name="pool"),
        Buffer(6, 8, 350, name="elsewhere"),
    ]
    placement = place(buffers, 512)
    assert not placement.fits
    assert (placement.fullest_time, placement.fullest_buffers) == (3, (1, 2, 0))
    assert placement.failure == (
        "no placement takes less than 600 bytes and the capacity is 512: at time 3 3 buffers with "
        "600 bytes live, the largest of them add_7 (300), pool (200), conv_1 (100)"
    )


def test_alignment_of_the_call_and_of_a_buffer() -> None:
    buffers = [Buffer(0, 2, 65), Buffer(0, 2, 1, alignment=256), Buffer(1, 2, 10)]
    placement = place(buffers, alignment=64)
    assert validate(buffers, placement.offsets, placement.height, 64) == ""
    assert placement.offsets[1] % 256 == 0 and placement.height == least_height(
        [Buffer(b.lower, b.upper, b.size, b.alignment or 64) for b in buffers]
    )


def test_in_place_pairs_share_bytes_only_if_declared() -> None:
    """A chain of equal tensors, each written over the one before, needs the bytes of one."""
    chain = [Buffer(t, t + 2, 96) for t in range(5)]
    pairs = [(t, t + 1) for t in range(4)]
    apart, shared = place(chain), place(chain, in_place=pairs)
    assert apart.height == apart.max_live_load == 192
    assert shared.height == shared.max_live_load == 96 and shared.optimal
    assert "overlap" in validate(chain, shared.offsets, 96)
    check(chain, shared, pairs)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_in_place_pairs_are_legal_and_never_worse(data: st.DataObject) -> None:
    """Random pairs, branching ones included: legal, and no higher than the greedy placement."""
    buffers = data.draw(buffer_lists(most=14, alignments=(1, 4)))
    every = [
        (i, j)
        for i, a in enumerate(buffers)
        for j, b in enumerate(buffers)
        if i != j and a.upper == b.lower + 1
    ]
    pairs = data.draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    placement = place(buffers, in_place=pairs, steps=2000)
    check(buffers, placement, pairs)
    assert placement.height <= place(buffers, steps=0).height


@pytest.mark.parametrize(
    ("buffers", "words"),
    [
        ([Buffer(3, 3, 1)], "buffer 0 lives in [3, 3)"),
        ([Buffer(0, 1, -1)], "negative size"),
        ([Buffer(0, 1, 1, 0)], "alignment of 0"),
        ([Buffer(0, 1, 1 << 61), Buffer(2, 3, 1 << 61)], "62 bits"),
        ([Buffer(0, 1, 1 << 70, name="big")], "big: size is"),
    ],
)
def test_nonsense_is_refused_by_name(buffers: list[Buffer], words: str) -> None:
    with pytest.raises(AfeError) as caught:
        place(buffers)
    assert caught.value.code == ErrorCode.INVALID_INPUT and words in caught.value.message


def test_pairs_that_do_not_meet_are_refused() -> None:
    for pair, words in (((0, 1), "exactly one moment"), ((0, 7), "does not exist")):
        with pytest.raises(AfeError, match=words):
            place([Buffer(0, 2, 8), Buffer(2, 4, 8)], in_place=[pair])


def test_options_are_checked() -> None:
    for options in ({"capacity": -1}, {"alignment": 0}, {"steps": -1}, {"method": "magic"}):
        with pytest.raises(AfeError) as caught:
            place([Buffer(0, 1, 1)], **options)  # type: ignore[arg-type]
        assert caught.value.code == ErrorCode.INVALID_OPTION
        assert next(iter(options)) in caught.value.message


def test_empty_buffers_are_within_nobodys_bytes() -> None:
    """Best fit puts the empty one into a gap of nothing, which the search fills with others."""
    lives = [(0, 3, 13), (1, 3, 4), (0, 1, 0), (0, 3, 12), (0, 3, 13), (0, 3, 3), (2, 3, 27)]
    buffers = [Buffer(*life, alignment=2 if life[2] == 4 else 1) for life in lives]
    placement = place(buffers)
    check(buffers, placement, [])
    assert placement.method == "exact" and placement.height == 72


def test_no_buffers_take_no_bytes() -> None:
    placement = place([], 0)
    assert (placement.offsets, placement.height, placement.fits) == ((), 0, True)


def test_a_problem_beyond_the_search_is_placed_greedily() -> None:
    """More units than the search counts in: still legal, and said not to be proven."""
    rng = random.Random(5)
    buffers = [Buffer(t, t + rng.randint(1, 9), rng.randint(1, 1 << 40)) for t in range(40)]
    placement = place(buffers, steps=500)
    check(buffers, placement, [])
    assert placement.method != "exact"
    assert placement.optimal == (placement.height == placement.max_live_load)
