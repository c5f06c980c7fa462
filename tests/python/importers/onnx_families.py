"""Small float networks in the style of known families, quantized as a user would: with onnxruntime.

Weights are seeded random numbers; calibration images too. `quantized(family, …)` is a QDQ model.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

Array = NDArray[Any]


class Net:
    """A float network under construction."""

    def __init__(self, shape: tuple[int, ...], seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.shape = shape
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, array: Array) -> str:
        """An initializer."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def ints(self, *values: int) -> str:
        """An i64 list."""
        return self.constant(np.array(values, np.int64))

    def number(self, value: float) -> str:
        """An f32 number."""
        return self.constant(np.array(value, np.float32))

    def op(self, kind: str, *inputs: str, count: int = 1, **attributes: Any) -> Any:
        """An operator; its output's name, or a list of them."""
        outputs = [f"t{len(self.nodes)}_{index}" for index in range(count)]
        self.nodes.append(
            helper.make_node(kind, inputs, outputs, f"n{len(self.nodes)}", **attributes)
        )
        return outputs[0] if count == 1 else outputs

    def conv(
        self, x: str, inputs: int, outputs: int, k: int, *, bias: bool = True, **more: Any
    ) -> str:
        """A convolution with same padding where the stride is 1."""
        group = more.get("group", 1)
        shape = (outputs, inputs // group, k, k)
        weight = self.rng.normal(0, np.sqrt(2 * group / (inputs * k * k)), shape).astype(np.float32)
        operands = [x, self.constant(weight)]
        if bias:
            operands.append(self.constant(self.rng.normal(0, 0.3, outputs).astype(np.float32)))
        return str(self.op("Conv", *operands, pads=[k // 2] * 4, kernel_shape=[k, k], **more))

    def dense(self, x: str, inputs: int, outputs: int) -> str:
        """A fully connected layer."""
        weight = self.rng.normal(0, np.sqrt(1 / inputs), (outputs, inputs)).astype(np.float32)
        bias = self.rng.normal(0, 0.3, outputs).astype(np.float32)
        return str(self.op("Gemm", x, self.constant(weight), self.constant(bias), transB=1))

    def model(self, *outputs: str, opset: int = 17) -> onnx.ModelProto:
        """The finished network, input `x`."""
        results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(self.shape))
        graph = helper.make_graph(self.nodes, "family", [x], results, self.constants)
        opsets = [helper.make_opsetid("", opset)]
        return onnx.shape_inference.infer_shapes(
            helper.make_model(graph, opset_imports=opsets, ir_version=8)
        )


def vgg(seed: int) -> onnx.ModelProto:
    """Plain convolutions, max pooling, a flatten and two fully connected layers."""
    n = Net((1, 3, 13, 11), seed)
    x = n.op("Relu", n.conv("x", 3, 9, 3))
    x = n.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = n.op("Relu", n.conv(x, 9, 14, 3))
    x = n.op("Flatten", n.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4))
    x = n.op("Relu", n.dense(x, 14 * 3 * 3, 21))
    return n.model(n.dense(x, 21, 10))


def mobilenet_v3(seed: int) -> onnx.ModelProto:
    """Inverted residuals with squeeze-and-excitation, HardSwish, ReLU6."""
    n = Net((1, 3, 12, 14), seed)
    x = n.op("HardSwish", n.conv("x", 3, 8, 3, strides=[2, 2]))
    y = n.op("Clip", n.conv(x, 8, 24, 1), n.number(0), n.number(6))
    y = n.op("HardSwish", n.conv(y, 24, 24, 5, group=24))
    s = n.op("GlobalAveragePool", y)
    s = n.op("Relu", n.conv(s, 24, 6, 1))
    s = n.op("HardSigmoid", n.conv(s, 6, 24, 1), alpha=1 / 6)
    y = n.op("Mul", y, s)
    x = n.op("Add", n.conv(y, 24, 8, 1), x)
    x = n.op("GlobalAveragePool", n.op("HardSwish", n.conv(x, 8, 20, 1)))
    return n.model(n.dense(n.op("Flatten", x), 20, 7))


def shufflenet(seed: int) -> onnx.ModelProto:
    """Channel split, grouped convolutions, channel shuffle by reshape and transpose."""
    n = Net((1, 3, 10, 8), seed)
    x = n.op("Relu", n.conv("x", 3, 12, 3))
    a, b = n.op("Split", x, count=2, axis=1)
    b = n.op("Relu", n.conv(b, 6, 6, 1, group=3))
    b = n.conv(b, 6, 6, 3, group=6, bias=False)
    x = n.op("Concat", a, n.op("Relu", n.conv(b, 6, 6, 1)), axis=1)
    x = n.op("Reshape", x, n.ints(1, 2, 6, 10, 8))
    x = n.op("Reshape", n.op("Transpose", x, perm=[0, 2, 1, 3, 4]), n.ints(1, -1, 10, 8))
    x = n.op("ReduceMean", n.op("Relu", n.conv(x, 12, 15, 1)), axes=[2, 3], keepdims=0)
    return n.model(n.dense(x, 15, 6))


def densenet(seed: int) -> onnx.ModelProto:
    """Dense connections, transitions by average pooling."""
    n = Net((1, 3, 12, 12), seed)
    x = n.op("Relu", n.conv("x", 3, 6, 3))
    channels = 6
    for _ in range(3):
        y = n.conv(n.op("Relu", n.conv(x, channels, 8, 1)), 8, 4, 3)
        x = n.op("Concat", x, y, axis=1)
        channels += 4
    x = n.op("AveragePool", n.conv(x, channels, 9, 1), kernel_shape=[2, 2], strides=[2, 2])
    return n.model(n.op("Sigmoid", n.conv(x, 9, 5, 1)))


def unet(seed: int) -> onnx.ModelProto:
    """An encoder and a decoder: transposed convolution, nearest resizing, skip connections."""
    n = Net((1, 2, 12, 8), seed)
    a = n.op("LeakyRelu", n.conv("x", 2, 7, 3), alpha=0.1)
    b = n.op("Relu", n.conv(a, 7, 10, 3, strides=[2, 2]))
    c = n.op("Relu", n.conv(b, 10, 13, 3, strides=[2, 2]))
    factors = n.constant(np.array([1, 1, 2, 2], np.float32))
    up = n.op("Resize", c, "", factors, mode="nearest", nearest_mode="floor",
              coordinate_transformation_mode="asymmetric")  # fmt: skip
    b = n.op("Relu", n.conv(n.op("Concat", up, b, axis=1), 23, 10, 3))
    weight = n.rng.normal(0, 0.2, (10, 7, 2, 2)).astype(np.float32)
    up = n.op("ConvTranspose", b, n.constant(weight), strides=[2, 2])
    x = n.conv(n.op("Concat", up, a, axis=1), 14, 4, 3)
    return n.model(n.op("Softmax", x, axis=1))


def yolo(seed: int) -> onnx.ModelProto:
    """SiLU, spatial pyramid pooling, slices, heads of two scales reshaped and joined."""
    n = Net((1, 3, 16, 12), seed)
    corners = [
        n.op("Slice", "x", n.ints(row, column), n.ints(99, 99), n.ints(2, 3), n.ints(2, 2))
        for row in (0, 1)
        for column in (0, 1)
    ]
    x = n.conv(n.op("Concat", *corners, axis=1), 12, 10, 3)
    x = n.op("Mul", x, n.op("Sigmoid", x))
    pools = [x]
    for _ in range(2):
        pools.append(n.op("MaxPool", pools[-1], kernel_shape=[5, 5], pads=[2] * 4))
    x = n.conv(n.op("Concat", *pools, axis=1), 30, 12, 1)
    small = n.conv(n.op("Mul", x, n.op("Sigmoid", x)), 12, 9, 3, strides=[2, 2])
    heads = [n.op("Reshape", n.conv(x, 12, 9, 1), n.ints(1, 9, 48)),
             n.op("Reshape", small, n.ints(1, 9, 12))]  # fmt: skip
    return n.model(n.op("Transpose", n.op("Concat", *heads, axis=2), perm=[0, 2, 1]))


def mixer(seed: int) -> onnx.ModelProto:
    """Patches, matrix products over tokens and over channels, attention of two activations."""
    n = Net((1, 3, 12, 8), seed)
    x = n.op("Reshape", n.conv("x", 3, 14, 3, strides=[4, 4]), n.ints(1, 14, 6))
    x = n.op("Transpose", x, perm=[0, 2, 1])
    q, k, v = (
        n.op("MatMul", x, n.constant(n.rng.normal(0, 0.3, (14, 14)).astype(np.float32)))
        for _ in range(3)
    )
    scores = n.op("MatMul", q, n.op("Transpose", k, perm=[0, 2, 1]))
    attention = n.op("Softmax", n.op("Mul", scores, n.number(0.27)), axis=-1)
    x = n.op("Add", x, n.op("MatMul", attention, v))
    y = n.op("MatMul", x, n.constant(n.rng.normal(0, 0.3, (14, 25)).astype(np.float32)))
    y = n.op("Tanh", n.op("Add", y, n.constant(n.rng.normal(0, 0.3, 25).astype(np.float32))))
    return n.model(n.dense(n.op("Flatten", y), 150, 5))


def decoder(seed: int) -> onnx.ModelProto:
    """Layer normalization, two heads of causal attention, a decomposed GELU."""
    n = Net((1, 7, 16), seed)

    def norm(x: str) -> str:
        scale, bias = n.rng.normal(1, 0.2, 16), n.rng.normal(0, 0.2, 16)
        operands = [n.constant(array.astype(np.float32)) for array in (scale, bias)]
        return str(n.op("LayerNormalization", x, *operands, epsilon=1e-5))

    def times(x: str, inputs: int, outputs: int) -> str:
        weight = n.rng.normal(0, np.sqrt(1 / inputs), (inputs, outputs)).astype(np.float32)
        return str(n.op("MatMul", x, n.constant(weight)))

    def heads(x: str, perm: list[int]) -> str:
        return str(n.op("Transpose", n.op("Reshape", x, n.ints(1, 7, 2, 8)), perm=perm))

    y = norm("x")
    q, v = (heads(times(y, 16, 16), [0, 2, 1, 3]) for _ in range(2))
    k = heads(times(y, 16, 16), [0, 2, 3, 1])
    scores = n.op("Div", n.op("MatMul", q, k), n.number(np.sqrt(8)))
    mask = n.constant(np.tril(np.ones((1, 1, 7, 7), bool)))
    attention = n.op("Softmax", n.op("Where", mask, scores, n.number(-30)), axis=-1)
    mixed = n.op("Transpose", n.op("MatMul", attention, v), perm=[0, 2, 1, 3])
    x = n.op("Add", "x", times(n.op("Reshape", mixed, n.ints(1, 7, 16)), 16, 16))
    y = times(norm(x), 16, 40)
    curve = n.op("Add", n.op("Erf", n.op("Div", y, n.number(np.sqrt(2)))), n.number(1))
    y = n.op("Mul", n.op("Mul", y, curve), n.number(0.5))
    return n.model(times(norm(n.op("Add", x, times(y, 40, 16))), 16, 23))


def segmenter(seed: int) -> onnx.ModelProto:
    """Instance normalization, reflected padding, bilinear resizing, a residual of two scales."""
    n = Net((1, 3, 12, 16), seed)
    padded = n.op("Pad", "x", n.ints(0, 0, 1, 1, 0, 0, 1, 1), mode="reflect")
    x = n.conv(padded, 3, 8, 3)
    scale, bias = (n.constant(n.rng.normal(1, 0.3, 8).astype(np.float32)) for _ in range(2))
    x = n.op("LeakyRelu", n.op("InstanceNormalization", x, scale, bias), alpha=0.2)
    small = n.op("Softplus", n.conv(x, 8, 8, 3, strides=[2, 2]))
    sizes = n.ints(1, 8, 14, 18)
    up = n.op("Resize", small, "", "", sizes, mode="linear",
              coordinate_transformation_mode="align_corners")  # fmt: skip
    return n.model(n.conv(n.op("Add", x, up), 8, 5, 1))


OWN_ORDER = ("decoder", "segmenter")
"""Families with operators whose f32 order or polynomial is onnxruntime's own."""

FAMILIES: dict[str, Callable[[int], onnx.ModelProto]] = {
    family.__name__: family
    for family in (
        vgg,
        mobilenet_v3,
        shufflenet,
        densenet,
        unet,
        yolo,
        mixer,
        decoder,
        segmenter,
    )
}


def images(model: onnx.ModelProto, count: int, seed: int) -> list[dict[str, Array]]:
    """Random inputs of the model."""
    rng = np.random.default_rng(seed)
    shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
    return [{"x": rng.normal(0, 1, shape).astype(np.float32)} for _ in range(count)]


class Calibration(CalibrationDataReader):
    """Samples for the quantizer."""

    def __init__(self, samples: list[dict[str, Array]]) -> None:
        self._samples: Iterator[dict[str, Array]] = iter(samples)

    def get_next(self) -> dict[str, Array] | None:
        return next(self._samples, None)


def quantized(
    model: onnx.ModelProto,
    *,
    activations: QuantType = QuantType.QUInt8,
    weights: QuantType = QuantType.QInt8,
    per_channel: bool = True,
    **extra: Any,
) -> onnx.ModelProto:
    """The QDQ model onnxruntime makes of a float one."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "float.onnx"), Path(folder, "qdq.onnx")
        onnx.save(model, source)
        quantize_static(
            source,
            target,
            Calibration(images(model, 8, 99)),
            quant_format=QuantFormat.QDQ,
            activation_type=activations,
            weight_type=weights,
            per_channel=per_channel,
            extra_options=extra,
        )
        return onnx.load(target)
