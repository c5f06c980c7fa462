"""Where pairs of QuantizeLinear and DequantizeLinear stand, and that corrections correct."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from afe.apis.defines import (
    BiasCorrectionType,
    MinMaxMethod,
    default_quantization,
    quantization_scheme,
)
from afe.quantize.config import QuantizationParams
from afe.quantize.equalization import equalize
from afe.quantize.prepare import prepared
from afe.quantize.quantizer import quantize
from afe.quantize.samples import calibration_samples
from afe.quantize.tools import Session
from small_nets import conv, correlation, image, loaded, model_of


def _net(body, folder):
    return loaded(model_of(body), folder)._network.net


def _quantized(body, folder, params=default_quantization, count=4):
    net = _net(body, folder)
    return net, quantize(net, calibration_samples(net.inputs, {"image": image(count)}), params)


def _operators_between_pairs(model):
    """The operators that are neither pairs nor constants' scales, in order."""
    return [n.op_type for n in model.graph.node if "Linear" not in n.op_type]


def _quantizes_inside(model, *kinds):
    """Whether a result of one of these operators is quantized."""
    made = {name for n in model.graph.node if n.op_type in kinds for name in n.output}
    return any(n.op_type == "QuantizeLinear" and n.input[0] in made for n in model.graph.node)


def _gelu(net, x):
    return conv(net, net.gelu(x), 8, 8)


def test_a_function_of_one_tensor_is_not_cut(tmp_path):
    """GELU step by step stands between one pair before and one behind."""
    _, quantized = _quantized(_gelu, tmp_path)
    assert "Erf" in _operators_between_pairs(quantized.model)
    assert not _quantizes_inside(quantized.model, "Erf", "Div")


def test_swish_is_one_function_though_it_reads_twice(tmp_path):
    """x * sigmoid(x)."""
    swish = lambda net, x: conv(net, net.node("Mul", x, net.node("Sigmoid", x)), 8, 8)  # noqa: E731
    _, quantized = _quantized(swish, tmp_path)
    assert not _quantizes_inside(quantized.model, "Sigmoid")
    assert _quantizes_inside(quantized.model, "Mul")


@pytest.mark.parametrize("asymmetric", [True, False])
def test_limits_are_quantized_with_what_they_limit(asymmetric, tmp_path):
    """No pair between a convolution and its ReLU6, whatever the zero point."""
    params = default_quantization.with_activation_quantization(
        quantization_scheme(asymmetric, False)
    )
    _, quantized = _quantized(lambda net, x: net.relu6(x), tmp_path, params)
    assert not _quantizes_inside(quantized.model, "Conv")
    assert _quantizes_inside(quantized.model, "Clip")


def test_batch_normalization_is_part_of_the_convolution(tmp_path):
    """As onnxruntime's preprocessing leaves it."""
    _, quantized = _quantized(lambda net, x: net.conv_bn(x, 8, 8, 3), tmp_path)
    assert "BatchNormalization" not in _operators_between_pairs(quantized.model)


def test_factors_of_a_layer_normalization_stay_float(tmp_path):
    """Only what flows through it becomes integers."""

    def body(net, x):
        tokens = net.node("Transpose", net.node("Reshape", x, net.ints(1, 8, 64)), perm=[0, 2, 1])
        y = net.linear(net.layer_norm(tokens, 8), 8, 8)
        return net.node("Reshape", net.node("Transpose", y, perm=[0, 2, 1]), net.ints(1, 8, 8, 8))

    _, quantized = _quantized(body, tmp_path)
    (node,) = [n for n in quantized.model.graph.node if n.op_type == "LayerNormalization"]
    producers = {name: n for n in quantized.model.graph.node for name in n.output}
    assert producers[node.input[0]].op_type == "DequantizeLinear"
    assert not {*node.input[1:]} & producers.keys()
    assert _quantizes_inside(quantized.model, "LayerNormalization")


def test_joined_tensors_share_a_range(tmp_path):
    """Concat's inputs are written with its scale at once."""

    def body(net, x):
        parts = [conv(net, x, 8, 4), net.node("Mul", conv(net, x, 8, 4), net.number(3.0))]
        return net.node("Concat", *parts, axis=1)

    _, quantized = _quantized(body, tmp_path)
    (node,) = [n for n in quantized.model.graph.node if n.op_type == "Concat"]
    producers = {name: n for n in quantized.model.graph.node for name in n.output}
    scales = [_constant(quantized.model, producers[name].input[1]) for name in node.input]
    assert len(scales) == 2 and scales[0] == scales[1]


def _constant(model, name):
    tensor = next(t for t in model.graph.initializer if t.name == name)
    return onnx.numpy_helper.to_array(tensor)


def test_int16_activations_are_finer(tmp_path):
    """In onnxruntime: the error is far below that of 8 bits."""
    wide = default_quantization.with_activation_quantization(quantization_scheme(True, False, 16))
    images = image(1, seed=5)
    errors = []
    for params in (default_quantization, wide):
        net, quantized = _quantized(_gelu, tmp_path, params)
        (wanted,), (found,) = (
            Session(model, "net", optimise=False).run(["logits"], {"image": images})
            for model in (net.model, quantized.model)
        )
        errors.append(float(np.abs(found - wanted).max()))
    assert errors[1] < errors[0] / 2


# --- corrections ---------------------------------------------------------------------------------


def _uneven(net, x):
    """Two convolutions whose channels in between have very different ranges."""
    rng = np.random.default_rng(4)
    factors = np.exp(rng.normal(0, 2, 8)).astype(np.float32)
    first = rng.normal(0, 0.2, (8, 8, 3, 3)).astype(np.float32) * factors[:, None, None, None]
    depthwise = rng.normal(0, 0.4, (8, 1, 3, 3)).astype(np.float32)
    last = rng.normal(0, 0.3, (8, 8, 1, 1)).astype(np.float32) / factors[:, None, None]
    bias = net.constant(rng.normal(0, 0.1, 8).astype(np.float32) * factors)
    y = net.node("Relu", net.node("Conv", x, net.constant(first), bias, pads=[1, 1, 1, 1]))
    y = net.node("Conv", y, net.constant(depthwise), pads=[1, 1, 1, 1], group=8)
    return net.node("Conv", net.node("Relu", y), net.constant(last))


def test_equalization_keeps_the_function_and_evens_the_ranges(tmp_path):
    """Through a depthwise layer; sweeps end with like ranges on both sides."""
    model = prepared(_net(_uneven, tmp_path).model, "net")
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    assert equalize(changed) >= 3
    wanted, found = (
        Session(m, "net").run(["logits"], {"image": image(1)})[0] for m in (model, changed)
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3)
    spreads = []
    for m in (model, changed):
        convs = [n for n in m.graph.node if n.op_type == "Conv"]
        ranges = np.abs(_constant(m, convs[-1].input[1])).max(axis=(0, 2, 3))
        spreads.append(ranges.max() / ranges.min())
    assert spreads[1] < spreads[0] / 3


def test_equalization_helps_where_channels_are_uneven(tmp_path):
    """Less error of the whole network, weights per tensor."""
    plain = QuantizationParams(
        MinMaxMethod(), weight_quantization_scheme=quantization_scheme(False, False)
    )
    found = []
    for params in (plain, plain.with_channel_equalization(True)):
        net, quantized = _quantized(_uneven, tmp_path, params)
        images = image(1, seed=7)
        a, b = (
            Session(model, "net", optimise=False).run(["logits"], {"image": images})[0]
            for model in (net.model, quantized.model)
        )
        found.append(float(np.abs(a - b).mean()))
    assert found[1] < found[0]


@pytest.mark.parametrize("kind", [BiasCorrectionType.REGULAR, BiasCorrectionType.ITERATIVE])
def test_corrected_biases_bring_means_back(kind, tmp_path):
    """Coarse weights shift means; corrected biases shift them back."""

    def body(net, x):
        # Weights of one sign that all round down: half a step is lost in every one.
        rng = np.random.default_rng(2)
        weights = rng.integers(1, 9, (8, 8, 3, 3)) * 0.1 + 0.045
        weights[:, 0, 0, 0] = 12.7
        y = net.node("Relu", x)
        return net.node("Conv", y, net.constant(weights.astype(np.float32)), pads=[1, 1, 1, 1])

    images = image(16, seed=3)
    shifts = []
    for params in (default_quantization, default_quantization.with_bias_correction(kind)):
        net = _net(body, tmp_path)
        samples = calibration_samples(net.inputs, {"image": images})
        quantized = quantize(net, samples, params)
        sessions = [Session(model, "net", optimise=False) for model in (net.model, quantized.model)]
        means = [
            np.mean([s.run(["logits"], feeds)[0] for feeds in samples], axis=0) for s in sessions
        ]
        shifts.append(float(np.abs(means[0] - means[1]).mean()))
    assert shifts[1] < shifts[0] / 2


def test_an_old_model_is_converted_first(tmp_path):
    """A model of opset 11 is brought to one that knows scales per channel."""
    old = model_of(lambda net, x: net.node("Relu", x))
    old.opset_import[0].version = 11  # its operators meant the same then
    net = loaded(old, tmp_path)._network.net
    quantized = quantize(
        net, calibration_samples(net.inputs, {"image": image(4)}), default_quantization
    )
    (wanted,), (found,) = (
        Session(m, "net").run(["logits"], {"image": image(1)}) for m in (net.model, quantized.model)
    )
    assert correlation(wanted, found) > 0.99
