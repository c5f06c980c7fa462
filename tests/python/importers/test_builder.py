"""The TOSA builder works out shapes, shares constants and keeps to TOSA's rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from afe.errors import AfeError, ErrorCode
from afe.importers.builder import Tensor, TosaBuilder, attribute_text, broadcast_shape
from afe.importers.common import Port, Quantization

Body = Callable[[TosaBuilder, list[Tensor]], Tensor]


def built(shapes: Sequence[tuple[int, ...]], body: Body, dtype: str = "i8") -> str:
    """The text of a module with int8 arguments of these shapes and one result."""
    builder = TosaBuilder("net", "tflite", "net.tflite")
    with builder.context:
        ports = [Port(f"in{i}", shape, dtype) for i, shape in enumerate(shapes)]
        result = body(builder, builder.arguments(ports))
        builder.finish([result], [Port("out", result.shape, result.dtype)])
    return str(builder.module)


def constants(builder: TosaBuilder, *shape: int) -> Tensor:
    """A constant of ones."""
    return builder.const(np.ones(shape, np.int8))


def test_unreached_rows_and_columns_are_sliced_off() -> None:
    """A 1x1 convolution of stride 2 by 3 on 8 by 9 reads 7 by 7."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Tensor:
        bias = b.const(np.zeros(5, np.int32))
        return b.conv2d(x[0], constants(b, 5, 1, 1, 3), bias, stride=(2, 3))

    text = built([(2, 8, 9, 3)], body)
    assert "tensor<2x7x7x3xi8>" in text
    assert "-> tensor<2x4x3x5xi32>" in text


def test_no_operation_where_nothing_changes() -> None:
    """Whole slices, identity transposes, full clamps and equal casts leave the value alone."""

    def body(b: TosaBuilder, arguments: list[Tensor]) -> Tensor:
        x = arguments[0]
        x = b.slice(x, (0, 0), (2, 3))
        x = b.transpose(x, (0, 1))
        x = b.clamp(x, -128, 127)
        x = b.pad(b.tile(b.cast(x, "i8"), (1, 1)), [(0, 0), (0, 0)], 0)
        return b.reshape(b.concat([x], 0), (2, 3))

    assert "tosa." not in built([(2, 3)], body)


def test_small_constants_are_shared_and_large_ones_are_resources() -> None:
    """Two equal scalars are one operation; 2 KiB are kept by reference."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Tensor:
        assert b.scalar(3, "i8").value == b.scalar(3, "i8").value
        assert b.scalar(3, "i8").value != b.scalar(3, "i32").value
        return b.add(x[0], b.const(np.arange(2048, dtype=np.int32).reshape(1, 2048)))

    text = built([(1, 2048)], body, "i32")
    assert "dense_resource<const_0>" in text


def test_a_reshape_of_a_constant_is_a_constant() -> None:
    """Operands of lower rank need no operation where they are constant."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Tensor:
        return b.binary("maximum", x[0], b.const(np.arange(3, dtype=np.int8)))

    text = built([(2, 5, 3)], body)
    assert "tosa.reshape" not in text
    assert "tensor<1x1x3xi8>" in text


def test_locations_name_operator_and_place() -> None:
    """loc("name"("file":index:0)), and both for a fused pair."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Tensor:
        b.at("conv 'a'", 7)
        y = b.clamp(x[0], -1, 1)
        b.at_fused([("first", 1), ("second", 2)])
        return b.clamp(y, 0, 1)

    builder = TosaBuilder("net", "onnx", "net.onnx")
    with builder.context:
        result = body(builder, builder.arguments([Port("x", (1, 2), "i8")]))
        module = builder.finish([result], [Port("y", (1, 2), "i8")])
        text = module.operation.get_asm(enable_debug_info=True)
    assert "\"conv 'a'\"" in text and '"net.onnx":7:0' in text
    assert '"net.onnx":1:0' in text and '"net.onnx":2:0' in text


def test_ports_carry_names_and_quantization() -> None:
    """afe.name and afe.quant on arguments and results, producer and name on the module."""
    builder = TosaBuilder("net", "onnx", "net.onnx")
    with builder.context:
        port = Port("pixels", (1, 2), "ui8", Quantization(0.5, 3))
        x = builder.arguments([port])[0]
        y = builder.to_unsigned(builder.to_signed(x))
        text = str(builder.finish([y], [port]))
    quant = "afe.quant = {scale = 5.000000e-01 : f32, zero_point = 3 : i64}"
    assert text.count(quant) == 2 and text.count('afe.name = "pixels"') == 2
    assert 'afe.model_name = "net"' in text and 'afe.producer = "onnx"' in text


def test_invalid_tosa_is_an_error_of_the_model() -> None:
    """What MLIR's verifier refuses ends as an AfeError with its words."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Tensor:
        return b.op("tosa.reverse", [x[0]], (1, 2), "i8", {"axis": b.attribute("5 : i32")})

    with pytest.raises(AfeError) as caught:
        built([(1, 2)], body)
    assert caught.value.code is ErrorCode.INVALID_MODEL
    assert "reverse" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (-7, "-7 : i64"),
        (0.1, "1.0e-01 : f32"),
        ('a"b', '"a\\"b"'),
        ((1, -2), "array<i64: 1, -2>"),
        (float("inf"), "0x7F800000 : f32"),
    ],
)
def test_attribute_text(value: object, text: str) -> None:
    """Python values in MLIR syntax; floats read back as the same f32."""
    assert attribute_text(value) == text


def test_shapes_that_do_not_broadcast() -> None:
    """A ValueError, which importers report with the operator's name."""
    assert broadcast_shape((2, 1, 5), (1, 3, 5)) == (2, 3, 5)
    with pytest.raises(ValueError, match="do not broadcast"):
        broadcast_shape((2, 3), (3, 3))
