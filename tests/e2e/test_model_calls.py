"""What a model offers: evaluation, figures, reference files, accelerator, composition, logging."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest
from afe import runtime
from afe.apis import statistic
from afe.apis import transform as t
from afe.apis.model import Model
from afe.errors import AfeError, ErrorCode
from afe.ir.tensor_type import TensorType
from golden import differing, samples

NAME = "resnet8_int8.tflite"
DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits_cnn_qdq.onnx"


@pytest.fixture(scope="module")
def model(models):
    return Model.from_file(models / NAME)


@pytest.fixture(scope="module")
def cases(models):
    """Inputs by name, and the reference's outputs."""
    found = samples(models, NAME)
    return [({"in0": sample.inputs[0]}, next(iter(sample.outputs.values()))[0]) for sample in found]


def test_names_are_public(model):
    """Of inputs, outputs, layers and the tensors at the MLA's border."""
    assert len(model.input_names) == len(model.output_names) == 1
    layers = model.layer_names
    assert len(layers) > 10 and len(set(layers)) == len(layers) and all(layers)
    (tensors,) = model.mla_tensors().values()
    assert tensors.input_names and tensors.output_names


def test_evaluate_gives_the_criterions_answer(model, cases, caplog):
    """One update per pair; the answer is returned and logged."""
    agree = statistic.mean_text(lambda x, y: float(x.argmax() == y.argmax()))
    answer = model.evaluate(iter(cases), agree, log_level=logging.INFO)
    assert answer == "Mean: 1" and any(answer in record.message for record in caplog.records)
    counter = statistic.threshold_test_counter(lambda x, y: np.abs(x - y).max(), 0.5)
    several = statistic.tensor_set_statistics([counter])
    pairs = [(inputs, [truth]) for inputs, truth in cases]
    count = len(cases)
    assert model.evaluate(pairs, several) == f"{count} of {count} (100.00 %) below 0.5"


def test_floats_are_quantized_on_the_way_in(model, cases, tmp_path):
    """As the archive's EV74 does it: divided, rounded half to even, saturated."""
    (port,) = model.inputs
    random = np.random.default_rng(2)
    floats = (random.normal(size=(2, *port.shape[1:])) * 300 * port.quantization.scale).astype("f4")
    floats.flat[:3] = [np.nan, np.inf, -np.inf]
    archive = model.compile(tmp_path, log_level=50).archive
    expected = runtime.load(archive).run([floats]).outputs[0]
    assert differing(model.execute([floats])[0], expected) == 0


def test_evaluating_nothing_is_an_error(model):
    """A mean of nothing is none."""
    with pytest.raises(AfeError, match="no evaluation data"):
        model.evaluate([], statistic.mean_text(statistic.equality))


def test_performance_metrics_are_written_and_add_up(model, tmp_path):
    """Cycles of the segment, and the layers' that make them."""
    figures = model.get_performance_metrics(tmp_path, batch_size=2)
    assert json.loads((tmp_path / f"{model.name}_kpi.json").read_text()) == figures
    assert figures["actual_batch_size"] == 2 and figures["operators_off_the_mla"] == 0
    layers = figures["layers"]
    assert sum(layer["macs"] for layer in layers) == figures["macs"] > 1e6
    cycles = figures["mla_cycles"]
    assert sum(layer["cycles"] + layer["stalls"] for layer in layers) <= cycles["wall"]
    seconds = cycles["wall"] / (figures["target"]["clock_mhz"] * 1e6)
    assert figures["mla_images_per_second"] == pytest.approx(2 / seconds, rel=1e-3)


def test_reference_files_hold_program_inputs_and_outputs(model, cases, tmp_path):
    """The program reproduces the expected bytes from the inputs' bytes."""
    from afe import _sim
    from afe.target import load_target

    inputs = [inputs for inputs, _ in cases]
    model.generate_elf_and_reference_files(inputs, tmp_path / "out", batch_size=2)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    stem = f"{model.name}_stage1_mla"
    groups = -(-len(cases) // 2)
    expected = [f"{stem}.elf", f"{stem}.json"]
    expected += [f"{stem}.{kind}_{k}.bin" for kind in ("ifm", "ofm_chk") for k in range(groups)]
    assert names == sorted(expected)
    read = lambda name: (tmp_path / "out" / name).read_bytes()  # noqa: E731
    tensors = json.loads(read(f"{stem}.json"))
    assert tensors["groups"] == groups and tensors["outputs"][0]["shape"][0] == 2
    program, target = _sim.load(read(f"{stem}.elf")), load_target("mlsoc").as_dict()
    for k in range(groups):
        data = np.frombuffer(read(f"{stem}.ifm_{k}.bin"), np.uint8)
        (output,) = _sim.simulate(program, target, [data], cycle=False, threads=1).outputs
        assert bytes(output) == read(f"{stem}.ofm_chk_{k}.bin")


def test_accelerator_mode_gives_the_same_outputs_and_stalls(model, cases, caplog):
    """All samples behind one another; cycles are logged and kept."""
    inputs = [inputs for inputs, _ in cases]
    (outputs,) = model.execute_in_accelerator_mode(inputs, "board", log_level=logging.INFO)
    assert differing(outputs, np.concatenate([truth for _, truth in cases])) == 0
    cycles = model.accelerator_cycles
    assert list(cycles) == ["MLA_0", "total"] and cycles["total"].stalls > 0
    assert any("stalls" in record.message for record in caplog.records)
    profile = model.accelerator_profiles["MLA_0"]
    assert sum(profile["stalls"].values()) == cycles["MLA_0"].stalls


def test_no_input_data_is_an_error(model, tmp_path):
    """INVALID_INPUT, and no folder."""
    with pytest.raises(AfeError) as error:
        model.execute_in_accelerator_mode([], "board")
    assert error.value.code is ErrorCode.INVALID_INPUT
    with pytest.raises(AfeError):
        model.generate_elf_and_reference_files([], tmp_path / "out")
    assert not (tmp_path / "out").exists()


# --- composition ---------------------------------------------------------------------------------


def test_a_model_between_its_pre_and_postprocessing(model, tmp_path):
    """Larger frames in BGR go in, a class comes out: what the parts give one after another."""
    shape = model.inputs[0].shape
    before = Model.create_auxiliary_network(
        [
            t.bgr_rgb_conversion_transform(conversion=t.ColorConversion.BGR2RGB),
            t.resize_transform(
                target_height=shape[1],
                target_width=shape[2],
                keep_aspect=False,
                deposit_location=t.ResizeDepositLocation.CENTER,
                method=t.ResizeMethod.LINEAR,
            ),
            t.normalization_transform(channel_params=[(1.0, 128.0, 1.0)]),
        ],
        {"frame": TensorType("uint8", (1, 48, 64, 3))},
    )
    after = Model.create_auxiliary_network(
        [t.argmax(axis=-1)], {"scores": TensorType("int8", model.outputs[0].shape)}, name="top"
    )
    whole = Model.compose([before, model, after], "whole")
    assert whole.name == "whole" and whole.input_names == ["frame"]
    assert whole.output_names == ["scores_argmax"]
    report = whole.compile(tmp_path / "whole", log_level=50)
    frames = np.random.default_rng(0).integers(0, 256, (3, 48, 64, 3)).astype(np.uint8)
    (classes,) = runtime.load(report.archive).run([frames]).outputs
    parts = [frames]
    for number, part in enumerate((before, model, after)):
        archive = part.compile(tmp_path / str(number), log_level=50).archive
        parts = runtime.load(archive).run(parts).outputs
    assert differing(classes, parts[0]) == 0 and len(set(classes.tolist())) >= 1


def test_a_composed_model_is_saved_and_keeps_its_origins(model, tmp_path):
    """Names of all files joined in the manifest; the archive from the .sima is the same."""
    after = Model.create_auxiliary_network(
        [t.argmax(axis=1)], {"s": TensorType("int8", model.outputs[0].shape)}
    )
    whole = Model.compose([model, after], "both")
    whole.save("both", tmp_path)
    first = whole.compile(tmp_path / "a", log_level=50)
    second = Model.load("both", tmp_path).compile(tmp_path / "b", log_level=50)
    assert Path(first.archive).read_bytes() == Path(second.archive).read_bytes()
    from afe.runtime.opened import open_archive

    provenance = open_archive(first.archive).manifest.provenance
    assert provenance["model_path"] == f"{NAME}+auxiliary"


@pytest.mark.parametrize(
    ("types", "text"),
    [
        ({"x": TensorType("int8", (1, 7))}, r"\[1, 10\].*\[1, 7\]"),
        ({"x": TensorType("int16", (1, 10))}, "is i8.*is i16"),
        ({"x": TensorType("int8", (1, 10)), "y": TensorType("int8", (1, 10))}, "2 inputs"),
    ],
)
def test_models_that_do_not_fit_are_refused(model, types, text):
    """INVALID_MODEL, with both tensors."""
    after = Model.create_auxiliary_network([], types)
    with pytest.raises(AfeError, match=text) as error:
        Model.compose([model, after])
    assert error.value.code is ErrorCode.INVALID_MODEL


def test_composing_nothing_is_refused():
    """INVALID_OPTION."""
    with pytest.raises(AfeError, match="no model"):
        Model.compose([])


# --- compile's other parameters ------------------------------------------------------------------


def test_levels_decide_what_is_logged(tmp_path, caplog):
    """DEBUG has phases, INFO the summary with every file, ERROR nothing."""
    model = Model.from_file(DIGITS)
    seen = {}
    for level in (logging.DEBUG, logging.INFO, logging.ERROR):
        caplog.clear()
        report = model.compile(tmp_path, target="tiny", log_level=level)
        seen[level] = [record.message for record in caplog.records if record.name.startswith("afe")]
    assert any(line.startswith("schedule: ") for line in seen[logging.DEBUG])
    assert set(seen[logging.INFO]) < set(seen[logging.DEBUG]) | set(seen[logging.INFO])
    for file in report.files:
        assert f"  {file.bytes:>12,}  {file.name}" in seen[logging.INFO]
    assert "batch: desired 1, actual 1" in seen[logging.INFO] and seen[logging.ERROR] == []


def test_operators_off_the_mla_are_warnings(models, tmp_path, caplog):
    """With the reason and what would help; nothing else at that level."""
    model = Model.from_file(models / "ssd_mobilenet_v1_coco_uint8.tflite")
    report = model.compile(tmp_path, log_level=logging.WARNING)
    warned = [record for record in caplog.records if record.name == "afe.compiler"]
    assert len(warned) == len(report.fallbacks) > 0
    assert all(r.levelno == logging.WARNING and "not on the MLA" in r.message for r in warned)


def test_a_level_that_is_none_is_refused(tmp_path):
    """A sentence names the option."""
    with pytest.raises(AfeError, match="'log_level'"):
        Model.from_file(DIGITS).compile(tmp_path, log_level="loud")


def test_a_model_that_is_not_preserved_is_given_up(tmp_path):
    """The archive is the same; using the model again is an error that says what to do."""
    model, other = Model.from_file(DIGITS), Model.from_file(DIGITS)
    kept = other.compile(tmp_path / "a", target="tiny", log_level=50)
    given = model.compile(tmp_path / "b", target="tiny", log_level=50, preserve=False)
    assert Path(kept.archive).read_bytes() == Path(given.archive).read_bytes()
    with pytest.raises(AfeError, match="load it again"):
        model.compile(tmp_path / "c")
    assert other.name == "digits_cnn_qdq"


def test_intermediate_files_are_kept_where_asked(tmp_path):
    """Modules of all phases, every member, and the report; the archive is unchanged."""
    model = Model.from_file(DIGITS)
    plain = model.compile(tmp_path / "a", target="tiny", log_level=50)
    kept = tmp_path / "kept" / "deep"
    report = model.compile(
        tmp_path / "b", target="tiny", log_level=50, retained_temporary_directory_name=str(kept)
    )
    assert Path(plain.archive).read_bytes() == Path(report.archive).read_bytes()
    names = {path.name for path in kept.iterdir()}
    assert {file.name for file in report.files} < names and "01-import.mlir" in names
    assert json.loads((kept / "report.json").read_text())["archive"] == report.archive


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("bach_size", "did you mean 'batch_size'"),
        ("preserv", "did you mean 'preserve'"),
        ("retained_temporary_directory", "did you mean 'retained_temporary_directory_name'"),
    ],
)
def test_unknown_keywords_name_the_nearest(tmp_path, keyword, text):
    """Before anything is compiled."""
    with pytest.raises(AfeError, match=text):
        Model.from_file(DIGITS).compile(tmp_path / "out", **{keyword: "x"})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("batch", [0, -1, 1_000_000, 1.5, "16", True])
def test_batches_out_of_range_are_refused(tmp_path, batch):
    """With the range."""
    with pytest.raises(AfeError, match=r"'batch_size'.*1 to 4096"):
        Model.from_file(DIGITS).compile(tmp_path / "out", batch_size=batch)
    assert not (tmp_path / "out").exists()
