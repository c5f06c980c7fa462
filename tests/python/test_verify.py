"""Layer-by-layer comparison; numpy evaluates the TOSA module in the place of the archive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from afe.layer_outputs import LayerName, expose_layer_outputs
from afe.options import CompileOptions
from afe.package.network import TensorType
from afe.runtime.batching import ordered_inputs
from afe.runtime.schema import InputNode
from afe.runtime.states import States
from afe.source import read_source
from afe.verify import compare
from reference import tosa_numpy

PROJECT = Path(__file__).parents[2]
EXACT = ["ad01_int8.tflite", "resnet8_int8.tflite", "kws_dscnn_int8.tflite"]


@dataclass
class Result:
    """What a run of an archive gives, as far as the comparison reads it."""

    output_names: list[str]
    outputs: list[Any]


class Evaluated:
    """Runs a TOSA module where a LoadedArchive would run; `spoil` may change the results."""

    def __init__(self, module, spoil):
        self.main = module.operation.regions[0].blocks[0].operations[0].operation
        self.module, self.spoil = module, spoil
        self.states = States((), ())
        types = [argument.type for argument in self.main.regions[0].blocks[0].arguments]
        self.inputs = [
            InputNode(name, TensorType(scalar, shape), scalar)
            for name, (scalar, shape) in zip(
                self._names("arg_attrs"), map(self._type, types), strict=True
            )
        ]

    def run(self, arrays, threads):
        """All results by name."""
        arrays = ordered_inputs(arrays, self.inputs)
        names = self._names("res_attrs")
        outputs = tosa_numpy.evaluate(self.module, arrays).outputs
        return Result(names, [self.spoil(n, x) for n, x in zip(names, outputs, strict=True)])

    def _names(self, key):
        return [entry["afe.name"].value for entry in self.main.attributes[key]]

    def _type(self, value_type):
        dtype = tosa_numpy.DTYPES[str(value_type.element_type)]
        return np.dtype(dtype).name, tuple(value_type.shape)


@pytest.fixture
def verify(monkeypatch):
    """Verifies a model without compiling it."""

    def run(path, spoil=lambda name, x: x, **options):
        source = read_source(path)
        expose_layer_outputs(source.module, isolate="isolate_layers" in options)
        source.module.operation.verify()
        loaded = Evaluated(source.module, spoil)
        nodes = [node for node in loaded.inputs if LayerName.parse(node.name) is None]
        oracle = compare.oracle_for(path)
        inputs = ordered_inputs(compare.random_inputs(nodes, 3), nodes)
        threads = CompileOptions(**options).threads
        return compare._verify_sample(0, loaded, oracle, inputs, threads)

    return run


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("options", [{}, {"isolate_layers": True}])
def test_every_layer_has_a_counterpart_and_is_equal(models, verify, name, options):
    """LiteRT's reference kernels against the imported module, whole and layer by layer."""
    result = verify(models / name, **options)
    assert result.unmatched == []
    assert len(result.layers) >= 10 and len(result.outputs) == 1
    assert result.first_difference is None


def test_onnx_layers_are_found_in_other_dimension_orders(verify):
    """NCHW in the model, channels last in the compiler."""
    digits = PROJECT / "examples" / "digits" / "digits_cnn_qdq.onnx"
    result = verify(digits)
    assert result.unmatched == []
    assert {"Conv", "Gemm", "Add"} <= {layer.operator for layer in result.layers}
    assert result.first_difference is None


def test_the_first_differing_layer_is_named_with_its_extent(models, verify):
    """Two elements of layer 3 and one of a later layer are changed."""

    def spoil(name, x):
        layer = LayerName.parse(name)
        if layer and layer.operator in (3, 5):
            x = x.copy()
            x.reshape(-1)[: 2 if layer.operator == 3 else 1] ^= 4
        return x

    result = verify(models / "resnet8_int8.tflite", spoil)
    first = result.first_difference
    assert (first.index, first.differing, first.maximum) == (3, 2, 4.0)
    assert [layer.index for layer in result.layers if layer.differing] == [3, 5]


def test_isolated_layers_do_not_spread_a_difference(models, verify):
    """Each layer reads the reference's values: as many inputs as layers are added."""
    source = read_source(models / "resnet8_int8.tflite")
    expose_layer_outputs(source.module, isolate=True)
    loaded = Evaluated(source.module, lambda name, x: x)
    assert len(loaded.inputs) == len(loaded._names("res_attrs"))
    text = str(source.module)
    assert text.count('"layer:') == 2 * (len(loaded.inputs) - 1)


def test_names_of_layers_survive_colons():
    """TFLite names hold colons and semicolons."""
    name = LayerName("serving:0;a/b:1", 12, 3)
    assert LayerName.parse(str(name)) == name
    assert LayerName.parse("layer") is None
