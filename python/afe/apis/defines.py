"""Names the SDK's API defines and this compiler uses."""

from __future__ import annotations

from enum import Enum

from afe.apis.compilation_job_base import InputValues
from afe.package.network import ScalarType, TensorType
from afe.quantize.config import (
    BiasCorrectionType,
    CalibrationMethod,
    HistogramEntropyMethod,
    HistogramMSEMethod,
    HistogramPercentileMethod,
    MinMaxMethod,
    MovingAverageMinMaxMethod,
    QuantizationParams,
    QuantizationScheme,
    RequantizationMode,
    default_quantization,
    quantization_scheme,
)
from afe.tessellation import (
    TensorDRAMLayout,
    TensorTessellateParameters,
    TessellateParameters,
)
from afe.transforms.colours import ChromaSampling, ColorConversion, ColorSpaceStandard
from afe.transforms.resizing import ResizeDepositLocation, ResizeMethod

__all__ = [
    "BiasCorrectionType",
    "CalibrationMethod",
    "ChromaSampling",
    "ColorConversion",
    "ColorSpaceStandard",
    "ExceptionFuncType",
    "HistogramEntropyMethod",
    "HistogramMSEMethod",
    "HistogramPercentileMethod",
    "InputValues",
    "MinMaxMethod",
    "MovingAverageMinMaxMethod",
    "QuantizationParams",
    "QuantizationScheme",
    "RequantizationMode",
    "ResizeDepositLocation",
    "ResizeMethod",
    "ScalarType",
    "TensorDRAMLayout",
    "TensorTessellateParameters",
    "TensorType",
    "TessellateParameters",
    "default_quantization",
    "gen1_target",
    "gen2_target",
    "quantization_scheme",
]

gen1_target = "mlsoc"
"""The target description of the MLSoC (targets/mlsoc.yaml)."""

gen2_target = "modalix"
"""The name of a target description of the Modalix. None comes with this compiler: what is public
does not describe its memories; `Model.compile(target="….yaml")` takes a description of one's own.
"""


class ExceptionFuncType(Enum):
    """Which API function an error came from."""

    LOADED_NET_LOAD = "load_model"
    LOADED_NET_EXECUTE = "LoadedNet.execute"
    LOADED_NET_QUANTIZE = "LoadedNet.quantize"
    LOADED_NET_CONVERT = "LoadedNet.convert_to_sima_quantization"
    MODEL_EXECUTE = "Model.execute"
    MODEL_SAVE = "Model.save"
    MODEL_LOAD = "Model.load"
    MODEL_COMPILE = "Model.compile"
    MODEL_EVALUATE = "Model.evaluate"
    QUANTIZATION_ERROR_ANALYSIS = "Model.analyze_quantization_error"
    MODEL_PERFORMANCE = "Model.get_performance_metrics"
    GENERATE_ELF_FILES = "Model.generate_elf_and_reference_files"
    MODEL_CREATE_AUXILIARY = "Model.create_auxiliary_network"
    MODEL_COMPOSE = "Model.compose"
