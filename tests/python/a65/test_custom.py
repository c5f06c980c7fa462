"""Every custom operator of the conventions on the Cortex-A65, bit for bit as the reference."""

import numpy as np
import pytest
from forced import check


def custom(name: str, facts: str, inputs: str, output: str) -> str:
    """A module of one custom operator; `inputs` are tensor types separated by commas."""
    types = inputs.split(", ")
    arguments = ", ".join(f"%{i}: {type_}" for i, type_ in enumerate(types))
    names = ", ".join(f"%{i}" for i in range(len(types)))
    return f"""
    func.func @main({arguments}) -> {output} {{
      %r = tosa.custom {names} {{operator_name = "{name}", domain_name = "afe",
        implementation_attrs = "{{{facts}}}"}} : ({inputs}) -> {output}
      return %r : {output}
    }}"""


@pytest.mark.parametrize("dtype", ["i8", "ui8", "i16", "i32"])
@pytest.mark.parametrize("rounding", ["half_even", "half_away"])
def test_quantize_rounds_and_saturates(dtype, rounding):
    """Ties, both ends, infinities and NaN."""
    facts = f'scale = 0.25 : f32, zero_point = 3 : i64, rounding = \\"{rounding}\\"'
    text = custom("quantize", facts, "tensor<5x7xf32>", f"tensor<5x7x{dtype}>")
    values = [0.125, -0.125, 0.375, -0.375, 1e9, -1e9, 1e38, np.inf, -np.inf, np.nan, 0.0, -0.0]
    x = np.resize(np.float32([*values, 31.0, 31.125, -32.9, 63.1, 2047.9]), (5, 7))
    check(text, inputs=[x])


@pytest.mark.parametrize("dtype", ["i8", "ui8", "i16", "i32"])
def test_dequantize_subtracts_before_it_scales(dtype):
    """The whole range of the integers."""
    text = custom(
        "dequantize", "scale = 0.1 : f32, zero_point = 117 : i64", f"tensor<3x89x{dtype}>",
        "tensor<3x89xf32>",
    )  # fmt: skip
    check(text)


def test_division_is_ieee():
    """Not by a reciprocal; with broadcasting."""
    check(custom("div_f32", "", "tensor<3x1x5xf32>, tensor<1x7x5xf32>", "tensor<3x7x5xf32>"))


def test_lookup_reads_the_entry_of_the_code():
    """All 256 codes."""
    x = np.arange(-128, 128, dtype=np.int8).reshape(2, 128)
    table = np.random.default_rng(1).standard_normal(256).astype(np.float32)
    text = custom("qdq.lookup", "", "tensor<2x128xi8>, tensor<256xf32>", "tensor<2x128xf32>")
    check(text, inputs=[x, table])


@pytest.mark.parametrize("shape", ["3x10", "1x5x3x21", "1x1"])
def test_softmax_is_the_kernel_s(shape):
    """Also where one value takes all."""
    facts = (
        "beta = 1.0 : f32, input_scale = 0.17 : f32, output_scale = 0.00390625 : f32, "
        "output_zero_point = -128 : i64"
    )
    check(custom("litert.softmax", facts, f"tensor<{shape}xi8>", f"tensor<{shape}xi8>"))


def test_square_root_is_ieee():
    """Rounded once."""
    check(custom("sqrt_f32", "", "tensor<3x89xf32>", "tensor<3x89xf32>"))


@pytest.mark.parametrize("shape", ["3x10", "1x5x3x21", "1x1"])
def test_softmax_of_a_table(shape):
    """The exponentials are what the table says; sums ascend."""
    x = np.random.default_rng(1).integers(-128, 128, [int(n) for n in shape.split("x")], np.int8)
    table = np.exp(-0.07 * np.arange(256)).astype(np.float32)
    types = f"tensor<{shape}xi8>, tensor<256xf32>"
    check(custom("qdq.softmax", "", types, f"tensor<{shape}xf32>"), inputs=[x, table])


@pytest.mark.parametrize("unsigned", ["", ", unsigned = true"])
def test_average_pool_counts_existing_taps(unsigned):
    """Odd windows, all four paddings different, a clamp that bites."""
    facts = (
        "kernel = array<i64: 3, 4>, stride = array<i64: 2, 3>, pad = array<i64: 1, 0, 2, 3>, "
        f"min = -90 : i64, max = 77 : i64{unsigned}"
    )
    check(custom("litert.average_pool_2d", facts, "tensor<2x8x11x5xi8>", "tensor<2x4x5x5xi8>"))


CORNERS = [(False, False), (True, False), (False, True)]


@pytest.mark.parametrize(("align", "half"), CORNERS)
@pytest.mark.parametrize("unsigned", ["", ", unsigned = true"])
@pytest.mark.parametrize("sizes", [("5x7", "11x13"), ("9x4", "3x9"), ("1x1", "4x3")])
def test_resize_bilinear_is_the_kernel_s(align, half, unsigned, sizes):
    """Up, down, and from one pixel."""
    facts = f"align_corners = {str(align).lower()}, half_pixel_centers = {str(half).lower()}"
    source, target = sizes
    text = custom(
        "litert.resize_bilinear", facts + unsigned, f"tensor<1x{source}x3xi8>",
        f"tensor<1x{target}x3xi8>",
    )  # fmt: skip
    check(text)


@pytest.mark.parametrize(("align", "half"), CORNERS)
def test_resize_nearest_is_the_kernel_s(align, half):
    """Index arithmetic in f32."""
    facts = f"align_corners = {str(align).lower()}, half_pixel_centers = {str(half).lower()}"
    check(custom("litert.resize_nearest", facts, "tensor<2x5x9x3xi8>", "tensor<2x12x7x3xi8>"))


def test_float_average_pool_adds_columns_first():
    """The conventions' order of addition, exactly."""
    check(
        """
        func.func @main(%x: tensor<1x9x8x5xf32>) -> tensor<1x4x4x5xf32> {
          %z = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
          %r = tosa.avg_pool2d %x, %z, %z {kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>,
            pad = array<i64: 0, 0, 1, 0>, acc_type = f32}
            : (tensor<1x9x8x5xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x5xf32>
          return %r : tensor<1x4x4x5xf32>
        }"""
    )


@pytest.mark.parametrize("classes", ["7", "8"])
@pytest.mark.parametrize(
    ("regular", "max_classes", "per_class", "threshold"),
    [
        ("false", 1, 100, 0.1),
        ("false", 3, 100, 0.1),
        ("false", 9, 100, 0.95),
        ("true", 1, 100, 0.1),
        ("true", 2, 3, 0.6),
        ("true", 1, 100, 2.0),
    ],
)
def test_detection_postprocess(regular, max_classes, per_class, threshold, classes):
    """Two images; equal scores; fewer detections than rows, and none."""
    rows = 11 * max_classes
    facts = (
        f"max_detections = 11 : i64, max_classes = {max_classes} : i64, num_classes = 7 : i64, "
        f"detections_per_class = {per_class} : i64, regular = {regular}, "
        f"score_threshold = {threshold} : f32, iou_threshold = 0.3 : f32, y_scale = 10.0 : f32, "
        "x_scale = 9.0 : f32, h_scale = 5.0 : f32, w_scale = 4.0 : f32"
    )
    operands = f"tensor<2x83x5xf32>, tensor<2x83x{classes}xf32>, tensor<83x4xf32>"
    results = f"tensor<2x{rows}x4xf32>, tensor<2x{rows}xf32>, tensor<2x{rows}xf32>, tensor<2xf32>"
    text = f"""
    func.func @main(%a: tensor<2x83x5xf32>, %b: tensor<2x83x{classes}xf32>, %c: tensor<83x4xf32>)
        -> ({results}) {{
      %r:4 = tosa.custom %a, %b, %c {{operator_name = "litert.detection_postprocess",
        domain_name = "afe", implementation_attrs = "{{{facts}}}"}} : ({operands}) -> ({results})
      return %r#0, %r#1, %r#2, %r#3 : {results}
    }}"""
    random = np.random.default_rng(4)
    encodings = random.standard_normal((2, 83, 5)).astype(np.float32)
    scores = (random.integers(0, 40, (2, 83, int(classes))) / 40).astype(np.float32)
    anchors = random.uniform(0.1, 0.5, (83, 4)).astype(np.float32)
    check(text, inputs=[encodings, scores, anchors])
