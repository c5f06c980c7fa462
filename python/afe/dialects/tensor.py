"""The `tensor` dialect of MLIR; empty tensors from sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from afe.ir import Attribute, Location, RankedTensorType, ShapedType, Type, Value

from ._ods_common import _cext
from ._tensor_ops_gen import *
from ._tensor_ops_gen import EmptyOp as _GeneratedEmptyOp
from ._tensor_ops_gen import _Dialect

if TYPE_CHECKING:  # what is generated, a type checker does not see

    def __getattr__(name: str) -> Any: ...


@_cext.register_operation(_Dialect, replace=True)
class EmptyOp(_GeneratedEmptyOp):
    """A tensor of undefined contents; sizes are integers, or values where dynamic."""

    def __init__(
        self,
        sizes: Sequence[int | Value],
        element_type: Type,
        *,
        encoding: Attribute | None = None,
        loc: Location | None = None,
        ip: Any = None,
    ) -> None:
        dynamic = [size for size in sizes if not isinstance(size, int)]
        shape = [size if isinstance(size, int) else ShapedType.get_dynamic_size() for size in sizes]
        type = RankedTensorType.get(shape, element_type, encoding)
        super().__init__(type, dynamic, loc=loc, ip=ip)


def empty(
    sizes: Sequence[int | Value],
    element_type: Type,
    *,
    encoding: Attribute | None = None,
    loc: Location | None = None,
    ip: Any = None,
) -> Any:
    """Builds an EmptyOp and returns its tensor."""
    return EmptyOp(sizes, element_type, encoding=encoding, loc=loc, ip=ip).result
