"""MLA programs of an archive in the simulator: a real program that copies its input through L2."""

from __future__ import annotations

import numpy as np
import pytest
from afe import _sim
from afe.errors import AfeError, ErrorCode
from afe.runtime.mla import MlaProgram
from afe.target import load_target
from hand_made import cycles

TARGET = load_target("tiny").as_dict()
SIZE = 128
COPY = {
    "name": "MLA_0",
    "target": "tiny",
    "quads": 1,
    "end_cycle": 9000,
    "dram_bytes": 2 * SIZE,
    "streams": [[]],
    "layers": [{"name": "copy_0"}],
    "requests": [
        {"kind": "to_l2", "issue": 0, "due": 900, "row_bytes": SIZE},
        {"kind": "from_l2", "issue": 1000, "due": 9000, "dram": SIZE, "row_bytes": SIZE},
    ],
    "inputs": [{"name": "x", "bytes": SIZE}],
    "outputs": [{"name": "y", "dram": SIZE, "bytes": SIZE}],
}
CONFIG = {"target": TARGET, "cycles": cycles(9000, bound=77)}


@pytest.fixture(scope="module")
def program():
    """The `.lm` bytes of COPY."""
    return _sim.encode(_sim.build(COPY | {"target_hash": load_target("tiny").fingerprint}), TARGET)


def test_bytes_pass_through_the_program(program):
    """One input, one output, any thread count."""
    x = np.random.default_rng(3).integers(0, 256, SIZE, np.uint8)
    for threads in (1, 2):
        result = MlaProgram("MLA_0", program, CONFIG).run([x], accelerator=False, threads=threads)
        assert np.array_equal(result.outputs[0], x) and result.cycles is None


def test_accelerator_mode_has_the_simulators_cycles_and_the_archives_bound(program):
    """wall = deterministic + stalls."""
    x = np.zeros(SIZE, np.uint8)
    result = MlaProgram("MLA_0", program, CONFIG).run([x], accelerator=True, threads=1)
    assert result.cycles.deterministic == 9000 and result.cycles.lower_bound == 77
    assert result.cycles.wall == result.cycles.deterministic + result.cycles.stalls
    assert result.cycles.planned_wait == 9000 and result.cycles.busy == 0


@pytest.mark.parametrize("damage", [slice(0, 4), slice(64, 200), slice(-300, None)])
def test_damaged_programs_are_refused(program, damage):
    """Never executed, never a crash."""
    data = bytearray(program)
    data[damage] = bytes(255 - b for b in data[damage])
    with pytest.raises(AfeError) as error:
        MlaProgram("MLA_0", bytes(data), CONFIG).run(
            [np.zeros(SIZE, np.uint8)], accelerator=True, threads=1
        )
    assert error.value.code in (ErrorCode.INVALID_ARCHIVE, ErrorCode.RUNTIME_FAULT)


def test_a_program_for_another_machine_is_not_run(program):
    """The file carries the hash of its target."""
    config = CONFIG | {"target": load_target("edge").as_dict()}
    with pytest.raises(AfeError, match="made for another machine") as error:
        MlaProgram("MLA_0", program, config)
    assert error.value.code is ErrorCode.INVALID_ARCHIVE


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1, 0])
def test_inputs_of_another_size_are_a_fault(program, size):
    """The JSON may disagree with the program."""
    with pytest.raises(AfeError) as error:
        MlaProgram("MLA_0", program, CONFIG).run(
            [np.zeros(size, np.uint8)], accelerator=False, threads=1
        )
    assert error.value.code is ErrorCode.RUNTIME_FAULT


def test_an_archive_must_state_its_machine(program):
    """And a possible one."""
    with pytest.raises(AfeError) as error:
        MlaProgram("MLA_0", program, {"cycles": {}})
    assert error.value.code is ErrorCode.SCHEMA_ERROR
    with pytest.raises(AfeError, match="'quads' is 99"):
        MlaProgram("MLA_0", program, {"target": TARGET | {"quads": 99}})
