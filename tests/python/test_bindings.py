"""The bindings have upstream's shape: scripts written for MLIR's own Python API run on them."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import afe.dialects.a65
import afe.dialects.mla
import pytest
from afe import ir
from afe.dialects import arith, builtin, func, linalg, memref, scf, tensor, tosa
from afe.ir import *

PROJECT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def context() -> Iterator[Context]:
    with Context() as context, Location.unknown():
        yield context


def test_a_script_in_the_style_of_upstreams_documentation() -> None:
    """Parse, walk down by index and by iteration, print, as MLIR's Python page shows it."""
    with Context():
        module = Module.parse(
            """
            func.func @select(%c: i1, %a: f32, %b: f32) -> f32 {
              cf.cond_br %c, ^left(%a : f32), ^right
            ^left(%x: f32):
              return %x : f32
            ^right:
              %y = arith.addf %a, %b {fastmath = #arith.fastmath<none>} : f32
              return %y : f32
            }
            """
        )
    function = module.body.operations[0]
    region = function.regions[0]
    assert len(region.blocks) == 3
    names = [[op.operation.name for op in block] for block in region]
    assert names == [["cf.cond_br"], ["func.return"], ["arith.addf", "func.return"]]
    left, right = region.blocks[0].operations[0].successors
    assert (left, right) == (region.blocks[1], region.blocks[2])
    assert [b for b in right.predecessors] == [region.blocks[0]]
    add = right.operations[0]
    assert isinstance(add, arith.AddFOp)
    assert add.lhs == function.arguments[1]
    assert [use.owner.operation for use in add.result.uses] == [right.operations[1].operation]
    assert (left.arguments[0].get_name(), add.result.get_name()) == ("%0", "%1")
    assert BlockArgument.isinstance(add.lhs) and not OpResult.isinstance(add.lhs)
    assert function.operation.parent == module.operation
    assert module.operation.operation is module.operation.operation


def test_functions_from_python_functions() -> None:
    """from_py_func takes argument types, infers the results, and gives back a builder of calls."""
    module = Module.create()
    f32 = F32Type.get()
    row = RankedTensorType.get([3, 5], f32)
    with InsertionPoint(module.body):

        @func.FuncOp.from_py_func(row, row, name="twice")
        def add(a: Value, b: Value) -> Value:
            return tosa.add(row, a, b)

        @func.FuncOp.from_py_func(row)
        def outer(a: Value, func_op: func.FuncOp) -> list[Value]:
            func_op.attributes["note"] = StringAttr.get("seen")
            return [add(a, a), a]

    assert module.operation.verify()
    text = str(module)
    assert "func.func @twice(%arg0: tensor<3x5xf32>, %arg1: tensor<3x5xf32>)" in text
    assert "call @twice(%arg0, %arg0)" in text
    assert "-> (tensor<3x5xf32>, tensor<3x5xf32>) attributes {note" in text
    assert str(Module.parse(text)) == text
    assert add.func_op.name.value == "twice"


def test_function_attributes_round_trip() -> None:
    """arg_attrs and res_attrs as lists of dictionaries, read back as ArrayAttr of DictAttr."""
    module = Module.create()
    i8 = IntegerType.get_signless(8)
    with InsertionPoint(module.body):
        function = func.FuncOp(
            "main",
            ([i8, i8], [i8]),
            arg_attrs=[{"afe.name": StringAttr.get("in")}, {}],
            res_attrs=[{"afe.name": StringAttr.get("out")}],
            visibility="public",
        )
        with InsertionPoint(function.add_entry_block()):
            func.ReturnOp([function.arguments[1]])
    parsed = Module.parse(str(module)).body.operations[0]
    assert parsed.arg_attrs[0]["afe.name"].value == "in"
    assert len(parsed.arg_attrs[1]) == 0
    assert parsed.result_attrs[0]["afe.name"].value == "out"
    assert not parsed.is_external
    assert parsed.visibility.value == "public"
    with pytest.raises(IndexError, match="already has an entry block"):
        parsed.add_entry_block()


def test_generic_creation_and_attributes(context: Context) -> None:
    """Operation.create builds anything by name; attributes behave like a dictionary."""
    context.allow_unregistered_dialects = True
    op = Operation.create(
        "custom.op",
        results=[IndexType.get(), F32Type.get()],
        attributes={"b": UnitAttr.get(), "a": BoolAttr.get(True)},
        regions=2,
    )
    assert (op.name, len(op.results), len(op.regions)) == ("custom.op", 2, 2)
    assert [str(t) for t in op.results.types] == ["index", "f32"]
    assert list(op.attributes) == ["a", "b"] == op.attributes.keys()
    assert op.attributes[0].name == "a" and op.attributes[0].attr.value is True
    assert dict(op.attributes.items())["b"] == UnitAttr.get()
    op.attributes["c"] = FloatAttr.get_f64(0.5)
    del op.attributes["a"]
    assert "a" not in op.attributes and len(op.attributes) == 2
    assert op.attributes.get("a") is None
    with pytest.raises(KeyError, match="'a'"):
        _ = op.attributes["a"]
    with pytest.raises(ValueError, match="2 results"):
        _ = op.result


def test_unknown_operations_are_refused_by_name() -> None:
    """Without allow_unregistered_dialects a misspelt operation is an error that names it."""
    with pytest.raises(ValueError, match=r"tosa\.conv2dd"):
        Operation.create("tosa.conv2dd")


def test_insertion_points(context: Context) -> None:
    """At the end, before, after, at the beginning, before the terminator."""
    context.allow_unregistered_dialects = True
    module = Module.create()
    block = module.body

    def make(name: str, point: InsertionPoint) -> Operation:
        return Operation.create(f"x.{name}", ip=point)

    b = make("b", InsertionPoint(block))
    make("a", InsertionPoint.at_block_begin(block))
    d = make("d", InsertionPoint.after(b))
    make("c", InsertionPoint(d))
    assert "".join(op.name[-1] for op in block) == "abcd"
    with InsertionPoint(d) as point:
        assert InsertionPoint.current is point
        assert point.block == block and point.ref_operation == d
    with pytest.raises(ValueError, match="No current InsertionPoint"):
        _ = InsertionPoint.current
    function = Module.parse("func.func @f() { return }").body.operations[0]
    inside = InsertionPoint.at_block_terminator(function.entry_block)
    make("e", inside)
    with pytest.raises(IndexError, match="already has a terminator"):
        make("f", InsertionPoint(function.entry_block))
    detached = Operation.create("x.g", ip=False)
    inside.insert(detached)
    assert [op.operation.name for op in function.entry_block] == ["x.e", "x.g", "func.return"]


def test_defaults_come_from_the_innermost_with() -> None:
    """Context, location and insertion point nest; leaving them restores what was before."""
    outer = Context.current
    with Context() as inner:
        assert Context.current is inner
        with pytest.raises(ValueError, match="No current Location"):
            _ = Location.current
        with Location.name("here"):
            assert Location.current.name_str == "here"
            assert Module.create().operation.location.name_str == "here"
    assert Context.current is outer
    with pytest.raises(RuntimeError, match="unbalanced"):
        inner.__exit__(None, None, None)


def test_operations_need_a_context_and_a_location() -> None:
    """Outside of any `with` the error says what to pass."""
    code = "from afe.ir import *\nModule.create()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "no location: pass 'loc='" in done.stderr
    done = subprocess.run(
        [sys.executable, "-c", code.replace("Module.create()", "F32Type.get()")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "no context: pass 'context='" in done.stderr


def test_locations() -> None:
    """Every kind of location, and its parts."""
    file = Location.file("model.tflite", 7, 2)
    assert (file.filename, file.start_line, file.start_col) == ("model.tflite", 7, 2)
    named = Location.name("conv_3", childLoc=file)
    assert str(named) == 'loc("conv_3"("model.tflite":7:2))'
    assert named.child_loc == file and named.is_a_name() and not named.is_a_file()
    fused = Location.fused([named, file], StringAttr.get("why"))
    assert fused.locations == [named, file]
    site = Location.callsite(file, [named, Location.unknown()])
    assert site.callee == file and site.is_a_callsite()
    assert Location.from_attr(named.attr) == named
    with pytest.raises(ValueError, match="not a name location"):
        _ = file.name_str


def test_errors_carry_mlirs_diagnostics() -> None:
    """Parse and verification errors have message, location and notes."""
    with pytest.raises(MLIRError) as parse_error:
        Module.parse("func.func @f() {\n  return %x : f32\n}")
    diagnostic = parse_error.value.error_diagnostics[0]
    assert diagnostic.severity == DiagnosticSeverity.ERROR
    assert "undeclared SSA value" in diagnostic.message
    assert diagnostic.location.start_line == 2
    assert "error:" in str(parse_error.value)
    module = Module.parse("func.func @f() { return }")
    module.body.operations[0].entry_block.operations[0].operation.erase()
    with pytest.raises(MLIRError, match="Verification failed"):
        module.operation.verify()


def test_diagnostic_handlers(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler sees what is reported, until it is detached; its own errors are noted."""
    seen: list[str] = []
    unraisable: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda error: unraisable.append(error.exc_value))
    handler = context.attach_diagnostic_handler(lambda d: not seen.append(str(d)))
    Location.unknown().emit_error("first")
    handler.detach()
    with (
        context.attach_diagnostic_handler(lambda d: True),
        context.attach_diagnostic_handler(lambda d: 1 / 0) as broken,
    ):
        Location.unknown().emit_error("second")
        assert broken.had_error
    assert isinstance(unraisable[0], ZeroDivisionError)
    assert seen == ["first"]
    assert not handler.attached and not broken.attached


def test_printing_options() -> None:
    """print, get_asm and str agree, and take upstream's options."""
    module = Module.parse('func.func @f() { return loc("x.py":3:4) }')
    out = io.StringIO()
    module.operation.print(file=out)
    assert out.getvalue() == str(module) + "\n"
    assert "x.py" in module.operation.get_asm(enable_debug_info=True)
    assert '"func.return"' in module.operation.get_asm(print_generic_op_form=True)
    assert module.operation.get_asm(binary=True) == str(module).encode()
    splat = "func.func @g() { %0 = arith.constant dense<[1, 2, 3, 4]> : tensor<4xi8> return }"
    elided = Module.parse(splat).operation.get_asm(large_elements_limit=2)
    assert "__elided__" in elided
    with pytest.raises(TypeError, match="nonsense"):
        module.operation.print(nonsense=True)


def test_invalid_operations_print_in_generic_form() -> None:
    """Custom printers may read what only valid operations have, so they are not used then."""
    op = Operation.create("scf.for", regions=1)
    assert str(op).startswith('"scf.for"')
    assert '"scf.for"' in op.get_asm(assume_verified=True)


def test_bytecode_and_files(tmp_path: Path) -> None:
    """Bytecode goes to paths and file objects, and comes back equal."""
    module = Module.parse("func.func @f(%a: tensor<2x3xi8>) { return }")
    stream = io.BytesIO()
    module.operation.write_bytecode(stream)
    assert stream.getvalue()[:4] == b"ML\xefR"
    assert str(Module.parse(stream.getvalue())) == str(module)
    module.operation.write_bytecode(tmp_path / "m.mlirbc")
    assert str(Module.parseFile(tmp_path / "m.mlirbc")) == str(module)
    with pytest.raises(MLIRError, match="nothing-there"):
        Module.parseFile(str(tmp_path / "nothing-there"))


def test_values_and_uses() -> None:
    """replace_all_uses_with, except, operand assignment and types."""
    module = Module.parse(
        "func.func @f(%a: f32, %b: f32) -> f32 {\n"
        "  %0 = arith.addf %a, %a : f32\n  %1 = arith.mulf %0, %a : f32\n  return %1 : f32\n}"
    )
    function = module.body.operations[0]
    a, b = function.arguments
    add, multiply, end = function.entry_block.operations
    assert sorted(use.operand_number for use in a.uses) == [0, 1, 1]
    a.replace_all_uses_except(b, [multiply])
    assert list(add.operation.operands) == [b, b] and multiply.rhs == a
    multiply.operation.operands[1] = b
    assert list(a.uses) == []
    multiply.result.replace_all_uses_with(add)
    assert end.operands_[0] == add.result
    multiply.operation.erase()
    b.replace_all_uses_with(b)
    assert function.operation.verify()
    assert hash(add.result) == hash(end.operands_[0]) and add.result != a
    assert [str(v.type) for v in function.arguments] == ["f32", "f32"]
    assert (function.arguments + [add.result])[-1] == add.result  # noqa: RUF005
    assert list(function.arguments[::-1]) == [b, a]


def test_walk_orders() -> None:
    """Post-order by default; SKIP leaves out what is inside, INTERRUPT ends."""
    module = Module.parse("func.func @f() { return }\nfunc.func @g() { return }")

    def names(order: WalkOrder, answer: dict[str, WalkResult]) -> list[str]:
        seen: list[str] = []

        def visit(op: Operation) -> WalkResult:
            seen.append(op.name.split(".")[1])
            return answer.get(op.name, WalkResult.ADVANCE)

        module.operation.walk(visit, order)
        return seen

    assert names(WalkOrder.POST_ORDER, {}) == ["return", "func", "return", "func", "module"]
    assert names(WalkOrder.PRE_ORDER, {"func.func": WalkResult.SKIP}) == ["module", "func", "func"]
    assert names(WalkOrder.POST_ORDER, {"func.func": WalkResult.INTERRUPT}) == ["return", "func"]


def test_symbol_tables() -> None:
    """Lookup, insertion under a free name, visibility, renaming."""
    module = Module.parse("func.func private @f()\nfunc.func @g() { call @f() : () -> () return }")
    table = SymbolTable(module.operation)
    assert table["f"].name.value == "f" and "h" not in table
    copy = table["f"].operation.clone(ip=False)
    assert table.insert(copy).value == "f_0"
    assert SymbolTable.get_visibility(table["f_0"]).value == "private"
    SymbolTable.set_symbol_name(table["f"], "renamed")
    SymbolTable.replace_all_symbol_uses("f", "renamed", module.operation)
    assert "call @renamed()" in str(module)
    table.erase(table["f_0"])
    del table["g"]
    assert [op.name.value for op in module.body.operations] == ["renamed"]


def test_structured_control_flow_and_linalg() -> None:
    """The hand-written conveniences of scf, tensor, memref, arith, linalg and builtin."""
    module = builtin.ModuleOp()
    f32 = F32Type.get()
    with InsertionPoint(module.body):

        @func.FuncOp.from_py_func(
            RankedTensorType.get([4, 5], f32), RankedTensorType.get([5, 3], f32)
        )
        def product(a: Value, b: Value) -> Value:
            zero = arith.constant(f32, 0.0)
            out = linalg.fill(zero, outs=[tensor.empty([4, 3], f32)])
            return linalg.matmul(a, b, outs=[out])

        @func.FuncOp.from_py_func(MemRefType.get([10], f32))
        def total(buffer: Value) -> Value:
            start = arith.constant(f32, 1.5)
            for i, carried, last in scf.for_(0, 10, 2, iter_args=[start]):
                result = last
                scf.yield_([arith.addf(carried, memref.load(buffer, [i]))])
            condition = arith.constant(IntegerType.get_signless(1), 1)
            branch = scf.IfOp(condition, [f32])
            with InsertionPoint(branch.then_block):
                scf.yield_([result])
            with InsertionPoint(branch.else_block):
                scf.yield_([start])
            return branch.results[0]

    assert module.operation.verify()
    text = str(module)
    assert "linalg.matmul ins(" in text and "iter_args(" in text and "scf.if" in text
    constant = module.body.operations[1].entry_block.operations[0]
    assert constant.literal_value == 1.5


def test_generated_constructors_take_plain_values() -> None:
    """Integers, strings, enums and lists become attributes of the right kind."""
    i8, i32 = IntegerType.get_signless(8), IntegerType.get_signless(32)
    image = RankedTensorType.get([1, 8, 6, 3], i8)
    module = Module.create()
    with InsertionPoint(module.body):

        @func.FuncOp.from_py_func(image)
        def pool(x: Value) -> Value:
            zero = tosa.const(
                DenseElementsAttr.get_splat(RankedTensorType.get([1], i8), IntegerAttr.get(i8, 0))
            )
            pooled = tosa.max_pool2d(
                RankedTensorType.get([1, 4, 3, 3], i8),
                x,
                kernel=[2, 2],
                stride=[2, 2],
                pad=[0, 0, 0, 0],
            )
            flat = tosa.cast(RankedTensorType.get([1, 4, 3, 3], i32), pooled)
            same = arith.CmpIOp(arith.CmpIPredicate.eq, flat, flat)
            return [pooled, zero, same.result]

    assert module.operation.verify()
    text = str(module)
    assert "kernel = array<i64: 2, 2>" in text
    assert "arith.cmpi eq" in text


def test_segments_of_operands() -> None:
    """Operations with several variadic groups know their groups, also after parsing."""
    module = Module.parse(
        "func.func @f(%n: index, %s: index) {\n"
        "  %0 = memref.alloc(%n, %n)[%s]\n"
        "    : memref<?x?xf32, affine_map<(d0, d1)[s0] -> (d0 + s0, d1)>>\n  return\n}"
    )
    alloc = module.body.operations[0].entry_block.operations[0]
    assert (len(alloc.dynamicSizes), len(alloc.symbolOperands)) == (2, 1)
    with InsertionPoint(alloc):
        again = memref.AllocOp(alloc.memref.type, list(alloc.dynamicSizes), alloc.symbolOperands)
    assert list(again.operation.attributes["operandSegmentSizes"]) == [2, 1]
    with pytest.raises(ValueError, match="required but was None"):
        memref.SubViewOp(alloc.memref.type, None, [], [], [], [0, 0], [1, 1], [1, 1])


def test_result_types_are_inferred() -> None:
    """Where the dialect can; else the error says to pass them; too few operands are refused."""
    f32 = F32Type.get()
    number = arith.constant(f32, 2.0)
    total = Operation.create("arith.addf", operands=[number, number], infer_type=True)
    assert total.result.type == f32
    for name in ("arith.addf", "tosa.concat", "tosa.reshape"):
        with pytest.raises(ValueError, match="operands to infer"):
            Operation.create(name, infer_type=True)
    with pytest.raises(ValueError, match="cannot infer"):
        Operation.create("linalg.matmul", infer_type=True)


def test_own_dialects_are_there() -> None:
    """mla and a65 have generated modules like every dialect of MLIR."""
    for module, name in ((afe.dialects.mla, "mla"), (afe.dialects.a65, "a65")):
        classes = [c for c in vars(module).values() if hasattr(c, "OPERATION_NAME")]
        assert classes
        assert all(c.OPERATION_NAME.startswith(f"{name}.") for c in classes)
        for cls in classes:
            assert Context.current.is_registered_operation(cls.OPERATION_NAME)


def test_dialects_by_name() -> None:
    """context.dialects and context.d give the generated class of a dialect, or refuse."""
    context = Context.current
    assert context.dialects["func"].descriptor.namespace == "func"
    assert context.d.tosa.AddOp is tosa.AddOp
    with pytest.raises(ValueError, match="'nope'"):
        _ = context.dialects["nope"]
    with pytest.raises(AttributeError, match="nope"):
        _ = context.d.nope


def test_casters_replace_python_classes() -> None:
    """A value caster makes the Python object for values of its type."""

    class Number(Value):
        def __add__(self, other: Value) -> Value:
            return arith.addf(self, other)

    f64 = F64Type.get()
    ir.register_value_caster(F64Type.static_typeid)(Number)
    with pytest.raises(RuntimeError, match="already registered"):
        ir.register_value_caster(F64Type.static_typeid)(Number)
    value = arith.constant(f64, 1.0)
    assert isinstance(value, Number)
    assert (value + value).owner.name == "arith.addf"
    ir.register_value_caster(F64Type.static_typeid, replace=True)(lambda value: value)


def test_building_is_fast(context: Context) -> None:
    """A thousand operations take well under 50 ms of processor time (the best of three)."""
    tensor_type = RankedTensorType.get([2, 3], F32Type.get())
    times = []
    for _ in range(3):
        module = Module.create()
        with InsertionPoint(module.body):
            value = tosa.const(DenseElementsAttr.get_splat(tensor_type, FloatAttr.get_f32(1)))
            start = time.process_time()
            for _ in range(1000):
                value = tosa.add(tensor_type, value, value)
            times.append(time.process_time() - start)
    assert min(times) < 0.05


def test_the_stubs_are_up_to_date() -> None:
    """python/afe/_mlir/*.pyi are what the native module says of itself."""
    script = PROJECT / "python" / "bindings" / "update_stubs.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
