"""The importer of quantized ONNX models (QuantizeLinear/DequantizeLinear around operators)."""

from afe.importers.onnx.importer import import_onnx

__all__ = ["import_onnx"]
