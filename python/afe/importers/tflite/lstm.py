"""UNIDIRECTIONAL_SEQUENCE_LSTM of int8 tensors with an int16 cell state, unrolled in time.

A gate is f(W x + R h (+ P c)): both products are rescaled to Q3.12 and saturated to int16 one after
the other. W x of all steps is one convolution; every step then computes R h, the gates, the cell
state c = forget * c + input * update and the output h = output * tanh(c), in the reference kernel's
order and roundings. Both states live on: the next inference continues the sequence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import tflite
from numpy.typing import NDArray

from afe.importers.builder import INT_RANGE, Tensor
from afe.importers.tflite import fixed_point
from afe.importers.tflite.arithmetic import Scaling
from afe.importers.tflite.node import Affine, Node
from afe.importers.tflite.registry import operator

MAX_STEPS = 1024
"""Longest sequence that is unrolled."""

_GATE_SCALE = np.float32(2.0**-12)
_GATE_INTEGER_BITS = 3

# Inputs of the operator, in the schema's order; gates in the order input, forget, cell, output.
_INPUT_WEIGHTS = (1, 2, 3, 4)
_RECURRENT_WEIGHTS = (5, 6, 7, 8)
_PEEPHOLES = {"input": 9, "forget": 10, "output": 11}
_BIASES = (12, 13, 14, 15)
_PROJECTION_WEIGHTS, _PROJECTION_BIAS = 16, 17
_OUTPUT_STATE, _CELL_STATE = 18, 19
_LAYER_NORM = (20, 21, 22, 23)
_GATES = ("input", "forget", "cell", "output")


@dataclass(frozen=True, slots=True)
class _Product:
    """W v of a gate: weights [cells, 1, 1, n], bias [cells], zero point of v, factor to Q3.12."""

    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    zero_point: int
    scaling: Scaling


@dataclass(frozen=True, slots=True)
class _Gate:
    """The products of a gate, and its peephole's weights [cells] and factor, if any."""

    input: _Product
    recurrent: _Product
    peephole: tuple[NDArray[np.int16], Scaling] | None


@dataclass(frozen=True, slots=True)
class _Projection:
    """From the hidden state (`hidden` zero point) to the output state; clipped where `clip` > 0."""

    product: _Product
    clip: int


@dataclass(frozen=True, slots=True)
class _State:
    """Output state int8 [batch, 1, 1, n] and cell state int16 [batch, 1, 1, cells]."""

    output: Tensor
    cell: Tensor


@operator("UNIDIRECTIONAL_SEQUENCE_LSTM")
def unidirectional_sequence_lstm(node: Node) -> Tensor:
    """[batch, time, features] (or time first) to the output states of all steps."""
    _check_form(node)
    options = node.options(tflite.UnidirectionalSequenceLSTMOptions)
    b, x = node.builder, node.int8_value(0, rank=3)
    if options.TimeMajor():
        x = b.transpose(x, (1, 0, 2))
    batch, steps, features = x.shape
    if steps > MAX_STEPS:
        raise node.unsupported(
            f"a sequence of {steps} steps, at most {MAX_STEPS} are unrolled",
            "run the model on shorter sequences",
        )
    lstm = _Lstm(node, options)
    outputs = lstm.run(b.reshape(x, (batch, steps, 1, features)))
    joined = b.concat(outputs, 1)
    joined = b.reshape(joined, (batch, steps, joined.shape[3]))
    return b.transpose(joined, (1, 0, 2)) if options.TimeMajor() else joined


def _check_form(node: Node) -> None:
    if node.input(0).type_name != "INT8":
        raise node.unsupported_type(node.input(0), "int8")
    if any(node.has(position) for position in _LAYER_NORM):
        raise node.unsupported(
            "layer normalization inside the LSTM", "normalize between layers instead"
        )
    if node.input(_CELL_STATE).dtype != "i16" or node.input(_OUTPUT_STATE).dtype != "i8":
        raise node.unsupported(
            "states that are not int8 (output) and int16 (cell)",
            "quantize all of the LSTM: the hybrid form computes in float",
        )


class _Lstm:
    """One layer: its parameters as the kernel prepares them, and the steps."""

    def __init__(self, node: Node, options: tflite.UnidirectionalSequenceLSTMOptions) -> None:
        if options.FusedActivationFunction() != tflite.ActivationFunctionType.TANH:
            raise node.unsupported("an activation other than tanh", "use the default activation")
        self._node = node
        self._b = node.builder
        self._batch_axis = 1 if options.TimeMajor() else 0
        self._input = node.in_affine(0)
        self._output = node.affine(node.input(_OUTPUT_STATE))
        cell = node.input(_CELL_STATE)
        node.check_scales(cell)
        self._cell_exponent = self._power_of_two(float(cell.scales[0]))
        self._cell_clip = self._clip(options.CellClip(), np.float32(cell.scales[0]), 32767)
        self._hidden = self._hidden_affine()
        has_input_gate = node.has(_INPUT_WEIGHTS[0])
        self._gates = {
            name: self._gate(index, name)
            for index, name in enumerate(_GATES)
            if has_input_gate or name != "input"
        }
        self._projection = self._read_projection(options.ProjClip())
        factor = np.float32(2.0**-15 / float(self._hidden.scale) * 2.0**-15)
        self._hidden_scaling = node.scaling(float(factor))

    # --- parameters ------------------------------------------------------------------------------

    def _power_of_two(self, scale: float) -> int:
        """The exponent e of the cell state's scale 2^e; tanh takes 0 to 6 integer bits."""
        mantissa, exponent = math.frexp(scale)
        if mantissa != 0.5 or not 0 <= 15 + exponent - 1 <= fixed_point.MAX_INTEGER_BITS:
            raise self._node.invalid(
                f"the cell state's scale {scale:g} is no power of two from 2^-15 to 2^-9"
            )
        return exponent - 1

    def _clip(self, real: float, scale: np.float32, highest: int) -> int:
        """A clipping limit in units of `scale`; 0 for none."""
        if not (math.isfinite(real) and real >= 0):
            raise self._node.invalid(f"a clipping limit is {real}")
        return int(min(np.float32(real) / scale, np.float32(highest)))

    def _hidden_affine(self) -> Affine:
        """Of output gate times tanh: the operator's fifth intermediate tensor."""
        tensors = self._node.info.intermediates
        if len(tensors) < 5:
            raise self._node.invalid(f"it has {len(tensors)} intermediate tensors instead of 5")
        return self._node.affine(self._node.tensor(tensors[4]))

    def _matrix(self, position: int) -> tuple[NDArray[np.int8], np.float32]:
        tensor = self._node.input(position)
        if tensor.type_name != "INT8":
            raise self._node.unsupported_type(tensor, "int8")
        weights = self._node.constant(position, rank=2)
        return weights, self._node.in_affine(position).scale

    def _bias(self, position: int, count: int) -> NDArray[np.int32]:
        if not self._node.has(position):
            return np.zeros(count, np.int32)
        bias = self._node.constant(position, rank=1)
        if bias.dtype != np.int32 or bias.shape != (count,):
            raise self._node.invalid(f"a bias is {bias.dtype} of shape {list(bias.shape)}")
        return bias

    def _product(
        self, position: int, source: Affine, target: np.float32, bias: NDArray[np.int32] | None
    ) -> _Product:
        """`target`: the scale of the result; the factor is rounded to f32 as the kernel does."""
        weights, scale = self._matrix(position)
        cells, features = weights.shape
        factor = np.float32(np.float32(scale * source.scale) / target)
        return _Product(
            weights.reshape(cells, 1, 1, features),
            np.zeros(cells, np.int32) if bias is None else bias,
            source.zero_point,
            self._node.scaling(float(factor)),
        )

    def _gate(self, index: int, name: str) -> _Gate:
        cells = self._matrix(_INPUT_WEIGHTS[index])[0].shape[0]
        bias = self._bias(_BIASES[index], cells)
        return _Gate(
            self._product(_INPUT_WEIGHTS[index], self._input, _GATE_SCALE, bias),
            self._product(_RECURRENT_WEIGHTS[index], self._output, _GATE_SCALE, None),
            self._peephole(name, cells),
        )

    def _peephole(self, name: str, cells: int) -> tuple[NDArray[np.int16], Scaling] | None:
        position = _PEEPHOLES.get(name)
        if position is None or not self._node.has(position):
            return None
        weights = self._node.constant(position, rank=1)
        tensor = self._node.input(position)
        self._node.check_scales(tensor)
        if weights.dtype != np.int16 or weights.shape != (cells,):
            raise self._node.invalid(f"peephole weights are {weights.dtype}{list(weights.shape)}")
        scale = 2.0**self._cell_exponent * float(tensor.scales[0]) / float(_GATE_SCALE)
        weights = self._reached(weights)
        return weights, self._node.scaling(float(np.float32(scale)))

    def _reached(self, weights: NDArray[np.int16]) -> NDArray[np.int16]:
        """Peephole weights as the kernel uses them: it counts as many cells as outputs."""
        outputs = self._node.input(_OUTPUT_STATE).shape[-1]
        if outputs == len(weights):
            return weights
        if outputs > len(weights) or self._node.input(0).shape[self._batch_axis] != 1:
            raise self._node.unsupported(
                "peepholes of a projected LSTM, for which LiteRT's kernel mixes up cells",
                "use an LSTM without projection",
            )
        return np.where(np.arange(len(weights)) < outputs, weights, np.int16(0))

    def _read_projection(self, clip: float) -> _Projection | None:
        if not self._node.has(_PROJECTION_WEIGHTS):
            return None
        outputs = self._matrix(_PROJECTION_WEIGHTS)[0].shape[0]
        bias = self._bias(_PROJECTION_BIAS, outputs)
        product = self._product(_PROJECTION_WEIGHTS, self._hidden, self._output.scale, bias)
        return _Projection(product, self._clip(clip, self._node.out_affine().scale, 127))

    # --- steps -----------------------------------------------------------------------------------

    def run(self, x: Tensor) -> list[Tensor]:
        """The output states [batch, 1, 1, n] of all steps of x [batch, time, 1, features]."""
        inputs = {name: self._to_int16(x, gate.input) for name, gate in self._gates.items()}
        state = _State(self._kept(_OUTPUT_STATE), self._kept(_CELL_STATE))
        outputs = []
        for step in range(x.shape[1]):
            rows = {name: self._row(value, step) for name, value in inputs.items()}
            state = self._step(rows, state)
            outputs.append(state.output)
        self._keep(_OUTPUT_STATE, state.output)
        self._keep(_CELL_STATE, state.cell)
        return outputs

    def _kept(self, position: int) -> Tensor:
        """A state [batch, n] from the last inference as [batch, 1, 1, n]."""
        value = self._node.state(position)
        if len(value.shape) != 2:
            raise self._node.invalid(f"a state has shape {list(value.shape)}")
        return self._b.reshape(value, (value.shape[0], 1, 1, value.shape[1]))

    def _keep(self, position: int, value: Tensor) -> None:
        batch, _, _, count = value.shape
        self._node.set_state(position, self._b.reshape(value, (batch, count)))

    def _row(self, x: Tensor, step: int) -> Tensor:
        batch, _, _, cells = x.shape
        row = self._b.slice(x, (0, step, 0, 0), (batch, 1, 1, cells))
        return self._b.cast(row, "i32")

    def _accumulator(self, x: Tensor, product: _Product) -> Tensor:
        b = self._b
        return b.conv2d(
            x, b.const(product.weights), b.const(product.bias), input_zp=product.zero_point
        )

    def _to_int16(self, x: Tensor, product: _Product) -> Tensor:
        scaling = product.scaling
        total = self._accumulator(x, product)
        return self._b.rescale(total, "i16", scaling.multiplier, scaling.shift)

    def _scaled(self, x: Tensor, scaling: Scaling) -> Tensor:
        return self._b.rescale(x, "i32", scaling.multiplier, scaling.shift)

    def _saturated(self, x: Tensor) -> Tensor:
        return self._b.clamp(x, *INT_RANGE["i16"])

    def _gate_sum(self, name: str, row: Tensor, state: _State, cell: Tensor) -> Tensor:
        """The gate in Q3.12 before its function."""
        gate = self._gates[name]
        recurrent = self._accumulator(state.output, gate.recurrent)
        total = self._saturated(self._b.add(self._scaled(recurrent, gate.recurrent.scaling), row))
        if gate.peephole is not None:
            weights, scaling = gate.peephole
            wide = self._b.const(weights.astype(np.int32).reshape(1, 1, 1, -1))
            product = self._b.mul(self._b.cast(cell, "i32"), wide)
            total = self._saturated(self._b.add(self._scaled(product, scaling), total))
        return total

    def _step(self, rows: dict[str, Tensor], state: _State) -> _State:
        b, old = self._b, state.cell
        sums = {
            name: self._gate_sum(name, rows[name], state, old) for name in rows if name != "output"
        }
        forget = fixed_point.logistic(b, sums["forget"], _GATE_INTEGER_BITS)
        if "input" in sums:
            admit = fixed_point.logistic(b, sums["input"], _GATE_INTEGER_BITS)
        else:
            admit = b.sub(b.scalar(32767, "i32"), forget)
        update = fixed_point.tanh(b, sums["cell"], _GATE_INTEGER_BITS)
        cell = self._new_cell(forget, admit, update, old)
        output_sum = self._gate_sum("output", rows["output"], state, cell)
        output = fixed_point.logistic(b, output_sum, _GATE_INTEGER_BITS)
        return _State(self._new_output(cell, output), cell)

    def _new_cell(self, forget: Tensor, admit: Tensor, update: Tensor, old: Tensor) -> Tensor:
        b = self._b
        cell = fixed_point.divide_by_power_of_two(b, b.mul(admit, update), 30 + self._cell_exponent)
        kept = fixed_point.divide_by_power_of_two(b, b.mul(forget, b.cast(old, "i32")), 15)
        cell = self._saturated(b.add(kept, cell))
        if self._cell_clip > 0:
            cell = b.clamp(cell, -self._cell_clip, self._cell_clip)
        return b.cast(cell, "i16")

    def _new_output(self, cell: Tensor, output: Tensor) -> Tensor:
        b = self._b
        squashed = fixed_point.tanh(b, b.cast(cell, "i32"), 15 + self._cell_exponent)
        scaling = self._hidden_scaling
        hidden = b.rescale(
            b.mul(output, squashed), "i8", scaling.multiplier, scaling.shift,
            output_zp=self._hidden.zero_point,
        )  # fmt: skip
        if self._projection is None:
            return hidden
        product, clip = self._projection.product, self._projection.clip
        projected = b.rescale(
            self._accumulator(hidden, product), "i8",
            product.scaling.multiplier, product.scaling.shift,
            output_zp=self._output.zero_point,
        )  # fmt: skip
        return b.clamp(projected, -clip, clip) if clip > 0 else projected
