"""The archive's JSON by itself, not through the project's loader: links, sizes, order, files."""

from __future__ import annotations

import json
import tarfile
from importlib import resources

import jsonschema
import pytest
import yaml
from afe.apis.model import Model

CASES = {
    "one segment": ("resnet8_int8.tflite", {}),
    "a batch": ("resnet8_int8.tflite", {"batch_size": 3}),
    "two outputs and the A65": ("ssd_mobilenet_v1_coco_uint8.tflite", {}),
    "several segments": ("bert_tiny_s8_qdq.onnx", {}),
    "the suffix of newer releases": ("kws_dscnn_int8.tflite", {"binary_suffix": "elf"}),
    "every layer's output": ("kws_dscnn_int8.tflite", {"keep_layer_outputs": True}),
}
SCHEMAS = {"_mpk.json": "mpk", "_manifest.json": "manifest", "sequence.json": "pipeline_sequence"}


@pytest.fixture(params=CASES, scope="module")
def members(request, models, tmp_path_factory):
    """The members of an archive by name."""
    name, options = CASES[request.param]
    folder = tmp_path_factory.mktemp("archive")
    report = Model.from_file(models / name).compile(folder, log_level=50, **options)
    with tarfile.open(report.archive) as tar:
        assert all(member.isreg() and "/" not in member.name for member in tar)
        return {member.name: tar.extractfile(member).read() for member in tar}


def _chain(members):
    (name,) = (name for name in members if name.endswith("_mpk.json"))
    return json.loads(members[name])


def test_buffers_link_up_by_name_size_and_order(members):
    """A plugin reads model inputs and what earlier plugins wrote, in the size it was written."""
    chain = _chain(members)
    sizes = {node["name"]: node["size"] for node in chain["input_nodes"]}
    assert len(sizes) == len(chain["input_nodes"])
    for number, plugin in enumerate(chain["plugins"], start=1):
        assert plugin["sequence"] == number
        for node in plugin["input_nodes"]:
            assert sizes[node["name"]] == node["size"] > 0, plugin["name"]
        for node in plugin["output_nodes"]:
            if plugin["name"] != "pass_through":
                assert node["name"] not in sizes
                sizes[node["name"]] = node["size"]
    names = [plugin["name"] for plugin in chain["plugins"]]
    assert len(set(names)) == len(names) and names[-1] == "pass_through"


def test_every_file_that_is_named_is_there_and_every_program_is_named(members):
    """By the chain, by the pipeline and by the manifest."""
    chain = _chain(members)
    programs = [
        plugin["resources"]["executable"]
        for plugin in chain["plugins"]
        if plugin["processor"] != "EV74"
    ]
    assert set(programs) == {n for n in members if n.endswith((".lm", ".elf", ".so"))}
    for program in programs:
        stem = program.rpartition(".")[0]
        if stem.endswith("_mla"):
            assert f"{stem}_stats.yaml" in members and f"{stem}_profile.yaml" in members
    (manifest,) = (name for name in members if name.endswith("_manifest.json"))
    listed = [entry["name"] for entry in json.loads(members[manifest])["files"]]
    assert sorted([*listed, manifest]) == sorted(members)
    pipelines = json.loads(members["pipeline_sequence.json"])["pipelines"]
    stages = [stage for pipeline in pipelines for stage in pipeline["sequence"]]
    configurations = {stage["configPath"] for stage in stages}
    assert configurations == {n for n in members if n.startswith("0_")}
    for name in configurations:
        path = json.loads(members[name])["model_path"]
        assert path == "" or path in members


def test_every_document_has_a_schema_and_holds_it(members):
    """With jsonschema alone; YAML's keys are numbers, which schemas know as texts."""
    for name, data in members.items():
        if name.endswith((".lm", ".elf", ".so", ".h")):
            continue
        document = yaml.safe_load(data) if name.endswith(".yaml") else json.loads(data)
        kind = next((k for suffix, k in SCHEMAS.items() if name.endswith(suffix)), "stage")
        if name.endswith(".yaml"):
            kind = "mla_stats" if name.endswith("_stats.yaml") else "mla_profile"
            document = {str(key): value for key, value in document.items()}
        file = resources.files("afe.package.schemas") / f"{kind}.json"
        jsonschema.Draft202012Validator(json.loads(file.read_text())).validate(document)


def test_shapes_count_as_many_bytes_as_their_nodes(members):
    """What an EV74 kernel and an MLA segment state of their tensors, against the buffers' sizes."""
    width = {"int8": 1, "uint8": 1, "bool": 1, "int16": 2, "int32": 4, "float32": 4, "int64": 8}

    def size(scalar, shape):
        count = width[scalar]
        for extent in shape:
            count *= extent
        return count

    for plugin in _chain(members)["plugins"]:
        config = plugin["config_params"]
        for side in ("input", "output"):
            nodes = [node["size"] for node in plugin[f"{side}_nodes"]]
            if plugin["processor"] == "EV74":
                params = config["params"]
                pairs = zip(params[f"{side}_data_types"], params[f"{side}_shapes"], strict=True)
                assert [size(*pair) for pair in pairs] == nodes
            elif plugin["processor"] == "MLA":
                types = config[f"{side}_types"]
                assert sum(size(t["scalar"], t["shape"]) for t in types) == sum(nodes)
                assert sum(t["size"] for t in config[f"{side}_tensors"]) == sum(nodes)
