"""The search for the largest feasible batch, on a planner made of numbers, and on real modules."""

from __future__ import annotations

import pytest
from afe import ir
from afe.batch import BatchSearch, state_limit
from afe.errors import AfeError, ErrorCode

CAPACITY = 1 << 20


class Planner:
    """Plans a segment whose tensor `big` takes `bytes_per_image` and `head` bytes of L2."""

    def __init__(self, bytes_per_image, head=0, always=()):
        self.bytes_per_image, self.head, self.always = bytes_per_image, head, always
        self.calls = []
        self.context = ir.Context()

    def __call__(self, batch, allowed):
        self.calls.append((batch, allowed))
        needed = self.head + batch * self.bytes_per_image
        spills = [(name, CAPACITY + 1) for name in self.always]
        spills += [("big", needed)] if needed > CAPACITY else []
        entries = ", ".join(
            f'{{storage = "{name}", bytes = 1 : i64, needed = {size} : i64, layer = "conv_3"}}'
            for name, size in spills
        )
        text = f"""module {{ "mla.segment"() ({{ "mla.return"() : () -> () }}) {{sym_name = "MLA_0",
            predicted_cycles = {1000 + 10 * batch} : i64, spills = [{entries}]}} : () -> () }}"""
        return ir.Module.parse(text, context=self.context)


def largest(planner, asked):
    """The module of the batch found, and the batch."""
    return BatchSearch(CAPACITY, planner).run(asked)


def test_a_feasible_batch_is_planned_once():
    """No extra work, and no reason."""
    planner = Planner(1000)
    found = largest(planner, 16)
    assert found.batch == 16 and planner.calls == [(16, ())]
    (only,) = found.tries
    assert only.is_feasible and only.predicted_cycles_per_image == 73 and not only.reason
    state_limit(found)
    assert "afe.batch_limit" not in found.module.operation.attributes


@pytest.mark.parametrize("asked", [2, 3, 17, 640, 4096])
@pytest.mark.parametrize("per_image", [700_000, 400_000, 70_001, 2_111, 300])
@pytest.mark.parametrize("head", [0, 300_000])
def test_the_largest_feasible_batch_is_found_quickly(asked, per_image, head):
    """Where needs are linear, with and without a constant part, in few tries."""
    planner = Planner(per_image, head)
    found = largest(planner, asked)
    assert found.batch == max(1, min(asked, (CAPACITY - head) // per_image))
    assert len(planner.calls) <= 16
    if found.batch < asked:
        refused = next(entry for entry in found.tries if entry.batch == found.batch + 1)
        assert refused.needed_l2_bytes == head + (found.batch + 1) * per_image


def test_the_reason_names_the_smallest_batch_refused():
    """In bytes, with the layer of its segment."""
    found = largest(Planner(300_000), 9)
    state_limit(found)
    assert found.batch == 3
    assert found.module.operation.attributes["afe.batch_limit"].value == (
        "batch 4 needs 1.2 MiB of L2 at MLA_0/conv_3, 1 MiB there"
    )


def test_what_one_image_spills_does_not_count():
    """Such a model is not bound to batch 1."""
    found = largest(Planner(100_000, always=("huge",)), 64)
    assert found.batch == 10 and found.allowed == {"huge"}


def test_memory_that_runs_out_is_not_feasible_but_other_errors_are_errors():
    """A batch without any plan is reduced; what is broken is told."""
    planner = Planner(1000)

    def limited(batch, allowed):
        if batch > 5:
            raise AfeError(ErrorCode.OUT_OF_MEMORY, "needs 9 bytes of L1")
        return planner(batch, allowed)

    found = largest(limited, 100)
    assert found.batch == 5
    assert {entry.reason for entry in found.tries if entry.batch > 5} >= {
        "batch 6: needs 9 bytes of L1"
    }

    def broken(batch, allowed):
        raise AfeError(ErrorCode.COMPILE_FAILED, "no")

    with pytest.raises(AfeError, match="no"):
        largest(broken, 100)
