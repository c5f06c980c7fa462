"""A float network and calibration samples become a quantized ONNX model, and a record of how."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onnx import ModelProto

from afe.quantize.bias import add_missing_biases, correct_biases
from afe.quantize.config import BiasCorrectionType, QuantizationParams
from afe.quantize.equalization import equalize
from afe.quantize.net import Edge, FloatNet
from afe.quantize.prepare import prepared
from afe.quantize.qdq import with_qdq
from afe.quantize.ranges import Range, bins_of, range_of
from afe.quantize.selection import Selection, Selector
from afe.quantize.statistics import Observer, Progress, Spread, spreads
from afe.quantize.tools import Feeds


@dataclass(frozen=True)
class Quantized:
    """The QDQ model, what a saved model says of its calibration, and the float model behind it.

    `float_model` computes what the given network does; its tensors have the QDQ model's names.
    """

    model: ModelProto
    float_model: ModelProto
    calibration: Mapping[str, Any]


def quantize(
    net: FloatNet,
    samples: Sequence[Feeds],
    params: QuantizationParams,
    progress: Progress | None = None,
) -> Quantized:
    """Quantizes `net`; `samples` are checked runs of its inputs.

    Raises AfeError INVALID_MODEL, INVALID_INPUT (a sample that makes activations infinite) or
    INVALID_OPTION (an operator to leave in float that is none).
    """
    model = prepared(net.model, net.file_name)
    if params.channel_equalization:
        equalize(model)
    if params.biascorr_type is not BiasCorrectionType.NONE:
        add_missing_biases(model)
    selection = Selector(model, params.unquantized_nodes).run()
    observer = Observer(model, selection.tensors, net.file_name)
    method, scheme = params.calibration_method, params.activation_quantization_scheme
    found = spreads(observer, samples, bins_of(method), progress)
    ranges = {name: range_of(method, scheme, spread) for name, spread in found.items()}
    _share(ranges, selection)
    quantized = with_qdq(model, selection, ranges, params)
    correct_biases(quantized, model, samples, params.biascorr_type, net.file_name, progress)
    return Quantized(quantized, model, _record(net.inputs, samples, params, ranges, found))


def _share(ranges: dict[str, Range], selection: Selection) -> None:
    """Joined tensors take the range of the whole; backwards, for joints of joints."""
    for name, whole in reversed(selection.fixed.items()):
        ranges[name] = ranges[whole]


def _record(
    inputs: Sequence[Edge],
    samples: Sequence[Feeds],
    params: QuantizationParams,
    ranges: Mapping[str, Range],
    found: Mapping[str, Spread],
) -> dict[str, Any]:
    """Method, samples, ranges and seen extremes, as JSON holds them."""
    return {
        **params.recorded(),
        "samples": len(samples),
        "data_sha256": _digest(inputs, samples),
        "ranges": {name: list(ends) for name, ends in ranges.items()},
        "extremes": {name: [spread.low, spread.high] for name, spread in found.items()},
    }


def _digest(inputs: Sequence[Edge], samples: Sequence[Feeds]) -> str:
    """SHA-256 over all samples, input by input: names, types, shapes, elements."""
    digest = hashlib.sha256()
    for feeds in samples:
        for edge in inputs:
            array = feeds[edge.name]
            digest.update(f"{edge.name}\0{array.dtype.str}\0{array.shape}\0".encode())
            digest.update(array.tobytes())
    return digest.hexdigest()
