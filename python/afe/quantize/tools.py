"""onnxruntime, which is an optional dependency, behind errors that name the model."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from numpy.typing import NDArray
from onnx import ModelProto

from afe.errors import AfeError, ErrorCode

Array = NDArray[Any]
Feeds = Mapping[str, Array]


def optional_module(name: str, purpose: str, install: str) -> ModuleType:
    """Imports an optional dependency; AfeError MISSING_DEPENDENCY says what to install."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise AfeError(
            ErrorCode.MISSING_DEPENDENCY,
            f"{purpose} needs {name}, which is not installed: pip install {install}",
        ) from error


def onnxruntime_module(submodule: str = "") -> ModuleType:
    """onnxruntime, or one of its modules."""
    name = f"onnxruntime.{submodule}" if submodule else "onnxruntime"
    return optional_module(name, "running and quantizing float networks", "'afe[quantize]'")


class Session:
    """A model in onnxruntime; the same bits for any number of threads."""

    def __init__(self, model: ModelProto, title: str, *, optimise: bool = True) -> None:
        """`title` is what errors call the model. Raises AfeError INVALID_MODEL."""
        ort = onnxruntime_module()
        options = ort.SessionOptions()
        options.log_severity_level = 4
        options.use_deterministic_compute = True
        if not optimise:
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._title = title
        try:
            self._session = ort.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's exceptions have no base class of their own
            raise self._failure("cannot load", error) from error

    def run(self, names: Sequence[str], feeds: Feeds) -> list[Array]:
        """The tensors called `names`."""
        try:
            values: list[Array] = self._session.run(list(names), dict(feeds))
        except Exception as error:
            raise self._failure("cannot run", error) from error
        return values

    def _failure(self, what: str, error: Exception) -> AfeError:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        return AfeError(
            ErrorCode.INVALID_MODEL,
            f"onnxruntime {what} '{self._title}': {reason[0][:400]}",
            notes=["the model breaks ONNX's rules, or uses what onnxruntime does not implement"],
        )
