"""Programs that are wrong are refused before they run, and the sentence says where and why."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from afe import _sim
from harness import MLSOC, TINY, Fields, program_of

SIZE = 4096
LOAD = {"op": "load", "run": 16, "count1": 1, "count2": 1, "rate": 64}
STORE = {"op": "store", "run": 16, "count1": 1, "count2": 1}
TENSOR = {"op": "tensor", "images": 1, "rows": 1, "cols": 1, "kh": 1, "kw": 1, "ic": 1, "oc": 1,
          "grid_p": 1, "in_h": 1, "in_w": 1}  # fmt: skip
OUTPUT = {"op": "output", "images": 1, "rows": 1, "cols": 1, "oc": 1, "mode": 1, "shift": 31}
VECTOR = {"op": "vector", "images": 1, "rows": 1, "cols": 1, "channels": 1, "length": 1}

WRONG_INSTRUCTIONS: list[tuple[Fields, str]] = [
    (LOAD | {"rate": 48}, "rate is 48"),
    (LOAD | {"run": 0}, "moves no bytes"),
    (LOAD | {"transpose": 1, "run": 15}, "transposition has runs of 16"),
    (LOAD | {"l2": 262140}, "operand 'l2' reaches bytes 262140 to 262156 of L2"),
    (LOAD | {"l2": (1 << 32) - 1}, "operand 'l2' reaches"),
    (LOAD | {"l1": 65530}, "operand 'l1' reaches bytes 65530 to 65546 of L1, which has 65536"),
    (LOAD | {"count1": 3, "l1_stride1": -9}, "operand 'l1' reaches bytes -18 to 16"),
    (LOAD | {"run": 60000, "count1": 60000}, "more bytes than L1"),
    (LOAD | {"count2": 2, "l2_stride2": -(1 << 31)}, "operand 'l2' reaches bytes -2147483648"),
    (STORE | {"count2": 0}, "moves no bytes"),
    (STORE | {"l2": 262144}, "operand 'l2'"),
    (TENSOR | {"mode": 3}, "no such mode"),
    (TENSOR | {"oc": 0}, "empty"),
    (TENSOR | {"grid_p": 0}, "grid of 0 x 1"),
    (TENSOR | {"grid_p": 2, "oc": 48}, "grid of 2 x 3 tiles, the quad has 4"),
    (TENSOR | {"cols": 33}, "33 pixels on 1 tiles of 32 contexts"),
    (TENSOR | {"mode": 2, "cols": 129}, "exceed the bank's 128 contexts"),
    (TENSOR | {"in_zp": 128}, "in_zp is 128, the operand's type allows -128 to 127"),
    (TENSOR | {"w_unsigned": 1, "w_zp": -1}, "w_zp is -1"),
    (TENSOR | {"mode": 1, "in_sx": 3}, "packed convolution has in_sx = ic"),
    (TENSOR | {"accumulate": 1, "use_psum": 1}, "exclude each other"),
    (TENSOR | {"accumulate": 1}, "holds 0 of 0"),
    (TENSOR | {"in": 65536}, "operand 'in' reaches"),
    (TENSOR | {"weights": 65300}, "operand 'weights' reaches bytes 65300 to 65556"),
    (TENSOR | {"use_psum": 1, "psum": 65500}, "operand 'psum'"),
    (OUTPUT | {"shift": 1}, "shift is 1, allowed is 2 to 62"),
    (OUTPUT | {"per_channel": 1}, "per_channel needs has_params"),
    (OUTPUT | {"mode": 0, "residual": 1}, "raw int32 has no residual"),
    (OUTPUT | {"mode": 0, "use_table": 1}, "raw int32 has no table"),
    (OUTPUT | {"residual": 3}, "no such residual"),
    (OUTPUT | {"residual": 1, "left_shift": 32}, "left_shift is 32"),
    (OUTPUT | {"residual": 1, "res_shift": 31, "self_shift": 31}, "sum_shift is 0"),
    (OUTPUT | {"cols": 129}, "more contexts than a bank"),
    (OUTPUT | {"use_table": 1, "table": 65300}, "operand 'table'"),
    (OUTPUT | {"has_params": 1, "params": 65500}, "operand 'params'"),
    (OUTPUT | {"residual": 2, "res": 65530}, "operand 'res'"),
    (OUTPUT | {"out": 65521}, "operand 'out' reaches bytes 65521 to 65537"),
    (OUTPUT, "drains 1 pixels of 1 channel blocks from bank 0, which holds 0 of 0"),
    (VECTOR | {"length": 33}, "length is 33"),
    (VECTOR | {"rows": 0}, "empty"),
    (VECTOR | {"rows": 5000, "cols": 5000}, "at most 4194304 elements"),
    (VECTOR | {"a1_type": 7}, "no such element type"),
    (VECTOR | {"program": 65530}, "operand 'program'"),
    (VECTOR | {"r1_type": 4, "r1": 65534}, "operand 'r1'"),
    (VECTOR | {"a0_type": 3, "a0_sc": -1, "channels": 17}, "operand 'a0' reaches bytes -1"),
    (VECTOR | {"rows": 500, "cols": 500, "cost": 65535}, "occupies its engine"),
    (LOAD | {"quads": 2}, "quad mask 2 does not belong"),
    (STORE | {"quads": 3}, "quad mask 3"),
    (LOAD | {"layer": 5}, "no such layer: 5"),
]


@pytest.mark.parametrize("instruction, message", WRONG_INSTRUCTIONS)
def test_wrong_instructions(instruction: Fields, message: str) -> None:
    """Field ranges, grids, banks and addresses; the instruction is named."""
    plan = program_of(SIZE, [instruction], TINY) | {"layers": [{"name": "only"}]}
    where = f"quad 0, instruction 1 .*{instruction['op']} at "
    with pytest.raises(RuntimeError, match=where) as error:
        _sim.simulate(_sim.build(plan), TINY, [bytes(SIZE)])
    assert message in str(error.value)


REQUEST = {"kind": "to_l2", "issue": 5, "due": 9, "row_bytes": 8}
WRONG_REQUESTS: list[tuple[Fields, str]] = [
    ({"due": 4}, "due 4 comes before issue 5"),
    ({"l2": 262140}, "of L2, which has 262144"),
    ({"dram": SIZE * 2 - 4}, "of DRAM, which has 8192"),
    ({"dram": (1 << 64) - 8}, "out of range"),
    ({"dram": 100, "rows": 3, "dram_stride": -60}, "reaches bytes -20"),
    ({"rows": 0}, "moves no bytes"),
    ({"rows": 1 << 31, "row_bytes": 1 << 31}, "more than L2 has"),
    ({"layer": 3}, "no such layer"),
    ({"kind": "instructions", "l2": 1}, "instruction block of no quad"),
    ({"kind": "from_l2", "dram": 0}, "writes the program's constants"),
    ({"codec": "rans", "row_bytes": 8}, "has a codec, but 0 encoded bytes for 8"),
    ({"codec": "rans", "row_bytes": 8, "encoded_bytes": 9}, "has a codec, but 9 encoded bytes"),
    ({"codec": "rans", "row_bytes": 8, "encoded_bytes": 8, "rows": 2}, "is not one row"),
    ({"codec": "rans", "row_bytes": 8, "encoded_bytes": 8}, "tile cannot be decoded: its runs"),
]


@pytest.mark.parametrize("change, message", WRONG_REQUESTS)
def test_wrong_requests(change: Fields, message: str) -> None:
    """Addresses, sizes and windows of the DRAM list."""
    plan = program_of(SIZE, [], TINY) | {"layers": [{"name": "only"}], "constants": b"12345678"}
    plan["inputs"] = []
    plan["requests"].insert(0, REQUEST | change)
    with pytest.raises(RuntimeError, match="DRAM request 0: ") as error:
        _sim.simulate(_sim.build(plan), TINY, [])
    assert message in str(error.value)


def test_request_lists_without_end() -> None:
    """Rows of one byte, request after request: the time to move them is bounded."""
    plan = program_of(SIZE, [], TINY)
    plan["requests"] = [REQUEST | {"rows": 1 << 18, "row_bytes": 1}] * 257
    with pytest.raises(RuntimeError, match=r"DRAM request 256: .* more than 67108864 rows"):
        _sim.simulate(_sim.build(plan), TINY, [bytes(SIZE)])


WRONG_PROGRAMS: list[tuple[Fields, str]] = [
    ({"quads": 2}, "program for 2 quads"),
    ({"quads": 0, "streams": []}, "program for 0 quads"),
    ({"dram_bytes": 1 << 60}, "DRAM image"),
    ({"end_cycle": 9}, "after the end of the program at 9"),
    ({"outputs": [{"name": "x", "dram": SIZE, "bytes": SIZE + 1}]}, "tensor 'x' at 4096"),
    ({"outputs": [{"name": "x", "dram": (1 << 64) - 1, "bytes": 2}]}, "tensor 'x'"),
    ({"constants": b"1"}, "tensor 'l1' at 0 with 4096 bytes"),
]


@pytest.mark.parametrize("change, message", WRONG_PROGRAMS)
def test_wrong_programs(change: Fields, message: str) -> None:
    """Shape of the program, its DRAM image and its tensors."""
    plan = program_of(SIZE, [], TINY) | change
    with pytest.raises(RuntimeError) as error:
        _sim.simulate(_sim.build(plan), TINY, [bytes(SIZE)])
    assert message in str(error.value)


def test_wrong_arguments() -> None:
    """Inputs of another number or size, unknown targets, fields, engines and kernels."""
    program = _sim.build(program_of(SIZE, [], TINY))
    with pytest.raises(RuntimeError, match="input 'l1' has 4096 bytes, 5 were given"):
        _sim.simulate(program, TINY, [b"12345"])
    with pytest.raises(RuntimeError, match="1 inputs, 0 were given"):
        _sim.simulate(program, TINY, [])
    with pytest.raises(ValueError, match="no field 'tile'"):
        _sim.simulate(program, {"tile": 3}, [bytes(SIZE)])
    with pytest.raises(ValueError, match="'quads' is 99"):
        _sim.simulate(program, {"quads": 99}, [bytes(SIZE)])
    with pytest.raises(ValueError, match="no kernels 'mmx'"):
        _sim.simulate(program, TINY, [bytes(SIZE)], kernels="mmx")
    with pytest.raises(ValueError, match="no field 'colour' of load"):
        _sim.build({"streams": [[{"op": "load", "colour": 1}]]})
    with pytest.raises(ValueError, match="no engine 'draw'"):
        _sim.build({"streams": [[{"op": "draw"}]]})
    with pytest.raises(ValueError, match="'rate' of load is 256, allowed is 0 to 255"):
        _sim.build({"streams": [[{"op": "load", "rate": 256}]]})
    with pytest.raises(ValueError, match="no key 'colour'"):
        _sim.build({"colour": 1})
    with pytest.raises(ValueError, match="request 0 has a key that is not known"):
        _sim.build({"requests": [{"colour": 1}]})
    with pytest.raises(ValueError):
        _sim.load(b"\x7fELF and nothing else")


def test_dictionaries_come_back() -> None:
    """build(to_dict()) is the same program."""
    plan = _sim.build(program_of(SIZE, [TENSOR, OUTPUT | {"mode": 0}], TINY)).to_dict()
    assert _sim.build(plan).to_dict() == plan


def _long_program() -> Any:
    """Some seconds of work for the scalar kernels."""
    f = {"op": "tensor", "images": 1, "rows": 4, "cols": 8, "kh": 3, "kw": 3, "ic": 480, "oc": 384,
         "grid_p": 1, "in_h": 4, "in_w": 8, "in_sx": 16}  # fmt: skip
    return _sim.build(program_of(SIZE, [f] * 1500, MLSOC))


@pytest.fixture
def python_sigint() -> Iterator[None]:
    """Python's own handler: a background job inherits SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("python_sigint")
def test_ctrl_c_stops_a_simulation() -> None:
    """A signal's exception comes out soon, not at the end."""
    program = _long_program()
    timer = threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGINT))
    before = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        _sim.simulate(program, MLSOC, [bytes(SIZE)], kernels="scalar", threads=2)
    assert time.monotonic() - before < 5


@pytest.mark.usefixtures("python_sigint")
def test_other_threads_run_meanwhile() -> None:
    """The simulator does not hold the interpreter's lock."""
    program = _long_program()
    ticks = 0
    stop = threading.Event()

    def count() -> None:
        nonlocal ticks
        while not stop.wait(0.01):
            ticks += 1

    counter = threading.Thread(target=count, daemon=True)
    counter.start()
    timer = threading.Timer(0.5, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        _sim.simulate(program, MLSOC, [bytes(SIZE)], kernels="scalar")
    stop.set()
    counter.join()
    assert ticks >= 5
