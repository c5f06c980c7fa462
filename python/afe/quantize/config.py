"""What can be asked of a quantization: methods of calibration, schemes, corrections.

All are frozen values that check themselves; a wrong one raises AfeError INVALID_OPTION. The SDK's
names for them stand in `afe.apis.defines`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

from afe.errors import AfeError, ErrorCode

MIN_BINS, MAX_BINS = 256, 1 << 16


def invalid_option(option: str, value: object, allowed: str) -> AfeError:
    """A wrong value of a configuration."""
    return AfeError(
        ErrorCode.INVALID_OPTION, f"quantization: {option} is {value!r}; allowed: {allowed}"
    )


def _check_bins(bins: object) -> None:
    if not isinstance(bins, int) or isinstance(bins, bool) or not MIN_BINS <= bins <= MAX_BINS:
        raise invalid_option("num_bins", bins, f"a whole number from {MIN_BINS} to {MAX_BINS}")


def _check_real(option: str, value: object, low: float, high: float) -> None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not low < value <= high:
        raise invalid_option(option, value, f"a number above {low} up to {high}")


def _check_kind(option: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise invalid_option(option, value, f"a {kind.__name__} of afe.apis.defines")


@dataclass(frozen=True, slots=True)
class CalibrationMethod:
    """How the range of an activation follows from the values it took on calibration samples."""

    name: ClassVar[str] = ""

    @staticmethod
    def from_str(method: str) -> CalibrationMethod:
        """The method called `method`, with its defaults.

        'min_max', 'mse', 'moving_average', 'entropy' or 'percentile'; else AfeError INVALID_OPTION.
        """
        known = {kind.name: kind for kind in _METHODS}
        if not isinstance(method, str) or method not in known:
            raise invalid_option("calibration method", method, ", ".join(known))
        return known[method]()

    @property
    def parameters(self) -> Mapping[str, float]:
        """What the method was given, by name."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class MinMaxMethod(CalibrationMethod):
    """From the smallest to the largest value of all samples: nothing is cut off."""

    name = "min_max"


@dataclass(frozen=True, slots=True)
class MovingAverageMinMaxMethod(CalibrationMethod):
    """The average of the samples' smallest and of their largest values.

    A plain average at first; each sample counts at least `averaging_constant`, so that in long
    runs the later samples count more.
    """

    name = "moving_average"
    averaging_constant: float = 0.01

    def __post_init__(self) -> None:
        _check_real("averaging_constant", self.averaging_constant, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class HistogramMSEMethod(CalibrationMethod):
    """The range whose codes differ least from the values: least mean squared error."""

    name = "mse"
    num_bins: int = 2048

    def __post_init__(self) -> None:
        _check_bins(self.num_bins)


@dataclass(frozen=True, slots=True)
class HistogramEntropyMethod(CalibrationMethod):
    """The range whose codes are distributed most as the values are: least relative entropy."""

    name = "entropy"
    num_bins: int = 2048

    def __post_init__(self) -> None:
        _check_bins(self.num_bins)


@dataclass(frozen=True, slots=True)
class HistogramPercentileMethod(CalibrationMethod):
    """The range that holds `percentile_value` percent of the values; both ends are cut alike."""

    name = "percentile"
    percentile_value: float = 99.9
    num_bins: int = 2048

    def __post_init__(self) -> None:
        _check_real("percentile_value", self.percentile_value, 50.0, 100.0)
        _check_bins(self.num_bins)


_METHODS: tuple[type[CalibrationMethod], ...] = (
    MinMaxMethod,
    HistogramMSEMethod,
    MovingAverageMinMaxMethod,
    HistogramEntropyMethod,
    HistogramPercentileMethod,
)


@dataclass(frozen=True, slots=True)
class QuantizationScheme:
    """How reals become integers: zero point or none, per channel or per tensor, how many bits."""

    asymmetric: bool
    per_channel: bool
    bits: int = 8

    def __post_init__(self) -> None:
        for option, value in (("asym", self.asymmetric), ("per_ch", self.per_channel)):
            if not isinstance(value, bool):
                raise invalid_option(option, value, "True or False")
        if self.bits not in (8, 16) or isinstance(self.bits, bool):
            raise invalid_option("bits", self.bits, "8 or 16")

    def __str__(self) -> str:
        kind = "asymmetric" if self.asymmetric else "symmetric"
        return f"int{self.bits} {kind} {'per channel' if self.per_channel else 'per tensor'}"


def quantization_scheme(asym: bool, per_ch: bool, bits: int = 8) -> QuantizationScheme:
    """A scheme for activations or weights."""
    return QuantizationScheme(asym, per_ch, bits)


class RequantizationMode(Enum):
    """How accumulators become codes."""

    sima = "sima"
    """Multiplied by an f32 factor, rounded half to even: onnxruntime's kernels to the bit."""
    tflite = "tflite"
    """By an integer factor and a shift, as LiteRT's kernels."""


class BiasCorrectionType(Enum):
    """Whether biases make up for what rounded weights change in the mean."""

    NONE = "none"
    REGULAR = "regular"
    """Every layer for itself, from the means of its inputs in the float network."""
    ITERATIVE = "iterative"
    """Layer after layer, from the quantized network with the corrections so far."""


@dataclass(frozen=True, slots=True)
class QuantizationParams:
    """A whole configuration. Builders give a changed copy:

    default_quantization.with_calibration(MinMaxMethod()).with_channel_equalization(True)
    """

    calibration_method: CalibrationMethod = HistogramMSEMethod()
    activation_quantization_scheme: QuantizationScheme = QuantizationScheme(True, False)
    weight_quantization_scheme: QuantizationScheme = QuantizationScheme(False, True)
    requantization_mode: RequantizationMode = RequantizationMode.sima
    unquantized_nodes: frozenset[str] = frozenset()
    biascorr_type: BiasCorrectionType = BiasCorrectionType.NONE
    channel_equalization: bool = False

    def __post_init__(self) -> None:
        _check_kind("calibration_method", self.calibration_method, CalibrationMethod)
        _check_kind("activation scheme", self.activation_quantization_scheme, QuantizationScheme)
        _check_kind("weight scheme", self.weight_quantization_scheme, QuantizationScheme)
        _check_kind("requantization_mode", self.requantization_mode, RequantizationMode)
        _check_kind("bias correction", self.biascorr_type, BiasCorrectionType)
        _check_kind("channel_equalization", self.channel_equalization, bool)
        if self.activation_quantization_scheme.per_channel:
            raise invalid_option(
                "activation scheme", "per channel", "per tensor: quantization_scheme(asym, False)"
            )
        if self.weight_quantization_scheme.bits != 8:
            raise invalid_option(
                "weight scheme", f"{self.weight_quantization_scheme.bits} bits",
                "8 bits, which is what the MLA multiplies",
            )  # fmt: skip

    def with_calibration(self, method: CalibrationMethod) -> QuantizationParams:
        """Another method of calibration."""
        return dataclasses.replace(self, calibration_method=method)

    def with_activation_quantization(self, scheme: QuantizationScheme) -> QuantizationParams:
        """Another scheme for activations; 8 or 16 bits, per tensor."""
        return dataclasses.replace(self, activation_quantization_scheme=scheme)

    def with_weight_quantization(self, scheme: QuantizationScheme) -> QuantizationParams:
        """Another scheme for weights; 8 bits."""
        return dataclasses.replace(self, weight_quantization_scheme=scheme)

    def with_requantization_mode(self, mode: RequantizationMode) -> QuantizationParams:
        """Another way from accumulators to codes."""
        return dataclasses.replace(self, requantization_mode=mode)

    def with_unquantized_nodes(self, nodes: Collection[str]) -> QuantizationParams:
        """Operators, by name or by their result's, that stay in float (on the Cortex-A65)."""
        if isinstance(nodes, str) or not all(isinstance(node, str) for node in nodes):
            raise invalid_option("unquantized nodes", nodes, "a list of names of operators")
        return dataclasses.replace(self, unquantized_nodes=frozenset(nodes))

    def with_bias_correction(self, kind: BiasCorrectionType | bool) -> QuantizationParams:
        """Biases corrected; True is REGULAR."""
        if isinstance(kind, bool):
            kind = BiasCorrectionType.REGULAR if kind else BiasCorrectionType.NONE
        return dataclasses.replace(self, biascorr_type=kind)

    def with_channel_equalization(self, enable: bool) -> QuantizationParams:
        """Whether factors move from one layer's channels to the next before quantizing."""
        return dataclasses.replace(self, channel_equalization=enable)

    def recorded(self) -> dict[str, Any]:
        """What a saved model says of this configuration."""
        return {
            "method": self.calibration_method.name,
            "parameters": dict(self.calibration_method.parameters),
            "activations": str(self.activation_quantization_scheme),
            "weights": str(self.weight_quantization_scheme),
            "requantization": self.requantization_mode.value,
            "bias_correction": self.biascorr_type.value,
            "channel_equalization": self.channel_equalization,
            "unquantized_nodes": sorted(self.unquantized_nodes),
        }


default_quantization = QuantizationParams()
"""Activations int8 asymmetric per tensor, weights int8 symmetric per channel, ranges by MSE."""
