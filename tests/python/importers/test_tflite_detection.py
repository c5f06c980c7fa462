"""TFLite_Detection_PostProcess finds the boxes LiteRT's kernel finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from afe.errors import AfeError, ErrorCode
from flatbuffers import flexbuffers
from litert_oracle import import_bytes
from reference.tosa_numpy import evaluate
from tflite_files import Op, T, make_file, run_reference

BOXES = 157
OPTIONS: dict[str, Any] = {
    "max_detections": 13,
    "max_classes_per_detection": 1,
    "num_classes": 5,
    "nms_score_threshold": 0.2,
    "nms_iou_threshold": 0.35,
    "y_scale": 10.0,
    "x_scale": 11.0,
    "h_scale": 5.0,
    "w_scale": 6.0,
}


def flexbuffer(options: dict[str, Any]) -> bytes:
    """The options as the converter writes them."""
    builder = flexbuffers.Builder()
    with builder.Map():
        for name, value in options.items():
            builder.Key(name)
            builder.Add(value)
    return bytes(builder.Finish())


def detector(custom_options: bytes, *, classes: int, dtype: Any, coordinates: int = 4) -> bytes:
    """A model of the operator alone; anchors are a constant grid."""
    random = np.random.default_rng(11)
    places = random.uniform(0.1, 0.9, (BOXES, 2))
    anchors = np.concatenate([places, random.uniform(0.05, 0.4, (BOXES, 2))], axis=1)
    if dtype == np.uint8:
        constant = T(data=np.rint(anchors / 0.004).astype(np.uint8), scale=0.004, zero_point=0)
        encodings = T((1, BOXES, coordinates), np.uint8, 0.08, 131)
        scores = T((1, BOXES, classes), np.uint8, 1 / 256, 0)
    else:
        constant = T(data=anchors.astype(np.float32))
        encodings = T((1, BOXES, coordinates), np.float32)
        scores = T((1, BOXES, classes), np.float32)
    names = ("boxes", "classes", "scores", "count")
    outputs = [T((), np.float32, name=name) for name in names]
    # A quantized tensor, so that the float form is no float model.
    extra = [T((1, 3), np.int8, 0.5, 3), T((1, 3), np.int8, 0.5, 3)]
    op = Op(
        "CUSTOM", [0, 1, 2], [3, 4, 5, 6], custom="TFLite_Detection_PostProcess",
        custom_options=custom_options,
    )  # fmt: skip
    identity = Op("MAXIMUM", [7, 7], [8])
    tensors = [encodings, scores, constant, *outputs, *extra]
    return make_file(tensors, [op, identity], [0, 1, 7], [3, 4, 5, 6])


def inputs_of(dtype: Any, classes: int, coordinates: int) -> list[Any]:
    """Boxes near their anchors; scores with many equal ones."""
    random = np.random.default_rng(5)
    shapes = (1, BOXES, coordinates), (1, BOXES, classes)
    scores = random.integers(0, 40, shapes[1]) * 6
    rest = random.integers(-128, 128, (1, 3)).astype(np.int8)
    if dtype == np.uint8:
        return [random.integers(60, 200, shapes[0]).astype(np.uint8), scores.astype(np.uint8), rest]
    encodings = random.normal(0, 3, shapes[0]).astype(np.float32)
    return [encodings, (scores / np.float32(256)).astype(np.float32), rest]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32], ids=["uint8", "float32"])
@pytest.mark.parametrize("background", [0, 1])
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="fast"),
        pytest.param({"max_classes_per_detection": 3}, id="several-classes"),
        pytest.param({"max_classes_per_detection": 7, "max_detections": 3}, id="more-than-classes"),
        pytest.param({"nms_score_threshold": 0.9}, id="few"),
        pytest.param({"use_regular_nms": True}, id="regular"),
        pytest.param({"use_regular_nms": True, "detections_per_class": 2}, id="few-per-class"),
    ],
)
def test_detections(changes: dict[str, Any], background: int, dtype: Any) -> None:
    """With and without a background class; rows behind the last detection are not compared."""
    options = OPTIONS | changes
    classes = options["num_classes"] + background
    data = detector(flexbuffer(options), classes=classes, dtype=dtype, coordinates=6)
    inputs = inputs_of(dtype, classes, 6)
    if options["max_classes_per_detection"] > 1:
        # The kernel's order of equal scores within a box is the standard library's.
        inputs[1] = np.argsort(np.random.default_rng(2).random(inputs[1].shape), axis=2) * 31
        inputs[1] = inputs[1].astype(np.uint8)
        if dtype == np.float32:
            inputs[1] = inputs[1].astype(np.float32) / np.float32(256)
    expected = run_reference(data, inputs)
    actual = evaluate(import_bytes(data).module, inputs).outputs
    count = int(expected[3][0])
    assert 0 < count <= options["max_detections"]
    assert actual[3].tolist() == [count]
    row = options["max_classes_per_detection"]
    kept = [
        number * row + column
        for number in range(count)
        for column in range(min(row, options["num_classes"]))
    ]
    for mine, theirs in zip(actual[:3], expected[:3], strict=True):
        assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_allclose(mine[:, kept], theirs[:, kept], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_detections": 0}, "max_detections"),
        ({"num_classes": 9}, "scores for 9 classes"),
        ({"y_scale": 0.0}, "y_scale"),
        ({"nms_iou_threshold": 1.5}, "nms_iou_threshold"),
        ({"nms_score_threshold": float("nan")}, "nms_score_threshold"),
        ({"max_detections": 1 << 19, "max_classes_per_detection": 5}, "rows"),
    ],
)
def test_bad_options(changes: dict[str, Any], message: str) -> None:
    """The error names the option."""
    data = detector(flexbuffer(OPTIONS | changes), classes=5, dtype=np.uint8)
    with pytest.raises(AfeError, match=message) as caught:
        import_bytes(data)
    assert caught.value.code == ErrorCode.INVALID_MODEL


@pytest.mark.parametrize("cut", [0, 1, 3, 20, 60, 90])
def test_damaged_options(cut: int) -> None:
    """A flexbuffer that is cut short or missing is an error, never a crash."""
    data = detector(flexbuffer(OPTIONS)[:cut], classes=5, dtype=np.uint8)
    with pytest.raises(AfeError) as caught:
        import_bytes(data)
    assert caught.value.code == ErrorCode.INVALID_MODEL


def test_int8_operands_are_refused() -> None:
    """As the kernel refuses them."""
    data = detector(flexbuffer(OPTIONS), classes=5, dtype=np.uint8)
    # uint8 is tensor type 3, int8 is 9: the same file with signed scores.
    import ai_edge_litert.schema_py_generated as schema
    import flatbuffers

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    model.subgraphs[0].tensors[1].type = schema.TensorType.INT8
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    with pytest.raises(AfeError, match="uint8 or float32"):
        import_bytes(bytes(builder.Output()))
