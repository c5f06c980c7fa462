"""A quantized network computed on this machine, exactly: every operator as host code.

The module takes the path of the Cortex-A65 (docs/a65.md) with this machine as LLVM's target, so
that its results are those of the simulator and of the emulator, bit for bit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe import ir
from afe.a65.host import HostFunction
from afe.a65.segments import lower_segment, segment_of_main
from afe.errors import AfeError, ErrorCode
from afe.layer_outputs import LayerName, expose_layer_outputs
from afe.options import CompileOptions
from afe.package.network import Port
from afe.package.read_module import main_ports
from afe.runtime.batching import Inputs, make_batches, ordered_inputs
from afe.runtime.ev74 import saturated
from afe.runtime.schema import InputNode, State
from afe.runtime.states import States

Array = NDArray[Any]


@dataclass(frozen=True)
class Execution:
    """The model's outputs in its order, and what was kept of its layers, by name."""

    outputs: list[Array]
    layers: dict[str, Array]


class HostNetwork:
    """A module's @main as a function of this process."""

    def __init__(self, module: ir.Module, *, keep_layers: bool) -> None:
        """Compiles a clone; with `keep_layers` every layer's 8-bit results come out as well.

        Raises AfeError COMPILE_FAILED naming the operation where one cannot be lowered.
        """
        copy = module.clone()
        if keep_layers:
            expose_layer_outputs(copy)
        inputs, outputs = main_ports(copy)
        self._nodes = [_node(port) for port in inputs]
        self._ports = [port for port in inputs if port.state is None]
        self.states = States(self._nodes, [port.state for port in outputs])
        layers = [LayerName.parse(port.name) for port in outputs]
        self._layer_names = _public_names([layer for layer in layers if layer])
        plain = [port for port in outputs if port.state is None]
        self._output_count = len(plain) - len(self._layer_names)
        code = lower_segment(segment_of_main(copy), CompileOptions())
        self._function = HostFunction(code, [port.type for port in outputs])

    @property
    def layer_names(self) -> Sequence[str]:
        """Of the values that `run` can keep, in the model's order."""
        return self._layer_names

    def run(self, inputs: Inputs, keep: Collection[str] = ()) -> Execution:
        """Any number of images, in groups of the model's batch; `keep` names layers.

        States go on from the last call until they are reset. Raises AfeError INVALID_INPUT for
        arrays or names that do not fit the model.
        """
        own = [
            _own_dtype(array, port)
            for array, port in zip(
                ordered_inputs(inputs, [node for node in self._nodes if node.state is None]),
                self._ports,
                strict=True,
            )
        ]
        batches = make_batches(self.states.with_inputs(own), self._nodes)
        groups = [self._function(group) for group in batches.groups]
        results = self.states.take(batches.join(groups))
        outputs, layers = results[: self._output_count], results[self._output_count :]
        kept = {
            name: array
            for name, array in zip(self._layer_names, layers, strict=True)
            if name in keep
        }
        return Execution(outputs, kept)

    def check_names(self, names: Collection[str]) -> None:
        """Raises AfeError INVALID_INPUT for a name that no layer has."""
        for name in names:
            if name not in self._layer_names:
                raise AfeError(
                    ErrorCode.INVALID_INPUT,
                    f"the model has no layer '{name}' whose output can be kept",
                    notes=[f"its layers are: {', '.join(self._layer_names)}"],
                )


def layer_names(module: ir.Module) -> tuple[str, ...]:
    """Of the values that `HostNetwork.run` can keep of the module's layers."""
    copy = module.clone()
    expose_layer_outputs(copy)
    _, outputs = main_ports(copy)
    return _public_names([layer for port in outputs if (layer := LayerName.parse(port.name))])


def _own_dtype(array: Array, port: Port) -> Array:
    """The array, quantized where it is float and the port is not."""
    if port.scale is None or array.dtype.kind != "f" or port.type.scalar == "float32":
        return array
    real = array.astype(np.float32, copy=False) / np.float32(port.scale)
    return saturated(np.rint(real), port.zero_point, port.type.scalar)


def _node(port: Port) -> InputNode:
    state = None if port.state is None else State(port.state, port.initial)
    return InputNode(port.name, port.type, port.type.scalar, state)


def _public_names(layers: Sequence[LayerName]) -> tuple[str, ...]:
    """The layers' own names; a further value of one name takes its number behind a colon."""
    names: list[str] = []
    counts: dict[str, int] = {}
    for layer in layers:
        number = counts.get(layer.name, 0)
        counts[layer.name] = number + 1
        names.append(f"{layer.name}:{number}" if number else layer.name)
    return tuple(names)
