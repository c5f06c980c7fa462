"""The `scf` dialect of MLIR, with loops and conditionals that have their blocks at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from afe.ir import Block, IndexType, InsertionPoint, Location, Type, Value

from ._ods_common import (
    MixedValues,
    _cext,
    get_op_result_or_op_results,
    get_op_result_or_value,
    get_op_results_or_values,
)
from ._scf_ops_gen import *
from ._scf_ops_gen import ForOp as _GeneratedForOp
from ._scf_ops_gen import IfOp as _GeneratedIfOp
from ._scf_ops_gen import YieldOp, _Dialect
from ._scf_ops_gen import yield_ as _generated_yield

if TYPE_CHECKING:  # what is generated, a type checker does not see

    def __getattr__(name: str) -> Any: ...


@_cext.register_operation(_Dialect, replace=True)
class ForOp(_GeneratedForOp):
    """A counted loop; the body is empty and needs an `scf.yield`."""

    def __init__(
        self,
        lower_bound: Any,
        upper_bound: Any,
        step: Any,
        iter_args: MixedValues | None = None,
        *,
        unsigned_cmp: bool | None = None,
        loc: Location | None = None,
        ip: Any = None,
    ) -> None:
        """`iter_args`: first values of what the loop carries; their types are the results'."""
        initial = list(get_op_results_or_values(iter_args or []))
        types = [get_op_result_or_value(value).type for value in initial]
        super().__init__(
            types,
            lower_bound,
            upper_bound,
            step,
            initial,
            unsignedCmp=unsigned_cmp,
            loc=loc,
            ip=ip,
        )
        counter = self.operands[0].type
        locations = [self.location] * (1 + len(types))
        Block.create_at_start(self.regions[0], [counter, *types], locations)

    @property
    def body(self) -> Block:
        return self.regions[0].blocks[0]

    @property
    def induction_variable(self) -> Value:
        return self.body.arguments[0]

    @property
    def inner_iter_args(self) -> Any:
        """What the loop carries, as seen inside."""
        return self.body.arguments[1:]


@_cext.register_operation(_Dialect, replace=True)
class IfOp(_GeneratedIfOp):
    """A conditional with an empty `then` block and, where wanted, an `else` block."""

    def __init__(
        self,
        cond: Any,
        results_: Sequence[Type] | None = None,
        *,
        has_else: bool = False,
        loc: Location | None = None,
        ip: Any = None,
    ) -> None:
        super().__init__(results_ or [], cond, loc=loc, ip=ip)
        Block.create_at_start(self.regions[0], [])
        if has_else or results_:
            Block.create_at_start(self.regions[1], [])

    @property
    def then_block(self) -> Block:
        return self.regions[0].blocks[0]

    @property
    def else_block(self) -> Block | None:
        return self.regions[1].blocks[0] if len(self.regions[1].blocks) else None


def for_(
    start: Any,
    stop: Any = None,
    step: Any = None,
    iter_args: Sequence[Any] | None = None,
    *,
    loc: Location | None = None,
    ip: Any = None,
) -> Iterator[Any]:
    """Builds a loop: `for i in for_(0, n, 1):` runs its body once, inside the `scf.for`.

    Bounds may be Python integers. With `iter_args` the loop variable is `(i, carried, results)`,
    `(i, (carried…), results)` if there are several. The body must end in `yield_`.
    """
    if stop is None:
        start, stop = 0, start
    lower, upper, stride = (
        _as_index(bound, loc, ip) for bound in (start, stop, 1 if step is None else step)
    )
    loop = ForOp(lower, upper, stride, iter_args, loc=loc, ip=ip)
    carried: Any = tuple(loop.inner_iter_args)
    with InsertionPoint(loop.body):
        if not carried:
            yield loop.induction_variable
        elif len(carried) == 1:
            yield loop.induction_variable, carried[0], loop.results[0]
        else:
            yield loop.induction_variable, carried, loop.results


def _as_index(bound: Any, loc: Location | None, ip: Any) -> Any:
    if not isinstance(bound, int):
        return bound
    from . import arith

    return arith.ConstantOp(IndexType.get(), bound, loc=loc, ip=ip).result


def yield_(operands: Any = (), *, loc: Location | None = None, ip: Any = None) -> YieldOp:
    """Ends a body with the values it passes on."""
    return _generated_yield(operands, loc=loc, ip=ip)


def if_(cond: Any, results: Sequence[Type] | None = None, *, has_else: bool = False) -> Any:
    """Builds an IfOp and returns its results, or the operation if it has none."""
    return get_op_result_or_op_results(IfOp(cond, results, has_else=has_else))
