"""Which function imports which TFLite operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from afe.importers.builder import Tensor
from afe.importers.tflite.node import Node

Handler = Callable[[Node], Tensor | Sequence[Tensor]]

HANDLERS: dict[str, Handler] = {}

FLOAT_HANDLERS: dict[str, Handler] = {}
"""Operators with an operand or result of f32; those of `HANDLERS` otherwise."""


def operator(*names: str) -> Callable[[Handler], Handler]:
    """Registers a function for the operators of these schema names.

    The function returns the operator's result, or its results in order.
    """
    return _registration(HANDLERS, names)


def float_operator(*names: str) -> Callable[[Handler], Handler]:
    """The same for operators that compute in f32."""
    return _registration(FLOAT_HANDLERS, names)


def _registration(
    handlers: dict[str, Handler], names: tuple[str, ...]
) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for name in names:
            handlers[name] = handler
        return handler

    return register
