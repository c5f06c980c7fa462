"""The plugin chain of `*_mpk.json` and the members of the archive."""

from __future__ import annotations

import dataclasses
import itertools
import json

import pytest
import yaml
from afe.errors import AfeError, ErrorCode
from afe.options import CompileOptions
from afe.package.manifest import Provenance
from afe.package.mpk import build_package
from afe.package.network import EV74, PhysicalTensor, Step, TensorType
from afe.target import load_target
from hand_made import quantized_network, two_port_network

PROVENANCE = Provenance("m.tflite", "00ff")


def _document(network, name="m", suffix="lm"):
    package = build_package(
        network, name, PROVENANCE, load_target("tiny"), CompileOptions(binary_suffix=suffix)
    )
    return json.loads(package.members[f"{name}_mpk.json"]), package


def test_a_quantized_network_has_the_documented_chain_in_order():
    """quantize, tessellate, MLA, detessellate, dequantize, sink; sequences from 1."""
    document, package = _document(quantized_network())
    assert [(p["sequence"], p["name"], p["processor"]) for p in document["plugins"]] == [
        (1, "quantize_0", "EV74"),
        (2, "tessellate_0", "EV74"),
        (3, "MLA_0", "MLA"),
        (4, "detessellate_0", "EV74"),
        (5, "dequantize_0", "EV74"),
        (6, "pass_through", "EV74"),
    ]
    assert package.segments == {"MLA": 1, "EV74": 5, "A65": 0}


def test_buffers_are_linked_by_name_and_have_physical_sizes():
    """Each input is the output before it; the MLA's output is padded to 16 channels."""
    document, _ = _document(quantized_network())
    plugins = document["plugins"]
    for before, after in itertools.pairwise(plugins):
        assert after["input_nodes"] == before["output_nodes"]
    assert document["input_nodes"][0]["size"] == 4 * 105
    assert plugins[0]["input_nodes"][0]["name"] == "x"
    assert [p["output_nodes"][0]["size"] for p in plugins] == [105, 105, 192, 114, 456, 456]


def test_the_quantization_states_multiplier_and_divisor():
    """channel_params hold 1 / scale; `divisor` the scale itself; the range follows."""
    document, _ = _document(quantized_network())
    params = document["plugins"][0]["config_params"]["params"]
    assert params["channel_params"] == [[2.0, 128]] and params["divisor"] == 0.5
    assert params["num_bits"] == 8 and params["rounding"] == "TONEAREST"
    assert params["output_data_type"] == "uint8" and params["input_shapes"] == [[1, 5, 3, 7]]
    assert document["input_nodes"][0]["input_range"] == [-64.0, 63.5]


def test_the_mla_plugin_states_batch_quads_and_types():
    """What users of the SDK search the JSON for."""
    document, _ = _document(quantized_network((4, 2)))
    plugin = document["plugins"][2]
    config = plugin["config_params"]
    assert config["desired_batch_size"] == 4 and config["actual_batch_size"] == 2
    assert config["number_of_quads_to_user"] == 1
    assert config["input_types"] == [{"scalar": "uint8", "shape": [2, 5, 3, 7]}]
    assert config["output_types"] == [{"scalar": "int8", "shape": [1, 384]}]
    assert plugin["resources"] == {"executable": "m_stage1_mla.lm"}


def test_several_tensors_are_packed_and_unpacked():
    """A segment with two inputs and outputs has one buffer on each side."""
    document, _ = _document(two_port_network())
    assert [p["name"] for p in document["plugins"]] == [
        "tessellate_0",
        "tessellate_1",
        "MLA_0_ifm_pack_transform",
        "MLA_0",
        "MLA_0_ofm_unpack_transform",
        "detessellate_0",
        "detessellate_1",
        "pass_through",
    ]
    assert document["plugins"][3]["input_nodes"][0]["size"] == 16
    names = [node["name"] for p in document["plugins"] for node in p["output_nodes"]]
    assert len(set(names)) == len(names)


def test_an_input_called_like_a_plugin_keeps_the_names_apart():
    """Buffer names are unique even where the model's names are not."""
    network = quantized_network()
    port = dataclasses.replace(network.inputs[0], name="MLA_0")
    document, _ = _document(dataclasses.replace(network, inputs=(port,)))
    assert document["input_nodes"][0]["name"] == "MLA_0_1"
    assert document["plugins"][2]["name"] == "MLA_0"


def test_members_are_named_by_stage_and_the_suffix_is_an_option():
    """`.elf` is what newer runtimes accept."""
    _, package = _document(quantized_network(), suffix="elf")
    assert list(package.members) == [
        "m_mpk.json",
        "m_stage1_mla.elf",
        "m_stage1_mla_stats.yaml",
        "pipeline_sequence.json",
        "0_quantize_0.json",
        "0_tessellate_0.json",
        "0_process_mla.json",
        "0_detessellate_0.json",
        "0_dequantize_0.json",
        "m_manifest.json",
    ]


def test_layers_that_end_together_share_a_row():
    """Rows in order of ends, gapless, the last end + 1 is the deterministic time."""
    _, package = _document(quantized_network())
    rows = yaml.safe_load(package.members["m_stage1_mla_stats.yaml"])
    assert rows == {
        0: {"name": "MLA_0/conv2d_0", "start_cycle": 0, "end_cycle": 40},
        1: {"name": "MLA_0/pad_1+MLA_0/add_2", "start_cycle": 41, "end_cycle": 99},
    }


def test_statistics_that_disagree_with_the_program_are_refused():
    """A wrong total is the compiler's mistake, and never written."""
    network = quantized_network()
    segment = network.mla_segments["MLA_0"]
    wrong = dataclasses.replace(segment, cycles={**segment.cycles, "deterministic": 101})
    with pytest.raises(AfeError) as error:
        _document(dataclasses.replace(network, mla_segments={"MLA_0": wrong}))
    assert error.value.code is ErrorCode.INTERNAL


def test_a_border_that_disagrees_with_the_chain_is_refused():
    """The segment's tensor must have the chain's elements."""
    network = quantized_network()
    segment = network.mla_segments["MLA_0"]
    other = PhysicalTensor("x", TensorType("uint8", (1, 5, 3, 8)), "HWC", 120)
    wrong = dataclasses.replace(segment, inputs=(other,))
    with pytest.raises(AfeError, match="tensor 'x'"):
        _document(dataclasses.replace(network, mla_segments={"MLA_0": wrong}))


@pytest.mark.parametrize(
    ("perms", "source", "destination"),
    [
        ([0, 2, 3, 1], "NCHW", "NHWC"),
        ([0, 3, 1, 2], "NHWC", "NCHW"),
        ([0, 2, 1], "NCW", "NWC"),
        ([2, 0, 1, 3], "NHWC", "WNHC"),
    ],
)
def test_permutations_become_layout_letters(perms, source, destination):
    """A transposition is named by the letters of its dimensions."""
    from afe.package.kernels import full_params

    shape = TensorType("int8", tuple(range(2, 2 + len(perms))))
    params = full_params("layout_transform", {"perms": perms}, [shape], [shape])
    assert (params["src_layout"], params["dst_layout"]) == (source, destination)
    assert [source.index(letter) for letter in destination] == perms


def test_kernels_are_completed_from_the_types():
    """slice, reshape and cast state what follows from their results."""
    network = quantized_network()
    x = network.arguments[0]
    y = dataclasses.replace(network.results[0], type=TensorType("uint8", (1, 2, 3, 7)))
    step = Step(EV74, "slice_transform", (x,), (y,), {"start": [0, 3, 0, 0]})
    port = dataclasses.replace(network.outputs[0], type=y.type)
    sliced = dataclasses.replace(network, steps=(step,), results=(y,), outputs=(port,))
    document, _ = _document(sliced)
    params = document["plugins"][1]["config_params"]["params"]
    assert params["begin"] == [0, 3, 0, 0] and params["end"] == [1, 5, 3, 7]
