"""States of a network live on from run to run of an archive, exactly as in LiteRT's interpreter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from afe import cli, runtime
from afe.apis.model import Model
from afe.errors import AfeError, ErrorCode
from afe.runtime.npz import read_npz, write_npz
from litert_oracle import Cases
from test_tflite_lstm import Layer, Shape
from test_tflite_svdf import svdf
from test_tflite_variables import counter
from tflite_files import invoke, make_model, reference_interpreter

MODELS = {
    "lstm": lambda: Layer(Shape(steps=3, features=5, cells=18, outputs=18), seed=9).file(),
    "svdf": lambda: svdf(Cases(2), features=13, units=7, rank=2, memory=4),
    "variable": lambda: make_model(counter(np.arange(-8, 8, dtype=np.int8)[None])),
}


def calls_of(data: bytes, count: int) -> list[np.ndarray]:
    """Random inputs of a model with one input."""
    (detail,) = reference_interpreter(data).get_input_details()
    random = np.random.default_rng(4)
    return [random.integers(-90, 90, detail["shape"]).astype(np.int8) for _ in range(count)]


@pytest.mark.parametrize("kind", sorted(MODELS))
@pytest.mark.parametrize("target", ["mlsoc", "tiny"])
def test_archive_goes_on_where_the_last_run_ended(kind: str, target: str, tmp_path: Path) -> None:
    """Five runs, a reset, and the first run again."""
    data = MODELS[kind]()
    (tmp_path / "m.tflite").write_bytes(data)
    report = Model.from_file(tmp_path / "m.tflite").compile(tmp_path, target=target, log_level=50)
    loaded, interpreter = runtime.load(report.archive), reference_interpreter(data)
    calls = calls_of(data, 5)
    firsts = []
    for x in calls:
        wanted = invoke(interpreter, [x])
        got = loaded.run([x]).outputs
        firsts.append(got[0])
        assert len(got) == len(wanted)
        np.testing.assert_array_equal(got[0], wanted[0])
    loaded.states.reset()
    np.testing.assert_array_equal(loaded.run([calls[0]]).outputs[0], firsts[0])
    assert any((loaded.run([calls[0]]).outputs[0] != firsts[0]).flat), "the state has no effect"


@pytest.mark.parametrize("kind", sorted(MODELS))
def test_execute_carries_the_states(kind: str, tmp_path: Path) -> None:
    """Also between calls that keep layers and calls that do not; a reset starts anew."""
    data = MODELS[kind]()
    (tmp_path / "m.tflite").write_bytes(data)
    model, interpreter = Model.from_file(tmp_path / "m.tflite"), reference_interpreter(data)
    assert len(model.inputs) == len(model.outputs) == 1 and len(model.states) >= 1
    calls = calls_of(data, 4)
    wanted = [invoke(interpreter, [x])[0] for x in calls]
    for _ in range(2):
        for number, (x, result) in enumerate(zip(calls, wanted, strict=True)):
            (got,) = model.execute([x], keep_layer_outputs="all" if number % 2 else None)
            np.testing.assert_array_equal(got, result)
        model.reset_states()


def test_every_image_has_a_sequence_of_its_own(tmp_path: Path) -> None:
    """Three images through a batch of two equal three interpreters; their number cannot change."""
    data = MODELS["svdf"]()
    (tmp_path / "m.tflite").write_bytes(data)
    model = Model.from_file(tmp_path / "m.tflite")
    report = model.compile(tmp_path, batch_size=2, log_level=50)
    assert report.actual_batch_size == 2
    loaded = runtime.load(report.archive)
    interpreters = [reference_interpreter(data) for _ in range(3)]
    random = np.random.default_rng(6)
    for _ in range(4):
        x = random.integers(-90, 90, (3, 13)).astype(np.int8)
        wanted = [invoke(one, [x[i : i + 1]])[0] for i, one in enumerate(interpreters)]
        np.testing.assert_array_equal(loaded.run([x]).outputs[0], np.concatenate(wanted))
    with pytest.raises(AfeError, match="left the states of 3 sequences") as caught:
        loaded.run([x[:2]])
    assert caught.value.code == ErrorCode.INVALID_INPUT


def test_command_line_carries_states_in_a_file(tmp_path: Path) -> None:
    """`--state` of a file that does not exist yet starts anew; afterwards it goes on."""
    data = MODELS["variable"]()
    (tmp_path / "m.tflite").write_bytes(data)
    report = Model.from_file(tmp_path / "m.tflite").compile(tmp_path, log_level=50)
    interpreter = reference_interpreter(data)
    for x in calls_of(data, 3):
        write_npz(tmp_path / "in.npz", {"in0": x})
        files = [str(tmp_path / name) for name in ("in.npz", "out.npz", "state.npz")]
        pairs = zip(("--inputs", "-o", "--state"), files, strict=True)
        assert cli.run(["run", report.archive, *(text for pair in pairs for text in pair)]) == 0
        (got,) = read_npz(tmp_path / "out.npz").values()
        np.testing.assert_array_equal(got, invoke(interpreter, [x])[0])
    assert list(read_npz(tmp_path / "state.npz")) == ["sum"]
