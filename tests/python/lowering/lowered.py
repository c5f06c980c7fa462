"""Evaluation of a module behind the lowering, in the place of the evaluation of its TOSA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afe import ir
from afe.passmanager import PassManager
from reference import mla_numpy, tosa_numpy
from reference.tosa_kernels import Array
from reference.tosa_numpy import Evaluation

PASSES = "afe-canonicalize,afe-lower-to-mla,afe-partition,afe-name-layers,afe-verify-lowered"


def lower(module: ir.Module, passes: str = PASSES) -> ir.Module:
    """A lowered copy of the module."""
    copy = module.clone()
    with module.context:
        PassManager.parse(f"builtin.module({passes})", context=module.context).run(copy.operation)
    return copy


def evaluate(
    module: ir.Module, inputs: Sequence[Array] | Mapping[str, Array], **_: Any
) -> Evaluation:
    """What `tosa_numpy.evaluate` gives, computed behind the lowering."""
    if isinstance(inputs, Mapping):
        function = next(iter(module.body.operations)).operation
        attributes = [ir.DictAttr(attribute) for attribute in tosa_numpy.arg_attributes(function)]
        inputs = [inputs[ir.StringAttr(attribute["afe.name"]).value] for attribute in attributes]
    return mla_numpy.evaluate(lower(module), list(inputs))


def fallbacks(module: ir.Module) -> list[dict[str, str | int]]:
    """What the lowered module leaves to the host."""
    return [
        {named.name: named.attr.value for named in ir.DictAttr(entry)}
        for entry in ir.ArrayAttr(module.operation.attributes["afe.fallbacks"])
    ]
