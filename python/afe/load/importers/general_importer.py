"""Descriptions of float or quantized models to load, under the SDK's names.

params = onnx_source("resnet.onnx", {"image": (1, 3, 224, 224)}, {"image": "float32"})
net = afe.apis.loaded_net.load_model(params)

Shapes are given in the model's own layout. Nothing is read before `load_model`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from os import PathLike
from typing import Any

import numpy as np

from afe.errors import AfeError, ErrorCode

PathName = str | PathLike[str]
Shapes = Mapping[str, Sequence[int]]
MAX_RANK, MAX_SIZE = 8, 1 << 24


class ModelFormat(Enum):
    """What a file holds."""

    onnx = "onnx"
    tflite = "tflite"
    pytorch = "pytorch"
    tensorflow = "tensorflow"
    tensorflow2 = "tensorflow2"
    keras = "keras"


_REMEDIES = {
    ModelFormat.tensorflow: "tf.compat.v1.lite.TFLiteConverter.from_frozen_graph",
    ModelFormat.tensorflow2: "tf.lite.TFLiteConverter.from_saved_model",
    ModelFormat.keras: "tf.lite.TFLiteConverter.from_keras_model",
}


@dataclass(frozen=True)
class ImporterParams:
    """A model to load: its format and files, and what is known of its inputs and outputs.

    `input_names`, `input_shapes` and `input_types` go together, by position. `layout` is "NCHW" or
    "NHWC", the layout of the model's own 4-D inputs and outputs; None is the format's usual one.
    `output_names` are names for the outputs a PyTorch model has by position. Raises AfeError
    INVALID_OPTION for what contradicts itself.
    """

    format: ModelFormat
    file_paths: Sequence[PathName]
    input_names: Sequence[str] = ()
    input_shapes: Sequence[Sequence[int]] = ()
    input_types: Sequence[Any] = ()
    layout: str | None = None
    output_names: Sequence[str] = ()
    dimensions: Mapping[str, int] = field(default_factory=dict)
    """Sizes of symbolic dimensions of an ONNX model, by name."""

    def __post_init__(self) -> None:
        if not isinstance(self.format, ModelFormat):
            raise _invalid("format", self.format, "a member of ModelFormat")
        if isinstance(self.file_paths, (str, PathLike)):
            object.__setattr__(self, "file_paths", (self.file_paths,))
        if len(self.file_paths) != 1:
            raise _invalid("file_paths", list(self.file_paths), "one file")
        if self.layout not in (None, "NCHW", "NHWC"):
            raise _invalid("layout", self.layout, "'NCHW', 'NHWC' or None")
        for option in ("input_shapes", "input_types"):
            count = len(getattr(self, option))
            if count not in (0, len(self.input_names)):
                raise _invalid(option, f"{count} entries", "one for each of input_names, or none")
        for shape in self.input_shapes:
            _check_shape(shape)

    @property
    def path(self) -> PathName:
        """The model's file."""
        return self.file_paths[0]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Input shapes by name, where given."""
        return {
            name: tuple(int(n) for n in shape)
            for name, shape in zip(self.input_names, self.input_shapes, strict=False)
        }

    @property
    def dtypes(self) -> dict[str, np.dtype[Any]]:
        """Input types by name, where given."""
        return {
            name: _dtype(kind)
            for name, kind in zip(self.input_names, self.input_types, strict=False)
        }


def onnx_source(
    model_path: PathName,
    shape_dict: Shapes | None = None,
    dtype_dict: Mapping[str, Any] | None = None,
    *,
    layout: str | None = None,
) -> ImporterParams:
    """An ONNX model. Types are numpy's, their names, or members of an enum called so."""
    return _by_name(ModelFormat.onnx, model_path, shape_dict, dtype_dict, layout)


def tflite_source(
    model_path: PathName,
    shape_dict: Shapes | None = None,
    dtype_dict: Mapping[str, Any] | None = None,
) -> ImporterParams:
    """A TFLite model."""
    return _by_name(ModelFormat.tflite, model_path, shape_dict, dtype_dict, None)


def pytorch_source(
    model_path: PathName,
    input_names: Sequence[str],
    input_shapes: Sequence[Sequence[int]],
    input_types: Sequence[Any] = (),
    output_names: Sequence[str] = (),
) -> ImporterParams:
    """A PyTorch model saved by torch.jit.save or torch.export.save; load_model needs torch."""
    return ImporterParams(
        ModelFormat.pytorch, (model_path,), input_names, input_shapes, input_types, "NCHW",
        output_names,
    )  # fmt: skip


def tensorflow_source(
    model_path: PathName, shape_dict: Shapes, output_names: Sequence[str] = (), **kwargs: Any
) -> ImporterParams:
    """Refused with AfeError UNSUPPORTED_FORMAT, which says how to convert the model."""
    raise unsupported_format(ModelFormat.tensorflow, model_path)


def tensorflow2_source(
    model_path: PathName, shape_dict: Shapes, output_names: Sequence[str] = (), **kwargs: Any
) -> ImporterParams:
    """Refused with AfeError UNSUPPORTED_FORMAT, which says how to convert the model."""
    raise unsupported_format(ModelFormat.tensorflow2, model_path)


def keras_source(
    model_path: PathName, shape_dict: Shapes, output_names: Sequence[str] = (), **kwargs: Any
) -> ImporterParams:
    """Refused with AfeError UNSUPPORTED_FORMAT, which says how to convert the model."""
    raise unsupported_format(ModelFormat.keras, model_path)


def unsupported_format(kind: ModelFormat, path: PathName) -> AfeError:
    """A format that has to be converted first; the answer says by what."""
    return AfeError(
        ErrorCode.UNSUPPORTED_FORMAT,
        f"'{path}' is a model of {kind.value}, which is not read",
        notes=[
            f"to TFLite, quantized on the way: {_REMEDIES[kind]}(…) with optimizations, "
            "representative_dataset and TFLITE_BUILTINS_INT8; then tflite_source",
            "to ONNX: python -m tf2onnx.convert …; then onnx_source and LoadedNet.quantize",
        ],
    )


def _by_name(
    kind: ModelFormat,
    path: PathName,
    shapes: Shapes | None,
    dtypes: Mapping[str, Any] | None,
    layout: str | None,
) -> ImporterParams:
    """Shapes and types that are given by name, either or both of them."""
    for option, value in (("shape_dict", shapes), ("dtype_dict", dtypes)):
        if value is not None and not isinstance(value, Mapping):
            raise _invalid(option, value, "a dict by input name")
    names = list(shapes if shapes else dtypes or {})
    if shapes and dtypes and set(shapes) != set(dtypes):
        raise _invalid("dtype_dict", sorted(dtypes), f"the inputs of shape_dict, {sorted(shapes)}")
    return ImporterParams(
        kind,
        (path,),
        names,
        [shapes[name] for name in names] if shapes else (),
        [dtypes[name] for name in names] if dtypes else (),
        layout,
    )


def _check_shape(shape: Any) -> None:
    if not isinstance(shape, (list, tuple)) or len(shape) > MAX_RANK:
        raise _invalid("input_shapes", shape, f"up to {MAX_RANK} sizes")
    for size in shape:
        is_whole = isinstance(size, (int, np.integer)) and not isinstance(size, bool)
        if not is_whole or not 1 <= size <= MAX_SIZE:
            raise _invalid("input_shapes", shape, f"whole sizes from 1 to {MAX_SIZE}")


def _dtype(kind: Any) -> np.dtype[Any]:
    """A numpy type of a type, its name, or an enum's member called so."""
    named = getattr(kind, "name", kind)
    try:
        dtype: np.dtype[Any] = np.dtype(named)
        return dtype
    except TypeError as error:
        raise _invalid("input_types", kind, "a numpy dtype or its name") from error


def _invalid(option: str, value: object, allowed: str) -> AfeError:
    return AfeError(
        ErrorCode.INVALID_OPTION, f"ImporterParams: {option} is {value!r}; allowed: {allowed}"
    )
