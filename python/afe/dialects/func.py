"""The `func` dialect of MLIR, with functions built from Python ones."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from afe.ir import (
    ArrayAttr,
    Attribute,
    Block,
    DictAttr,
    FlatSymbolRefAttr,
    FunctionType,
    InsertionPoint,
    Location,
    StringAttr,
    Type,
    TypeAttr,
)

from ._func_ops_gen import *
from ._func_ops_gen import CallOp as _GeneratedCallOp
from ._func_ops_gen import ConstantOp as _GeneratedConstantOp
from ._func_ops_gen import FuncOp as _GeneratedFuncOp
from ._func_ops_gen import ReturnOp, _Dialect
from ._ods_common import (
    _cext,
    get_default_loc_context,
    get_op_result_or_op_results,
    get_op_results_or_values,
)

if TYPE_CHECKING:  # what is generated, a type checker does not see

    def __getattr__(name: str) -> Any: ...


@_cext.register_operation(_Dialect, replace=True)
class ConstantOp(_GeneratedConstantOp):
    """A reference to a function as a value."""

    @property
    def type(self) -> Type:
        return self.results[0].type


@_cext.register_operation(_Dialect, replace=True)
class FuncOp(_GeneratedFuncOp):
    """A function: a declaration until it gets an entry block."""

    def __init__(
        self,
        name: str | StringAttr,
        type: FunctionType | TypeAttr | tuple[Sequence[Type], Sequence[Type]],
        *,
        visibility: str | StringAttr | None = None,
        arg_attrs: Sequence[Any] | ArrayAttr | None = None,
        res_attrs: Sequence[Any] | ArrayAttr | None = None,
        body_builder: Callable[[FuncOp], None] | None = None,
        loc: Location | None = None,
        ip: Any = None,
    ) -> None:
        """`type`: a FunctionType or (inputs, results). `arg_attrs`, `res_attrs`: one dict each.

        With `body_builder`, adds the entry block and calls it there.
        """
        context = get_default_loc_context(loc)
        if isinstance(type, tuple):
            type = FunctionType.get(inputs=type[0], results=type[1], context=context)
        if isinstance(type, FunctionType):
            type = TypeAttr.get(type)
        if isinstance(visibility, str):
            visibility = StringAttr.get(visibility, context=context)
        super().__init__(
            sym_name=name,
            function_type=type,
            sym_visibility=visibility,
            arg_attrs=arg_attrs,
            res_attrs=res_attrs,
            loc=loc,
            ip=ip,
        )
        if body_builder:
            with InsertionPoint(self.add_entry_block()):
                body_builder(self)

    @property
    def is_external(self) -> bool:
        """Whether it is only declared."""
        return len(self.regions[0].blocks) == 0

    @property
    def body(self) -> Any:
        return self.regions[0]

    @property
    def type(self) -> FunctionType:
        return FunctionType(TypeAttr(self.attributes["function_type"]).value)

    @property
    def visibility(self) -> StringAttr | None:
        return self.attributes.get("sym_visibility")

    @property
    def name(self) -> StringAttr:
        return StringAttr(self.attributes["sym_name"])

    @property
    def entry_block(self) -> Block:
        """The first block; IndexError for a declaration."""
        if self.is_external:
            raise IndexError("External function does not have a body")
        return self.regions[0].blocks[0]

    def add_entry_block(self, arg_locs: Sequence[Location] | None = None) -> Block:
        """Adds a block with the function's arguments; IndexError if there is one already."""
        if not self.is_external:
            raise IndexError("The function already has an entry block!")
        if arg_locs is None:
            arg_locs = [self.location] * len(self.type.inputs)
        return self.regions[0].blocks.append(*self.type.inputs, arg_locs=arg_locs)

    @property
    def arg_attrs(self) -> ArrayAttr:
        """One dictionary for each argument."""
        if "arg_attrs" in self.attributes:
            return ArrayAttr(self.attributes["arg_attrs"])
        empty = DictAttr.get({}, context=self.context)
        return ArrayAttr.get([empty] * len(self.type.inputs), context=self.context)

    @arg_attrs.setter
    def arg_attrs(self, attributes: ArrayAttr | Sequence[Attribute]) -> None:
        if not isinstance(attributes, ArrayAttr):
            attributes = ArrayAttr.get(attributes, context=self.context)
        self.attributes["arg_attrs"] = attributes

    @property
    def result_attrs(self) -> ArrayAttr:
        """One dictionary for each result."""
        if "res_attrs" in self.attributes:
            return ArrayAttr(self.attributes["res_attrs"])
        empty = DictAttr.get({}, context=self.context)
        return ArrayAttr.get([empty] * len(self.type.results), context=self.context)

    @result_attrs.setter
    def result_attrs(self, attributes: ArrayAttr | Sequence[Attribute]) -> None:
        if not isinstance(attributes, ArrayAttr):
            attributes = ArrayAttr.get(attributes, context=self.context)
        self.attributes["res_attrs"] = attributes

    @property
    def arguments(self) -> Any:
        return self.entry_block.arguments

    @classmethod
    def from_py_func(
        cls,
        *inputs: Type,
        results: Sequence[Type] | None = None,
        name: str | None = None,
        loc: Location | None = None,
        ip: Any = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A decorator: runs the Python function once, on block arguments, to build the body.

        What it returns becomes the `func.return`; without `results` that also gives the result
        types. Calling the decorated function builds a `func.call`; its attribute `func_op` is the
        operation.
        """

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            return _build_from(cls, function, inputs, results, name or function.__name__, loc, ip)

        return decorate


def _build_from(
    cls: Any,
    function: Callable[..., Any],
    inputs: Sequence[Type],
    results: Sequence[Type] | None,
    name: str,
    loc: Location | None,
    ip: Any,
) -> Callable[..., Any]:
    op = cls(name, FunctionType.get(inputs, results or []), loc=loc, ip=ip)
    with InsertionPoint(op.add_entry_block()):
        keywords = {"func_op": op} if _wants_func_op(function) else {}
        returned = function(*op.entry_block.arguments, **keywords)
        values = _returned_values(returned)
        if not isinstance(returned, ReturnOp):
            ReturnOp(values, loc=loc)
    if results is None:
        results = [value.type for value in values]
        op.attributes["function_type"] = TypeAttr.get(FunctionType.get(inputs, results))

    def emit_call(*arguments: Any) -> Any:
        return get_op_result_or_op_results(
            CallOp(results, FlatSymbolRefAttr.get(name), list(arguments))
        )

    emit_call.__name__ = function.__name__
    emit_call.func_op = op  # type: ignore[attr-defined]
    return emit_call


def _wants_func_op(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(p.name == "func_op" or p.kind is p.VAR_KEYWORD for p in parameters)


def _returned_values(returned: Any) -> Sequence[Any]:
    """The operands of the return operation for what a Python function returned."""
    if returned is None:
        return []
    if isinstance(returned, ReturnOp):
        return list(returned.operation.operands)
    if isinstance(returned, list | tuple):
        return list(get_op_results_or_values(returned))
    if hasattr(returned, "operation") or not hasattr(returned, "type"):
        return list(get_op_results_or_values(returned))
    return [returned]


func = FuncOp.from_py_func


@_cext.register_operation(_Dialect, replace=True)
class CallOp(_GeneratedCallOp):
    """A call; `CallOp(func_op, arguments)` or `CallOp(result_types, callee, arguments)`."""

    def __init__(
        self,
        calleeOrResults: Any,
        argumentsOrCallee: Any,
        arguments: Sequence[Any] | None = None,
        *,
        loc: Location | None = None,
        ip: Any = None,
    ) -> None:
        if isinstance(calleeOrResults, FuncOp):
            if arguments is not None:
                raise ValueError("a call of a FuncOp takes the arguments second, and no third")
            results: Any = calleeOrResults.type.results
            callee: Any = FlatSymbolRefAttr.get(
                calleeOrResults.name.value, context=get_default_loc_context(loc)
            )
            arguments = argumentsOrCallee
        else:
            if arguments is None or isinstance(argumentsOrCallee, list):
                raise ValueError("a call needs result types, the callee and the arguments")
            results, callee = calleeOrResults, argumentsOrCallee
            if isinstance(callee, str):
                callee = FlatSymbolRefAttr.get(callee, context=get_default_loc_context(loc))
        super().__init__(results, callee, arguments, loc=loc, ip=ip)


def call(
    calleeOrResults: Any,
    argumentsOrCallee: Any,
    arguments: Sequence[Any] | None = None,
    *,
    loc: Location | None = None,
    ip: Any = None,
) -> Any:
    """Builds a call and returns its result, its results, or the operation if it has none."""
    op = CallOp(calleeOrResults, argumentsOrCallee, arguments, loc=loc, ip=ip)
    return get_op_result_or_op_results(op)
