"""Which function imports which TFLite operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from afe.importers.builder import Tensor
from afe.importers.tflite.node import Node

Handler = Callable[[Node], Tensor | Sequence[Tensor]]

HANDLERS: dict[str, Handler] = {}


def operator(*names: str) -> Callable[[Handler], Handler]:
    """Registers a function for the operators of these schema names.

    The function returns the operator's result, or its results in order.
    """

    def register(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = handler
        return handler

    return register
