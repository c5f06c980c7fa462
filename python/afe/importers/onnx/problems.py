"""What can be wrong with an ONNX file, as AfeErrors that name the node, tensor and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from afe.errors import AfeError, ErrorCode
from afe.importers.common import clean_name

if TYPE_CHECKING:
    from afe.importers.onnx.graph import Node

QUANTIZE_FIRST = (
    "quantize the model first: afe quantize MODEL --calibration samples.npz -o models, or "
    "afe.apis.loaded_net.load_model(…).quantize(…); a quantizer of your own writes QDQ, as "
    "onnxruntime.quantization.quantize_static(…, quant_format=QuantFormat.QDQ) does"
)


def shown(name: str) -> str:
    """A name from the file, safe to print and of bounded length."""
    return f"'{clean_name(name, 'unnamed')[:120]}'"


def invalid(message: str, *notes: str) -> AfeError:
    """The file contradicts the ONNX specification or itself."""
    return AfeError(ErrorCode.INVALID_MODEL, message, notes=notes)


def text(value: str | bytes) -> str:
    """A string of the file; protobuf hands out bytes where it is not UTF-8."""
    if isinstance(value, bytes):
        raise invalid(f"the file holds a name that is not UTF-8: {value[:60]!r}")
    return value


def invalid_node(node: Node, message: str) -> AfeError:
    """A node whose inputs or attributes make no sense."""
    return invalid(f"{node.label}: {message}")


def unsupported(node: Node, message: str, *notes: str) -> AfeError:
    """A node that is valid ONNX but has no exact integer form here."""
    return AfeError(ErrorCode.UNSUPPORTED_OPERATOR, f"{node.label}: {message}", notes=notes)


def float_node(node: Node, operand: str, what: str) -> AfeError:
    """A convolution or product of float values."""
    return AfeError(
        ErrorCode.FLOAT_MODEL,
        f"{node.label} computes in float: its {what} {shown(operand)} is not behind a "
        "QuantizeLinear/DequantizeLinear pair",
        notes=[QUANTIZE_FIRST],
    )


def unsupported_type(where: str, name: str, allowed: Sequence[str]) -> AfeError:
    """An element type this importer does not read."""
    return AfeError(
        ErrorCode.UNSUPPORTED_TYPE,
        f"{where} has element type {name}; expected {' or '.join(allowed)}",
    )
