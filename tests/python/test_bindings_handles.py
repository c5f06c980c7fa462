"""Handles to IR that is gone raise; none crashes, none answers."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import pytest
from afe.dialects import func
from afe.ir import (
    Block,
    Context,
    F32Type,
    FunctionType,
    InsertionPoint,
    Location,
    MLIRError,
    Module,
    Operation,
    StringAttr,
    SymbolTable,
    TypeAttr,
    WalkOrder,
    WalkResult,
)
from afe.passmanager import PassManager

GONE = "no longer exists"

NESTED = """
"test.outer"() ({
^entry(%a: f32, %b: i32):
  %0 = "test.first"(%a) : (f32) -> f32
  "test.inner"() ({
  ^body(%c: index):
    "test.leaf"(%0, %c) : (f32, index) -> ()
  }) : () -> ()
  "test.branch"()[^exit] : () -> ()
^exit:
  "test.end"() : () -> ()
}) : () -> ()
"""


@pytest.fixture
def context() -> Iterator[Context]:
    with Context() as context, Location.unknown():
        context.allow_unregistered_dialects = True
        yield context


def _parsed() -> tuple[Module, Operation]:
    module = Module.parse(NESTED)
    return module, module.body.operations[0].operation


def _questions(outer: Operation) -> dict[str, Callable[[], object]]:
    """Something to ask of a handle of every kind to, or into, `outer`."""
    region = outer.regions[0]
    entry = region.blocks[0]
    first, inner, branch = (o.operation for o in entry.operations)
    leaf = inner.regions[0].blocks[0].operations[0].operation
    value, argument = first.result, entry.arguments[0]
    use = next(iter(argument.uses))
    operands, results, attributes = leaf.operands, first.results, first.attributes
    operations, iterator = entry.operations, iter(entry.operations)
    point = InsertionPoint(first)
    return {
        "name": lambda: outer.name,
        "text": lambda: str(outer),
        "nested text": lambda: str(leaf),
        "verify": lambda: outer.verify(),
        "erase again": lambda: inner.erase(),
        "regions": lambda: len(outer.regions),
        "blocks": lambda: len(region.blocks),
        "region owner": lambda: region.owner,
        "block text": lambda: str(entry),
        "block arguments": lambda: list(entry.arguments),
        "append": lambda: entry.append(Operation.create("test.new")),
        "operation list": lambda: len(operations),
        "operation iterator": lambda: next(iterator),
        "value type": lambda: value.type,
        "value owner": lambda: value.owner,
        "value text": lambda: str(value),
        "value name": lambda: value.get_name(),
        "value uses": lambda: list(value.uses),
        "replace": lambda: value.replace_all_uses_with(argument),
        "argument number": lambda: argument.arg_number,
        "argument owner": lambda: argument.owner,
        "use": lambda: use.owner,
        "operands": lambda: operands[0],
        "operand count": lambda: len(operands),
        "results": lambda: list(results),
        "attributes": lambda: len(attributes),
        "set attribute": lambda: attributes.__setitem__("x", StringAttr.get("y")),
        "successors": lambda: branch.successors[0],
        "insertion": lambda: Operation.create("test.new", ip=point),
        "opview": lambda: leaf.opview,
        "parent": lambda: leaf.parent,
        "move": lambda: leaf.move_before(first),
        "clone": lambda: inner.clone(),
        "as operand": lambda: Operation.create("test.use", operands=[value], ip=False),
        "as successor": lambda: Operation.create("test.jump", successors=[entry], ip=False),
    }


KINDS = [
    "name", "text", "nested text", "verify", "erase again", "regions", "blocks", "region owner",
    "block text", "block arguments", "append", "operation list", "operation iterator",
    "value type", "value owner", "value text", "value name", "value uses", "replace",
    "argument number", "argument owner", "use", "operands", "operand count", "results",
    "attributes", "set attribute", "successors", "insertion", "opview", "parent", "move", "clone",
    "as operand", "as successor",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_handle_raises_after_erase(context: Context, kind: str) -> None:
    """No question about an erased operation, or about anything in it, is answered."""
    _module, outer = _parsed()
    ask = _questions(outer)[kind]
    outer.erase()
    with pytest.raises(RuntimeError, match=GONE):
        ask()


def test_the_list_of_questions_is_complete(context: Context) -> None:
    """The parameters above name exactly the questions there are."""
    _module, outer = _parsed()
    assert list(_questions(outer)) == KINDS


def test_questions_are_answered_before_the_erase(context: Context) -> None:
    """The reading questions work while the operation lives, so the test above tests the erase."""
    for kind in ("name", "text", "value type", "use", "operands", "successors", "parent", "opview"):
        _module, outer = _parsed()
        assert _questions(outer)[kind]() is not None


def test_a_pass_run_drops_handles_into_its_operation(context: Context) -> None:
    """After a run nobody knows which nested operations survived, so all their handles raise."""
    module = Module.parse("func.func @f(%a: f32) -> f32 { return %a : f32 }")
    function = module.body.operations[0]
    argument, block = function.arguments[0], function.entry_block
    PassManager.parse("builtin.module(canonicalize)").run(module.operation)
    for ask in (lambda: function.name, lambda: argument.type, lambda: str(block)):
        with pytest.raises(RuntimeError, match=GONE):
            ask()
    assert module.operation.name == "builtin.module"
    assert module.body.operations[0].name.value == "f"


def test_a_failing_pass_run_drops_them_too(context: Context) -> None:
    """A pass that fails may have changed anything before."""
    module = Module.parse(
        'func.func @f(%a: tensor<2xf32>) { "x.y"(%a) : (tensor<2xf32>) -> () return }'
    )
    function = module.body.operations[0]
    with pytest.raises(MLIRError, match="not bufferized") as failure:
        PassManager.parse("builtin.module(one-shot-bufferize)").run(module.operation)
    assert "Failure while executing pass pipeline" in failure.value.message
    with pytest.raises(RuntimeError, match=GONE):
        _ = function.name


def test_handles_keep_their_module_and_context_alive(context: Context) -> None:
    """A value may outlive the last handle to its module: it keeps the module."""

    def inner_value() -> object:
        with Context(), Location.unknown():
            module = Module.parse("func.func @g(%a: f32, %b: i8) { return }")
            return module.body.operations[0].arguments[1]

    value = inner_value()
    gc.collect()
    assert str(value.type) == "i8"  # type: ignore[attr-defined]
    assert value.owner.owner.name.value == "g"  # type: ignore[attr-defined]


def test_a_module_is_freed_with_its_last_handle(context: Context) -> None:
    """Nothing leaks: the table of live handles is empty when all handles are gone."""
    module, outer = _parsed()
    questions = _questions(outer)
    assert context._get_live_handle_count() > 5
    del module, outer, questions
    gc.collect()
    assert context._get_live_handle_count() == 0


def test_erase_refuses_what_is_still_used(context: Context) -> None:
    """MLIR would leave dangling operands; here the user is named and nothing changes."""
    module, outer = _parsed()
    first = outer.regions[0].blocks[0].operations[0]
    with pytest.raises(RuntimeError, match=r"test\.first.*test\.leaf"):
        first.operation.erase()
    assert first.name == "test.first"
    assert "test.first" in str(module)


def test_ir_used_elsewhere_outlives_its_module(context: Context) -> None:
    """A detached operation may use a value of a module; the module's last handle may go first."""
    module, outer = _parsed()
    value = outer.regions[0].blocks[0].operations[0].result
    user = Operation.create("test.use", operands=[value], ip=False)
    del module, outer, value
    gc.collect()
    assert user.operands[0].owner.name == "test.first"
    assert user.operands[0].owner.parent.name == "test.outer"


def test_operations_move_between_trees(context: Context) -> None:
    """A moved operation belongs to, and keeps alive, where it is now."""
    source, outer = _parsed()
    target = Module.parse('"test.end"() : () -> ()')
    leaf = outer.regions[0].blocks[0].operations[1].regions[0].blocks[0].operations[0]
    outer.move_before(target.body.operations[0])
    del target
    source.operation.erase()
    gc.collect()
    assert leaf.parent.parent.parent.name == "builtin.module"
    with pytest.raises(RuntimeError, match=GONE):
        _ = source.operation


def test_no_operation_inside_itself(context: Context) -> None:
    """Each way to move an operation refuses to build a cycle."""
    module, outer = _parsed()
    inner = outer.regions[0].blocks[0].operations[1].operation
    body = inner.regions[0].blocks[0]
    leaf = body.operations[0]
    for move in (
        lambda: outer.move_before(leaf),
        lambda: outer.move_after(inner),
        lambda: body.append(outer),
        lambda: body.append(module.operation),
        lambda: InsertionPoint(body).insert(module.operation),
        lambda: outer.regions[0].blocks[0].append_to(inner.regions[0]),
    ):
        with pytest.raises(ValueError, match="itself"):
            move()
    assert module.operation.verify()


def test_iteration_survives_erasing_the_current_operation(context: Context) -> None:
    """The usual loop that erases as it goes."""
    module = Module.parse('"a.a"() : () -> ()\n"b.b"() : () -> ()\n"c.c"() : () -> ()')
    seen = []
    for op in module.body.operations:
        seen.append(op.name)
        op.operation.erase()
    assert seen == ["a.a", "b.b", "c.c"]
    assert len(module.body.operations) == 0


def test_iteration_notices_that_its_next_operation_is_gone(context: Context) -> None:
    """Erasing the operation ahead ends the loop with an exception."""
    module = Module.parse('"a.a"() : () -> ()\n"b.b"() : () -> ()\n"c.c"() : () -> ()')
    iterator = iter(module.body.operations)
    next(iterator)
    module.body.operations[1].operation.erase()
    with pytest.raises(RuntimeError, match=GONE):
        next(iterator)


@pytest.mark.parametrize("order", [WalkOrder.PRE_ORDER, WalkOrder.POST_ORDER])
def test_a_walk_may_erase_what_it_visits(context: Context, order: WalkOrder) -> None:
    """Whatever the callback erases is not visited any more."""
    module, _outer = _parsed()
    names = []

    def visit(op: Operation) -> WalkResult:
        names.append(op.name)
        if op.name == "test.inner":
            op.erase()
        return WalkResult.ADVANCE

    module.operation.walk(visit, order)
    assert "test.inner" in names
    assert "test.inner" not in str(module)


def test_a_walk_passes_exceptions_on(context: Context) -> None:
    """An exception of the callback ends the walk and reaches the caller."""
    module, _outer = _parsed()

    def visit(op: Operation) -> WalkResult:
        raise KeyError(op.name)

    with pytest.raises(KeyError, match=r"test\."):
        module.operation.walk(visit)


def test_erased_block_arguments_raise(context: Context) -> None:
    """An argument may go while its block stays; the others keep their handles."""
    _module, outer = _parsed()
    entry = outer.regions[0].blocks[0]
    used, unused = entry.arguments
    with pytest.raises(RuntimeError, match="still used"):
        entry.erase_argument(0)
    entry.erase_argument(1)
    with pytest.raises(RuntimeError, match=GONE):
        _ = unused.type
    assert used.arg_number == 0


def test_erased_blocks_raise(context: Context) -> None:
    """A block that is a successor stays; an unused one goes with all handles into it."""
    _module, outer = _parsed()
    exit_block = outer.regions[0].blocks[1]
    with pytest.raises(RuntimeError, match="still uses"):
        exit_block.erase()
    extra = Block.create_at_start(outer.regions[0], [F32Type.get()])
    argument = extra.arguments[0]
    extra.erase()
    with pytest.raises(RuntimeError, match=GONE):
        _ = argument.type


def test_a_symbol_table_forgets_erased_symbols(context: Context) -> None:
    """Symbols are looked up each time, so one erased elsewhere is simply not there."""
    module = Module.parse("func.func private @a()\nfunc.func private @b()")
    table = SymbolTable(module.operation)
    handle = table["a"]
    handle.operation.erase()
    assert "a" not in table
    with pytest.raises(KeyError):
        _ = table["a"]
    assert table["b"].name.value == "b"


def test_handles_do_not_answer_inside_a_diagnostic_handler(context: Context) -> None:
    """MLIR is in the middle of its work there: what the handler tries is refused."""
    module = Module.parse("func.func @f() { return }")
    operation = module.operation
    refused = []

    def handler(diagnostic: object) -> bool:
        for attempt in (lambda: operation.erase(), lambda: str(module), lambda: module.body):
            try:
                attempt()
            except RuntimeError as error:
                refused.append(str(error))
        return True

    context.emit_error_diagnostics = True
    with context.attach_diagnostic_handler(handler):
        function = module.body.operations[0]
        function.attributes["function_type"] = TypeAttr.get(FunctionType.get([F32Type.get()], []))
        with pytest.raises(Exception, match="Verification failed"):
            module.operation.verify()
    assert len(refused) == 3
    assert all("diagnostic handler" in text for text in refused)
    assert isinstance(module.body.operations[0], func.FuncOp)


def test_two_contexts_do_not_mix(context: Context) -> None:
    """Types, attributes, values and operations of another context are refused."""
    with Context() as other:
        foreign_type, foreign_name = F32Type.get(), StringAttr.get("x")
        foreign_location = Location.unknown()
    module, outer = _parsed()
    with pytest.raises(ValueError, match="another context"):
        Operation.create("test.x", results=[foreign_type], ip=False)
    with pytest.raises(ValueError, match="another context"):
        outer.attributes["x"] = foreign_name
    with pytest.raises(ValueError, match="another context"):
        outer.location = foreign_location
    with pytest.raises(ValueError, match="another context"):
        FunctionType.get([foreign_type], [])
    with pytest.raises(ValueError, match="another context"):
        PassManager.parse("builtin.module(cse)", other).run(module.operation)
