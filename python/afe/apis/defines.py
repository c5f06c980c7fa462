"""Names the SDK's API defines and this compiler uses."""

from __future__ import annotations

from enum import Enum

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

__all__ = [
    "BiasCorrectionType",
    "CalibrationMethod",
    "ExceptionFuncType",
    "HistogramEntropyMethod",
    "HistogramMSEMethod",
    "HistogramPercentileMethod",
    "MinMaxMethod",
    "MovingAverageMinMaxMethod",
    "QuantizationParams",
    "QuantizationScheme",
    "RequantizationMode",
    "TensorDRAMLayout",
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
    MODEL_ANALYZE_QUANTIZATION_ERROR = "Model.analyze_quantization_error"
    MODEL_GET_PERFORMANCE_METRICS = "Model.get_performance_metrics"
    MODEL_GENERATE_ELF_AND_REFERENCE_FILES = "Model.generate_elf_and_reference_files"
    MODEL_EXECUTE_IN_ACCELERATOR_MODE = "Model.execute_in_accelerator_mode"
    MODEL_CREATE_AUXILIARY_NETWORK = "Model.create_auxiliary_network"
    MODEL_COMPOSE = "Model.compose"


class TensorDRAMLayout(Enum):
    """Layouts of activations in DRAM."""

    HWC = "HWC"
    """Dense: rows, columns, channels."""
    HWC16 = "HWC16"
    """Channels padded to a multiple of 16."""
