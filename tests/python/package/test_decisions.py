"""Decisions out of a program's figures, and the sentences about them."""

from __future__ import annotations

import dataclasses

import pytest
from afe import explain
from afe.errors import AfeError, ErrorCode
from afe.package.decisions import read_decisions

ENGINES = {"dram": 0, "load": 7, "tensor": 30, "output": 4, "vector": 0, "store": 5}


def mapping(cycles, *, rows=4, channels=1, outer=False, cascade=1):
    """A mapping as the passes write it: tiles of 1x3x7x32."""
    return {
        "imageParts": 1, "rowParts": rows, "channelParts": channels, "tileImages": 1,
        "tileRows": 3, "tileCols": 7, "tileBlocks": 2, "inputChunks": 1, "kernelChunks": 1,
        "channelsOuter": outer, "cascade": cascade, "predictedCycles": cycles,
    }  # fmt: skip


def entry(name, run, start, cascade, search):
    """What the passes write of a layer."""
    home = {"name": f"{name}_out", "role": "output", "bytes": 672, "home": "L1"}
    return {
        "name": name, "kind": "convolution", "sources": [f"model/{name};model/bias"], "run": run,
        "mapping": mapping(90, cascade=cascade), "tensors": [home], "start": start,
        "end": start + 40, "stalls": 3, "engines": ENGINES, "search": search,
    }  # fmt: skip


def candidate(cycles, **wanted):
    """A candidate as the passes write it."""
    return {"mapping": mapping(cycles, **wanted), "engines": ENGINES}


END = {"why": "dearer", "detail": "", "amount": 123, "limit": 119}
CASCADE = {
    "cycles": 90, "alone_cycles": 130, "engines": ENGINES, "tiles": 5, "stages": 3,
    "constant_bytes": 4608, "slot_bytes": 2016, "slots": [2, 3],
}  # fmt: skip
BOTH = {"alone": candidate(70), "runner_up": candidate(75, rows=1, channels=4, outer=True)}


@pytest.fixture
def decisions():
    """A cascade of two layers, and one by itself."""
    return {
        "MLA_0": read_decisions(
            [
                entry("conv_0", 0, 0, 2, BOTH | {"cascade": CASCADE, "end": END}),
                entry("conv_1", 0, 20, 0, {"alone": candidate(60)}),
                entry("fully_2", 2, 70, 1, {"end": END | {"why": "last-layer"}}),
            ]
        )
    }


def test_runs_and_engines(decisions):
    """Members by name; the busiest engine."""
    first, second, third = decisions["MLA_0"]
    assert list(first.run) == list(second.run) == ["conv_0", "conv_1"]
    assert list(third.run) == ["fully_2"]
    assert first.cascade.alone_cycles == 130 and second.cascade is None
    assert first.binding_engine == "tensor"
    assert (first.start_cycle, first.end_cycle) == (0, 39)
    idle = dataclasses.replace(first, engine_cycles=dict.fromkeys(ENGINES, 0))
    assert idle.binding_engine == ""


def test_a_cascade_that_was_given_up_is_not_told_of():
    """It did not fit when the program was made: the plan's figures are no longer so."""
    (alone,) = read_decisions([entry("conv_0", 0, 0, 1, BOTH | {"cascade": CASCADE, "end": END})])
    assert alone.cascade is None and alone.run_end is None
    assert alone.alone.tiling.predicted_cycles == 70


def test_table_is_aligned_and_names_the_cascade(decisions):
    """A header, a line per layer, a legend."""
    lines = explain.table_lines(decisions)
    assert len(lines) == 5
    column = lines[0].index("busiest engine")
    assert [line[column:].split()[0] for line in lines[1:4]] == ["tensor"] * 3
    assert [line.split()[6:8] for line in lines[1:4]] == [["of", "1"], ["of", "1"], ["-", "1x4x1"]]


def test_sentences_about_a_layer_of_a_cascade(decisions):
    """What was chosen, by how much, what came second, and why the cascade ends."""
    first, second, _ = decisions["MLA_0"]
    text = "\n".join(explain.layer_lines("MLA_0", first, decisions))
    for part in (
        "conv_0: convolution, made of model/conv_0;model/bias",
        "from cycle 0 to 39, of which DRAM holds up 3",
        "cascade conv_0, conv_1",
        "90 cycles; one by one 130 (+40)",
        "next best: 4 groups of channels over 4 quads",
        "75 cycles (+5), tensor binds",
        "conv_0_out: 672 bytes, never leaves L1",
        "takes in no further layer: 123 cycles together, 119 apart",
    ):
        assert part in text, text
    assert "no other split or loop order fits and makes a difference" in "\n".join(
        explain.layer_lines("MLA_0", second, decisions)
    )


@pytest.mark.parametrize(
    "name", ["conv_1", "MLA_0/conv_1", "model/conv_1", "model/conv_1;model/bias"]
)
def test_layers_are_found_by_both_names(decisions, name):
    """The layer's and the model's, the latter also as a part of a joined one."""
    assert [layer.layer for _, layer in explain.find_layers(decisions, name)] == ["conv_1"]


def test_an_operator_may_be_in_several_layers(decisions):
    """All are shown."""
    assert len(explain.find_layers(decisions, "model/bias")) == 3


def test_an_unknown_name_names_the_nearest(decisions):
    """Or some of the layers where none is near."""
    with pytest.raises(AfeError, match="called 'conv_9'; did you mean 'conv_") as error:
        explain.find_layers(decisions, "conv_9")
    assert error.value.code is ErrorCode.INVALID_INPUT
    with pytest.raises(AfeError) as error:
        explain.find_layers(decisions, "zzzzzz")
    assert "conv_0, conv_1, fully_2" in error.value.notes[0]
