"""One operator of an ONNX graph, with its attributes by type."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onnx import AttributeProto

from afe.importers.onnx.problems import invalid_node, shown
from afe.importers.onnx.tensors import Array, to_array

INTERNAL = "afe"
"""Domain of operators that only the expansion of others makes."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operator of the graph; "" is an absent input.

    `index` numbers the nodes. Nodes that stand for another one have its place in the file in
    `source`, and the name of its result in `part_of`.
    """

    index: int
    op: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, AttributeProto]
    folder: Path
    source: int | None = None
    part_of: str = ""

    @property
    def place(self) -> int:
        """The operator's position in the file."""
        return self.index if self.source is None else self.source

    @property
    def title(self) -> str:
        """The tensor after which operations are named."""
        return self.part_of or (self.outputs[0] if self.outputs else "")

    @property
    def label(self) -> str:
        """How messages call the node."""
        name = self.name or (self.outputs[0] if self.outputs else "")
        return f"{self.op} {shown(name)}"

    def input(self, index: int) -> str:
        """The name of an input, "" where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else ""

    def integer(self, name: str, default: int) -> int:
        """An integer attribute."""
        found = self._attribute(name, AttributeProto.INT)
        return default if found is None else int(found.i)

    def real(self, name: str, default: float) -> float:
        """A float attribute."""
        found = self._attribute(name, AttributeProto.FLOAT)
        return default if found is None else float(found.f)

    def text(self, name: str, default: str) -> str:
        """A string attribute."""
        found = self._attribute(name, AttributeProto.STRING)
        return default if found is None else found.s.decode("utf-8", "replace")

    def integers(self, name: str) -> tuple[int, ...] | None:
        """A list of integers, None where it is left out."""
        found = self._attribute(name, AttributeProto.INTS)
        return None if found is None else tuple(found.ints)

    def reals(self, name: str) -> tuple[float, ...] | None:
        """A list of floats, None where it is left out."""
        found = self._attribute(name, AttributeProto.FLOATS)
        return None if found is None else tuple(found.floats)

    def tensor(self, name: str) -> Array | None:
        """A tensor attribute, None where it is left out."""
        found = self._attribute(name, AttributeProto.TENSOR)
        return None if found is None else to_array(found.t, self.folder)

    def _attribute(self, name: str, kind: int) -> AttributeProto | None:
        found = self.attributes.get(name)
        if found is not None and found.type != kind:
            raise invalid_node(self, f"attribute {shown(name)} has the wrong type")
        return found
