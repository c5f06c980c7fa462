"""The profile, the pipeline and the manifest of archives that were really compiled."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from afe import runtime
from afe.apis.model import Model
from afe.archive import read_archive
from afe.commands.inspect_command import describe
from afe.runtime.opened import open_archive

DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits_cnn_qdq.onnx"
MODELS = [
    "resnet8_int8.tflite",
    "vit_tiny_int8.tflite",
    "bert_tiny_s8_qdq.onnx",
]


def _compiled(folder, model=DIGITS, **options):
    report = Model.from_file(model).compile(output_path=folder, log_level=50, **options)
    return Path(report.archive)


def _documents(path, suffix):
    members = read_archive(path)
    return [yaml.safe_load(data) for name, data in members.items() if name.endswith(suffix)]


def _check_profile(profile, rows):
    """Sums over layers are the segment's figures; layers are those of the statistics."""
    layers = profile["layers"]
    cycles, stalls = profile["cycles"], profile["stalls"]
    assert sum(layer["cycles"] for layer in layers) == cycles["deterministic"]
    assert "+".join(layer["name"] for layer in layers) == "+".join(
        row["name"] for row in rows.values()
    )
    for engine, busy in profile["engines"].items():
        assert sum(layer["engines"][engine] for layer in layers) == busy
    for kind in ("load", "store", "instructions"):
        assert sum(layer["stalls"][kind] for layer in layers) == stalls[kind]
    assert sum(stalls.values()) + cycles["deterministic"] == cycles["wall"]
    dram = profile["dram"]
    assert dram["prologue_bytes"] + sum(layer["dram"]["bytes"] for layer in layers) == dram["bytes"]
    assert dram["prologue_bytes"] > 0
    shares = sum(layer["percent_of_bound"] for layer in layers)
    prologue = 100 * stalls["prologue"] / cycles["lower_bound"]
    assert shares + prologue == pytest.approx(cycles["percent_of_bound"], abs=0.01 * len(layers))


@pytest.mark.parametrize(("target", "batch"), [("tiny", 1), ("tiny", 3), ("mlsoc", 5)])
def test_layers_add_up_to_the_segment(tmp_path, target, batch):
    """Cycles, engines, stalls, DRAM bytes and shares of the bound; MACs counted by hand."""
    path = _compiled(tmp_path, target=target, batch_size=batch)
    (profile,), (rows,) = _documents(path, "_mla_profile.yaml"), _documents(path, "_mla_stats.yaml")
    _check_profile(profile, rows)
    # The stem: 8x8 pixels, 3x3 taps, 1 input and 16 output channels.
    assert profile["layers"][0]["macs"] == batch * 64 * 9 * 16
    assert "stem_out" in profile["layers"][0]["sources"]


def test_the_wall_of_the_profile_is_what_accelerator_mode_reports(tmp_path):
    """Two ways to the same number."""
    path = _compiled(tmp_path, target="tiny", batch_size=2)
    (profile,) = _documents(path, "_mla_profile.yaml")
    loaded = runtime.load(path)
    shape = loaded.inputs[0].type.shape
    result = loaded.run([np.zeros(shape, np.float32)], accelerator=True)
    cycles = result.cycles["MLA_0"]
    assert profile["cycles"]["wall"] == cycles.wall
    assert sum(profile["stalls"].values()) == cycles.stalls


@pytest.mark.parametrize("name", MODELS)
def test_trained_models_hold_what_is_documented(models, tmp_path, name):
    """Every file against its schema, every program against the validator, every sum."""
    path = _compiled(tmp_path, models / name)
    description = describe(path, strict=True)
    names = [file["name"] for file in description["files"]]
    programs = [name for name in names if name.endswith((".so", ".h"))]
    assert set(description["checked"]) == set(names) - set(programs)
    profiles = _documents(path, "_mla_profile.yaml")
    statistics = _documents(path, "_mla_stats.yaml")
    assert len(profiles) == len(statistics) >= 1
    for profile, rows in zip(profiles, statistics, strict=True):
        _check_profile(profile, rows)


def test_the_manifest_lists_every_other_member_and_where_it_came_from(tmp_path):
    """Hashes recomputed here; options that do not shape the archive are not in it."""
    opened = open_archive(_compiled(tmp_path, target="tiny", batch_size=2, threads=2))
    listed = {entry.name: (entry.bytes, entry.sha256) for entry in opened.manifest.files}
    assert listed == {
        name: (len(data), hashlib.sha256(data).hexdigest())
        for name, data in opened.members.items()
        if not name.endswith("_manifest.json")
    }
    provenance = opened.manifest.provenance
    assert provenance["model_sha256"] == hashlib.sha256(DIGITS.read_bytes()).hexdigest()
    assert provenance["calibration_sha256"] is provenance["calibration"] is None
    assert provenance["target"]["name"] == "tiny"
    assert provenance["options"]["batch_size"] == 2 and "threads" not in provenance["options"]


def test_the_pipeline_follows_the_chain(tmp_path):
    """Stages in order, linked by name; the MLA's file says what SDK's readers look for."""
    opened = open_archive(_compiled(tmp_path, target="tiny", batch_size=2))
    (pipeline,) = json.loads(opened.members["pipeline_sequence.json"])["pipelines"]
    stages = pipeline["sequence"]
    assert [stage["name"] for stage in stages] == [p.name for p in opened.chain.plugins[:-1]]
    assert [stage["sequence_id"] for stage in stages] == list(range(1, len(stages) + 1))
    assert [stage["input"] for stage in stages] == ["decoder"] + [s["name"] for s in stages[:-1]]
    (mla,) = (stage for stage in stages if stage["pluginId"] == "processmla")
    assert mla["configPath"] == "0_process_mla.json" and mla["processor"] == "MLA"
    config = json.loads(opened.members["0_process_mla.json"])
    assert (config["input_width"], config["input_height"], config["input_depth"]) == ([8], [8], [1])
    assert config["batch_size"] == 2 and config["model_path"] in opened.members
    assert config["input_buffers"] == [{"name": "tessellate_0", "size": 128}]
