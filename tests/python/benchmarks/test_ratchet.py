"""The ratchet lets figures fall and nothing rise, and says which."""

from __future__ import annotations

import pytest

from benchmarks import ratchet

ROW = {
    "model": "m", "batch": 16, "target": "edge", "actual_batch": 13,
    "wall_cycles": 13_000, "dram_bytes": 26_000, "ratio": 1.25,
}  # fmt: skip
KEY = "m batch 16 edge"
BEFORE = {KEY: ratchet.entry_of(ROW)}


def worse(**figures):
    """The worse changes of the row with these figures, as text."""
    return [str(c) for c in ratchet.compare(BEFORE, [ROW | figures]) if c.is_worse]


def test_equal_figures_pass():
    """No change, nothing to say."""
    assert ratchet.compare(BEFORE, [ROW]) == []


@pytest.mark.parametrize("figure", ["wall_cycles", "dram_bytes", "ratio"])
def test_each_figure_is_held(figure):
    """One that rises is named with its row and both values."""
    (message,) = worse(**{figure: ROW[figure] * 1.1})
    assert message.startswith(f"{KEY}: {figure.replace('_', ' ')} ")
    assert message.endswith("(+10.00%)")


def test_an_improvement_is_reported_and_passes():
    """It is a change, but not a worse one."""
    (change,) = ratchet.compare(BEFORE, [ROW | {"wall_cycles": 12_000}])
    assert not change.is_worse
    assert str(change) == f"{KEY}: wall cycles 13,000 -> 12,000 (-7.69%)"


def test_a_smaller_batch_is_worse():
    """Even where cycles per image are the same."""
    (message,) = worse(actual_batch=1, wall_cycles=1000, dram_bytes=2000)
    assert message == f"{KEY}: images 13 -> 1 (-92.31%)"


def test_a_larger_batch_is_compared_per_image():
    """More cycles in all and a higher ratio to another bound are fine, more per image are not."""
    assert worse(actual_batch=16, wall_cycles=15_999, dram_bytes=32_000, ratio=1.3) == []
    (message,) = worse(actual_batch=16, wall_cycles=16_016, dram_bytes=32_000)
    assert "wall cycles per image" in message


def test_a_row_that_fails_now_is_worse():
    """A model that compiled must not stop doing so."""
    changes = ratchet.compare(BEFORE, [{**ROW, "error": "no memory"}])
    assert [str(c) for c in changes if c.is_worse] == [f"{KEY}: compiled before, fails now"]


def test_rows_the_ratchet_does_not_know_are_no_change():
    """They are new; and rows that were not measured are left alone."""
    assert ratchet.compare(BEFORE, [ROW | {"target": "tiny", "wall_cycles": 10**9}]) == []


def test_update_takes_better_and_new_rows_only():
    """A worse row keeps its old figures, whichever of them got better."""
    better = ROW | {"wall_cycles": 12_000}
    mixed = ROW | {"wall_cycles": 12_000, "dram_bytes": 27_000}
    new = ROW | {"target": "tiny"}
    failed = {"model": "f", "batch": 1, "target": "tiny", "error": "no memory"}
    assert ratchet.updated(BEFORE, [better])[KEY]["wall_cycles"] == 12_000
    assert ratchet.updated(BEFORE, [mixed]) == BEFORE
    assert ratchet.updated(BEFORE, [new, failed]).keys() == {KEY, "m batch 16 tiny"}


def test_files_come_back_as_written(tmp_path):
    """Sorted, a row per line."""
    path = tmp_path / "r.json"
    entries = {"b": BEFORE[KEY], "a": BEFORE[KEY]}
    ratchet.write(path, entries)
    assert ratchet.read(path) == entries
    assert [line.strip()[:3] for line in path.read_text().splitlines()[1:3]] == ['"a"', '"b"']


@pytest.mark.parametrize(
    "text",
    ["[]", '{"version": 2, "rows": {}}', '{"version": 1, "rows": {"a": {"ratio": 1}}}', "{"],
)
def test_a_file_that_is_no_ratchet_is_refused(tmp_path, text):
    """Not read as one without rows, which would hold nothing."""
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(ValueError):
        ratchet.read(path)
