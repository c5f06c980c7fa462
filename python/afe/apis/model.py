"""`Model`: a quantized model that can be saved, loaded and compiled.

model = Model.from_file("resnet8_int8.tflite")
model.save("resnet8", "models")
report = Model.load("resnet8", "models").compile(output_path="out", batch_size=16)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afe.backends.mpk.interface import L2CachingMode
from afe.errors import AfeError, ErrorCode
from afe.logs import call_logging, compiler_log, model_log
from afe.options import CompileOptions, ImportOptions, check_name
from afe.tessellation import TessellateParameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from afe.apis.statistic import Statistic
    from afe.apis.transform import Transform
    from afe.execute import HostNetwork
    from afe.importers.common import Port
    from afe.package.network import TensorType
    from afe.package.report import CompileReport, Cycles
    from afe.runtime.batching import Inputs
    from afe.source import SourceModel
    from afe.tessellation import MlaTensors

    Array = NDArray[Any]


class Model:
    """A quantized model as TOSA. Make one with `from_file` or `load`."""

    def __init__(self, source: SourceModel) -> None:
        self._kept: SourceModel | None = source
        self._accelerator_cycles: Mapping[str, Cycles] = {}
        self._accelerator_profiles: Mapping[str, Mapping[str, Any]] = {}
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
        """Imports a quantized .tflite, .onnx, .tosa, .mlir or .mlirbc file, or opens a .sima.

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
        UNSUPPORTED_VERSION. `include_unquantized_net` loads the float network with the model, if
        the file has it: `analyze_quantization_error` needs it.
        """
        from afe.sima import SUFFIX, locate, read_sima

        with call_logging(log_level):
            path = locate(model_name, str(network_directory))
            source = read_sima(path, include_unquantized_net=include_unquantized_net)
            name = model_name.removesuffix(SUFFIX)
            model_log.debug("loaded '%s'", path)
            return Model(source.renamed(check_name(name)) if name else source)

    def save(
        self,
        model_name: str,
        output_directory: str | PathLike[str] = "",
        *,
        log_level: int = logging.NOTSET,
        include_unquantized_net: bool = True,
    ) -> None:
        """Writes `<model_name>.sima`; AfeError OUTPUT_FAILED leaves nothing behind.

        A model quantized here keeps its float network in the file, unless
        `include_unquantized_net` is False.
        """
        from afe.files import output_folder
        from afe.sima import SUFFIX, write_sima

        name = check_name(model_name.removesuffix(SUFFIX))
        with call_logging(log_level), output_folder(Path(output_directory)) as folder:
            path, source = folder / f"{name}{SUFFIX}", self._source.renamed(name)
            write_sima(source, path, include_unquantized_net=include_unquantized_net)
            model_log.debug("saved '%s'", path)

    def compile(
        self,
        output_path: str | PathLike[str] = ".",
        batch_size: int = 1,
        compress: bool = True,
        log_level: int = logging.NOTSET,
        tessellate_parameters: TessellateParameters | None = None,
        l2_caching_mode: L2CachingMode = L2CachingMode.NONE,
        preserve: bool = True,
        **kwargs: Any,
    ) -> CompileReport:
        """Compiles into `<output_path>/<name>_mpk.tar.gz` and logs what came of it.

        The batch is the largest that fits, up to `batch_size`. `compress` stores weights with
        fewer bytes where that is faster. `tessellate_parameters` say by tensor name
        how inputs and outputs of MLA segments lie in DRAM and who brings them there
        (`afe.tessellation`). With `preserve=False` the model is given up for the compilation, which
        then needs no copy of it; it cannot be used again. Further keywords are the fields of
        `afe.options.CompileOptions`; `retained_temporary_directory_name` keeps the intermediate
        files in that folder. Messages below `log_level` are left out (`afe.logs`: DEBUG has phases,
        INFO batch, plugins, cycles and files, WARNING operators that are not on the MLA).

        Raises AfeError; then `output_path` is as before.
        """
        from afe.compiler import compile_model

        own = _own_options(batch_size, compress, tessellate_parameters, l2_caching_mode)
        target = self._source.provenance.target
        options = CompileOptions.from_keywords(
            ({"target": target} if target else {}) | kwargs | own,
            ("output_path", "log_level", "preserve", "l2_caching_mode"),
        )
        with call_logging(log_level):
            source = self._copied_source if preserve else self._given_up_source
            report = compile_model(source, output_path, options)
            report.log(compiler_log)
            return report

    def evaluate(
        self,
        evaluation_data: Iterable[tuple[Inputs, Any]],
        criterion: Statistic[tuple[list[Array], Any], str],
        *,
        fast_mode: bool = False,
        log_level: int = logging.NOTSET,
    ) -> str:
        """What `criterion` (`afe.apis.statistic`) says of the model's outputs.

        `evaluation_data` gives pairs of inputs by name and ground truth; every pair is one update
        of the criterion with (outputs, ground truth), and starts from reset states. Raises
        AfeError.
        """

        def outputs(inputs: Inputs) -> list[Array]:
            self.reset_states()
            return self.execute(inputs, fast_mode=fast_mode)

        with call_logging(log_level):
            answer = criterion.over((outputs(inputs), truth) for inputs, truth in evaluation_data)
            model_log.info("%s: %s", self.name, answer)
            return answer

    def analyze_quantization_error(
        self,
        evaluation_data: Iterable[Mapping[str, Array]],
        error_metric: Callable[[Array, Array], float] | str,
        *,
        local_feed: bool,
        log_level: int = logging.NOTSET,
    ) -> dict[str, float]:
        """The error that quantization makes in every layer: its mean over `evaluation_data`.

        `error_metric` takes the float tensor and the quantized one (as real numbers); or one of the
        names `mae`, `mse`, `max`, `sqnr`, `psnr`, `cosine`. With `local_feed` every layer computes
        on the float network's values, so that the error is its own; else those of the layers before
        it are in it. Keys are names of tensors in the float network, in its order.

        Raises AfeError INVALID_INPUT for a model without a float network (one not quantized by
        `LoadedNet.quantize`, or loaded or saved without it) and for data that does not fit.
        """
        from afe.importers.module_builder import NUMPY_OF_DTYPE
        from afe.quantize.analysis import layer_errors, metric_of
        from afe.quantize.net import Edge

        net, metric = self._source.unquantized, metric_of(error_metric)
        if net is None:
            raise AfeError(
                ErrorCode.INVALID_INPUT,
                f"'{self.name}' has no unquantized network to compare with",
                notes=[
                    "models that LoadedNet.quantize makes have one, and their .sima files, where "
                    "include_unquantized_net was not False"
                ],
            )
        edges = [
            Edge(port.name, port.shape, NUMPY_OF_DTYPE[port.dtype], port.shape)
            for port in self.inputs
        ]
        with call_logging(log_level):
            errors = layer_errors(
                net, edges, evaluation_data, metric, local_feed=local_feed, title=self.name
            )
            for name, error in errors.items():
                model_log.info("%-40s %g", name, error)
            return errors

    def get_performance_metrics(
        self,
        output_kpi_path: str | PathLike[str],
        *,
        log_level: int = logging.NOTSET,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Compiles and writes the figures to `output_kpi_path` as JSON (docs/archive.md).

        They are returned, too. In a folder the file is called `<name>_kpi.json`. Further keywords
        are compile options.
        """
        from afe.deployment import performance, write_performance

        options = CompileOptions.from_keywords(kwargs)
        with call_logging(log_level):
            figures = performance(self._copied_source, options)
            path = write_performance(figures, Path(output_kpi_path), options.name or self.name)
            model_log.info("%s: %s ms on the MLA; %s", self.name, figures["mla_milliseconds"], path)
            return figures

    def generate_elf_and_reference_files(
        self,
        input_data: Iterable[Inputs],
        output_dir: str | PathLike[str],
        *,
        batch_size: int = 1,
        compress: bool = True,
        tessellate_parameters: TessellateParameters | None = None,
        log_level: int = logging.NOTSET,
        l2_caching_mode: L2CachingMode = L2CachingMode.NONE,
        **kwargs: Any,
    ) -> None:
        """Writes every MLA segment's program with inputs and expected outputs to `output_dir`.

        `input_data` are inputs by name, joined to groups of the batch that fits. Files are those of
        `afe.deployment.write_reference_files`. Raises AfeError; then nothing is left.
        """
        from afe.deployment import write_reference_files

        own = {"binary_suffix": "elf"} | _own_options(
            batch_size, compress, tessellate_parameters, l2_caching_mode
        )
        options = CompileOptions.from_keywords(own | kwargs)
        with call_logging(log_level):
            folder = Path(output_dir)
            for name in write_reference_files(self._copied_source, input_data, folder, options):
                model_log.info("%s", folder / name)

    def execute_in_accelerator_mode(
        self,
        input_data: Iterable[Inputs],
        devkit: str,
        *,
        username: str = "sima",
        password: str = "",
        batch_size: int = 1,
        compress: bool = True,
        tessellate_parameters: TessellateParameters | None = None,
        log_level: int = logging.NOTSET,
        l2_caching_mode: L2CachingMode = L2CachingMode.NONE,
        **kwargs: Any,
    ) -> list[Array]:
        """The outputs for all of `input_data`, behind one another, as the accelerator gives them.

        The simulator stands for the board: `devkit`, `username` and `password` are accepted and no
        connection is made. Cycles with stalls are logged, and kept in `accelerator_cycles`; by
        cause and by layer they are in `accelerator_profiles`.
        """
        from afe.deployment import run_on_accelerator

        own = _own_options(batch_size, compress, tessellate_parameters, l2_caching_mode)
        options = CompileOptions.from_keywords(own | kwargs)
        with call_logging(log_level):
            model_log.debug("the simulator stands for devkit '%s'", devkit)
            result, profiles = run_on_accelerator(self._copied_source, input_data, options)
            self._accelerator_cycles, self._accelerator_profiles = result.cycles, profiles
            for name, cycles in result.cycles.items():
                model_log.info(
                    "%s: wall %s = deterministic %s + stalls %s for %s image(s)",
                    name, cycles.wall, cycles.deterministic, cycles.stalls, result.batch_size,
                )  # fmt: skip
            return result.outputs

    @staticmethod
    def create_auxiliary_network(
        transforms: Sequence[Transform],
        input_types: Mapping[str, TensorType],
        *,
        target: str = "mlsoc",
        log_level: int = logging.NOTSET,
        name: str = "auxiliary",
    ) -> Model:
        """A network that applies `transforms` (`afe.apis.transform`), one after another, to every
        input; outputs are called `<input>_<last transform>`.

        `input_types` are TensorTypes by name, images first. `target` must be a known one; the
        network itself depends on none. Raises AfeError INVALID_OPTION or INVALID_INPUT.
        """
        from afe.auxiliary import auxiliary_source
        from afe.target import load_target

        with call_logging(log_level):
            load_target(target)
            return Model(auxiliary_source(transforms, input_types, name))

    @staticmethod
    def compose(
        nets: Sequence[Model],
        combined_model_name: str = "main",
        log_level: int = logging.NOTSET,
    ) -> Model:
        """The networks one behind the other as one: outputs become inputs of the next, in order.

        Between float32 and a quantized tensor of known scale that quantization is put. Raises
        AfeError INVALID_MODEL where neighbours do not fit.
        """
        from afe.composition import composed_source

        with call_logging(log_level):
            return Model(composed_source([net._source for net in nets], combined_model_name))

    @property
    def accelerator_cycles(self) -> Mapping[str, Cycles]:
        """Cycles per MLA segment and `total` of the last `execute_in_accelerator_mode`."""
        return self._accelerator_cycles

    @property
    def accelerator_profiles(self) -> Mapping[str, Mapping[str, Any]]:
        """Per MLA segment of the last `execute_in_accelerator_mode` what docs/archive.md calls its
        profile: engines, DRAM and stalls by cause, per layer and in total."""
        return self._accelerator_profiles

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs, in order; states are none of them."""
        return [port.name for port in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, in order; states are none of them."""
        return [port.name for port in self.outputs]

    @property
    def layer_names(self) -> list[str]:
        """Names of the layers, in order, as `keep_layer_outputs` takes them."""
        from afe.execute import layer_names

        return list(layer_names(self._source.module))

    def mla_tensors(self, **kwargs: Any) -> Mapping[str, MlaTensors]:
        """Names of the tensors that enter and leave every MLA segment, by the segment's name.

        They are what `tessellate_parameters` takes. Keywords are compile options. Raises AfeError.
        """
        from afe.compiler import mla_tensors

        return mla_tensors(self._copied_source, CompileOptions.from_keywords(kwargs))

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
        own dtypes (or float32 for a quantized input) and shapes; the first dimension may hold any
        number of images. The first call compiles the network for this machine; later ones of the
        same model are quick. Every image is a sequence of its own, whose states go on with the next
        call until `reset_states`.

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

    @property
    def _source(self) -> SourceModel:
        if self._kept is None:
            raise AfeError(
                ErrorCode.INVALID_MODEL,
                "the model was given up to compile(preserve=False); load it again, or compile with "
                "preserve=True",
            )
        return self._kept

    def _copied_source(self) -> SourceModel:
        """A source the compiler may consume: the model can be compiled again."""
        imported = self._source.imported
        return replace(self._source, imported=replace(imported, module=imported.module.clone()))

    def _given_up_source(self) -> SourceModel:
        source = self._source
        self._kept = None
        return source


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


def _own_options(
    batch_size: int,
    compress: bool,
    tessellate_parameters: TessellateParameters | None,
    l2_caching_mode: L2CachingMode,
) -> dict[str, Any]:
    """The SDK's own parameters as fields of CompileOptions."""
    if l2_caching_mode is not L2CachingMode.NONE:
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            f"l2_caching_mode {l2_caching_mode} is not supported by this version; use "
            "L2CachingMode.NONE",
        )
    return {
        "batch_size": batch_size,
        "compress": compress,
        "tessellate_parameters": tessellate_parameters,
    }
