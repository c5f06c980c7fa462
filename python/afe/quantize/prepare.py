"""A float model in the form in which it is quantized.

onnxruntime's preprocessing fuses what ends up in one layer (convolution and batch normalization,
product and bias, the elementary operators of a layer normalization) and infers all shapes. Here
operators get names, and the model an opset that knows scales per channel.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx
from onnx import ModelProto

from afe.errors import AfeError, ErrorCode
from afe.quantize.tools import onnxruntime_module

OLDEST_OPSET = 17
"""Older models are converted to this one, the first with LayerNormalization."""


def prepared(model: ModelProto, title: str) -> ModelProto:
    """The optimised model with all shapes and names; `model` stays as it is.

    Raises AfeError INVALID_MODEL where onnxruntime refuses it.
    """
    tools = onnxruntime_module("quantization.shape_inference")
    ready = _converted(model)
    with tempfile.TemporaryDirectory(prefix="afe-") as folder:
        source, target = Path(folder, "float.onnx"), Path(folder, "prepared.onnx")
        try:
            onnx.save(ready, source)
            # Shapes are static: the symbolic inference, and the sympy it needs, have nothing to do.
            tools.quant_pre_process(source, target, skip_symbolic_shape=True)
            result = onnx.load(target)
        except Exception as error:  # onnxruntime's exceptions have no base class of their own
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise AfeError(
                ErrorCode.INVALID_MODEL, f"onnxruntime cannot optimise '{title}': {reason[:400]}"
            ) from error
    _name_nodes(result)
    drop_unused_opsets(result)
    return result


def _converted(model: ModelProto) -> ModelProto:
    """The model at OLDEST_OPSET where it is older."""
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    if not versions or versions[0] >= OLDEST_OPSET:
        return model
    try:
        return onnx.version_converter.convert_version(model, OLDEST_OPSET)
    except Exception as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[-1]
        raise AfeError(
            ErrorCode.UNSUPPORTED_VERSION,
            f"the model uses opset {versions[0]}, and onnx cannot convert it to {OLDEST_OPSET}: "
            f"{reason[:300]}",
            notes=[f"export it again with opset {OLDEST_OPSET} or newer"],
        ) from error


def _name_nodes(model: ModelProto) -> None:
    """A name of its own for every operator."""
    used: set[str] = set()
    for number, node in enumerate(model.graph.node):
        name = node.name or f"{node.op_type}_{number}"
        while name in used:
            name += "_"
        used.add(name)
        node.name = name


def drop_unused_opsets(model: ModelProto) -> None:
    """Forgets the operator sets no operator is of."""
    domains = {node.domain for node in model.graph.node} | {""}
    kept = [entry for entry in model.opset_import if entry.domain in domains]
    del model.opset_import[:]
    model.opset_import.extend(kept)
