"""Float networks as ONNX models, as PyTorch's exporter writes them, with seeded weights.

MobileNetV2 (convolution, batch normalization and ReLU6 apart, residuals) and ViT-Ti (layer
normalization, attention and GELU in their elementary operators). Weights are normally distributed
and scaled so that activations keep their spread from layer to layer; batch normalizations hold the
statistics of seeded images, as training leaves them, so that what differs between images is not
lost on the way. What the networks recognise means nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 8
CLASSES = 1000

MOBILENET_STAGES = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip
"""Expansion, channels, repetitions, stride of the first."""


class FloatNet:
    """An ONNX graph under construction; methods take and return tensor names."""

    def __init__(self, name: str, seed: int, images: NDArray[np.float32] | None = None) -> None:
        """With `images` [n, 3, size, size] every operator is run as it is added."""
        self._name = name
        self._rng = np.random.default_rng(seed)
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[TensorProto] = []
        self._values = {} if images is None else {"image": images}

    def normal(self, shape: Sequence[int], deviation: float, mean: float = 0.0) -> str:
        """Normally distributed weights."""
        values = self._rng.normal(mean, deviation, shape)
        return self.constant(values.astype(np.float32))

    def constant(self, values: NDArray[np.generic]) -> str:
        """An initializer."""
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(values, name))
        return name

    def number(self, value: float) -> str:
        """A scalar."""
        return self.constant(np.array(value, np.float32))

    def ints(self, *values: int) -> str:
        """A list of whole numbers: a shape, axes, indices."""
        return self.constant(np.array(values, np.int64))

    def node(self, op: str, *inputs: str, **attributes: object) -> str:
        """One operator of one result."""
        name = f"{op}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, inputs, [name], f"/{name}", **attributes))
        if self._values:
            self._values[name] = self._run(self._nodes[-1])
        return name

    def _run(self, node: onnx.NodeProto) -> NDArray[np.float32]:
        """The node's result on the images."""
        values = {name: self._values[name] for name in node.input if name in self._values}
        kind = TensorProto.FLOAT
        graph = helper.make_graph(
            [node],
            node.op_type,
            [helper.make_tensor_value_info(n, kind, v.shape) for n, v in values.items()],
            [helper.make_tensor_value_info(node.output[0], kind, None)],
            [tensor for tensor in self._constants if tensor.name in node.input],
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        result: NDArray[np.float32] = session.run(None, values)[0]
        return result

    def model(self, size: int, result: str, shape: Sequence[int | str]) -> onnx.ModelProto:
        """The model `image` [batch, 3, size, size] -> `logits`, checked."""
        self._nodes.append(helper.make_node("Identity", [result], ["logits"], "/logits"))
        image = ["batch", 3, size, size]
        graph = helper.make_graph(
            self._nodes,
            self._name,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, image)],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)],
            self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        return model

    # --- layers ----------------------------------------------------------------------------------

    def conv_bn(
        self, x: str, inner: int, channels: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> str:
        """Convolution without a bias, and batch normalization."""
        fan = inner // groups * kernel * kernel
        weights = self.normal((channels, inner // groups, kernel, kernel), (2 / fan) ** 0.5)
        pads = [kernel // 2] * 4
        y = self.node(
            "Conv", x, weights, kernel_shape=[kernel, kernel], pads=pads,
            strides=[stride, stride], group=groups,
        )  # fmt: skip
        rng = self._rng
        factors, offsets = rng.uniform(0.6, 1.6, channels), rng.normal(0, 0.3, channels)
        if self._values:
            mean, variance = (f(self._values[y], axis=(0, 2, 3)) for f in (np.mean, np.var))
        else:
            mean, variance = rng.normal(0, 0.1, channels), rng.uniform(0.7, 1.3, channels)
        statistics = (factors, offsets, mean, variance)
        parts = [self.constant(values.astype(np.float32)) for values in statistics]
        return self.node("BatchNormalization", y, *parts, epsilon=1e-5)

    def relu6(self, x: str) -> str:
        """min(max(x, 0), 6)."""
        return self.node("Clip", x, self.number(0.0), self.number(6.0))

    def linear(self, x: str, inner: int, channels: int) -> str:
        """x W + b over the last axis of a tensor of any rank."""
        product = self.node("MatMul", x, self.normal((inner, channels), inner**-0.5))
        return self.node("Add", self.normal((channels,), 0.1), product)

    def layer_norm(self, x: str, width: int) -> str:
        """Layer normalization over the last axis, step by step."""
        centred = self.node("Sub", x, self.node("ReduceMean", x, axes=[-1]))
        square = self.node("Pow", centred, self.number(2.0))
        variance = self.node("ReduceMean", square, axes=[-1])
        deviation = self.node("Sqrt", self.node("Add", variance, self.number(1e-6)))
        normal = self.node("Div", centred, deviation)
        scaled = self.node("Mul", normal, self.normal((width,), 0.2, 1.0))
        return self.node("Add", scaled, self.normal((width,), 0.2))

    def gelu(self, x: str) -> str:
        """x/2 (1 + erf(x/√2)), step by step."""
        erf = self.node("Erf", self.node("Div", x, self.number(2**0.5)))
        product = self.node("Mul", x, self.node("Add", erf, self.number(1.0)))
        return self.node("Mul", product, self.number(0.5))


def seeded_images(count: int, size: int, seed: int = 1) -> NDArray[np.float32]:
    """Coloured clouds [count, size, size, 3] of mean 0: noise of several scales, as pictures have,
    each image with a contrast and a brightness of its own."""
    rng = np.random.default_rng(seed)
    total = np.zeros((count, size, size, 3), np.float32)
    for cell in (1, 4, 16, size // 2):
        blocks = -(-size // cell)
        noise = rng.normal(0, 1, (count, blocks, blocks, 3)).astype(np.float32)
        total += noise.repeat(cell, 1).repeat(cell, 2)[:, :size, :size]
    contrast = rng.uniform(0.3, 1, (count, 1, 1, 1)).astype(np.float32)
    return total * contrast + rng.normal(0, 0.4, (count, 1, 1, 3)).astype(np.float32)


def mobilenet_v2(size: int = 224, seed: int = 0) -> onnx.ModelProto:
    """Seventeen inverted residuals, `size` a multiple of 32."""
    images = seeded_images(4, size, seed=0).transpose(0, 3, 1, 2)
    net = FloatNet("mobilenet_v2", seed, np.ascontiguousarray(images))
    x, width = net.relu6(net.conv_bn("image", 3, 32, 3, 2)), 32
    for expansion, channels, count, first_stride in MOBILENET_STAGES:
        for number in range(count):
            stride = 1 if number else first_stride
            y, inner = x, width * expansion
            if expansion > 1:
                y = net.relu6(net.conv_bn(y, width, inner, 1))
            y = net.relu6(net.conv_bn(y, inner, inner, 3, stride, groups=inner))
            y = net.conv_bn(y, inner, channels, 1)
            x = net.node("Add", x, y) if stride == 1 and channels == width else y
            width = channels
    x = net.relu6(net.conv_bn(x, width, 1280, 1))
    x = net.node("Flatten", net.node("GlobalAveragePool", x), axis=1)
    weights = net.normal((CLASSES, 1280), 1280**-0.5)
    logits = net.node("Gemm", x, weights, net.normal((CLASSES,), 0.1), transB=1)
    return net.model(size, logits, ["batch", CLASSES])


def vit(
    size: int = 224, width: int = 192, heads: int = 3, depth: int = 12, seed: int = 0
) -> onnx.ModelProto:
    """A vision transformer of patches of 16x16 pixels; its default is ViT-Ti/16. Batch 1."""
    net = FloatNet("vit", seed)
    tokens = (size // 16) ** 2
    patches = net.node(
        "Conv", "image", net.normal((width, 3, 16, 16), (3 * 256) ** -0.5),
        net.normal((width,), 0.1), kernel_shape=[16, 16], strides=[16, 16],
    )  # fmt: skip
    x = net.node("Reshape", patches, net.ints(1, width, tokens))
    x = net.node("Transpose", x, perm=[0, 2, 1])
    x = net.node("Concat", net.normal((1, 1, width), 0.5), x, axis=1)
    x = net.node("Add", x, net.normal((1, tokens + 1, width), 0.3))
    for _ in range(depth):
        x = net.node("Add", x, _attention(net, net.layer_norm(x, width), tokens + 1, width, heads))
        hidden = net.gelu(net.linear(net.layer_norm(x, width), width, 4 * width))
        x = net.node("Add", x, net.linear(hidden, 4 * width, width))
    first = net.node("Gather", net.layer_norm(x, width), net.constant(np.array(0)), axis=1)
    weights = net.normal((CLASSES, width), width**-0.5)
    logits = net.node("Gemm", first, weights, net.normal((CLASSES,), 0.1), transB=1)
    return net.model(size, logits, [1, CLASSES])


def _attention(net: FloatNet, x: str, tokens: int, width: int, heads: int) -> str:
    """Heads cut out of one joined product, as timm's models have it."""
    depth = width // heads
    packed = net.node(
        "Reshape", net.linear(x, width, 3 * width), net.ints(1, tokens, 3, heads, depth)
    )
    packed = net.node("Transpose", packed, perm=[2, 0, 3, 1, 4])
    query, key, value = (
        net.node("Gather", packed, net.constant(np.array(part)), axis=0) for part in range(3)
    )
    query = net.node("Mul", query, net.number(depth**-0.5))
    scores = net.node("MatMul", query, net.node("Transpose", key, perm=[0, 1, 3, 2]))
    mixed = net.node("MatMul", net.node("Softmax", scores, axis=-1), value)
    joined = net.node("Transpose", mixed, perm=[0, 2, 1, 3])
    return net.linear(net.node("Reshape", joined, net.ints(1, tokens, width)), width, width)


NETWORKS: dict[str, Callable[[], onnx.ModelProto]] = {"mobilenet_v2": mobilenet_v2, "vit": vit}
