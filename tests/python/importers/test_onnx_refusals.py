"""What the ONNX importer refuses, how it says so, and that no damaged file gets past it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from afe.errors import AfeError, ErrorCode
from afe.importers.onnx import import_onnx
from onnx import TensorProto, helper
from onnx_models import Qdq, imported

DIGITS = Path(__file__).parents[3] / "examples" / "digits" / "digits_cnn_qdq.onnx"


def convolution(**changes: Any) -> Qdq:
    """A quantized convolution, with some parts changed."""
    m = Qdq(opset=changes.get("opset", 17))
    x = m.input(changes.get("shape", (1, 3, 6, 5)), changes.get("scale", 0.05), 9)
    w = m.weights(np.ones(changes.get("kernel", (4, 3, 3, 3)), np.int8), 0.01)
    y = m.node("Conv", [x, w], **changes.get("attributes", {}))
    m.result = m.quantized(y, 0.1, 0)  # type: ignore[attr-defined]
    return m


def finished(m: Qdq) -> onnx.ModelProto:
    """The model of `convolution`."""
    return m.model(m.result)  # type: ignore[attr-defined]


def refused(model: onnx.ModelProto, code: ErrorCode, *words: str) -> None:
    """The importer raises `code`, and its message or notes contain `words`."""
    with pytest.raises(AfeError) as caught:
        imported(model)
    assert caught.value.code == code, str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_float_model() -> None:
    """A model without quantization says how to quantize it."""
    m = Qdq()
    x = m.raw_input((1, 4))
    product = m.node("MatMul", [x, m.floats(np.ones((4, 3)))])
    model = m.model(m.node("Relu", [product]))
    refused(model, ErrorCode.FLOAT_MODEL, "float model", "quantize_static")


def test_convolution_with_a_computed_kernel() -> None:
    """A kernel that the model computes is named."""
    m = Qdq()
    x, w = m.input((1, 3, 6, 5), 0.05, 9), m.raw_input((4, 3, 3, 3))
    node = m.node("Conv", [x, w])
    refused(m.model(m.quantized(node, 0.1, 0)), ErrorCode.FLOAT_MODEL, "Conv", w)


@pytest.mark.parametrize("opset", [9, 99])
def test_opset(opset: int) -> None:
    """Opsets outside the supported range."""
    refused(finished(convolution(opset=opset)), ErrorCode.UNSUPPORTED_VERSION, str(opset), "10 to")


def test_unknown_operator() -> None:
    """An unknown operator is named with its node and its domain."""
    m = Qdq()
    x = m.input((1, 4), 0.05, 9)
    y = m.node("Whirl", [x], domain="org.example")
    refused(m.model(y), ErrorCode.UNSUPPORTED_OPERATOR, "Whirl 'node", "org.example", "supported")


def test_dynamic_dimension() -> None:
    """A dynamic batch is 1; any other dynamic dimension is named."""
    result = imported(finished(convolution(shape=("batch", 3, 6, 5))))
    assert result.inputs[0].shape == (1, 3, 6, 5)
    refused(
        finished(convolution(shape=(1, 3, "height", 5))),
        ErrorCode.DYNAMIC_SHAPE, "dimension 2", "'height'", "--dim height=N",
    )  # fmt: skip


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_scale(scale: float) -> None:
    """Scales must be positive numbers."""
    refused(finished(convolution(scale=scale)), ErrorCode.INVALID_MODEL, "scale", "not positive")


@pytest.mark.parametrize(
    "changes",
    [
        {"kernel": (4, 2, 3, 3)},
        {"kernel": (4, 3, 9, 3)},
        {"attributes": {"group": 2}},
        {"attributes": {"strides": [0, 1]}},
        {"attributes": {"pads": [1, 1]}},
        {"attributes": {"strides": 2.5}},
        {"attributes": {"auto_pad": "MOSTLY"}},
    ],
    ids=str,
)
def test_convolution_that_makes_no_sense(changes: dict[str, Any]) -> None:
    """Shapes and attributes that contradict each other name the node."""
    refused(finished(convolution(**changes)), ErrorCode.INVALID_MODEL, "Conv 'node")


def test_quantization_that_is_not_supported() -> None:
    """Unsigned 16-bit activations, weights along another axis."""
    m = Qdq()
    m.dtype = np.dtype(np.uint16)
    y = m.input((1, 4), 0.05, 9)
    refused(m.model(y), ErrorCode.UNSUPPORTED_TYPE, "uint16", "int8 or uint8 or int16")
    m = Qdq()
    x = m.input((1, 3, 6, 5), 0.05, 9)
    w = m.weights(np.ones((4, 3, 3, 3), np.int8), [0.1, 0.2, 0.3], axis=1)
    y = m.quantized(m.node("Conv", [x, w]), 0.1, 0)
    refused(m.model(y), ErrorCode.UNSUPPORTED_OPERATOR, "axis 1", "axis 0")


# --- the graph -----------------------------------------------------------------------------------


def test_cycle_missing_tensor_and_double_definition() -> None:
    """A graph that is none."""
    model = finished(convolution())
    conv = next(node for node in model.graph.node if node.op_type == "Conv")
    model.graph.node[0].input[0] = model.graph.output[0].name
    refused(model, ErrorCode.INVALID_MODEL, "cycle")
    model = finished(convolution())
    next(node for node in model.graph.node if node.op_type == "Conv").input[0] = "nowhere"
    refused(model, ErrorCode.INVALID_MODEL, "Conv", "'nowhere'")
    model = finished(convolution())
    model.graph.node.append(helper.make_node("Relu", [conv.input[0]], [conv.output[0]], "again"))
    refused(model, ErrorCode.INVALID_MODEL, "defined twice")
    model = finished(convolution())
    model.graph.output[0].name = "elsewhere"
    refused(model, ErrorCode.INVALID_MODEL, "'elsewhere'")


def test_nodes_out_of_order_are_sorted() -> None:
    """A graph whose nodes are in another order than their data flows is still read."""
    model = finished(convolution())
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(reversed(nodes))
    assert imported(model).outputs[0].shape == (1, 4, 4, 3)


def test_unused_operators_do_not_matter() -> None:
    """A node no output needs is left out, even an unknown one."""
    m = convolution()
    m.node("Whirl", [m.result])  # type: ignore[attr-defined]
    assert imported(finished(m)).outputs[0].shape == (1, 4, 4, 3)


def test_constant_that_would_be_huge() -> None:
    """A few bytes cannot ask for a large constant."""
    m = Qdq()
    x = m.input((1, 4), 0.05, 9)
    huge = m.node("ConstantOfShape", [m.ints([1 << 20, 1 << 20])])
    y = m.quantized(m.node("Add", [x, huge]), 0.1, 0)
    refused(m.model(y), ErrorCode.INVALID_MODEL, "ConstantOfShape")


def test_tensor_with_too_few_bytes() -> None:
    """Data that does not fill the declared shape."""
    model = finished(convolution())
    weight = next(tensor for tensor in model.graph.initializer if tensor.name.startswith("w_"))
    weight.raw_data = weight.raw_data[:-1]
    refused(model, ErrorCode.INVALID_MODEL, weight.name, "107 bytes")


# --- external data -------------------------------------------------------------------------------


def external(location: str, **facts: str) -> onnx.ModelProto:
    """The convolution with its weights in an external file."""
    model = finished(convolution())
    weight = next(tensor for tensor in model.graph.initializer if tensor.name.startswith("w_"))
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **facts}.items():
        entry = weight.external_data.add()
        entry.key, entry.value = key, value
    return model


def read_from(folder: Path, model: onnx.ModelProto) -> Any:
    """Imports `model` as a file in `folder`."""
    return import_onnx(model.SerializeToString(), name="m", path=folder / "m.onnx")


def test_external_data(tmp_path: Path) -> None:
    """Weights beside the model are read, from an offset."""
    (tmp_path / "weights.bin").write_bytes(bytes(64) + bytes([1]) * 108)
    result = read_from(tmp_path, external("weights.bin", offset="64", length="108"))
    assert result.outputs[0].shape == (1, 4, 4, 3)


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("../weights.bin", ErrorCode.PATH_TRAVERSAL),
        ("/etc/hostname", ErrorCode.PATH_TRAVERSAL),
        ("link.bin", ErrorCode.PATH_TRAVERSAL),
        (".", ErrorCode.PATH_TRAVERSAL),
        ("", ErrorCode.PATH_TRAVERSAL),
        ("none.bin", ErrorCode.FILE_INVALID),
        ("short.bin", ErrorCode.INVALID_MODEL),
    ],
)
def test_external_data_elsewhere(tmp_path: Path, location: str, code: ErrorCode) -> None:
    """Files outside the model's folder, also behind a link, and missing or short ones."""
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "weights.bin").write_bytes(bytes(108))
    (folder / "short.bin").write_bytes(bytes(107))
    os.symlink(tmp_path / "weights.bin", folder / "link.bin")
    with pytest.raises(AfeError) as caught:
        read_from(folder, external(location))
    assert caught.value.code == code
    assert "w_" in str(caught.value)


@pytest.mark.parametrize(
    "facts", [{"offset": "-1"}, {"offset": "9" * 30}, {"length": "x"}], ids=str
)
def test_external_data_with_odd_numbers(tmp_path: Path, facts: dict[str, str]) -> None:
    """Offsets and lengths that are no sizes."""
    (tmp_path / "weights.bin").write_bytes(bytes(108))
    with pytest.raises(AfeError) as caught:
        read_from(tmp_path, external("weights.bin", **facts))
    assert caught.value.code == ErrorCode.INVALID_MODEL


# --- damaged files -------------------------------------------------------------------------------


def flip(data: bytearray, rng: np.random.Generator) -> None:
    """Some bits changed."""
    for place in rng.integers(0, len(data), rng.integers(1, 9)):
        data[place] ^= 1 << int(rng.integers(0, 8))


def cut(data: bytearray, rng: np.random.Generator) -> None:
    """The end missing."""
    del data[int(rng.integers(0, len(data))) :]


def remove(data: bytearray, rng: np.random.Generator) -> None:
    """A piece in the middle missing."""
    start = int(rng.integers(0, len(data)))
    del data[start : start + int(rng.integers(1, 40))]


def repeat(data: bytearray, rng: np.random.Generator) -> None:
    """A piece put in elsewhere."""
    start, place = (int(index) for index in rng.integers(0, len(data), 2))
    data[place:place] = data[start : start + int(rng.integers(1, 200))]


@pytest.mark.parametrize("damage", [flip, cut, remove, repeat], ids=lambda f: f.__name__)
def test_damaged_file(damage: Callable[[bytearray, np.random.Generator], None]) -> None:
    """A damaged file is either refused with an AfeError or read as a valid module."""
    good = DIGITS.read_bytes()
    # Most bytes are weights: a model with its weights short makes the structure the target.
    small = finished(convolution()).SerializeToString()
    refusals = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        data = bytearray(small if seed % 2 else good)
        damage(data, rng)
        try:
            result = import_onnx(bytes(data), name="damaged", path=Path("damaged.onnx"))
        except AfeError as error:
            refusals += 1
            assert error.code != ErrorCode.INTERNAL and str(error), f"seed {seed}"
        else:
            assert result.module.operation.verify(), f"seed {seed}"
    assert refusals > 50


def change_field(model: onnx.ModelProto, rng: np.random.Generator) -> str:
    """Changes one attribute, name, shape or type of a valid model; says which."""
    graph = model.graph
    node = graph.node[int(rng.integers(len(graph.node)))]
    kind = int(rng.integers(7))
    if kind == 0 and node.attribute:
        attribute = node.attribute[int(rng.integers(len(node.attribute)))]
        values = [-1, 0, 1, 2, 7, 1 << 40, -(1 << 62)]
        if attribute.ints:
            attribute.ints[int(rng.integers(len(attribute.ints)))] = values[int(rng.integers(7))]
        attribute.i = values[int(rng.integers(7))]
        return f"attribute {attribute.name}"
    if kind == 1:
        node.op_type = rng.choice(OPERATORS)
        return f"operator {node.op_type}"
    if kind == 2 and node.input:
        other = graph.node[int(rng.integers(len(graph.node)))]
        node.input[int(rng.integers(len(node.input)))] = rng.choice(
            [*other.input, *other.output, ""]
        )
        return f"input of {node.name}"
    if kind == 3:
        tensor = graph.initializer[int(rng.integers(len(graph.initializer)))]
        tensor.data_type = int(rng.integers(0, 30))
        return f"type of {tensor.name}"
    if kind == 4:
        tensor = graph.initializer[int(rng.integers(len(graph.initializer)))]
        if tensor.dims:
            tensor.dims[:] = rng.permutation(tensor.dims).tolist() + [1] * int(rng.integers(3))
        else:
            tensor.dims.append(1)
        return f"shape of {tensor.name}"
    if kind == 5:
        dims = graph.input[0].type.tensor_type.shape.dim
        dims[int(rng.integers(len(dims)))].dim_value = int(rng.choice([-1, 0, 1, 2, 9, 1 << 40]))
        return "shape of the input"
    del node.input[int(rng.integers(0, len(node.input) + 1)) :]
    return f"inputs of {node.name}"


OPERATORS = [
    "Add", "Gemm", "MatMul", "MaxPool", "AveragePool", "Softmax", "Concat", "Split", "Slice",
    "Pad", "Reshape", "Transpose", "Resize", "ReduceMean", "Squeeze", "Unsqueeze", "Flatten",
    "ConvTranspose", "Clip", "Cast", "Gather", "Tile", "Expand", "DepthToSpace", "ArgMax", "Shape",
    "QuantizeLinear", "DequantizeLinear", "PRelu", "Where", "ConstantOfShape", "Range", "Sigmoid",
    "GlobalMaxPool",
]  # fmt: skip


def test_changed_fields() -> None:
    """Well-formed files with one wrong field: an AfeError or a valid module, nothing else."""
    good = onnx.load(DIGITS)
    refusals = 0
    for seed in range(600):
        model = onnx.ModelProto()
        model.CopyFrom(good)
        what = change_field(model, np.random.default_rng(seed))
        try:
            result = imported(model)
        except AfeError as error:
            refusals += 1
            assert error.code != ErrorCode.INTERNAL and str(error), f"seed {seed}: {what}"
        else:
            assert result.module.operation.verify(), f"seed {seed}: {what}"
    assert refusals > 200
