"""`afe quantize MODEL --calibration DATA -o OUT`: a float model as a quantized `.sima` file."""

from __future__ import annotations

import argparse
from pathlib import Path

from afe.commands import (
    add_import_options,
    import_options,
    interrupts_held,
)
from afe.commands.import_command import add_output, output_name, save
from afe.commands.terminal import terminal_progress
from afe.errors import AfeError, ErrorCode
from afe.quantize.config import (
    BiasCorrectionType,
    CalibrationMethod,
    HistogramEntropyMethod,
    HistogramMSEMethod,
    HistogramPercentileMethod,
    QuantizationParams,
    RequantizationMode,
    quantization_scheme,
)

METHODS = ("mse", "min_max", "moving_average", "entropy", "percentile")

EXAMPLES = """examples:
  afe quantize model.onnx --calibration samples.npz -o models
  afe quantize model.onnx --calibration folder -o m.sima --method percentile --percentile 99.99
  afe quantize model.onnx --calibration samples.npz -o models --bias-correction regular --json
  afe compile models/model.sima -o out

Samples are float arrays, channels last (NHWC), any number of them along the first axis: an .npz
file with an array per input, an .npy file for a network of one input, or a folder of such files.
Some ten to hundred typical inputs are enough.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """MODEL, --calibration, -o, and one flag per choice of a configuration."""
    parser.add_argument(
        "model", metavar="MODEL", help=".onnx, or PyTorch's .pt and .pt2 (needs torch), in float"
    )
    parser.add_argument(
        "--calibration", required=True, metavar="DATA", help=".npz, .npy or a folder of them"
    )
    add_output(parser)
    parser.add_argument(
        "--method",
        default="mse",
        choices=METHODS,
        help="how ranges follow from samples: " + ", ".join(METHODS) + " (default: mse)",
    )
    parser.add_argument(
        "--bins", type=int, metavar="N", help="bins of the histograms of mse, entropy, percentile"
    )
    parser.add_argument(
        "--percentile", type=float, metavar="P", help="percent of values that percentile keeps"
    )
    parser.add_argument(
        "--activation-bits", type=int, default=8, metavar="N", help="8 or 16 (default: 8)"
    )
    parser.add_argument(
        "--symmetric-activations", action="store_true", help="activations without a zero point"
    )
    parser.add_argument(
        "--per-tensor-weights", action="store_true", help="one scale per weight tensor"
    )
    _add_corrections(parser)
    parser.add_argument(
        "--layout", choices=("NCHW", "NHWC"), help="of the model's inputs (default: NCHW)"
    )
    parser.add_argument(
        "--keep-layout", action="store_true", help="the result keeps that layout, not NHWC"
    )
    parser.add_argument(
        "--input",
        dest="shapes",
        action="append",
        default=[],
        metavar="NAME=N,C,H,W",
        help="shape of an input in the model's own layout (PyTorch: all of them)",
    )
    add_import_options(parser, signatures=False)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _add_corrections(parser: argparse.ArgumentParser) -> None:
    kinds = [kind.value for kind in BiasCorrectionType]
    modes = [mode.value for mode in RequantizationMode]
    parser.add_argument(
        "--bias-correction",
        default="none",
        choices=kinds,
        help="biases make up for rounded weights: " + ", ".join(kinds) + " (default: none)",
    )
    parser.add_argument(
        "--channel-equalization",
        action="store_true",
        help="factors move from layer to layer before quantizing",
    )
    parser.add_argument(
        "--requantization",
        default="sima",
        choices=modes,
        help="arithmetic behind products: sima (f32 factor) or tflite (integer) (default: sima)",
    )
    parser.add_argument(
        "--float-node",
        dest="float_nodes",
        action="append",
        default=[],
        metavar="NAME",
        help="an operator that stays in float, on the Cortex-A65 (may be repeated)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Quantizes, saves, says what was saved."""
    params = _params(arguments)
    shapes = dict(map(_shape, arguments.shapes))
    dimensions = import_options(arguments).dimensions
    name = output_name(arguments.output, arguments.name)
    with interrupts_held():
        from afe.apis.loaded_net import load_model
        from afe.load.importers.general_importer import ImporterParams, ModelFormat
        from afe.quantize.files import read_calibration

    formats = {".pt": ModelFormat.pytorch, ".pt2": ModelFormat.pytorch, ".pth": ModelFormat.pytorch}
    formats |= {".tflite": ModelFormat.tflite}
    kind = formats.get(Path(arguments.model).suffix.lower(), ModelFormat.onnx)
    net = load_model(
        ImporterParams(
            kind, (arguments.model,), list(shapes), list(shapes.values()),
            layout=arguments.layout, dimensions=dimensions,
        )
    )  # fmt: skip
    with terminal_progress() as progress:
        model = net.quantize(
            read_calibration(Path(arguments.calibration), net.inputs),
            params,
            automatic_layout_conversion=arguments.keep_layout,
            model_name=name,
            progress=progress,
        )
    save(model, arguments.output, arguments.json, {"calibration": dict(model.calibration)})
    return 0


def _params(arguments: argparse.Namespace) -> QuantizationParams:
    """The configuration the flags ask for; AfeError INVALID_OPTION."""
    return (
        QuantizationParams()
        .with_calibration(_method(arguments))
        .with_activation_quantization(
            quantization_scheme(
                not arguments.symmetric_activations, False, arguments.activation_bits
            )
        )
        .with_weight_quantization(quantization_scheme(False, not arguments.per_tensor_weights))
        .with_requantization_mode(RequantizationMode(arguments.requantization))
        .with_bias_correction(BiasCorrectionType(arguments.bias_correction))
        .with_channel_equalization(arguments.channel_equalization)
        .with_unquantized_nodes(arguments.float_nodes)
    )


def _method(arguments: argparse.Namespace) -> CalibrationMethod:
    """The method with the parameters that were given; one it does not have is an error."""
    method = CalibrationMethod.from_str(arguments.method)
    bins, percentile = arguments.bins, arguments.percentile
    if percentile is not None and not isinstance(method, HistogramPercentileMethod):
        raise _not_for(arguments.method, "--percentile")
    if isinstance(method, HistogramPercentileMethod):
        percentile = method.percentile_value if percentile is None else percentile
        return HistogramPercentileMethod(percentile, method.num_bins if bins is None else bins)
    if bins is None:
        return method
    if isinstance(method, HistogramMSEMethod):
        return HistogramMSEMethod(bins)
    if isinstance(method, HistogramEntropyMethod):
        return HistogramEntropyMethod(bins)
    raise _not_for(arguments.method, "--bins")


def _not_for(method: str, flag: str) -> AfeError:
    return AfeError(ErrorCode.INVALID_OPTION, f"option '{flag}' is not one of method {method}")


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    name, equals, sizes = text.rpartition("=")
    parts = sizes.split(",")
    if (
        not name
        or not equals
        or not all(p.isascii() and p.isdigit() and len(p) < 10 for p in parts)
    ):
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            f"option '--input' is '{text}'; allowed: a name and sizes, such as image=1,3,224,224",
        )
    return name, tuple(int(part) for part in parts)
