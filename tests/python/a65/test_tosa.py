"""TOSA operations on the Cortex-A65 against the numpy reference: integers exactly."""

from __future__ import annotations

import numpy as np
import pytest
from forced import check


def main(arguments: str, result: str, body: str) -> str:
    """A function of `arguments` (types separated by `;`) that returns %r."""
    types = [type_.strip() for type_ in arguments.split(";")]
    listed = ", ".join(f"%{'xyzw'[i]}: tensor<{type_}>" for i, type_ in enumerate(types))
    head = f"func.func @main({listed}) -> tensor<{result}>"
    return f"{head} {{\n{body}\nreturn %r : tensor<{result}>\n}}"


def const(name: str, values: str, type_: str) -> str:
    """A line that defines %name."""
    return (
        f'%{name} = "tosa.const"() {{values = dense<{values}> : tensor<{type_}>}} '
        f": () -> tensor<{type_}>\n"
    )


def dense(array) -> str:
    """The values of a dense attribute."""
    return str(np.asarray(array).tolist())


def rescale(x: str, type_in: str, type_out: str, rounding: str, channels: int) -> str:
    """%r from %x with seeded multipliers."""
    generator = np.random.default_rng(5)
    multipliers = dense(generator.integers(1 << 30, (1 << 31) - 1, channels))
    shifts = dense(generator.integers(33, 47, channels))
    per_channel = str(channels > 1).lower()
    element_in, element_out = type_in.rsplit("x", 1)[1], type_out.rsplit("x", 1)[1]
    # Only 8-bit tensors have zero points.
    input_zp, output_zp = (
        0 if e == "i32" else zp for e, zp in ((element_in, -3), (element_out, 5))
    )
    return (
        const("m", multipliers, f"{channels}xi32")
        + const("s", shifts, f"{channels}xi8")
        + const("zi", str(input_zp), f"1x{element_in}")
        + const("zo", str(output_zp), f"1x{element_out}")
        + f"%r = tosa.rescale %{x}, %m, %s, %zi, %zo {{scale32 = true, rounding_mode = {rounding}, "
        f"per_channel = {per_channel}, input_unsigned = false, output_unsigned = false}} : "
        f"(tensor<{type_in}>, tensor<{channels}xi32>, tensor<{channels}xi8>, "
        f"tensor<1x{element_in}>, tensor<1x{element_out}>) -> tensor<{type_out}>"
    )


def shape(name: str, values: list[int]) -> str:
    """A line that defines a shape."""
    return (
        f"%{name} = tosa.const_shape {{values = dense<{values}> : tensor<{len(values)}xindex>}} "
        f": () -> !tosa.shape<{len(values)}>\n"
    )


WEIGHTS = np.random.default_rng(2)


def weights(*sizes: int) -> str:
    """Seeded int8 values."""
    return dense(WEIGHTS.integers(-127, 128, sizes))


ZERO_POINTS = const("xz", "-7", "1xi8") + const("wz", "0", "1xi8")

CONVOLUTIONS = {
    "conv2d": main(
        "1x9x11x3xi8",
        "1x5x4x6xi32",
        const("k", weights(6, 3, 2, 3), "6x3x2x3xi8")
        + const("b", weights(6), "6xi32")
        + ZERO_POINTS
        + """%r = tosa.conv2d %x, %k, %b, %xz, %wz {acc_type = i32, pad = array<i64: 1, 1, 0, 1>,
          stride = array<i64: 2, 3>, dilation = array<i64: 1, 2>} : (tensor<1x9x11x3xi8>,
          tensor<6x3x2x3xi8>, tensor<6xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x5x4x6xi32>""",
    ),
    "depthwise_conv2d": main(
        "1x7x5x4xi8",
        "1x4x5x8xi32",
        const("k", weights(3, 3, 4, 2), "3x3x4x2xi8")
        + const("b", weights(8), "8xi32")
        + ZERO_POINTS
        + """%r = tosa.depthwise_conv2d %x, %k, %b, %xz, %wz {acc_type = i32,
          pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 2, 1>, dilation = array<i64: 1, 1>}
          : (tensor<1x7x5x4xi8>, tensor<3x3x4x2xi8>, tensor<8xi32>, tensor<1xi8>, tensor<1xi8>)
          -> tensor<1x4x5x8xi32>""",
    ),
    "transpose_conv2d": main(
        "1x4x5x3xi8",
        "1x8x11x2xi32",
        const("k", weights(2, 2, 3, 3), "2x2x3x3xi8")
        + const("b", weights(2), "2xi32")
        + ZERO_POINTS
        + """%r = tosa.transpose_conv2d %x, %k, %b, %xz, %wz {acc_type = i32,
          out_pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>} : (tensor<1x4x5x3xi8>,
          tensor<2x2x3x3xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>)
          -> tensor<1x8x11x2xi32>""",
    ),
    "matmul": main(
        "2x5x7xi8; 2x7x3xi8",
        "2x5x3xi32",
        const("xz", "-7", "1xi8")
        + const("wz", "4", "1xi8")
        + "%r = tosa.matmul %x, %y, %xz, %wz : (tensor<2x5x7xi8>, tensor<2x7x3xi8>, tensor<1xi8>, "
        "tensor<1xi8>) -> tensor<2x5x3xi32>",
    ),
    "matmul f32": main(
        "1x5x7xf32; 1x7x3xf32",
        "1x5x3xf32",
        const("xz", "0.0", "1xf32")
        + "%r = tosa.matmul %x, %y, %xz, %xz : (tensor<1x5x7xf32>, tensor<1x7x3xf32>, "
        "tensor<1xf32>, tensor<1xf32>) -> tensor<1x5x3xf32>",
    ),
    "max_pool2d": main(
        "1x9x8x5xi8",
        "1x5x4x5xi8",
        """%r = tosa.max_pool2d %x {kernel = array<i64: 3, 2>, stride = array<i64: 2, 2>,
          pad = array<i64: 1, 1, 0, 0>} : (tensor<1x9x8x5xi8>) -> tensor<1x5x4x5xi8>""",
    ),
    "max_pool2d f32": main(
        "1x9x8x5xf32",
        "1x5x4x5xf32",
        """%r = tosa.max_pool2d %x {kernel = array<i64: 3, 2>, stride = array<i64: 2, 2>,
          pad = array<i64: 1, 1, 0, 0>} : (tensor<1x9x8x5xf32>) -> tensor<1x5x4x5xf32>""",
    ),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions_products_and_pools(name):
    """Asymmetric kernels, strides and paddings; zero points that are not 0."""
    check(CONVOLUTIONS[name])


@pytest.mark.parametrize("rounding", ["SINGLE_ROUND", "DOUBLE_ROUND"])
@pytest.mark.parametrize("channels", [1, 5])
@pytest.mark.parametrize("types", [("i32", "i8"), ("i8", "i32"), ("i8", "i8"), ("i32", "i32")])
def test_rescale(rounding, channels, types):
    """Per tensor and per channel."""
    type_in, type_out = (f"3x7x5x{element}" for element in types)
    check(main(type_in, type_out, rescale("x", type_in, type_out, rounding, channels)))


def test_rescale_whose_multipliers_are_a_resource():
    """As importers keep the parameters of wide layers."""
    body = rescale("x", "3x7x3xi32", "3x7x3xi8", "SINGLE_ROUND", 3)
    multipliers = [1 << 30, (1 << 31) - 1, 1234567890]
    inline, resource = body.index("dense<"), "dense_resource<multipliers>"
    body = body[:inline] + resource + body[body.index(" : tensor<3xi32>") :]
    blob = "04000000" + np.array(multipliers, "<i4").tobytes().hex()
    resources = '{-# dialect_resources: { builtin: { multipliers: "0x' + blob + '" } } #-}'
    check(main("3x7x3xi32", "3x7x3xi8", body) + "\n" + resources)


def test_unsigned_edges():
    """ui8 to i8 and back by a rescale that moves the zero point."""
    line = (
        "%{r} = tosa.rescale %{x}, %m, %s, %{zi}, %{zo} {{scale32 = true, per_channel = false, "
        "rounding_mode = SINGLE_ROUND, input_unsigned = {iu}, output_unsigned = {ou}}} : "
        "(tensor<3x7x{a}>, tensor<1xi32>, tensor<1xi8>, tensor<1x{a}>, tensor<1x{b}>) "
        "-> tensor<3x7x{b}>\n"
    )
    body = (
        const("m", "1073741824", "1xi32")
        + const("s", "30", "1xi8")
        + const("zu", "128", "1xui8")
        + const("z", "0", "1xi8")
        + line.format(r="q", x="x", zi="zu", zo="z", iu="true", ou="false", a="ui8", b="i8")
        + "%c = tosa.clamp %q {min_val = -100 : i8, max_val = 90 : i8} : (tensor<3x7xi8>) "
        "-> tensor<3x7xi8>\n"
        + line.format(r="r", x="c", zi="z", zo="zu", iu="false", ou="true", a="i8", b="ui8")
    )
    check(main("3x7xui8", "3x7xui8", body))


UNARY = {
    "clamp i8": ("5x7xi8", "5x7xi8", "{min_val = -5 : i8, max_val = 9 : i8}"),
    "clamp f32": ("5x7xf32", "5x7xf32", "{min_val = -1.5 : f32, max_val = 2.0 : f32}"),
    "cast i32 f32": ("5x7xi32", "5x7xf32", ""),
    "cast f32 i32": ("5x7xf32", "5x7xi32", ""),
    "cast f32 i8": ("5x7xf32", "5x7xi8", ""),
    "cast i8 i32": ("5x7xi8", "5x7xi32", ""),
    "cast i32 i8": ("5x7xi32", "5x7xi8", ""),
    "cast i8 f32": ("5x7xi8", "5x7xf32", ""),
    "cast i1 f32": ("5x7xi1", "5x7xf32", ""),
    "abs i32": ("5x7xi32", "5x7xi32", ""),
    "abs f32": ("5x7xf32", "5x7xf32", ""),
    "floor": ("5x7xf32", "5x7xf32", ""),
    "ceil": ("5x7xf32", "5x7xf32", ""),
    "reciprocal": ("5x7xf32", "5x7xf32", ""),
    "logical_not": ("5x7xi1", "5x7xi1", ""),
    "identity": ("5x7xi8", "5x7xi8", ""),
    "transpose": ("2x5x3xi8", "3x2x5xi8", "{perms = array<i32: 2, 0, 1>}"),
    "reverse": ("4x5x3xi8", "4x5x3xi8", "{axis = 1 : i32}"),
    "reduce_sum i32": ("4x5x3xi32", "4x1x3xi32", "{axis = 1 : i32}"),
    "reduce_sum f32": ("4x5x3xf32", "4x1x3xf32", "{axis = 1 : i32}"),
    "reduce_max i8": ("4x5x3xi8", "4x5x1xi8", "{axis = 2 : i32}"),
    "reduce_min f32": ("4x5x3xf32", "1x5x3xf32", "{axis = 0 : i32}"),
    "reduce_all": ("4x5xi1", "4x1xi1", "{axis = 1 : i32}"),
    "reduce_any": ("4x5xi1", "4x1xi1", "{axis = 1 : i32}"),
    "argmax i8": ("4x5x3xi8", "4x3xi32", "{axis = 1 : i32}"),
    "argmax f32": ("4x5x3xf32", "4x5xi32", "{axis = 2 : i32}"),
}


@pytest.mark.parametrize("name", UNARY)
def test_operations_of_one_tensor(name):
    """Exact, the f32 ones too: each is one IEEE operation per element or a sum in order."""
    source, target, attributes = UNARY[name]
    operation = name.split(" ")[0]
    body = f"%r = tosa.{operation} %x {attributes} : (tensor<{source}>) -> tensor<{target}>"
    check(main(source, target, body))


SHAPED = {
    "reshape": ("5x6xi8", "3x2x5xi8", [[3, 2, 5]], ""),
    "slice": ("5x7xi8", "2x3xi8", [[1, 3], [2, 3]], ""),
    "tile": ("2x3xi8", "4x9xi8", [[2, 3]], ""),
    "resize": (
        "1x3x5x2xi8",
        "1x6x10x2xi8",
        [[2, 1, 2, 1], [0, 0], [1, 1]],
        "{mode = NEAREST_NEIGHBOR}",
    ),
}


@pytest.mark.parametrize("name", SHAPED)
def test_operations_with_shapes(name):
    """Data movement whose parameters are shapes."""
    source, target, shapes, attributes = SHAPED[name]
    body = "".join(shape(f"s{i}", values) for i, values in enumerate(shapes))
    operands = ", ".join(f"%s{i}" for i in range(len(shapes)))
    types = ", ".join(f"!tosa.shape<{len(values)}>" for values in shapes)
    body += (
        f"%r = tosa.{name} %x, {operands} {attributes} : (tensor<{source}>, {types}) "
        f"-> tensor<{target}>"
    )
    check(main(source, target, body))


def test_padding_and_tables():
    """A padding value that is not 0; every entry of a table."""
    body = shape("n", [1, 2, 0, 2]) + const("v", "-4", "1xi8")
    body += (
        "%r = tosa.pad %x, %n, %v : (tensor<5x7xi8>, !tosa.shape<4>, tensor<1xi8>) "
        "-> tensor<8x9xi8>"
    )
    check(main("5x7xi8", "8x9xi8", body))
    codes = np.arange(-128, 128, dtype=np.int8).reshape(8, 32)
    body = const("t", weights(256), "256xi8")
    body += "%r = tosa.table %x, %t : (tensor<8x32xi8>, tensor<256xi8>) -> tensor<8x32xi8>"
    check(main("8x32xi8", "8x32xi8", body), inputs=[codes])


BINARY = {
    "add i32": ("i32", "i32"),
    "sub i32": ("i32", "i32"),
    "maximum i32": ("i32", "i32"),
    "minimum f32": ("f32", "f32"),
    "add f32": ("f32", "f32"),
    "sub f32": ("f32", "f32"),
    "equal i32": ("i32", "i1"),
    "greater f32": ("f32", "i1"),
    "greater_equal i32": ("i32", "i1"),
    "logical_and i1": ("i1", "i1"),
    "logical_or i1": ("i1", "i1"),
    "bitwise_and i32": ("i32", "i32"),
    "bitwise_or i32": ("i32", "i32"),
    "bitwise_xor i8": ("i8", "i8"),
    "intdiv i32": ("i32", "i32"),
}


@pytest.mark.parametrize("name", BINARY)
def test_operations_of_two_tensors(name):
    """With broadcasting on both sides."""
    element, result = BINARY[name]
    operation = name.split(" ")[0]
    check(
        main(
            f"5x1x3x{element}; 1x7x3x{element}",
            f"5x7x3x{result}",
            f"%r = tosa.{operation} %x, %y : (tensor<5x1x3x{element}>, tensor<1x7x3x{element}>) "
            f"-> tensor<5x7x3x{result}>",
        )
    )


@pytest.mark.parametrize("element", ["i8", "i32", "f32"])
def test_product(element):
    """i8 times i8 in i32, i32 with a shift, f32."""
    result = "i32" if element == "i8" else element
    amount = 0 if element != "i32" else 13
    check(
        main(
            f"5x7x{element}; 5x1x{element}",
            f"5x7x{result}",
            const("s", str(amount), "1xi8")
            + f"%r = tosa.mul %x, %y, %s : (tensor<5x7x{element}>, tensor<5x1x{element}>, "
            f"tensor<1xi8>) -> tensor<5x7x{result}>",
        )
    )


def test_selection_concatenation_and_gathering():
    """Of a condition with broadcasting; of three tensors; by computed indices."""
    check(
        main(
            "5x1xi1; 5x7xi8; 1x7xi8",
            "5x7xi8",
            "%r = tosa.select %x, %y, %z : (tensor<5x1xi1>, tensor<5x7xi8>, tensor<1x7xi8>) "
            "-> tensor<5x7xi8>",
        )
    )
    check(
        main(
            "2x3x5xi8; 2x1x5xi8; 2x4x5xi8",
            "2x8x5xi8",
            "%r = tosa.concat %x, %y, %z {axis = 1 : i32} : (tensor<2x3x5xi8>, tensor<2x1x5xi8>, "
            "tensor<2x4x5xi8>) -> tensor<2x8x5xi8>",
        )
    )
    values = np.random.default_rng(4).integers(-128, 128, (2, 9, 5)).astype(np.int8)
    indices = np.random.default_rng(5).integers(0, 9, (2, 4)).astype(np.int32)
    check(
        main(
            "2x9x5xi8; 2x4xi32",
            "2x4x5xi8",
            "%r = tosa.gather %x, %y : (tensor<2x9x5xi8>, tensor<2x4xi32>) -> tensor<2x4x5xi8>",
        ),
        inputs=[values, indices],
    )


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "erf", "sin", "cos", "log", "rsqrt"])
def test_transcendental_functions(name):
    """Within 1e-5 of the value in f64; a library's function, never an approximation of ours."""
    x = np.random.default_rng(6).uniform(0.01, 5, (5, 7)).astype(np.float32)
    body = f"%r = tosa.{name} %x : (tensor<5x7xf32>) -> tensor<5x7xf32>"
    check(main("5x7xf32", "5x7xf32", body), inputs=[x], rtol=1e-5)


def test_power():
    """Positive bases."""
    generator = np.random.default_rng(6)
    arrays = [generator.uniform(0.1, 5, (5, 7)).astype(np.float32) for _ in range(2)]
    body = "%r = tosa.pow %x, %y : (tensor<5x7xf32>, tensor<5x7xf32>) -> tensor<5x7xf32>"
    check(main("5x7xf32; 5x7xf32", "5x7xf32", body), inputs=arrays, rtol=1e-5)
