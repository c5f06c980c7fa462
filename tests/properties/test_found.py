"""Networks on which random search once found the compiler wrong, written down by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from afe.importers.builder import Tensor, TosaBuilder
from afe.importers.common import ImportedModel, Port
from afe.options import CompileOptions
from check import compare
from operators import fixed_point

Body = Callable[[TosaBuilder, list[Tensor]], Sequence[Tensor]]
TARGETS = pytest.mark.parametrize("target", ["mlsoc", "tiny", "edge"])
RNG_SEED = 7


def network(shapes: Sequence[tuple[int, ...]], body: Body, dtype: str = "i8") -> ImportedModel:
    """A module with arguments of these shapes; `body` makes its results."""
    builder = TosaBuilder("found", "tflite", "found")
    ports = [Port(f"in{k}", shape, dtype) for k, shape in enumerate(shapes)]
    with builder.context:
        results = body(builder, builder.arguments(ports))
        names = [Port(f"out{k}", x.shape, x.dtype) for k, x in enumerate(results)]
        module = builder.finish(results, names)
    return ImportedModel(module, builder.context, "found", "tflite", ports, names, {})


def weights(*shape: int) -> np.ndarray:
    """Bytes of the whole range."""
    return np.random.default_rng(RNG_SEED).integers(-128, 128, shape, np.int8)


def requantized(b: TosaBuilder, x: Tensor, factor: float | np.ndarray) -> Tensor:
    """i32 to i8 with a zero point of -3."""
    return b.rescale(x, "i8", *fixed_point(np.asarray(factor)), output_zp=-3)


def conv(b: TosaBuilder, x: Tensor, channels: int, kernel: tuple[int, int], pad: int) -> Tensor:
    """A convolution of stride 1 with its requantization."""
    values = weights(channels, *kernel, x.shape[3])
    sums = b.conv2d(x, b.const(values), b.const(np.zeros(channels, np.int32)), pad=[pad] * 4)
    return requantized(b, sums, 40 / (5500 * np.sqrt(values[0].size)))


def litert_add(b: TosaBuilder, x: Tensor, y: Tensor) -> Tensor:
    """LiteRT's ADD with operands of different scales."""

    def raised(tensor: Tensor, factor: float) -> Tensor:
        wide = b.rescale(tensor, "i32", 1 << 30, 10, rounding="SINGLE_ROUND")
        return b.rescale(wide, "i32", *fixed_point(np.asarray(factor)))

    return requantized(b, b.add(raised(x, 0.5), raised(y, 0.3)), 1.2 / (1 << 20))


def check(model: ImportedModel, target: str, batch: int = 1) -> None:
    """Exact, as predicted, and all of it on the MLA."""
    options = CompileOptions(target=target, batch_size=batch)
    report = compare(model, options, RNG_SEED, f"on {target}")
    assert report.segments["A65"] == 0 and not report.fallbacks


@TARGETS
def test_a_residual_that_is_an_input_of_odd_channels(target):
    """A dense tensor whose last block of channels is not full: OUTPUT reads whole blocks."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Sequence[Tensor]:
        return [litert_add(b, conv(b, x[0], 31, (3, 3), 1), x[0])]

    check(network([(1, 7, 5, 31)], body), target)


@TARGETS
def test_a_matrix_product_with_a_table_and_per_channel_factors(target):
    """Parameters and table of a product of activations follow its weights."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Sequence[Tensor]:
        factors = np.linspace(0.001, 0.003, 19)
        product = requantized(b, b.matmul(x[0], x[1], a_zp=3, b_zp=-5), factors)
        return [b.table(product, weights(256))]

    check(network([(2, 9, 45), (2, 45, 19)], body), target)


@TARGETS
def test_a_matrix_product_with_the_transpose_of_an_input_of_odd_columns(target):
    """The transposing LOAD reads whole blocks."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Sequence[Tensor]:
        return [requantized(b, b.matmul(x[0], b.transpose(x[1], [0, 2, 1])), 0.0012)]

    check(network([(1, 9, 45), (1, 13, 45)], body), target)


@TARGETS
def test_a_kernel_whose_weights_fill_more_than_l1(target):
    """21 x 20 taps of one channel block are 107,520 bytes: the kernel's rows are cut too."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Sequence[Tensor]:
        tall = b.table(x[0], weights(256))
        return [conv(b, tall, 18, (21, 20), 1), conv(b, tall, 3, (21, 20), 0)]

    check(network([(1, 21, 20, 18)], body), target)


@TARGETS
def test_a_residual_that_is_a_constant(target):
    """As large as the convolution's result, so that the addition is fused."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Sequence[Tensor]:
        made = conv(b, x[0], 15, (3, 3), 1)
        return [litert_add(b, made, b.const(weights(*made.shape)))]

    check(network([(1, 9, 6, 7)], body), target)


@TARGETS
def test_a_part_of_an_input_that_nobody_reads_is_not_in_the_bound(target):
    """A slice, and a convolution of stride 3 with one row of taps."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Sequence[Tensor]:
        part = b.slice(x[0], [0, 2, 3, 5], [1, 4, 6, 40])
        sums = b.conv2d(
            x[1], b.const(weights(24, 1, 2, 48)), b.const(np.zeros(24, np.int32)), stride=(3, 1)
        )
        return [part, requantized(b, sums, 0.0008)]

    check(network([(1, 40, 30, 50), (1, 70, 18, 48)], body), target)


@TARGETS
def test_phases_of_a_transposed_convolution_that_no_tap_reaches(target):
    """Kernels smaller than the stride; TENSORs that read nothing wait for their buffer too."""

    def body(b: TosaBuilder, x: list[Tensor]) -> Sequence[Tensor]:
        sums = b.transpose_conv2d(
            x[0], b.const(weights(3, 2, 1, 15)), b.const(np.arange(3, dtype=np.int32)),
            out_pad=(0, 1, 1, 1), stride=(2, 3), input_zp=127,
        )  # fmt: skip
        return [requantized(b, sums, 0.0015)]

    check(network([(1, 83, 31, 15)], body), target)
