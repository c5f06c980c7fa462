"""MLA programs as the text of an `mla.program`, which `mla-translate` turns into the same bytes."""

from __future__ import annotations

import numpy as np

from afe import ir
from afe.errors import AfeError, ErrorCode
from afe.options import CompileOptions
from afe.pipelines import run_pipeline
from afe.target import Target


def disassemble(program: bytes, target: Target) -> str:
    """The text of a `.lm` file of unknown origin, compiled for `target`.

    Raises AfeError INVALID_ARCHIVE where it is none.
    """
    from afe import _sim

    try:
        name = _sim.load(program).name
    except ValueError as error:
        raise AfeError(ErrorCode.INVALID_ARCHIVE, f"not an MLA program: {error}") from error
    with ir.Context(), ir.Location.unknown():
        module = ir.Module.create()
        module.operation.attributes["mla.target"] = ir.Attribute.parse(target.attribute_text())
        _append_binary(module, name, program)
        run_pipeline(module, "mla-disassemble", CompileOptions())
        return str(module)


def _append_binary(module: ir.Module, name: str, program: bytes) -> None:
    data = np.frombuffer(program, np.int8)
    data_type = ir.RankedTensorType.get([data.size], ir.IntegerType.get_signless(8))
    ir.Operation.create(
        "mla.binary",
        attributes={
            "sym_name": ir.StringAttr.get(name),
            "lm": ir.DenseResourceElementsAttr.get_from_buffer(data, f"{name}_lm", data_type),
            "stats": ir.DictAttr.get({}),
        },
        ip=ir.InsertionPoint(module.body),
    )
