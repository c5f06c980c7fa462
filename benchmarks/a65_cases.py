"""The operators of benchmarks/a65.py: each as a module, and as others compute it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from afe import ir
from flatbuffers import flexbuffers
from litert_oracle import import_bytes
from numpy.typing import NDArray
from onnx import TensorProto, helper
from reference.tosa_numpy import evaluate
from tflite_files import Op, T, invoke, make_file, reference_interpreter

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """`others` compute the same in other ways; `wanted` is the reference's result."""

    name: str
    module: ir.Module
    inputs: Sequence[Array]
    wanted: Sequence[Array]
    others: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    tolerance: float = 0.0


def softmax() -> Case:
    """int8, 64 rows of 1001."""
    shape = (64, 1001)
    tensors = [T(shape, np.int8, 0.08, 3), T(shape, np.int8, 1 / 256, -128)]
    op = Op("SOFTMAX", [0], [1], "SoftmaxOptions", {"beta": 1.0}, version=2)
    data = make_file(tensors, [op], [0], [1])
    x = _bytes(shape)

    def with_numpy() -> Any:
        real = (x - x.max(axis=-1, keepdims=True).astype(np.int32)) * np.float32(0.08)
        e = np.exp(real)
        p = e / e.sum(axis=-1, keepdims=True)
        return (np.rint(p * 256) - 128).clip(-128, 127).astype(np.int8)

    session = _quantized("Softmax", shape, 0.08, 3, 1 / 256, -128, axis=-1)
    return _of_tflite("softmax", data, [x], with_numpy, session)


def layer_norm() -> Case:
    """f32 between int8, 128 rows of 192."""
    from afe.importers.onnx import import_onnx

    shape = (128, 192)
    scale = np.linspace(0.5, 1.5, shape[1]).astype(np.float32)
    bias = np.linspace(-1, 1, shape[1]).astype(np.float32)
    model = _quantized_model(
        "LayerNormalization", shape, 0.05, 3, 0.03, -7, [scale, bias], axis=-1, epsilon=1e-5
    )
    x = _bytes(shape).astype(np.float32) * np.float32(0.05)

    def with_numpy() -> Any:
        codes = (np.rint(x / np.float32(0.05)) + 3).clip(-128, 127)
        real = (codes - 3) * np.float32(0.05)
        centred = real - real.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        y = centred / np.sqrt(variance + np.float32(1e-5)) * scale + bias
        codes = (np.rint(y / np.float32(0.03)) - 7).clip(-128, 127)
        return (codes + 7) * np.float32(0.03)

    session = _session(model)
    wanted = session.run(None, {"x": x})
    others = {"numpy": with_numpy, "onnxruntime": lambda: session.run(None, {"x": x})}
    imported = import_onnx(
        model.SerializeToString(), name="layer_norm", path=Path("layer_norm.onnx")
    )
    # onnxruntime sums in another order: one code.
    return Case("layer norm", imported.module, [x], wanted, others, 0.0301)


def resize() -> Case:
    """Bilinear int8, 48 x 48 x 16 to twice that."""
    shape, target = (1, 48, 48, 16), (1, 96, 96, 16)
    tensors = [
        T(shape, np.int8, 0.1, 3),
        T(data=np.array(target[1:3], np.int32)),
        T(target, np.int8, 0.1, 3),
    ]
    op = Op("RESIZE_BILINEAR", [0, 1], [2], "ResizeBilinearOptions", {"halfPixelCenters": True},
            version=3)  # fmt: skip
    data = make_file(tensors, [op], [0], [2])
    x = _bytes(shape)

    def with_numpy() -> Any:
        place = np.clip((np.arange(96, dtype=np.float32) + 0.5) / 2 - 0.5, 0, 47)
        low = place.astype(np.int32)
        high, part = np.minimum(low + 1, 47), place - low
        rows = x[:, low] * (1 - part)[:, None, None] + x[:, high] * part[:, None, None]
        y = rows[:, :, low] * (1 - part)[:, None] + rows[:, :, high] * part[:, None]
        return np.rint(y).astype(np.int8)

    node = helper.make_node(
        "Resize", ["x", "", "", "sizes"], ["y"], mode="linear",
        coordinate_transformation_mode="half_pixel",
    )  # fmt: skip
    sizes = helper.make_tensor("sizes", TensorProto.INT64, [4], [1, 16, 96, 96])
    session = _session(_model([node], [1, 16, 48, 48], [1, 16, 96, 96], TensorProto.FLOAT, sizes))
    image = np.ascontiguousarray(x.transpose(0, 3, 1, 2)).astype(np.float32)
    return _of_tflite("resize bilinear", data, [x], with_numpy,
                      lambda _: session.run(None, {"x": image}))  # fmt: skip


def argmax() -> Case:
    """Of 21 channels of 65 x 65 pixels, as in a segmentation."""
    shape = (1, 65, 65, 21)
    tensors = [
        T(shape, np.int8, 0.1, 3),
        T(data=np.array(3, np.int32)),
        T(shape[:3], np.int32),
    ]
    op = Op("ARG_MAX", [0, 1], [2], "ArgMaxOptions", {"outputType": 2}, version=2)
    data = make_file(tensors, [op], [0], [2])
    x = _bytes(shape)
    node = helper.make_node("ArgMax", ["x"], ["y"], axis=3, keepdims=0)
    model = _model([node], shape, shape[:3], TensorProto.INT8)
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    session = _session(model)
    return _of_tflite("argmax", data, [x], lambda: x.argmax(axis=-1),
                      lambda arrays: session.run(None, {"x": arrays[0]}))  # fmt: skip


def detection() -> Case:
    """Post-processing of an SSD: 1917 boxes, 91 classes."""
    boxes, classes = 1917, 91
    options: dict[str, Any] = {
        "max_detections": 10, "max_classes_per_detection": 1, "num_classes": classes - 1,
        "nms_score_threshold": 0.3, "nms_iou_threshold": 0.6, "y_scale": 10.0, "x_scale": 10.0,
        "h_scale": 5.0, "w_scale": 5.0,
    }  # fmt: skip
    builder = flexbuffers.Builder()
    with builder.Map():
        for name, value in options.items():
            builder.Key(name)
            builder.Add(value)
    random = np.random.default_rng(2)
    anchors = random.uniform(0.1, 0.9, (boxes, 4)) * [1, 1, 0.4, 0.4]
    tensors = [
        T((1, boxes, 4), np.uint8, 0.08, 131),
        T((1, boxes, classes), np.uint8, 1 / 256, 0),
        T(data=np.rint(anchors / 0.004).astype(np.uint8), scale=0.004, zero_point=0),
        *(T((), np.float32, name=name) for name in ("boxes", "classes", "scores", "count")),
    ]
    op = Op("CUSTOM", [0, 1, 2], [3, 4, 5, 6], custom="TFLite_Detection_PostProcess",
            custom_options=bytes(builder.Finish()))  # fmt: skip
    data = make_file(tensors, [op], [0, 1], [3, 4, 5, 6])
    encodings = random.integers(100, 160, (1, boxes, 4)).astype(np.uint8)
    scores = (random.random((1, boxes, classes)) ** 16 * 256).astype(np.uint8)
    reference = import_bytes(data).module
    return _of_tflite("detection", data, [encodings, scores],
                      lambda: evaluate(reference, [encodings, scores]), tolerance=1e-5)  # fmt: skip


CASES: Sequence[Callable[[], Case]] = (softmax, layer_norm, resize, argmax, detection)


def _bytes(shape: Sequence[int]) -> Array:
    return np.random.default_rng(7).integers(-128, 128, shape).astype(np.int8)


def _of_tflite(
    name: str,
    data: bytes,
    inputs: Sequence[Array],
    with_numpy: Callable[[], Any],
    session: Callable[[Sequence[Array]], Any] | None = None,
    tolerance: float = 0.0,
) -> Case:
    reference, optimized = reference_interpreter(data), reference_interpreter(data, optimized=True)
    others: dict[str, Callable[[], Any]] = {
        "numpy": with_numpy,
        "litert": lambda: invoke(optimized, inputs),
        "litert_reference": lambda: invoke(reference, inputs),
    }
    if session:
        others["onnxruntime"] = lambda: session(inputs)
    wanted = invoke(reference, inputs)
    return Case(name, import_bytes(data).module, inputs, wanted, others, tolerance)


def _session(model: Any) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _model(
    nodes: Sequence[Any], shape: Sequence[int], result: Sequence[int], dtype: int, *constants: Any
) -> Any:
    x = helper.make_tensor_value_info("x", dtype, shape)
    y = helper.make_tensor_value_info("y", dtype, result)
    graph = helper.make_graph(list(nodes), "case", [x], [y], list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def _quantized_model(
    operator: str, shape: Sequence[int], scale: float, zero_point: int, result_scale: float,
    result_zero_point: int, operands: Sequence[Array], **attributes: Any,
) -> Any:  # fmt: skip
    """f32 -> Q -> DQ -> operator -> Q -> DQ."""
    constants = [
        helper.make_tensor("s", TensorProto.FLOAT, [], [scale]),
        helper.make_tensor("z", TensorProto.INT8, [], [zero_point]),
        helper.make_tensor("t", TensorProto.FLOAT, [], [result_scale]),
        helper.make_tensor("w", TensorProto.INT8, [], [result_zero_point]),
    ]
    names = [f"operand_{number}" for number in range(len(operands))]
    for name, operand in zip(names, operands, strict=True):
        constants.append(
            helper.make_tensor(name, TensorProto.FLOAT, operand.shape, operand.ravel())
        )
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        helper.make_node(operator, ["d", *names], ["r"], **attributes),
        helper.make_node("QuantizeLinear", ["r", "t", "w"], ["p"]),
        helper.make_node("DequantizeLinear", ["p", "t", "w"], ["y"]),
    ]
    return _model(nodes, shape, shape, TensorProto.FLOAT, *constants)


def _quantized(
    operator: str, shape: Sequence[int], scale: float, zero_point: int, result_scale: float,
    result_zero_point: int, **attributes: Any,
) -> Callable[[Sequence[Array]], Any]:  # fmt: skip
    """The operator in onnxruntime, from f32 to f32."""
    session = _session(
        _quantized_model(
            operator, shape, scale, zero_point, result_scale, result_zero_point, [], **attributes
        )
    )

    def run(arrays: Sequence[Array]) -> Any:
        return session.run(None, {"x": arrays[0].astype(np.float32)})

    return run
