"""`LoadedNet`: a float network, to run and to quantize.

net = load_model(onnx_source("resnet.onnx", {"image": (1, 3, 224, 224)}))
model = net.quantize([{"image": images}], default_quantization, model_name="resnet")
report = model.compile(output_path="out")

Arrays are channels-last (NHWC) whatever the model's file has, and may hold any number of images.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from afe.apis.defines import gen1_target
from afe.errors import AfeError, ErrorCode
from afe.load.importers.general_importer import ImporterParams
from afe.options import check_name, name_from
from afe.quantize.config import (
    QuantizationParams,
    RequantizationMode,
    default_quantization,
    invalid_option,
)
from afe.source import SourceModel, UnquantizedNet

if TYPE_CHECKING:
    from afe.apis.model import Model
    from afe.quantize.loading import OnnxNetwork, TfliteNetwork
    from afe.quantize.net import Edge
    from afe.quantize.statistics import Progress

Array = NDArray[Any]
Samples = Iterable[Mapping[str, Array]] | Mapping[str, Array]


def load_model(
    params: ImporterParams,
    *,
    target: str = gen1_target,
    custom_param_data: object = None,
    log_level: int = logging.NOTSET,
) -> LoadedNet:
    """Reads a model described by `afe.load.importers.general_importer`.

    `target` is remembered: what the network becomes is compiled for it where nothing else is said.
    Raises AfeError FILE_NOT_FOUND, FILE_INVALID, INVALID_MODEL, UNSUPPORTED_FORMAT,
    DYNAMIC_SHAPE, MISSING_DEPENDENCY, INVALID_OPTION and the importers' other codes.
    """
    from afe.quantize.loading import open_network

    if not isinstance(params, ImporterParams):
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            f"load_model takes ImporterParams, such as onnx_source(…) makes; this is "
            f"{type(params).__name__}",
        )
    if custom_param_data is not None:
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            "custom_param_data is not supported: a model brings its own parameters; leave it out",
        )
    if not isinstance(target, str) or not target:
        raise AfeError(
            ErrorCode.INVALID_OPTION,
            f"target is {target!r}; allowed: a name listed by 'afe targets', or a .yaml file",
        )
    network = open_network(params)
    if target != gen1_target:
        network.provenance = replace(network.provenance, target=target)
    return LoadedNet(network)


class LoadedNet:
    """A network made by `load_model`."""

    def __init__(self, network: OnnxNetwork | TfliteNetwork) -> None:
        self._network = network

    @property
    def inputs(self) -> Sequence[Edge]:
        """Name, shape (channels last) and dtype of every input, in order."""
        return self._network.inputs

    @property
    def outputs(self) -> Sequence[Edge]:
        """Name, shape (channels last) and dtype of every output, in order."""
        return self._network.outputs

    @property
    def is_quantized(self) -> bool:
        """Whether the model was quantized already when it was loaded."""
        return self._network.is_quantized

    def execute(
        self, inputs: Mapping[str, Array], *, log_level: int = logging.NOTSET
    ) -> list[Array]:
        """Runs the network on the host; outputs in order, channels last.

        `inputs` are arrays by name; where they hold several images, so do the outputs. Raises
        AfeError INVALID_INPUT.
        """
        from afe.quantize.samples import split

        runs = [self._network.run(feeds) for feeds in split(self.inputs, inputs, "execute")]
        if len(runs) == 1:
            return runs[0]
        return [np.concatenate(parts) for parts in zip(*runs, strict=True)]

    def quantize(
        self,
        calibration_data: Samples,
        quantization_config: QuantizationParams = default_quantization,
        *,
        automatic_layout_conversion: bool = False,
        arm_only: bool = False,
        simulated_arm: bool = False,
        model_name: str | None = None,
        any_shape_on_mla: bool = False,
        log_level: int = logging.NOTSET,
        progress: Progress | None = None,
    ) -> Model:
        """The quantized model, for `Model.compile`.

        `calibration_data` is a list of samples, each a dict of arrays by input name, or one dict.
        Inputs and outputs of the model are channels-last as everything here; with
        `automatic_layout_conversion` they keep the layout of the model's file. The Cortex-A65 is
        always simulated on the host (`simulated_arm`) and the MLA takes tensors of any shape
        (`any_shape_on_mla`), so these change nothing; `arm_only` is refused. Raises AfeError
        INVALID_INPUT (the data), INVALID_OPTION, INVALID_MODEL (quantized already),
        UNSUPPORTED_FORMAT (a float TFLite model) and the ONNX importer's codes.
        """
        from afe.quantize.quantizer import quantize
        from afe.quantize.samples import calibration_samples

        if arm_only:
            raise invalid_option(
                "arm_only",
                arm_only,
                "False: operators run on the A65 where the MLA cannot run them",
            )
        if not isinstance(quantization_config, QuantizationParams):
            raise invalid_option("configuration", quantization_config, "QuantizationParams")
        name = self._name(model_name)
        network = self._quantizable()
        samples = calibration_samples(self.inputs, calibration_data)
        net = network.net
        if automatic_layout_conversion:
            net = network.own_net
            samples = [_in_own_layout(self.inputs, feeds) for feeds in samples]
        quantized = quantize(net, samples, quantization_config, progress)
        mode = quantization_config.requantization_mode
        data = quantized.model.SerializeToString()
        return self._model(
            data,
            name,
            quantized.calibration,
            fixed_point=mode is RequantizationMode.tflite,
            unquantized=UnquantizedNet(quantized.float_model.SerializeToString(), data),
        )

    def convert_to_sima_quantization(
        self,
        *,
        requantization_mode: RequantizationMode = RequantizationMode.sima,
        model_name: str | None = None,
        log_level: int = logging.NOTSET,
    ) -> Model:
        """A model that is quantized already, for `Model.compile`.

        Its arithmetic stays its own to the bit (LiteRT's of TFLite, onnxruntime's of ONNX models),
        whatever `requantization_mode` is; so do its inputs, outputs and their layout. Raises
        AfeError FLOAT_MODEL for a float model, and the importers' codes.
        """
        from afe.apis.model import Model
        from afe.quantize.loading import TfliteNetwork
        from afe.source import read_source

        network = self._network
        if not network.is_quantized:
            raise AfeError(
                ErrorCode.FLOAT_MODEL,
                f"'{network.provenance.model_path}' is a float model",
                notes=["quantize it: LoadedNet.quantize(calibration_data, default_quantization)"],
            )
        name = self._name(model_name)
        if not isinstance(network, TfliteNetwork):
            return self._model(network.own_net.model.SerializeToString(), name, {})
        source = read_source(network.path, name)
        return Model(replace(source, provenance=network.provenance))

    def _quantizable(self) -> OnnxNetwork:
        from afe.quantize.loading import TfliteNetwork

        title = self._network.provenance.model_path
        if self._network.is_quantized:
            raise AfeError(
                ErrorCode.INVALID_MODEL,
                f"'{title}' is quantized already",
                notes=["take it as it is: LoadedNet.convert_to_sima_quantization()"],
            )
        if isinstance(self._network, TfliteNetwork):
            raise AfeError(
                ErrorCode.UNSUPPORTED_FORMAT,
                f"'{title}' is a float TFLite model, and those are not quantized here",
                notes=[
                    "quantize it when it is converted (tf.lite.TFLiteConverter with "
                    "representative_dataset and TFLITE_BUILTINS_INT8), or export it to ONNX",
                ],
            )
        return self._network

    def _name(self, name: str | None) -> str:
        if name is not None:
            return check_name(name)
        return name_from(Path(self._network.provenance.model_path).stem)

    def _model(
        self,
        data: bytes,
        name: str,
        calibration: Mapping[str, Any],
        *,
        fixed_point: bool = False,
        unquantized: UnquantizedNet | None = None,
    ) -> Model:
        """The ONNX bytes imported, with where they came from."""
        from afe.apis.model import Model
        from afe.importers.onnx import import_onnx

        path = Path(f"{name}.onnx")
        imported = import_onnx(data, name=name, path=path, fixed_point=fixed_point)
        provenance = replace(self._network.provenance, calibration=calibration)
        return Model(SourceModel(name, imported, provenance, unquantized))


def _in_own_layout(inputs: Sequence[Edge], feeds: Mapping[str, Array]) -> dict[str, Array]:
    """Channels first where the model's file has it so."""
    from afe.quantize.net import TO_CHANNELS_FIRST

    return {
        edge.name: feeds[edge.name]
        if edge.shape == edge.own_shape
        else np.ascontiguousarray(feeds[edge.name].transpose(TO_CHANNELS_FIRST))
        for edge in inputs
    }
