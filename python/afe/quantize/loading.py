"""A model file as something that runs on the host: ONNX by onnxruntime, TFLite by LiteRT."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from onnx import ModelProto

from afe.errors import AfeError, ErrorCode
from afe.importers.common import read_model_file
from afe.load.importers.general_importer import ImporterParams, ModelFormat, unsupported_format
from afe.package.manifest import Provenance
from afe.quantize.net import Edge, FloatNet, float_net, is_quantized, read_static_model
from afe.quantize.tools import Array, Feeds, Session, optional_module


class Network(Protocol):
    """A loaded model. `provenance` is the file it came from."""

    provenance: Provenance
    is_quantized: bool

    @property
    def inputs(self) -> Sequence[Edge]:
        """The inputs, channels last."""

    @property
    def outputs(self) -> Sequence[Edge]:
        """The outputs, channels last."""

    def run(self, feeds: Feeds) -> list[Array]:
        """One run on checked inputs."""


class OnnxNetwork:
    """An ONNX model with static shapes."""

    def __init__(self, model: ModelProto, provenance: Provenance, *, channels_first: bool) -> None:
        self._model = model
        self._channels_first = channels_first
        self.provenance = provenance
        self.is_quantized = is_quantized(model)

    @cached_property
    def net(self) -> FloatNet:
        """The model with channels-last inputs and outputs."""
        title = self.provenance.model_path
        return float_net(self._model, title, channels_first=self._channels_first)

    @property
    def own_net(self) -> FloatNet:
        """The model with inputs and outputs as its file has them."""
        return float_net(self._model, self.provenance.model_path, channels_first=False)

    @property
    def inputs(self) -> Sequence[Edge]:
        """The inputs, channels last."""
        return self.net.inputs

    @property
    def outputs(self) -> Sequence[Edge]:
        """The outputs, channels last."""
        return self.net.outputs

    def run(self, feeds: Feeds) -> list[Array]:
        """One run on checked inputs."""
        return self._session.run([edge.name for edge in self.outputs], feeds)

    @cached_property
    def _session(self) -> Session:
        # Fusions of quantized operators round differently from what the model says.
        return Session(self.net.model, self.provenance.model_path, optimise=not self.is_quantized)


class TfliteNetwork:
    """A TFLite model."""

    def __init__(self, path: Path, data: bytes) -> None:
        """`data` are the file's bytes. Raises AfeError FILE_INVALID, INVALID_MODEL."""
        from afe.importers.tflite.model import read_model

        model = read_model(data, path.name)
        self.provenance = Provenance(path.name, hashlib.sha256(data).hexdigest())
        self.is_quantized = any(tensor.dtype in ("i8", "i16") for tensor in model.tensors)
        self.path, self._data = path, data

    @cached_property
    def inputs(self) -> Sequence[Edge]:
        """The inputs."""
        return [_tflite_edge(detail) for detail in self._interpreter.get_input_details()]

    @cached_property
    def outputs(self) -> Sequence[Edge]:
        """The outputs."""
        return [_tflite_edge(detail) for detail in self._interpreter.get_output_details()]

    def run(self, feeds: Feeds) -> list[Array]:
        """One run from reset, by LiteRT's reference kernels."""
        interpreter = self._interpreter
        interpreter.reset_all_variables()
        for detail in interpreter.get_input_details():
            interpreter.set_tensor(detail["index"], feeds[detail["name"]])
        try:
            interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise AfeError(
                ErrorCode.INVALID_MODEL, f"LiteRT cannot run '{self.path.name}': {error}"
            ) from error
        return [
            np.array(interpreter.get_tensor(detail["index"]))
            for detail in interpreter.get_output_details()
        ]

    @cached_property
    def _interpreter(self):  # type: ignore[no-untyped-def]
        litert = optional_module(
            "ai_edge_litert.interpreter", "running a TFLite model", "ai-edge-litert"
        )
        try:
            interpreter = litert.Interpreter(
                model_content=self._data,
                experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
            )
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise AfeError(
                ErrorCode.INVALID_MODEL, f"LiteRT cannot load '{self.path.name}': {error}"
            ) from error
        return interpreter


def _tflite_edge(detail: dict[str, object]) -> Edge:
    shape = tuple(int(size) for size in np.asarray(detail["shape"]))
    return Edge(str(detail["name"]), shape, np.dtype(detail["dtype"]), shape)  # type: ignore[call-overload]


def open_network(params: ImporterParams) -> OnnxNetwork | TfliteNetwork:
    """Reads the model; AfeError of the importers, UNSUPPORTED_FORMAT, MISSING_DEPENDENCY."""
    path = Path(params.path)
    if params.format is ModelFormat.onnx:
        return _open_onnx(path, params)
    if params.format is ModelFormat.tflite:
        network = TfliteNetwork(path, read_model_file(path))
        _check_tflite(network, params)
        return network
    if params.format is ModelFormat.pytorch:
        with tempfile.TemporaryDirectory(prefix="afe-") as folder:
            exported = Path(folder, f"{path.stem}.onnx")
            _export_pytorch(path, exported, params)
            return _open_onnx(exported, params)
    raise unsupported_format(params.format, path)


def _open_onnx(path: Path, params: ImporterParams) -> OnnxNetwork:
    model = read_static_model(path, params.shapes, params.dtypes, params.dimensions)
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    provenance = Provenance(Path(params.path).name, checksum)
    return OnnxNetwork(model, provenance, channels_first=params.layout != "NHWC")


def _check_tflite(network: TfliteNetwork, params: ImporterParams) -> None:
    """Refuses shapes and types that are not the model's own, which are static."""
    if not params.input_names:
        return
    own = {edge.name: edge for edge in network.inputs}
    for name in params.input_names:
        edge = own.get(name)
        shape, dtype = params.shapes.get(name), params.dtypes.get(name)
        if edge is None or shape not in (None, edge.shape) or dtype not in (None, edge.dtype):
            known = ", ".join(f"'{e.name}' {e.dtype} {list(e.shape)}" for e in network.inputs)
            raise AfeError(
                ErrorCode.INVALID_OPTION,
                f"'{network.path}' has no input '{name}' of shape {shape} and type {dtype}; it "
                f"has {known}",
            )


def _export_pytorch(source: Path, target: Path, params: ImporterParams) -> None:
    """Writes a saved PyTorch program as ONNX, by PyTorch's own exporter."""
    torch = optional_module("torch", "loading a PyTorch model", "torch onnxscript")
    if not params.input_shapes:
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            f"'{source}': PyTorch models do not know the shapes of their inputs; give input_names "
            "and input_shapes to pytorch_source",
        )
    read_model_file(source)
    dtypes = params.dtypes
    arguments = tuple(
        torch.zeros(tuple(shape), dtype=getattr(torch, dtypes.get(name, np.dtype("f4")).name))
        for name, shape in params.shapes.items()
    )
    names = {"input_names": list(params.input_names), "output_names": list(params.output_names)}
    try:
        if _is_exported_program(source):
            program = torch.export.load(str(source))
            torch.onnx.export(program, arguments, str(target), dynamo=True, **names)
        else:
            module = torch.jit.load(str(source), map_location="cpu").eval()
            torch.onnx.export(
                module, arguments, str(target), dynamo=False, opset_version=17, **names
            )
    except Exception as error:  # torch raises whatever its parts raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise AfeError(
            ErrorCode.INVALID_MODEL,
            f"PyTorch cannot export '{source}' to ONNX: {reason[:400]}",
            notes=["save it with torch.jit.save(torch.jit.trace(…)) or torch.export.save(…)"],
        ) from error


def _is_exported_program(source: Path) -> bool:
    return source.suffix == ".pt2"
