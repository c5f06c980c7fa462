"""Sizes of symbolic dimensions: what the user gives by name, and 1 for the batch.

A dimension is named by its symbol in the model, or, where it has none, `<input>:<axis>`. A symbol
that is the first dimension of any input is the batch, wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from onnx import TensorShapeProto, ValueInfoProto

from afe.errors import AfeError, ErrorCode
from afe.importers.common import clean_name
from afe.importers.onnx.problems import shown, text


class Dimensions:
    """Resolves the dimensions of one model's inputs."""

    def __init__(self, given: Mapping[str, int], inputs: Iterable[ValueInfoProto]) -> None:
        self._given = given
        self._known: set[str] = set()
        self._batch: set[str] = set()
        for info in inputs:
            shape = info.type.tensor_type.shape
            for axis, dim in enumerate(shape.dim):
                if not _is_fixed(dim):
                    self._known.add(_name(info, axis, dim))
                if axis == 0 and dim.dim_param:
                    self._batch.add(text(dim.dim_param))
        self._check_given()

    def size(self, info: ValueInfoProto, axis: int, dim: TensorShapeProto.Dimension) -> int:
        """The size of one dimension; AfeError DYNAMIC_SHAPE where nothing says it."""
        if _is_fixed(dim):
            return int(dim.dim_value)
        name = _name(info, axis, dim)
        if name in self._given:
            return self._given[name]
        if axis == 0 or text(dim.dim_param) in self._batch:
            return 1
        raise AfeError(
            ErrorCode.DYNAMIC_SHAPE,
            f"input {shown(text(info.name))} has a dynamic dimension {axis}, {shown(name)}",
            notes=[
                f"give its size: --dim {clean_name(name, 'name')[:80]}=N (in Python: "
                "Model.from_file(…, dimensions={…}))",
                "only the batch, dimension 0, is 1 by itself",
            ],
        )

    def _check_given(self) -> None:
        for name in self._given:
            if name not in self._known:
                listed = ", ".join(sorted(shown(known) for known in self._known)[:20])
                raise AfeError(
                    ErrorCode.INVALID_OPTION,
                    f"the model has no symbolic dimension {shown(name)}",
                    notes=[f"it has {listed}" if listed else "all its dimensions are fixed"],
                )


def _is_fixed(dim: TensorShapeProto.Dimension) -> bool:
    return dim.HasField("dim_value") and dim.dim_value > 0


def _name(info: ValueInfoProto, axis: int, dim: TensorShapeProto.Dimension) -> str:
    return text(dim.dim_param) or f"{text(info.name)}:{axis}"
