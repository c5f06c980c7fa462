"""The trained digits network as float ONNX, and that as quantized (QDQ) ONNX.

Quantization is onnxruntime's own: int8 activations per tensor, int8 weights per channel, ranges
from the training images. Nothing of the compiler takes part.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from network import BODY, CLASSES, STEM, DigitsNetwork
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

OPSET, IR_VERSION = 17, 8
INPUT, OUTPUT = "image", "logits"


def float_model(network: DigitsNetwork) -> onnx.ModelProto:
    """The network as ONNX: `image` f32 [batch, 1, 8, 8] -> `logits` f32 [batch, 10]."""
    nodes = [
        _conv("stem", INPUT, "stem_sum", 3),
        helper.make_node("Relu", ["stem_sum"], ["stem_out"], "stem_relu"),
        _conv("depthwise", "stem_out", "depthwise_sum", 3, group=STEM),
        helper.make_node("Relu", ["depthwise_sum"], ["depthwise_out"], "depthwise_relu"),
        _conv("pointwise", "depthwise_out", "pointwise_out", 1),
        helper.make_node("Add", ["stem_out", "pointwise_out"], ["residual_sum"], "residual"),
        helper.make_node("Relu", ["residual_sum"], ["residual_out"], "residual_relu"),
        _pool("pool1", "residual_out", "pool1_out"),
        _conv("body", "pool1_out", "body_sum", 3),
        helper.make_node("Relu", ["body_sum"], ["body_out"], "body_relu"),
        _pool("pool2", "body_out", "pool2_out"),
        helper.make_node("Flatten", ["pool2_out"], ["features"], "flatten", axis=1),
        helper.make_node("Gemm", ["features", "fc.weight", "fc.bias"], [OUTPUT], "fc", transB=1),
    ]
    image = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", 1, 8, 8])
    logits = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", CLASSES])
    graph = helper.make_graph(nodes, "digits", [image], [logits], _weights(network))
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model


def _conv(name: str, source: str, result: str, kernel: int, group: int = 1) -> onnx.NodeProto:
    return helper.make_node(
        "Conv",
        [source, f"{name}.weight", f"{name}.bias"],
        [result],
        name,
        kernel_shape=[kernel, kernel],
        pads=[kernel // 2] * 4,
        group=group,
    )


def _pool(name: str, source: str, result: str) -> onnx.NodeProto:
    return helper.make_node(
        "MaxPool", [source], [result], name, kernel_shape=[2, 2], strides=[2, 2]
    )


def _weights(network: DigitsNetwork) -> list[TensorProto]:
    assert network.layers["body"].parameters["weight"].shape == (BODY, STEM, 3, 3)
    return [
        numpy_helper.from_array(np.ascontiguousarray(value), f"{name}.{key}")
        for name, layer in network.layers.items()
        for key, value in layer.parameters.items()
    ]


class _Calibration(CalibrationDataReader):
    """Feeds the training images, 64 at a time."""

    def __init__(self, images: NDArray[np.float32]) -> None:
        self._batches: Iterator[NDArray[np.float32]] = iter(
            np.array_split(images, len(images) // 64)
        )

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}


def quantized_model(model: onnx.ModelProto, images: NDArray[np.float32]) -> onnx.ModelProto:
    """`model` with QuantizeLinear/DequantizeLinear around every operator (s8s8, per channel)."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "float.onnx"), Path(folder, "qdq.onnx")
        onnx.save(model, source)
        quantize_static(
            source,
            target,
            _Calibration(images),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
        )
        quantized = onnx.load(target)
    return _without_shape_annotations(quantized)


def _without_shape_annotations(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop what any reader infers (value_info) and the opsets no node uses: a smaller file."""
    del model.graph.value_info[:]
    used = {node.domain for node in model.graph.node}
    kept = [opset for opset in model.opset_import if opset.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    onnx.checker.check_model(model, full_check=True)
    return model
