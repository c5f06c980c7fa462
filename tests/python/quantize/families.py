"""Small float networks of the kinds users bring, as exporters write them.

Each takes `image` [batch, 3, 32, 32], or what its own inputs say, to a few outputs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from float_networks import FloatNet
from onnx import TensorProto, helper
from small_nets import head

SIZE = 32


def _conv(net: FloatNet, x: str, inner: int, channels: int, kernel: int = 1, **attributes) -> str:
    groups = attributes.get("group", 1)
    fan = inner // groups * kernel * kernel
    weights = net.normal((channels, inner // groups, kernel, kernel), fan**-0.5)
    pads = [kernel // 2] * 4
    return net.node("Conv", x, weights, net.normal((channels,), 0.2), pads=pads, **attributes)


def _silu(net: FloatNet, x: str) -> str:
    return net.node("Mul", x, net.node("Sigmoid", x))


def _hard_swish(net: FloatNet, x: str) -> str:
    """As PyTorch's exporter wrote it before opset 14."""
    limited = net.node("Clip", net.node("Add", x, net.number(3)), net.number(0), net.number(6))
    return net.node("Div", net.node("Mul", x, limited), net.number(6))


def mobilenet_v3() -> onnx.ModelProto:
    """Hard swish, squeeze and excitation."""
    net = FloatNet("mobilenet_v3", 1)
    x = _hard_swish(net, net.conv_bn("image", 3, 16, 3, 2))
    y = net.node("HardSwish", net.conv_bn(x, 16, 16, 5, groups=16))
    gate = net.node("Relu", _conv(net, net.node("ReduceMean", y, axes=[2, 3]), 16, 8))
    y = net.node("Mul", y, net.node("HardSigmoid", _conv(net, gate, 8, 16), alpha=1 / 6))
    x = net.node("Add", x, net.conv_bn(y, 16, 16, 1))
    return net.model(SIZE, head(net, x, 16), ["batch", 5])


def yolo() -> onnx.ModelProto:
    """SiLU, split, concat, pools one behind the other, nearest neighbours, two scales joined."""
    net = FloatNet("yolo", 2)
    x = _silu(net, _conv(net, "image", 3, 16, 3, strides=[2, 2]))
    y = _silu(net, _conv(net, x, 16, 16))
    halves = [net.node("Slice", y, net.ints(c), net.ints(c + 8), net.ints(1)) for c in (0, 8)]
    z = _silu(net, _conv(net, halves[1], 8, 8, 3))
    y = net.node("Concat", *halves, net.node("Add", halves[1], z), axis=1)
    small = _silu(net, _conv(net, y, 24, 16, 3, strides=[2, 2]))
    pools = [small]
    for _ in range(2):
        pools.append(
            net.node("MaxPool", pools[-1], kernel_shape=[5, 5], pads=[2] * 4, strides=[1, 1])
        )
    small = _silu(net, _conv(net, net.node("Concat", *pools, axis=1), 48, 16))
    scales = net.constant(np.array([1, 1, 2, 2], np.float32))
    large = net.node("Resize", small, "", scales, mode="nearest", nearest_mode="floor",
                     coordinate_transformation_mode="asymmetric")  # fmt: skip
    x = _silu(net, _conv(net, net.node("Concat", large, y, axis=1), 40, 16))
    return net.model(SIZE, head(net, x, 16), ["batch", 5])


def unet() -> onnx.ModelProto:
    """Down, up by a transposed convolution, a skip, sigmoid at the end; a picture as result."""
    net = FloatNet("unet", 3)
    skip = net.node("Relu", net.conv_bn("image", 3, 8, 3))
    x = net.node("MaxPool", skip, kernel_shape=[2, 2], strides=[2, 2])
    x = net.node("LeakyRelu", net.conv_bn(x, 8, 16, 3), alpha=0.1)
    weights = net.normal((16, 8, 2, 2), 0.2)
    x = net.node("ConvTranspose", x, weights, kernel_shape=[2, 2], strides=[2, 2])
    x = net.node("Relu", net.conv_bn(net.node("Concat", x, skip, axis=1), 16, 8, 3))
    mask = net.node("Sigmoid", _conv(net, x, 8, 2))
    return net.model(SIZE, mask, ["batch", 2, SIZE, SIZE])


def convnext() -> onnx.ModelProto:
    """Depthwise 7x7, layer normalization over channels, GELU, layer scale, residuals."""
    net = FloatNet("convnext", 4)
    x = _conv(net, "image", 3, 24, 3, strides=[4, 4])
    for _ in range(2):
        y = _conv(net, x, 24, 24, 7, group=24)
        y = net.layer_norm(net.node("Transpose", y, perm=[0, 2, 3, 1]), 24)
        y = net.linear(net.gelu(net.linear(y, 24, 96)), 96, 24)
        y = net.node("Mul", y, net.normal((24,), 0.1, 0.5))
        x = net.node("Add", x, net.node("Transpose", y, perm=[0, 3, 1, 2]))
    return net.model(SIZE, head(net, x, 24), ["batch", 5])


def densenet() -> onnx.ModelProto:
    """Batch normalization in front of the convolution, where nothing can take it in."""
    net = FloatNet("densenet", 5)
    x, width = _conv(net, "image", 3, 16, 3, strides=[2, 2]), 16
    for _ in range(3):
        parts = [net.constant(np.full(width, v, np.float32)) for v in (1.2, 0.1, 0.05, 0.9)]
        y = net.node("Relu", net.node("BatchNormalization", x, *parts))
        x = net.node("Concat", x, _conv(net, y, width, 8, 3), axis=1)
        width += 8
    x = net.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    return net.model(SIZE, head(net, x, width), ["batch", 5])


def group_norm() -> onnx.ModelProto:
    """Instance normalization, bilinear interpolation, PRelu, padding by reflection."""
    net = FloatNet("group_norm", 6)
    pads = net.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
    x = net.node("Conv", net.node("Pad", "image", pads, mode="reflect"),
                 net.normal((8, 3, 3, 3), 0.2), net.normal((8,), 0.1))  # fmt: skip
    x = net.node("InstanceNormalization", x, net.normal((8,), 0.2, 1.0), net.normal((8,), 0.2))
    x = net.node("PRelu", x, net.constant(np.full((8, 1, 1), 0.2, np.float32)))
    scales = net.constant(np.array([1, 1, 2, 2], np.float32))
    x = net.node("Resize", x, "", scales, mode="linear")
    return net.model(SIZE, _conv(net, x, 8, 4, 3), ["batch", 4, 2 * SIZE, 2 * SIZE])


def bert() -> onnx.ModelProto:
    """Token numbers in, embeddings, attention with a softmax, normalization behind sums."""
    net, tokens, width, heads = FloatNet("bert", 7), 16, 32, 2
    table = net.normal((50, width), 0.5)
    x = net.node("Add", net.node("Gather", table, "image"), net.normal((1, tokens, width), 0.3))
    x = net.layer_norm(x, width)
    parts = []
    for order in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]):
        y = net.node("Reshape", net.linear(x, width, width), net.ints(1, tokens, heads, 16))
        parts.append(net.node("Transpose", y, perm=order))
    scores = net.node("Div", net.node("MatMul", parts[0], parts[1]), net.number(4.0))
    y = net.node("MatMul", net.node("Softmax", scores, axis=-1), parts[2])
    y = net.node("Reshape", net.node("Transpose", y, perm=[0, 2, 1, 3]), net.ints(1, tokens, width))
    x = net.layer_norm(net.node("Add", x, net.linear(y, width, width)), width)
    y = net.linear(net.gelu(net.linear(x, width, 64)), 64, width)
    x = net.layer_norm(net.node("Add", x, y), width)
    model = net.model(SIZE, x, [1, tokens, width])
    ids = helper.make_tensor_value_info("image", TensorProto.INT64, [1, tokens])
    model.graph.input[0].CopyFrom(ids)
    return model


FAMILIES: dict[str, Callable[[], onnx.ModelProto]] = {
    "mobilenet_v3": mobilenet_v3,
    "yolo": yolo,
    "unet": unet,
    "convnext": convnext,
    "densenet": densenet,
    "group_norm": group_norm,
    "bert": bert,
}
