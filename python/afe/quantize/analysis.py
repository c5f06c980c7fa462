"""How far a quantized network's layers are from the float network's, on given data.

Layers are the tensors that the quantization gave a scale: their float values stand against what is
left of them behind QuantizeLinear and DequantizeLinear. Fed locally, every layer computes on the
float network's own values: its error is what it adds itself. Else errors of the layers before it
are in it, as they are in the outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper

from afe.errors import AfeError, ErrorCode
from afe.quantize.net import Edge
from afe.quantize.samples import split
from afe.quantize.statistics import Observer
from afe.quantize.tools import Array, Feeds
from afe.source import UnquantizedNet

Metric = Callable[[Array, Array], float]

_REFERENCE, _QUANTIZED = "afe_reference_of_", "afe_quantized_"


def _mean_square(x: Array, y: Array) -> float:
    difference = x.astype(np.float64) - y.astype(np.float64)
    return float(np.mean(difference * difference))


def _decibels(signal: float, noise: float) -> float:
    return float("inf") if noise == 0 else 10 * float(np.log10(signal / noise)) if signal else 0.0


def _cosine(x: Array, y: Array) -> float:
    a, b = x.astype(np.float64).ravel(), y.astype(np.float64).ravel()
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths else float(np.array_equal(a, b))


METRICS: dict[str, Metric] = {
    "mae": lambda x, y: float(np.mean(np.abs(x.astype(np.float64) - y.astype(np.float64)))),
    "mse": _mean_square,
    "max": lambda x, y: float(np.max(np.abs(x.astype(np.float64) - y.astype(np.float64)))),
    "sqnr": lambda x, y: _decibels(float(np.mean(x.astype(np.float64) ** 2)), _mean_square(x, y)),
    "psnr": lambda x, y: _decibels(float(np.max(np.abs(x))) ** 2, _mean_square(x, y)),
    "cosine": _cosine,
}
"""Metrics by name, of the float tensor and the quantized one: mean absolute, mean square and
largest difference; signal (or its peak) over noise in dB; cosine of the angle between them."""


def metric_of(metric: Metric | str) -> Metric:
    """The metric, or the one of that name; AfeError INVALID_OPTION."""
    if callable(metric):
        return metric
    if metric not in METRICS:
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            f"error_metric is {metric!r}; allowed: a function of two arrays, or "
            + ", ".join(METRICS),
        )
    return METRICS[metric]


def layer_errors(
    net: UnquantizedNet,
    inputs: Sequence[Edge],
    data: Iterable[Feeds],
    metric: Metric,
    *,
    local_feed: bool,
    title: str,
) -> dict[str, float]:
    """The metric of every layer by its tensor's name, in order: its mean over all samples.

    Raises AfeError INVALID_INPUT for data that does not fit, or none.
    """
    float_model, quantized = ModelProto(), ModelProto()
    float_model.ParseFromString(net.float_model)
    quantized.ParseFromString(net.quantized_model)
    samples = _samples(inputs, data)
    pairs = _pairs(float_model, quantized)
    given = {edge.name for edge in inputs}
    tensors = {name: dequantize.output[0] for name, (_, dequantize) in pairs.items()}
    if local_feed:
        tensors = _fed_by_reference(quantized, pairs, given)
    reference = Observer(float_model, tensors, title)
    computed = Observer(quantized, tensors.values(), title)
    sums = dict.fromkeys(tensors, 0.0)
    for feeds in samples:
        wanted = reference.run(feeds)
        inner = {_REFERENCE + name: array for name, array in wanted.items() if name not in given}
        got = computed.run({**feeds, **inner} if local_feed else feeds)
        for name, tensor in tensors.items():
            sums[name] += metric(wanted[name], got[tensor])
    return {name: total / len(samples) for name, total in sums.items()}


def _samples(inputs: Sequence[Edge], data: Iterable[Feeds]) -> list[Feeds]:
    samples = [
        run
        for number, feeds in enumerate(data)
        for run in split(inputs, feeds, f"evaluation sample {number}")
    ]
    if not samples:
        raise AfeError(ErrorCode.INVALID_INPUT, "there is no evaluation data")
    return samples


Pair = tuple[NodeProto, NodeProto]
"""QuantizeLinear and the DequantizeLinear behind it."""


def _pairs(float_model: ModelProto, quantized: ModelProto) -> dict[str, Pair]:
    """The pairs of the network by the float tensor that they stand for, in order.

    In front of an output it is the second node whose result has the tensor's name.
    """
    inputs = {info.name for info in float_model.graph.input}
    known = inputs | {name for node in float_model.graph.node for name in node.output}
    behind = {n.input[0]: n for n in quantized.graph.node if n.op_type == "DequantizeLinear"}
    pairs: dict[str, Pair] = {}
    for node in quantized.graph.node:
        if node.op_type == "QuantizeLinear" and node.output[0] in behind:
            dequantize = behind[node.output[0]]
            names = [name for name in (node.input[0], dequantize.output[0]) if name in known]
            if names:
                pairs[names[0]] = node, dequantize
    return pairs


def _fed_by_reference(
    quantized: ModelProto, pairs: dict[str, Pair], given: set[str]
) -> dict[str, str]:
    """Changes the model so that every layer reads the float values of what it reads, quantized.

    The pairs behind the layers' own results are new ones; what comes out of them, by tensor.
    """
    own: dict[str, str] = {}
    for name, (quantize, dequantize) in pairs.items():
        if name in given:
            own[name] = dequantize.output[0]
            continue
        own[name] = _QUANTIZED + name
        quantized.graph.node.extend(_copied_pair(quantize, dequantize, own[name]))
        quantize.input[0] = _REFERENCE + name
        quantized.graph.input.append(
            helper.make_tensor_value_info(_REFERENCE + name, TensorProto.FLOAT, None)
        )
    return own


def _copied_pair(quantize: NodeProto, dequantize: NodeProto, result: str) -> Pair:
    """The same two nodes on the same tensor, to another result."""
    first, second = NodeProto(), NodeProto()
    first.CopyFrom(quantize)
    second.CopyFrom(dequantize)
    first.name, second.name = f"{result}_quantize", f"{result}_dequantize"
    first.output[0] = second.input[0] = f"{result}_codes"
    second.output[0] = result
    return first, second
