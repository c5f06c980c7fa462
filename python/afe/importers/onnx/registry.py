"""Which function imports which operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from afe.importers.onnx.values import Value

if TYPE_CHECKING:
    from afe.importers.onnx.context import Context
    from afe.importers.onnx.graph import Node

Importer = Callable[["Context", "Node"], "Value | Sequence[Value]"]

MICROSOFT = "com.microsoft"
"""onnxruntime's domain; its QuantizeLinear and DequantizeLinear are ONNX's."""

IMPORTERS: dict[tuple[str, str], Importer] = {}


def operator(*names: str, domain: str = "") -> Callable[[Importer], Importer]:
    """Registers a function as the importer of operators `names` of `domain`."""

    def register(function: Importer) -> Importer:
        for name in names:
            IMPORTERS[domain, name] = function
        return function

    return register
