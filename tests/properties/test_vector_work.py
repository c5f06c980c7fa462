"""Vector work that runs on other engines, or in fewer operations, computes what it did before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from afe.importers.builder import Tensor, TosaBuilder
from operators import fixed_point
from test_found import TARGETS, check, conv, network, requantized


def squeezed(b: TosaBuilder, x: Tensor, outputs: int) -> Tensor:
    """The mean of every channel and a fully connected layer on it: [N,1,1,outputs]."""
    total = b.centred(x, 4)
    for axis in (1, 2):
        total = b.reduce("sum", total, axis)
    factor = np.asarray(3.0 / (x.shape[1] * x.shape[2]))
    mean = b.rescale(total, "i8", *fixed_point(factor), output_zp=-3)
    return conv(b, mean, outputs, (1, 1), 0)


@TARGETS
@pytest.mark.parametrize("rows, columns, channels", [(7, 5, 40), (29, 23, 17), (60, 13, 96)])
@pytest.mark.parametrize("batch", [1, 3])
def test_squeeze_and_excitation(target, rows, columns, channels, batch):
    """Means of small and large images, factors per image, channels that do not fill a block."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Sequence[Tensor]:
        image = conv(b, x[0], channels, (1, 1), 0)
        factors = squeezed(b, image, channels)
        product = b.mul(b.centred(image, 5), b.centred(factors, -128))
        scaled = b.rescale(product, "i8", *fixed_point(np.asarray(1 / 150)), output_zp=-7)
        return [conv(b, scaled, 24, (1, 1), 0)]

    check(network([(1, rows, columns, 11)], body), target, batch)


@TARGETS
def test_factors_that_are_an_input(target):
    """Dense ones, of bytes that are loaded as they come."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Sequence[Tensor]:
        product = b.mul(b.centred(x[0], -9), b.centred(x[1], 30))
        return [requantized(b, product, 1 / 200)]

    check(network([(2, 9, 7, 37), (2, 1, 1, 37)], body), target)


@TARGETS
@pytest.mark.parametrize("align", [True, False])
def test_far_resizes(target, align):
    """Rows first, columns then: with the rounding of the int8 kernel, and an argmax behind it."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Sequence[Tensor]:
        facts = {"align_corners": align, "half_pixel_centers": not align}
        large = b.custom("litert.resize_bilinear", [x[0]], (1, 21, 73, 19), "i8", **facts)
        wide = b.custom("litert.resize_bilinear", [x[1]], (1, 7, 64, 5), "i8", **facts)
        return [b.argmax(large, 3), wide]

    check(network([(1, 6, 9, 19), (1, 7, 8, 5)], body), target)


@TARGETS
@pytest.mark.parametrize("name", ["add", "mul"])
def test_activations_in_front_of_an_addition(target, name):
    """x * sigmoid(x) between a convolution and a shortcut, as QDQ graphs write it."""

    def real(b: TosaBuilder, x: Tensor, scale: float, zero_point: int) -> Tensor:
        return b.custom(
            "dequantize", [x], x.shape, "f32", scale=float(np.float32(scale)), zero_point=zero_point
        )

    def coded(b: TosaBuilder, x: Tensor, scale: float, zero_point: int) -> Tensor:
        return b.custom(
            "quantize", [x], x.shape, "i8", scale=float(np.float32(scale)), zero_point=zero_point,
            rounding="half_even",
        )  # fmt: skip

    def body(b: TosaBuilder, x: list[Tensor]) -> Sequence[Tensor]:
        value = real(b, conv(b, x[0], 20, (3, 3), 1), 0.05, -3)
        gate = real(b, coded(b, b.unary("sigmoid", value), 1 / 256, -128), 1 / 256, -128)
        silu = real(b, coded(b, b.mul(value, gate), 0.03, -110), 0.03, -110)
        shortcut = real(b, x[0], 0.04, 6)
        joined = b.mul(silu, shortcut) if name == "mul" else b.binary(name, silu, shortcut)
        return [coded(b, joined, 0.05, -40)]

    check(network([(1, 9, 13, 20)], body), target)
