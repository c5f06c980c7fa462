"""The `arith` dialect of MLIR, with constants from Python numbers and arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afe.ir import (
    Attribute,
    DenseElementsAttr,
    FloatAttr,
    FloatType,
    IndexType,
    IntegerAttr,
    IntegerType,
    Location,
    OpResult,
    ShapedType,
    StringAttr,
    Type,
    Value,
)

from ._arith_enum_gen import *
from ._arith_ops_gen import *
from ._arith_ops_gen import ConstantOp as _GeneratedConstantOp
from ._arith_ops_gen import IndexCastOp, _Dialect
from ._ods_common import _cext

if TYPE_CHECKING:  # what is generated, a type checker does not see

    def __getattr__(name: str) -> Any: ...


def _is_integer_like(type: Type) -> bool:
    return isinstance(type, IntegerType | IndexType)


def _attribute(type: Type, value: Any) -> Attribute:
    """The constant `value` of `type`; a number for a shaped type fills it."""
    if isinstance(value, Attribute):
        return value
    if hasattr(value, "__array_interface__") and isinstance(type, ShapedType):
        return DenseElementsAttr.get(value, type=type, context=type.context)
    if _is_integer_like(type):
        return IntegerAttr.get(type, int(value))
    if isinstance(type, FloatType):
        return FloatAttr.get(type, float(value))
    if isinstance(type, ShapedType):
        element = _attribute(type.element_type, value)
        return DenseElementsAttr.get_splat(type, element)
    raise TypeError(f"no constant of {type} from {value!r}; pass an attribute")


@_cext.register_operation(_Dialect, replace=True)
class ConstantOp(_GeneratedConstantOp):
    """A constant; `ConstantOp(type, value)` takes a number, an array or an attribute."""

    def __init__(
        self, result: Type, value: Any, *, loc: Location | None = None, ip: Any = None
    ) -> None:
        if isinstance(value, str):
            value = StringAttr.get(value, context=result.context)
        super().__init__(_attribute(result, value), results=[result], loc=loc, ip=ip)

    @classmethod
    def create_index(cls, value: int, *, loc: Location | None = None, ip: Any = None) -> ConstantOp:
        """A constant of type `index`."""
        return cls(IndexType.get(), value, loc=loc, ip=ip)

    @property
    def type(self) -> Type:
        return self.results[0].type

    @property
    def value(self) -> Attribute:
        return self.attributes["value"]

    @property
    def literal_value(self) -> int | float:
        """The number; ValueError unless the type is an integer, index or float."""
        if _is_integer_like(self.type):
            return int(IntegerAttr(self.value))
        if isinstance(self.type, FloatType):
            return float(FloatAttr(self.value))
        raise ValueError("only integer and float constants have literal values")


def constant(
    result: Type, value: Any, *, loc: Location | None = None, ip: Any = None
) -> OpResult | Value:
    """Builds a constant and returns its value."""
    return ConstantOp(result, value, loc=loc, ip=ip).result


def index_cast(
    in_: Any, to: Type | None = None, *, out: Type | None = None, loc: Any = None, ip: Any = None
) -> Any:
    """Casts between index and integers; `out` (or `to`) is the type, `index` if left out."""
    target = out or to or IndexType.get()
    return IndexCastOp(target, in_, loc=loc, ip=ip).result
