"""How far the layers of a quantized network are from the float one's."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from afe.apis.defines import QuantizationParams, default_quantization, quantization_scheme
from afe.apis.model import Model
from afe.errors import AfeError, ErrorCode
from small_nets import conv, image, loaded, model_of


@pytest.fixture(scope="module")
def nets(tmp_path_factory):
    """Three convolutions and a head, in float and quantized."""

    def body(net, x):
        x = conv(net, net.node("Relu", x), 8, 8)
        return conv(net, net.node("Relu", x), 8, 8)

    net = loaded(model_of(body), tmp_path_factory.mktemp("net"))
    return net, net.quantize([{"image": image(4)}], default_quantization, model_name="m")


DATA = [{"image": image(3, 7)}, {"image": image(1, 8)}]


def test_the_last_layers_error_is_that_of_the_outputs(nets):
    """By the metric's own words, on the outputs of both networks."""
    net, model = nets
    errors = model.analyze_quantization_error(DATA, "mae", local_feed=False)
    images = np.concatenate([sample["image"] for sample in DATA])
    wanted, got = net.execute({"image": images})[0], model.execute([images])[0]
    assert next(iter(errors)) == "image" and list(errors)[-1] == "logits"
    assert errors["logits"] == pytest.approx(np.abs(wanted - got).mean(), rel=1e-3)


def test_fed_locally_errors_do_not_add_up(nets):
    """The first layers' are the same, the last ones' smaller than with those before them."""
    _, model = nets
    whole = model.analyze_quantization_error(DATA, "mse", local_feed=False)
    own = model.analyze_quantization_error(DATA, "mse", local_feed=True)
    assert list(whole) == list(own) and len(own) >= 5
    first, *_, last = own
    assert own[first] == whole[first] > 0 and 0 < own[last] < whole[last]


def test_fewer_bits_are_larger_errors_in_every_layer(nets):
    """16-bit activations against 8-bit ones."""
    net, model = nets
    scheme = quantization_scheme(True, False, bits=16)
    params = QuantizationParams().with_activation_quantization(scheme)
    fine = net.quantize([{"image": image(4)}], params, model_name="m")
    coarse = model.analyze_quantization_error(DATA, "mae", local_feed=True)
    for name, error in fine.analyze_quantization_error(DATA, "mae", local_feed=True).items():
        assert error < coarse[name]


def test_metrics_by_name_and_functions_and_the_log(nets, caplog):
    """Every name; a function gets the float tensor first."""
    _, model = nets
    values = {}
    for name in ("mae", "mse", "max", "sqnr", "psnr", "cosine"):
        errors = model.analyze_quantization_error(DATA, name, local_feed=False)
        values[name] = list(errors.values())[-1]
    assert values["mae"] < values["max"] and values["psnr"] > values["sqnr"] > 10
    assert 0.99 < values["cosine"] < 1
    caplog.clear()
    biases = model.analyze_quantization_error(
        DATA, lambda x, y: float((x - y).mean()), local_feed=False, log_level=logging.INFO
    )
    assert [record.message.split()[0] for record in caplog.records] == list(biases)


def test_the_file_carries_the_float_network_unless_it_should_not(nets, tmp_path):
    """Loaded again the errors are the same; without it there is nothing to compare with."""
    _, model = nets
    model.save("m", tmp_path)
    model.save("small", tmp_path, include_unquantized_net=False)
    assert (tmp_path / "small.sima").stat().st_size < (tmp_path / "m.sima").stat().st_size
    again = Model.load("m", tmp_path)
    wanted = model.analyze_quantization_error(DATA, "mae", local_feed=True)
    assert again.analyze_quantization_error(DATA, "mae", local_feed=True) == wanted
    for bare in (
        Model.load("m", tmp_path, include_unquantized_net=False),
        Model.load("small", tmp_path),
    ):
        with pytest.raises(AfeError, match="no unquantized network") as error:
            bare.analyze_quantization_error(DATA, "mae", local_feed=False)
        assert error.value.code is ErrorCode.INVALID_INPUT


@pytest.mark.parametrize(
    ("data", "metric", "text"),
    [
        (DATA, "rmse", "allowed: a function of two arrays, or mae"),
        ([], "mae", "there is no evaluation data"),
        ([{"imag": image(1)}], "mae", "'imag'"),
        ([{"image": image(1)[:, 1:]}], "mae", "expected"),
    ],
)
def test_metrics_and_data_that_are_wrong_are_refused(nets, data, metric, text):
    """With what is expected."""
    with pytest.raises(AfeError, match=text):
        nets[1].analyze_quantization_error(data, metric, local_feed=False)
