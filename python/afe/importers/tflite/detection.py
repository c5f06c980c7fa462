"""TFLite_Detection_PostProcess: boxes from anchors, and non-maximum suppression, in f32.

The options are a flexbuffer of the custom operator's own. Quantized operands are dequantized in
front of the custom operator of our domain, as the kernel does it.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from flatbuffers import flexbuffers

from afe.importers.builder import Tensor
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import operator

MAX_COUNT = 1 << 20
"""Largest number of detections or classes."""

_DAMAGED = (ValueError, TypeError, KeyError, IndexError, OverflowError, struct.error)


@dataclass(frozen=True, slots=True)
class _Options:
    """The operator's options, by the names of the custom operator's attributes."""

    max_detections: int
    max_classes: int
    detections_per_class: int
    num_classes: int
    regular: bool
    score_threshold: float
    iou_threshold: float
    y_scale: float
    x_scale: float
    h_scale: float
    w_scale: float

    @property
    def rows(self) -> int:
        """Detections in the results."""
        return self.max_detections * self.max_classes


@operator("CUSTOM:TFLite_Detection_PostProcess")
def detection_postprocess(node: Node) -> list[Tensor]:
    """Boxes [1, M, 4], classes [1, M], scores [1, M] and their number [1]."""
    if len(node.info.inputs) != 3:
        raise node.invalid(f"it has {len(node.info.inputs)} inputs instead of 3")
    options = _read_options(node)
    encodings, scores, anchors = (_real(node, position) for position in range(3))
    _check_shapes(node, options, encodings, scores, anchors)
    batch = encodings.shape[0]
    shapes = [(batch, options.rows, 4), (batch, options.rows), (batch, options.rows), (batch,)]
    facts = {name: getattr(options, name) for name in _Options.__slots__}
    return node.builder.custom_with_results(
        "litert.detection_postprocess",
        [encodings, scores, anchors],
        [(shape, "f32") for shape in shapes],
        **facts,
    )


def _check_shapes(
    node: Node, options: _Options, encodings: Tensor, scores: Tensor, anchors: Tensor
) -> None:
    shapes = [encodings.shape, scores.shape, anchors.shape]
    text = " and ".join(str(list(shape)) for shape in shapes)
    if [len(shape) for shape in shapes] != [3, 3, 2] or encodings.shape[2] < 4:
        raise node.invalid(f"box encodings, scores and anchors have shapes {text}")
    boxes = encodings.shape[1]
    if scores.shape[:2] != encodings.shape[:2] or anchors.shape != (boxes, 4):
        raise node.invalid(f"shapes {text} are not of the same boxes")
    background = scores.shape[2] - options.num_classes
    if background not in (0, 1):
        raise node.invalid(f"{scores.shape[2]} scores for {options.num_classes} classes")


def _real(node: Node, position: int) -> Tensor:
    """An operand in f32; the kernel reads uint8 and float."""
    tensor = node.input(position)
    if tensor.dtype == "f32":
        return node.value(position)
    if not tensor.is_unsigned:
        raise node.unsupported_type(tensor, "uint8 or float32")
    affine = node.in_affine(position)
    if tensor.is_constant:
        centred = (node.constant(position).astype(np.int32) - affine.zero_point).astype(np.float32)
        return node.builder.const(centred * affine.scale)
    x = node.value(position)
    return node.builder.custom(
        "dequantize", [x], x.shape, "f32",
        scale=float(affine.scale), zero_point=affine.zero_point,
    )  # fmt: skip


def _read_options(node: Node) -> _Options:
    data = node.info.custom_options
    try:
        values = flexbuffers.GetRoot(bytearray(data)).AsMap
        names = {key.AsKey for key in values.Keys}
        options = _decoded(node, lambda name: values[name] if name in names else None)
    except _DAMAGED as error:
        raise node.invalid(f"its options are no flexbuffer map ({error})") from error
    return options


def _decoded(node: Node, get: Any) -> _Options:
    """Absent numbers are 0 but for `detections_per_class`, as the kernel has it."""

    def integer(name: str, default: int) -> int:
        found = get(name)
        value = default if found is None else int(found.AsInt)
        if not 0 < value <= MAX_COUNT:
            raise node.invalid(f"option '{name}' is {value}, not 1 to {MAX_COUNT}")
        return value

    def real(name: str) -> float:
        found = get(name)
        value = float(np.float32(0.0 if found is None else found.AsFloat))
        if not math.isfinite(value):
            raise node.invalid(f"option '{name}' is {value}")
        return value

    def scale(name: str) -> float:
        value = real(name)
        if value == 0:
            raise node.invalid(f"option '{name}' is 0")
        return value

    regular = get("use_regular_nms")
    options = _Options(
        max_detections=integer("max_detections", 0),
        max_classes=integer("max_classes_per_detection", 0),
        detections_per_class=integer("detections_per_class", 100),
        num_classes=integer("num_classes", 0),
        regular=regular is not None and bool(regular.AsBool),
        score_threshold=real("nms_score_threshold"),
        iou_threshold=real("nms_iou_threshold"),
        y_scale=scale("y_scale"),
        x_scale=scale("x_scale"),
        h_scale=scale("h_scale"),
        w_scale=scale("w_scale"),
    )
    if not 0 < options.iou_threshold <= 1:
        raise node.invalid(
            f"option 'nms_iou_threshold' is {options.iou_threshold:g}, not in (0, 1]"
        )
    if options.rows > MAX_COUNT:
        raise node.invalid(f"it makes {options.rows} rows, at most {MAX_COUNT}")
    return options
