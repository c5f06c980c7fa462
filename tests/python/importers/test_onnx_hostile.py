"""Files that contradict themselves or ask for too much: one error that names node and field.

Time and memory stay within what the file's size explains.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from afe.errors import AfeError, ErrorCode
from afe.importers.onnx import import_onnx
from onnx_models import Qdq, imported


def refused(model: onnx.ModelProto, *words: str) -> AfeError:
    """The importer raises an AfeError that contains `words`."""
    with pytest.raises(AfeError) as caught:
        imported(model)
    for word in words:
        assert word in str(caught.value)
    return caught.value


def repeated(step: Callable[[Qdq, str], str], count: int) -> onnx.ModelProto:
    """`count` operators one behind the other between quantized tensors."""
    m = Qdq()
    x = m.input((1, 3, 5, 4), 0.05, 3)
    for _ in range(count):
        x = step(m, x)
    return m.model(m.quantized(x, 0.05, 3))


CHAINS: dict[str, Callable[[Qdq, str], str]] = {
    "Relu": lambda m, x: str(m.node("Relu", [x])),
    "Sigmoid": lambda m, x: str(m.node("Sigmoid", [x])),
    "Transpose": lambda m, x: str(m.node("Transpose", [x], perm=[0, 3, 1, 2])),
    "Add to itself": lambda m, x: str(m.node("Add", [x, x])),
    "gate": lambda m, x: str(m.node("Mul", [x, m.node("Tanh", [x])])),
}


@pytest.mark.parametrize("chain", CHAINS)
def test_ten_thousand_nodes(chain: str) -> None:
    """A long chain is read without recursion, in seconds."""
    model = repeated(CHAINS[chain], 10_000)
    start = time.process_time()
    imported(model)
    assert time.process_time() - start < 10


def test_a_deep_function_before_a_second_operand_is_looked_up() -> None:
    """Functions of functions do not write operations without end: tables hold them."""
    m = Qdq()
    x, y = m.input((1, 3, 5, 4), 0.05, 3), m.input((1, 3, 5, 4), 0.05, 9)
    deep = x
    for _ in range(2000):
        deep = m.node("Mul", [deep, m.node("Sigmoid", [deep])])
    result = imported(m.model(m.quantized(m.node("Add", [deep, y]), 0.05, 3)))
    (function,) = (op.operation for op in result.module.body.operations)
    assert len(list(function.regions[0].blocks[0].operations)) < 50


GROWING: dict[str, Callable[[Qdq, str], str]] = {
    "Concat": lambda m, x: str(m.node("Concat", [x, x], axis=1)),
    "Tile": lambda m, x: str(m.node("Tile", [x, m.ints([1, 2, 1, 1])])),
    "Resize": lambda m, x: str(m.node("Resize", [x, "", m.floats([1, 1, 2, 2])])),
}


@pytest.mark.parametrize("operator", GROWING)
def test_tensors_that_grow_without_end(operator: str) -> None:
    """A few nodes cannot ask for more elements than memory holds."""
    refused(repeated(GROWING[operator], 60), operator, "node_")


def test_known_tensors_are_bounded_together() -> None:
    """Many constants that are each within bounds are not, together."""
    m = Qdq()
    x = m.input((1, 4), 0.05, 3)
    for _ in range(100):
        filled = m.node("ConstantOfShape", [m.ints([3, 1000, 1000])])
        x = m.node("Add", [x, m.node("ReduceMax", [filled], axes=[0, 1, 2], keepdims=0)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = refused(m.model(m.quantized(x, 0.05, 3)), "ConstantOfShape", "larger than the model")
    assert error.code == ErrorCode.UNSUPPORTED_OPERATOR
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10


def test_windows_of_too_many_taps() -> None:
    """Operations written tap by tap are bounded."""
    m = Qdq()
    x = m.input((1, 3, 500, 500), 0.05, 3)
    y = m.node("MaxPool", [x], kernel_shape=[200, 200], dilations=[2, 2])
    refused(m.model(m.quantized(y, 0.05, 3)), "MaxPool", "[200, 200]")
    m = Qdq(opset=19)
    x = m.input((1, 3, 60000, 4), 0.05, 3)
    sizes = m.ints([1, 3, 1, 4])
    y = m.node("Resize", [x, "", "", sizes], mode="linear", antialias=1)
    refused(m.model(m.quantized(y, 0.05, 3)), "Resize", "antialias")


@pytest.mark.parametrize("lengths", [(3, 4), (4, 3), (5, 5)])
def test_scales_that_do_not_fit(lengths: tuple[int, int]) -> None:
    """As many scales and zero points as the axis has elements, or one."""
    m = Qdq()
    x = m.input((1, 3, 6, 5), 0.05, 3)
    operands = [m.constant(np.ones((4, 3, 3, 3), np.int8)), m.floats(np.ones(lengths[0])),
                m.constant(np.zeros(lengths[1], np.int8))]  # fmt: skip
    w = m.node("DequantizeLinear", operands, axis=0)
    error = refused(m.model(m.node("Conv", [x, w])), "DequantizeLinear", "axis 0")
    assert error.code == ErrorCode.INVALID_MODEL


def test_names_that_are_not_utf8() -> None:
    """Of nodes, tensors, attributes, dimensions and domains: the name is shown."""
    m = Qdq()
    x = m.input(("batch_dim", 3, 6, 5), 0.05, 3)
    y = m.quantized(m.node("LeakyRelu", [x], alpha=0.5), 0.05, 3)
    data = m.model(y).SerializeToString()
    for name in (b"LeakyRelu_", b"node_", b"alpha", b"batch_dim"):
        damaged = bytearray(data)
        damaged[data.find(name)] = 0xFF
        with pytest.raises(AfeError) as caught:
            import_onnx(bytes(damaged), name="test", path=Path("test.onnx"))
        assert caught.value.code in (ErrorCode.INVALID_MODEL, ErrorCode.FILE_INVALID)
        assert "UTF-8" in str(caught.value) or caught.value.code == ErrorCode.FILE_INVALID


def test_symbolic_dimensions() -> None:
    """Sizes by name; a name the model does not have is an error that lists those it has."""
    m = Qdq()
    y = m.quantized(m.raw_input(("batch", 3, "height", 5)), 0.05, 3)
    data = m.model(y).SerializeToString()

    def shape(**sizes: int) -> tuple[int, ...]:
        given = import_onnx(data, name="test", path=Path("test.onnx"), dimensions=sizes)
        return given.inputs[0].shape

    assert shape(height=7) == (1, 3, 7, 5)
    assert shape(height=7, batch=2) == (2, 3, 7, 5)
    with pytest.raises(AfeError, match="no symbolic dimension 'width'") as caught:
        shape(width=7)
    assert caught.value.code == ErrorCode.INVALID_OPTION
    assert "'batch', 'height'" in str(caught.value)


def test_operators_with_a_remedy() -> None:
    """What models are known to hold is refused with what helps."""
    m = Qdq()
    y = m.node("DynamicQuantizeLinear", [m.raw_input((1, 4))], count=3)
    error = refused(m.model(m.node("DequantizeLinear", y)), "DynamicQuantizeLinear")
    assert "quantize_static" in str(error)
