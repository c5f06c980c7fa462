"""An encoded module as the network it holds."""

from __future__ import annotations

import pytest
from afe import ir
from afe.errors import AfeError
from afe.package.network import LayerEnd, Port, TensorType
from afe.package.read_module import has_host_segments, plain, read_network

STATS = """{
  inputs = [{name = "x", scalar = "uint8", shape = [2, 3, 5, 7], layout = "HWC", bytes = 210}],
  outputs = [{name = "y", scalar = "int8", shape = array<i64: 2, 9>, layout = "HWC16", bytes = 32}],
  desired_batch = 3, actual_batch = 2, batch_limit_reason = "batch 3 needs more L2",
  cycles = {deterministic = 10, busy = 8, planned_wait = 2, stalls = 1, wall = 11, lower_bound = 4,
            bound_terms = {mac = 1, output = 2, vector = 3, dram = 4}},
  peaks = {L1 = 1, L2 = 2, DRAM = 3},
  layers = [{name = "conv2d_0", end = 5, sources = ["conv at m:0"]}, {name = "add_1", end = 10}]
}"""

MODULE = f"""
module attributes {{afe.fallbacks = [{{operator = "ERF", location = "m:7", reason = "r",
                                       hint = "h"}}]}} {{
  mla.binary @MLA_0 attributes {{lm = dense<[1, 2, -1]> : tensor<3xi8>, stats = {STATS}}}
  a65.binary @APU_1 attributes {{so = dense<[7, 8]> : tensor<2xi8>, stats = {{function = "apu_1"}}}}
  func.func @main(%x: tensor<2x3x5x7xui8> {{afe.name = "x", afe.quant =
                      {{scale = 0.5 : f32, zero_point = 128 : i64}}}})
      -> (tensor<2x9xf32> {{afe.name = "out"}}, tensor<2x9xi8>) {{
    %y = mla.call @MLA_0(%x) : (tensor<2x3x5x7xui8>) -> tensor<2x9xi8>
    %z = a65.ev74 "dequantization_transform"(%y) {{params = {{scale = 0.25 : f32, zero_point = 3}}}}
      : (tensor<2x9xi8>) -> tensor<2x9xf32>
    %w = a65.call @APU_1(%z) : (tensor<2x9xf32>) -> tensor<2x9xf32>
    return %w, %y : tensor<2x9xf32>, tensor<2x9xi8>
  }}
}}
"""


@pytest.fixture
def network():
    """The network of MODULE, batch 3 asked for."""
    with ir.Context():
        return read_network(ir.Module.parse(MODULE), 3)


def test_ports_carry_names_types_and_quantization(network):
    """Nameless results get a name."""
    assert network.inputs == (Port("x", TensorType("uint8", (2, 3, 5, 7)), 0.5, 128),)
    assert [port.name for port in network.outputs] == ["out", "tensor_1"]
    assert network.outputs[1].type == TensorType("int8", (2, 9))


def test_the_chain_is_in_order_and_its_values_are_linked(network):
    """MLA, EV74, A65; a value used twice is the same value."""
    steps = [(step.processor, step.kernel) for step in network.steps]
    assert steps == [("MLA", "MLA_0"), ("EV74", "dequantization_transform"), ("A65", "APU_1")]
    assert network.steps[1].params == {"scale": 0.25, "zero_point": 3}
    assert network.steps[0].inputs == network.arguments
    assert network.steps[1].inputs == network.steps[0].outputs == network.results[1:]
    assert network.steps[2].outputs == network.results[:1]


def test_segments_carry_bytes_and_figures(network):
    """Programs of both processors; layers in order of their ends."""
    mla = network.mla_segments["MLA_0"]
    assert mla.program == b"\x01\x02\xff" and mla.cycles["wall"] == 11
    assert mla.layers == (LayerEnd("conv2d_0", 4, ("conv at m:0",)), LayerEnd("add_1", 9))
    assert mla.outputs[0].layout == "HWC16" and mla.outputs[0].frame_shape == (1, 1, 9)
    assert network.a65_segments["APU_1"].shared_object == b"\x07\x08"
    assert network.a65_segments["APU_1"].function == "apu_1"


def test_batch_and_fallbacks_are_reported(network):
    """What was asked for, what came, why, and what is not on the MLA."""
    assert (network.desired_batch, network.actual_batch) == (3, 2)
    assert network.batch_limit_reason == "batch 3 needs more L2"
    assert network.fallbacks[0].operator == "ERF" and network.fallbacks[0].hint == "h"


def test_an_operation_that_is_no_step_is_an_internal_error():
    """Nothing of TOSA may be left in the chain."""
    text = """func.func @main(%x: tensor<2xi8>) -> tensor<2xi8> {
      %y = tosa.abs %x : (tensor<2xi8>) -> tensor<2xi8>
      return %y : tensor<2xi8>
    }"""
    with ir.Context(), pytest.raises(AfeError, match=r"'tosa\.abs' is left in the chain"):
        read_network(ir.Module.parse(text), 1)


def test_host_segments_are_noticed():
    """They decide whether code for the Cortex-A65 is made."""
    with ir.Context():
        segment = "a65.segment @APU_1 { a65.return }"
        assert has_host_segments(ir.Module.parse(segment))
        assert not has_host_segments(ir.Module.parse(MODULE))


def test_attributes_become_plain_values():
    """Every kind the statistics use."""
    text = '{a = 1 : i64, b = "s", c = [1, 2.5 : f32, true], d = array<i64: 1, 2>, e, f = @g}'
    with ir.Context():
        assert plain(ir.Attribute.parse(text)) == {
            "a": 1, "b": "s", "c": [1, 2.5, True], "d": [1, 2], "e": True, "f": "g",
        }  # fmt: skip
