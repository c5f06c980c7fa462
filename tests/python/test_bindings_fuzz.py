"""Random sequences of creating, using, moving and erasing IR: the bindings never crash.

Every step may raise one of the documented exceptions; a crash would end the whole test run. After
each sequence the surviving IR is printed, verified and cloned, and all handles are dropped.
"""

from __future__ import annotations

import contextlib
import gc
import random
from collections.abc import Callable
from typing import Any

from afe.ir import (
    Block,
    Context,
    F32Type,
    InsertionPoint,
    IntegerAttr,
    IntegerType,
    Location,
    MLIRError,
    Module,
    Operation,
    WalkResult,
)
from afe.passmanager import PassManager
from hypothesis import given, settings
from hypothesis import strategies as st

ALLOWED = (RuntimeError, ValueError, IndexError, KeyError, TypeError, MLIRError)


class Playground:
    """Pools of handles, alive and dead, and the random steps over them."""

    def __init__(self, context: Context, choices: random.Random) -> None:
        self.context = context
        self.choices = choices
        self.modules: list[Module] = [Module.create()]
        self.operations: list[Any] = [self.modules[0].operation]
        self.blocks: list[Any] = [self.modules[0].body]
        self.values: list[Any] = []

    def pick(self, pool: list[Any]) -> Any:
        if not pool:
            raise ValueError("nothing there yet")
        return self.choices.choice(pool)

    def create(self) -> None:
        operands = [self.pick(self.values) for _ in range(self.choices.randrange(3)) if self.values]
        successors = [self.pick(self.blocks)] if self.choices.random() < 0.2 else []
        name = self.choices.choice(["t.a", "t.b", "func.return", "arith.addf", "builtin.module"])
        point: Any = False
        if self.choices.random() < 0.8:
            at_block = self.choices.random() < 0.5
            point = InsertionPoint(self.pick(self.blocks if at_block else self.operations))
        op = Operation.create(
            name,
            results=[F32Type.get()] * self.choices.randrange(3),
            operands=operands,
            successors=successors,
            regions=self.choices.randrange(2),
            attributes={"n": IntegerAttr.get(IntegerType.get_signless(8), 7)},
            ip=point,
        )
        self.operations.append(op)
        self.values.extend(op.results)

    def add_block(self) -> None:
        region = self.pick(self.operations).regions[0]
        block = Block.create_at_start(region, [F32Type.get()] * self.choices.randrange(3))
        self.blocks.append(block)
        self.values.extend(block.arguments)

    def look(self) -> None:
        op = self.pick(self.operations)
        self.values.extend(op.operands)
        self.operations.extend([op.operation.opview, op.parent] if op.parent else [])
        self.operations.extend(use.owner for value in op.results for use in value.uses)
        str(op), op.verify(), len(op.attributes), hash(op), list(op.successors)
        op.attributes["n"] = op.attributes["n"]

    def look_at_value(self) -> None:
        value = self.pick(self.values)
        str(value), value.get_name(), hash(value), value.type, value.location
        block = value.owner if isinstance(value.owner, Block) else value.owner.block
        self.blocks.extend([block] if block else [])

    def look_at_block(self) -> None:
        block = self.pick(self.blocks)
        str(block), list(block.arguments), list(block.successors), list(block.predecessors)
        self.operations.extend(block.operations)
        block.region.owner.verify()

    def erase_operation(self) -> None:
        self.pick(self.operations).operation.erase()

    def erase_block(self) -> None:
        self.pick(self.blocks).erase()

    def erase_argument(self) -> None:
        self.pick(self.blocks).erase_argument(self.choices.randrange(-1, 2))

    def move(self) -> None:
        op, other = self.pick(self.operations), self.pick(self.operations)
        self.choices.choice([op.move_before, op.move_after])(other)

    def detach(self) -> None:
        self.pick(self.operations).detach_from_parent()

    def append(self) -> None:
        self.pick(self.blocks).append(self.pick(self.operations))

    def move_block(self) -> None:
        self.pick(self.blocks).append_to(self.pick(self.operations).regions[0])

    def rewire(self) -> None:
        op, value = self.pick(self.operations), self.pick(self.values)
        op.operands[self.choices.randrange(2)] = value
        self.pick(self.values).replace_all_uses_with(value)

    def redirect(self) -> None:
        self.pick(self.operations).successors[0] = self.pick(self.blocks)

    def clone(self) -> None:
        self.operations.append(self.pick(self.operations).clone(ip=False))

    def new_module(self) -> None:
        module = Module.create()
        self.modules.append(module)
        self.blocks.append(module.body)

    def drop(self) -> None:
        """Forgets handles, so that Python frees what they alone kept."""
        pool: list[Any] = self.choices.choice([self.modules, self.operations, self.blocks])
        pool.remove(self.pick(pool))
        if self.choices.random() < 0.3:
            gc.collect()

    def run_passes(self) -> None:
        module = self.pick(self.modules)
        PassManager.parse("builtin.module(canonicalize,cse,symbol-dce)").run(module.operation)

    def walk_and_erase(self) -> None:
        def visit(op: Operation) -> WalkResult:
            self.operations.append(op)
            if self.choices.random() < 0.3:
                self.operations[-1].erase()
            return self.choices.choice([WalkResult.ADVANCE, WalkResult.SKIP, WalkResult.ADVANCE])

        self.pick(self.operations).walk(visit)

    def steps(self) -> list[Callable[[], None]]:
        often = [self.create, self.add_block, self.look, self.look_at_value, self.look_at_block]
        return often * 3 + [
            self.erase_operation, self.erase_block, self.erase_argument, self.move, self.detach,
            self.append, self.move_block, self.rewire, self.redirect, self.clone, self.new_module,
            self.drop, self.run_passes, self.walk_and_erase,
        ]  # fmt: skip

    def finish(self) -> None:
        """Everything still there can be asked; everything else raises."""
        for handle in [*self.modules, *self.operations, *self.blocks, *self.values]:
            try:
                str(handle)
            except RuntimeError as error:
                assert "no longer exists" in str(error)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(1, 120))
def test_random_ir_surgery_never_crashes(seed: int, length: int) -> None:
    """Whatever order things are created, used and erased in, each step works or raises."""
    choices = random.Random(seed)
    with Context() as context, Location.unknown():
        context.allow_unregistered_dialects = True
        playground = Playground(context, choices)
        with context.attach_diagnostic_handler(lambda diagnostic: True):
            for _ in range(length):
                with contextlib.suppress(*ALLOWED):
                    choices.choice(playground.steps())()
            playground.finish()
        del playground
        gc.collect()
        assert context._get_live_handle_count() == 0
