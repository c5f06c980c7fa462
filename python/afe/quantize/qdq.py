"""QuantizeLinear and DequantizeLinear written into a float model, by onnxruntime's quantizer.

It quantizes weights and biases, writes the pairs, and lets operators that only move elements share
scales. Which operators and tensors, and the ranges, come from here: `selection` and `ranges`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import onnx
from onnx import ModelProto

from afe.quantize.config import QuantizationParams
from afe.quantize.prepare import drop_unused_opsets
from afe.quantize.ranges import Range
from afe.quantize.selection import SAME_CODES, Selection
from afe.quantize.tools import onnxruntime_module


def with_qdq(
    model: ModelProto,
    selection: Selection,
    ranges: Mapping[str, Range],
    params: QuantizationParams,
) -> ModelProto:
    """The quantized model; `model` stays as it is."""
    tools = onnxruntime_module("quantization")
    copy = ModelProto()
    copy.CopyFrom(model)
    chosen = set(selection.nodes)
    kinds = sorted({node.op_type for node in copy.graph.node if node.name in chosen})
    with _quiet():
        quantizer = tools.QDQQuantizer(
            copy,
            params.weight_quantization_scheme.per_channel,
            False,
            tools.QuantType.QInt8,
            _activation_type(params),
            _tensors_data(tools, ranges),
            selection.nodes or ["(none)"],
            [],
            kinds,
            {
                "ActivationSymmetric": not params.activation_quantization_scheme.asymmetric,
                "WeightSymmetric": not params.weight_quantization_scheme.asymmetric,
                "ForceQuantizeNoInputCheck": True,
                "QDQOpTypePerChannelSupportToAxis": {"MatMul": 1},
                # Where results get a pair is the selection's to say.
                "OpTypesToExcludeOutputQuantization": [k for k in kinds if k not in SAME_CODES],
            },
        )
        for tensor in selection.tensors:
            quantizer.quantize_activation_tensor(tensor)
        quantized: ModelProto = quantizer.quantize_model()
    _in_order(quantized)
    drop_unused_opsets(quantized)
    del quantized.graph.value_info[:]
    return quantized


def _activation_type(params: QuantizationParams) -> object:
    types = onnxruntime_module("quantization").QuantType
    is_wide = params.activation_quantization_scheme.bits == 16
    return types.QInt16 if is_wide else types.QInt8


def _tensors_data(tools: object, ranges: Mapping[str, Range]) -> object:
    calibrate = onnxruntime_module("quantization.calibrate")
    data = {
        name: calibrate.TensorData(lowest=np.float32(low), highest=np.float32(high))
        for name, (low, high) in ranges.items()
    }
    return calibrate.TensorsData(calibrate.CalibrationMethod.MinMax, data)


def _in_order(model: ModelProto) -> None:
    """Operators behind what they read: the quantizer appends its own at the end."""
    known = {tensor.name for tensor in model.graph.initializer} | {""}
    known |= {info.name for info in model.graph.input}
    readers: dict[str, list[int]] = {}
    nodes = list(model.graph.node)
    waiting = []
    for number, node in enumerate(nodes):
        missing = {name for name in node.input if name not in known}
        waiting.append(len(missing))
        for name in missing:
            readers.setdefault(name, []).append(number)
    ready = [number for number, count in enumerate(waiting) if count == 0]
    order: list[onnx.NodeProto] = []
    while ready:
        number = ready.pop()
        order.append(nodes[number])
        for name in nodes[number].output:
            for reader in reversed(readers.get(name, [])):
                waiting[reader] -= 1
                if waiting[reader] == 0:
                    ready.append(reader)
    del model.graph.node[:]
    model.graph.node.extend(order)


@contextmanager
def _quiet() -> Iterator[None]:
    """onnxruntime's quantizer warns on the root logger of what is decided here on purpose."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(disabled)
