"""The `linalg` dialect of MLIR; named operations get their payload region and result types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from afe.ir import RankedTensorType

from . import _linalg_ops_gen as _generated
from ._linalg_enum_gen import *
from ._linalg_ops_gen import *
from ._ods_common import _cext, get_op_result_or_op_results, get_op_result_or_value

if TYPE_CHECKING:  # what is generated, a type checker does not see

    def __getattr__(name: str) -> Any: ...


def _structured(cls: Any) -> Callable[..., Any]:
    """A builder `name(*inputs, outs=[…], **attributes)` of the named operation `cls`."""

    def build(*inputs: Any, outs: Sequence[Any], **attributes: Any) -> Any:
        outputs = [get_op_result_or_value(out) for out in outs]
        tensors = [out.type for out in outputs if isinstance(out.type, RankedTensorType)]
        values = [get_op_result_or_value(value) for value in inputs]
        op = cls(tensors, values, outputs, **attributes)
        _cext.ir.fill_structured_region(op)
        return get_op_result_or_op_results(op)

    build.__name__ = cls.OPERATION_NAME.removeprefix("linalg.")
    build.__doc__ = cls.__doc__
    return build


def _is_named_structured(cls: Any) -> bool:
    """Whether the constructor takes exactly results, inputs and outputs by position."""
    code = getattr(getattr(cls, "__init__", None), "__code__", None)
    return code is not None and code.co_varnames[1 : code.co_argcount] == (
        "result_tensors",
        "inputs",
        "outputs",
    )


def _add_structured_builders() -> None:
    for value in list(vars(_generated).values()):
        if hasattr(value, "OPERATION_NAME") and _is_named_structured(value):
            globals()[value.OPERATION_NAME.removeprefix("linalg.")] = _structured(value)


_add_structured_builders()
