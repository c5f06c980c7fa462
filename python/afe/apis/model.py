"""`Model`: a quantized model that can be saved, loaded and compiled.

model = Model.from_file("resnet8_int8.tflite")
model.save("resnet8", "models")
report = Model.load("resnet8", "models").compile(output_path="out", batch_size=16)
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afe.backends.mpk.interface import L2CachingMode
from afe.errors import AfeError, ErrorCode
from afe.options import CompileOptions, ImportOptions, check_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from afe.execute import HostNetwork
    from afe.importers.common import Port
    from afe.package.report import CompileReport
    from afe.runtime.batching import Inputs
    from afe.source import SourceModel


class Model:
    """A quantized model as TOSA. Make one with `from_file` or `load`."""

    def __init__(self, source: SourceModel) -> None:
        self._source = source
        self._host_networks: dict[bool, HostNetwork] = {}
        self._states: Mapping[str, NDArray[Any]] = {}
        self._layer_outputs: dict[str, NDArray[Any]] = {}

    @staticmethod
    def from_file(
        path: str | PathLike[str],
        *,
        name: str | None = None,
        dimensions: Mapping[str, int] | None = None,
        signature: str | None = None,
    ) -> Model:
        """Imports a quantized .tflite, .onnx, .mlir or .mlirbc file, or opens a .sima.

        `name` replaces the file's; `dimensions` gives sizes to the symbolic dimensions of an ONNX
        model, by name (the batch is 1 where it is not given); `signature` chooses one of a TFLite
        model's entry points (the first where it is not given). Raises AfeError where the file is
        missing, damaged, of an unknown format, or holds what the compiler does not support.
        """
        from afe.source import read_source

        checked = check_name(name) if name is not None else None
        options = ImportOptions(dimensions=dimensions or {}, signature=signature)
        return Model(read_source(path, checked, options))

    @staticmethod
    def load(
        model_name: str,
        network_directory: str | PathLike[str] = "",
        *,
        log_level: int = logging.NOTSET,
        include_unquantized_net: bool = True,
    ) -> Model:
        """Opens `<model_name>.sima` in `network_directory`, which may be the file itself.

        Raises AfeError FILE_NOT_FOUND, FILE_INVALID, UNSUPPORTED_FORMAT (another SDK's .sima) or
        UNSUPPORTED_VERSION.
        """
        from afe.sima import SUFFIX, locate, read_sima

        source = read_sima(locate(model_name, str(network_directory)))
        name = model_name.removesuffix(SUFFIX)
        return Model(source.renamed(check_name(name)) if name else source)

    def save(
        self,
        model_name: str,
        output_directory: str | PathLike[str] = "",
        *,
        log_level: int = logging.NOTSET,
        include_unquantized_net: bool = True,
    ) -> None:
        """Writes `<model_name>.sima`; AfeError OUTPUT_FAILED leaves nothing behind."""
        from afe.files import output_folder
        from afe.sima import SUFFIX, write_sima

        name = check_name(model_name.removesuffix(SUFFIX))
        with output_folder(Path(output_directory)) as folder:
            write_sima(self._source.renamed(name), folder / f"{name}{SUFFIX}")

    def compile(
        self,
        output_path: str | PathLike[str] = ".",
        batch_size: int = 1,
        compress: bool = True,
        log_level: int = logging.NOTSET,
        tessellate_parameters: Mapping[str, Any] | None = None,
        l2_caching_mode: L2CachingMode = L2CachingMode.NONE,
        preserve: bool = True,
        **kwargs: Any,
    ) -> CompileReport:
        """Compiles into `<output_path>/<name>_mpk.tar.gz` and prints what came of it.

        The batch is the largest that fits, up to `batch_size`. `compress` allows compressed
        weights; this version stores them as they are. `preserve` is accepted: nothing is written
        beside the archive. Further keywords are the fields of `afe.options.CompileOptions`.
        Nothing is printed at a `log_level` above INFO. Raises AfeError; then `output_path` is as
        before.
        """
        from afe.compiler import compile_model

        _refuse_unsupported(tessellate_parameters, l2_caching_mode)
        options = CompileOptions.from_keywords(kwargs | {"batch_size": batch_size})
        report = compile_model(self._copied_source, output_path, options)
        if log_level <= logging.INFO:
            print(report)
        return report

    def execute(
        self,
        inputs: Inputs,
        *,
        fast_mode: bool = False,
        use_jax: bool = False,
        log_level: int = logging.NOTSET,
        keep_layer_outputs: Sequence[str] | str | None = None,
        output_file_path: str | PathLike[str] | None = None,
    ) -> list[NDArray[Any]]:
        """The quantized network's outputs, computed on this machine exactly as an archive's are.

        `inputs` are arrays in the model's order, or by name (`in0`, `in1`… as well), in the model's
        own dtypes and shapes; the first dimension may hold any number of images. The first call
        compiles the network for this machine; later ones of the same model are quick. Every image
        is a sequence of its own, whose states go on with the next call until `reset_states`.

        `keep_layer_outputs` names layers whose 8-bit results are kept, "all" for all of them:
        `layer_outputs` holds them afterwards, and `output_file_path`, an .npz file, where it is
        given. `fast_mode` and `use_jax` choose between implementations in the SDK; there is one
        here. Raises AfeError INVALID_INPUT, INVALID_OPTION, COMPILE_FAILED or OUTPUT_FAILED.
        """
        from afe.runtime.npz import write_npz

        if output_file_path is not None and keep_layer_outputs is None:
            raise AfeError(
                ErrorCode.INVALID_OPTION,
                "output_file_path takes the layers that keep_layer_outputs names; give both",
            )
        network = self._host_network(keep_layers=keep_layer_outputs is not None)
        names = _kept_names(network, keep_layer_outputs)
        network.states.restore(self._states)  # of the network with or without kept layers
        done = network.run(inputs, names)
        self._states = network.states.values()
        self._layer_outputs = done.layers
        if output_file_path is not None:
            write_npz(output_file_path, done.layers)
        return done.outputs

    @property
    def layer_outputs(self) -> Mapping[str, NDArray[Any]]:
        """What the last `execute` kept, by layer, in the model's order."""
        return self._layer_outputs

    @property
    def name(self) -> str:
        """The model's name; its archive is called after it."""
        return self._source.name

    @property
    def inputs(self) -> Sequence[Port]:
        """Name, dtype, shape and quantization of every input, in order; states are none."""
        return [port for port in self._source.imported.inputs if port.state is None]

    @property
    def outputs(self) -> Sequence[Port]:
        """Name, dtype, shape and quantization of every output, in order; states are none."""
        return [port for port in self._source.imported.outputs if port.state is None]

    @property
    def states(self) -> Sequence[Port]:
        """The tensors that live on from call to call: an LSTM's, say."""
        return [port for port in self._source.imported.inputs if port.state is not None]

    def reset_states(self) -> None:
        """The next `execute` starts new sequences."""
        self._states = {}

    @property
    def calibration(self) -> Mapping[str, Any]:
        """How a float model was quantized: method, samples, ranges; empty if it came quantized."""
        return self._source.provenance.calibration

    def _host_network(self, *, keep_layers: bool) -> HostNetwork:
        """The network as host code; compiled once."""
        from afe.execute import HostNetwork

        if keep_layers not in self._host_networks:
            module = self._source.imported.module
            self._host_networks[keep_layers] = HostNetwork(module, keep_layers=keep_layers)
        return self._host_networks[keep_layers]

    def _copied_source(self) -> SourceModel:
        """A source the compiler may consume: the model can be compiled again."""
        imported = self._source.imported
        return replace(self._source, imported=replace(imported, module=imported.module.clone()))


def _kept_names(network: HostNetwork, wanted: Sequence[str] | str | None) -> Sequence[str]:
    if wanted == "all":
        return network.layer_names
    if isinstance(wanted, str):
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            f"keep_layer_outputs is a list of layer names or 'all', not '{wanted}'",
        )
    network.check_names(wanted or ())
    return wanted or ()


def _refuse_unsupported(
    tessellate_parameters: Mapping[str, Any] | None, l2_caching_mode: L2CachingMode
) -> None:
    if tessellate_parameters:
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            "tessellate_parameters is not supported by this version; leave it out: the compiler "
            "tessellates every MLA input and output by itself",
        )
    if l2_caching_mode is not L2CachingMode.NONE:
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            f"l2_caching_mode {l2_caching_mode} is not supported by this version; use "
            "L2CachingMode.NONE",
        )
