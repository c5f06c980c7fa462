"""Models whose tensors lie in DRAM as asked: the same values, legal programs, plugins to match."""

from __future__ import annotations

import json

import numpy as np
import pytest
from afe import runtime
from afe.apis.defines import TensorDRAMLayout, TensorTessellateParameters
from afe.apis.model import Model
from afe.commands.inspect_command import describe
from afe.errors import AfeError, ErrorCode
from golden import differing, samples

HWC, HWC16 = TensorDRAMLayout.HWC, TensorDRAMLayout.HWC16
Wish = TensorTessellateParameters


def _compiled(model, folder, wished, **options):
    """The report of an archive that holds what is documented."""
    report = model.compile(folder, tessellate_parameters=wished, log_level=50, **options)
    describe(report.archive, strict=True)
    return report


def _params(report, plugin):
    import tarfile

    with tarfile.open(report.archive) as tar:
        (document,) = (m for m in tar if m.name.endswith("_mpk.json"))
        plugins = json.load(tar.extractfile(document))["plugins"]
    return next(p["config_params"]["params"] for p in plugins if p["name"] == plugin)


WISHES = {
    "an input in HWC16": (Wish(dram_layout=HWC16), None),
    "rows of tiles": (Wish((0, 5, 0, 0)), None),
    "tiles with smaller ones at the edges": (Wish((1, 7, 9, 0)), None),
    "tiles in HWC16": (Wish((0, 7, 9, 0), False, HWC16), None),
    "the older form": ([[], [11], [3]], None),
    "read by the MLA": (Wish(enable_mla=True), None),
    "read by the MLA tile by tile": (Wish((0, 9, 5, 0), True, HWC), None),
    "an output in HWC": (None, Wish(dram_layout=HWC)),
    "an output by the MLA": (None, Wish(enable_mla=True, dram_layout=HWC16)),
    "an output by the MLA in HWC": (None, Wish(enable_mla=True, dram_layout=HWC)),
}


@pytest.mark.parametrize("what", WISHES)
def test_the_values_are_the_same(models, tmp_path, what):
    """ResNet-8 (10 classes: padded to 16), a batch of 2; the validator agrees with the program."""
    name = "resnet8_int8.tflite"
    model = Model.from_file(models / name)
    (mla,) = model.mla_tensors().values()
    names = (*mla.input_names, *mla.output_names)
    wished = {n: wish for n, wish in zip(names, WISHES[what], strict=True) if wish is not None}
    report = _compiled(model, tmp_path, wished, target="edge", batch_size=2)
    sample = samples(models, name)[0]
    images = np.concatenate([sample.inputs[0], sample.inputs[0][:, ::-1]])
    plain = model.compile(tmp_path / "plain", target="edge", batch_size=2, log_level=50)
    expected = runtime.load(plain.archive).run([images]).outputs[0]
    result = runtime.load(report.archive).run([images], accelerator=True)
    assert differing(result.outputs[0], expected) == 0
    assert result.cycles == report.cycles


@pytest.fixture
def wide(tmp_path):
    """A module over 40 channels: 1x1 convolution, input and output larger than `tiny`'s L2."""
    import hand_made_tosa

    return hand_made_tosa.pointwise(tmp_path, (1, 96, 80, 40), 24)


def test_tiles_of_channels_and_tensors_that_do_not_stay_in_l2(wide, tmp_path):
    """Streamed from and to DRAM, cut in all three dimensions."""
    model = Model.from_file(wide)
    inner = model.mla_tensors()["MLA_0"]
    wished = {
        inner.input_names[0]: Wish((0, 10, 33, 16), False, HWC16),
        inner.output_names[0]: Wish((0, 31, 17, 16), False, HWC16),
    }
    report = _compiled(model, tmp_path / "a", wished, target="tiny")
    plain = model.compile(tmp_path / "b", target="tiny", log_level=50)
    assert _params(report, "tessellate_0")["slice_shape"] == [10, 33, 16]
    assert _params(report, "detessellate_0")["slice_shape"] == [31, 17, 16]
    images = np.random.default_rng(5).integers(-128, 128, (1, 96, 80, 40)).astype(np.int8)
    expected = runtime.load(plain.archive).run([images]).outputs[0]
    assert differing(runtime.load(report.archive).run([images]).outputs[0], expected) == 0


def test_unknown_tensors_are_named_with_the_nearest(models, tmp_path):
    """INVALID_OPTION, nothing written."""
    model = Model.from_file(models / "resnet8_int8.tflite")
    known = model.mla_tensors()["MLA_0"].input_names[0]
    with pytest.raises(AfeError, match=f"did you mean '{known}'") as error:
        model.compile(tmp_path / "out", tessellate_parameters={known[:-1]: [[], [], []]})
    assert error.value.code is ErrorCode.INVALID_OPTION and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        (Wish(enable_mla=True, dram_layout=HWC16), "without the EV74 nobody pads"),
        (Wish((0, 4, 4, 2)), "parts are multiples of 16"),
        (Wish(dram_shape=(1, 32, 32, 16)), r"in DRAM it is \(1, 32, 32, 3\)"),
    ],
)
def test_wishes_that_do_not_fit_a_tensor_are_refused(models, tmp_path, wish, text):
    """With what would."""
    model = Model.from_file(models / "resnet8_int8.tflite")
    name = model.mla_tensors()["MLA_0"].input_names[0]
    with pytest.raises(AfeError, match=text):
        model.compile(tmp_path / "out", tessellate_parameters={name: wish})
    assert not (tmp_path / "out").exists()
