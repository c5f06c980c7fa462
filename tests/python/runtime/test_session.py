"""Whole archives through the runtime, with a stand-in for the MLA of a known function."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from afe import runtime
from afe.archive import read_archive, write_archive
from afe.errors import AfeError, ErrorCode
from afe.package.manifest import Provenance
from afe.package.mpk import build_package
from afe.package.report import cycles_from
from afe.runtime import mla
from afe.target import load_target
from hand_made import quantized_network, two_port_network, with_manifest


class StandIn:
    """Gives the first bytes of the input, cut and padded to the outputs, each byte plus one."""

    def __init__(self, name, program, config):
        assert program == f"program of {name}".encode()
        self.sizes = [tensor["size"] for tensor in config["output_tensors"]]
        self.cycles = config["cycles"]
        self.seen = []

    def run(self, inputs, *, accelerator, threads):
        """Bytes plus one."""
        data = np.concatenate(inputs)
        self.seen.append(data.copy())
        whole = np.resize(data + np.uint8(1), sum(self.sizes))
        outputs = np.split(whole, np.cumsum(self.sizes)[:-1])
        return mla.SimulationResult(outputs, cycles_from(self.cycles) if accelerator else None)


@pytest.fixture
def archive_of(tmp_path, monkeypatch):
    """Writes a network's archive; MLA programs are the stand-in."""
    monkeypatch.setattr("afe.runtime.session.MlaProgram", StandIn)

    def write(network, edit=None):
        package = build_package(network, "m", Provenance("m", "0"), load_target("tiny"))
        members = dict(package.members)
        if edit:
            document = json.loads(members["m_mpk.json"])
            edit(document)
            members = with_manifest(members | {"m_mpk.json": json.dumps(document).encode()})
        path = tmp_path / "m_mpk.tar.gz"
        write_archive(path, members)
        return path

    return write


def _images(count):
    return np.arange(count * 105, dtype=np.int64).astype(np.uint8).reshape(count, 5, 3, 7)


def _program(loaded):
    return loaded._programs["MLA_0"]


def test_arrays_in_the_models_own_dtype_enter_behind_the_quantization(archive_of):
    """The MLA sees exactly the given bytes."""
    loaded = runtime.load(archive_of(quantized_network()))
    x = _images(1)
    result = loaded.run([x])
    assert np.array_equal(_program(loaded).seen[0], x.reshape(-1))
    assert result.outputs[0].dtype == np.float32 and result.outputs[0].shape == (1, 2, 3, 19)


def test_float_arrays_are_quantized_by_the_models_scale(archive_of):
    """rint(x / 0.5) + 128."""
    loaded = runtime.load(archive_of(quantized_network()))
    x = np.linspace(-70, 70, 105).reshape(1, 5, 3, 7)
    loaded.run({"x": x})
    expected = np.clip(np.rint(x.astype(np.float32) / 0.5) + 128, 0, 255).astype(np.uint8)
    assert np.array_equal(_program(loaded).seen[0], expected.reshape(-1))


def test_the_padding_of_the_output_is_dropped(archive_of):
    """Row by row 19 of 32 channels, dequantized."""
    loaded = runtime.load(archive_of(quantized_network()))
    result = loaded.run({"in0": _images(1)})
    padded = np.resize(_images(1).reshape(-1) + np.uint8(1), 192).view(np.int8).reshape(2, 3, 32)
    expected = (padded[..., :19].astype(np.float32) + 3) * np.float32(0.25)
    assert np.array_equal(result.outputs[0][0], expected)


def test_any_number_of_images_runs_in_padded_groups(archive_of):
    """5 images through an archive of batch 2 give what 5 single ones give."""
    loaded = runtime.load(archive_of(quantized_network((4, 2))))
    x = _images(5)
    result = loaded.run([x])
    assert result.groups == 3 and result.outputs[0].shape == (5, 2, 3, 19)
    first = loaded.run([x[2:4]])
    assert np.array_equal(result.outputs[0][2:4], first.outputs[0])
    assert np.array_equal(_program(loaded).seen[2][105:], x[4].reshape(-1))


def test_cycles_are_those_of_one_group(archive_of):
    """Keys as in the report, total included; none without accelerator mode."""
    loaded = runtime.load(archive_of(quantized_network((4, 2))))
    result = loaded.run([_images(5)], accelerator=True)
    assert list(result.cycles) == ["MLA_0", "total"]
    assert result.cycles["total"].wall == 107 and result.cycles["MLA_0"].lower_bound == 5
    assert loaded.run([_images(1)]).cycles == {}


def test_repeated_output_names_are_numbered(archive_of):
    """The model's order and types are kept."""
    loaded = runtime.load(archive_of(two_port_network()))
    a, b = np.array([[1, 2, 3, 4]], np.int8), np.array([[5, 6, 7]], np.int32)
    named = loaded.run({"b": b, "a": a}).named_outputs()
    assert list(named) == ["out", "out_1"]
    assert named["out"].tolist() == [[2, 3, 4, 5]]
    assert named["out_1"].dtype == np.int32 and named["out_1"].tolist() == (b + 0x01010101).tolist()


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ([], "0 arrays were given"),
        ({"y": _images(1)}, "there is no input 'y'"),
        ({}, "input 'x' is missing"),
        ([_images(1).astype(np.int8)], "dtype int8, expected uint8 or float32"),
        ([_images(1)[0]], r"shape \[5, 3, 7\], expected \[n, 5, 3, 7\]"),
        ([_images(1)[:0]], r"shape \[0, 5, 3, 7\]"),
    ],
)
def test_wrong_inputs_name_what_is_expected(archive_of, inputs, text):
    """Names, dtypes, shapes."""
    loaded = runtime.load(archive_of(quantized_network()))
    with pytest.raises(AfeError, match=text) as error:
        loaded.run(inputs)
    assert error.value.code is ErrorCode.INVALID_INPUT


def test_inputs_must_hold_the_same_number_of_images(archive_of):
    """Two inputs, two counts."""
    loaded = runtime.load(archive_of(two_port_network()))
    with pytest.raises(AfeError, match="different numbers of images"):
        loaded.run([np.zeros((2, 4), np.int8), np.zeros((1, 3), np.int32)])


def _plugin(document, name):
    return next(p for p in document["plugins"] if p["name"] == name)


EDITS = {
    "a sequence with a gap": lambda d: d["plugins"][1].update(sequence=7),
    "two plugins of one name": lambda d: d["plugins"][1].update(name="quantize_0"),
    "an unknown processor": lambda d: d["plugins"][1].update(processor="GPU"),
    "a buffer nobody wrote": lambda d: d["plugins"][1]["input_nodes"][0].update(name="nobody"),
    "a size that is not the type's": lambda d: d["plugins"][1]["input_nodes"][0].update(size=9),
    "a negative size": lambda d: d["plugins"][0]["output_nodes"][0].update(size=-105),
    "a shape that is no list": lambda d: _plugin(d, "quantize_0")["config_params"]["params"].update(
        input_shapes=[4]
    ),
    "an unknown scalar": lambda d: _plugin(d, "MLA_0")["config_params"]["input_types"][0].update(
        scalar="int5"
    ),
    "no sink": lambda d: d["plugins"].pop(),
    "no plugins": lambda d: d.update(plugins=[]),
    "plugins that are no list": lambda d: d.update(plugins=3),
    "batches that disagree": lambda d: d["plugins"][0]["config_params"].update(actual_batch_size=9),
    "no target": lambda d: _plugin(d, "MLA_0")["config_params"].pop("target"),
    "an input of another shape": lambda d: d["input_nodes"][0].update(shape=[1, 5, 3, 8]),
    "too few output names": lambda d: _plugin(d, "pass_through")["config_params"]["params"].update(
        output_names=[]
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_a_chain_that_does_not_hold_together_is_refused(archive_of, monkeypatch, what):
    """Every rule of the schema, before anything runs."""
    if what == "no target":
        monkeypatch.setattr("afe.runtime.session.MlaProgram", mla.MlaProgram)
    with pytest.raises(AfeError) as error:
        runtime.load(archive_of(quantized_network(), EDITS[what]))
    assert error.value.code is ErrorCode.SCHEMA_ERROR


@pytest.mark.parametrize("version", [None, 0, 1, 3, "2"])
def test_archives_of_other_makers_and_versions_are_told_apart(archive_of, version):
    """Not executed, and said why."""
    path = archive_of(quantized_network(), lambda d: d.update(afe_format_version=version))
    with pytest.raises(AfeError) as error:
        runtime.load(path)
    assert error.value.code is ErrorCode.UNSUPPORTED_VERSION


def test_an_archive_without_its_program_is_refused(archive_of):
    """The JSON names a member that is not there."""
    path = archive_of(quantized_network())
    members = {n: data for n, data in read_archive(path).items() if not n.endswith(".lm")}
    write_archive(path, members)
    with pytest.raises(AfeError, match=r"lacks 'm_stage1_mla\.lm'"):
        runtime.load(path)


def test_a_program_that_gives_other_bytes_than_the_json_says_is_refused(archive_of, monkeypatch):
    """The simulator's outputs are checked."""
    loaded = runtime.load(archive_of(quantized_network()))
    _program(loaded).sizes = [191]
    with pytest.raises(AfeError, match="gave"):
        loaded.run([_images(1)])


def test_networks_with_the_same_content_give_the_same_archive(archive_of, tmp_path):
    """Byte for byte."""
    first = archive_of(quantized_network()).read_bytes()
    assert archive_of(dataclasses.replace(quantized_network())).read_bytes() == first
