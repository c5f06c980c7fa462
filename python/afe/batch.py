"""Which batch is compiled: the largest up to the one asked for whose activations stay in L2.

A batch is feasible if no plan has to spill an intermediate tensor that one image alone would not
spill. The batch asked for is tried first, and nothing else if it is feasible; otherwise the search
goes by what the failed plan says it needs, in growing steps and by bisection. One image is always
feasible. Every try is the phases up to the plan on a copy of the module; the program is made of the
batch found.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from afe.errors import AfeError, ErrorCode
from afe.package.network import Network
from afe.package.report import BatchTry, cycles_of

if TYPE_CHECKING:
    from afe import ir

_LIMIT = "afe.batch_limit"
_ALLOWED_SPILLS = "afe.allowed_spills"

Planner = Callable[[int, Collection[str] | None], "ir.Module"]
"""The module planned for a batch; None allows every tensor to be spilled."""


@dataclass(frozen=True)
class Found:
    """The batch found, its planned module, and all batches tried, in the order of the search."""

    batch: int
    module: ir.Module
    allowed: Collection[str] | None
    tries: Sequence[BatchTry]


@dataclass
class BatchSearch:
    """Searches for a model and a target with `l2_bytes` of L2."""

    l2_bytes: int
    plan: Planner
    tell: Callable[[str], None] = lambda text: None
    _tries: dict[int, BatchTry] = field(default_factory=dict)
    _begin: float = 0.0

    def run(self, asked: int) -> Found:
        """The largest feasible batch found from 1 to `asked`; deterministic.

        Raises AfeError where the model cannot be compiled at all.
        """
        self._announce(asked, 0, 0)
        module = self._try(asked, ())
        if module is not None:
            return self._found(asked, module, ())
        self._announce(1, 1, asked)
        alone = self.plan(1, None)
        self._tries[1] = tried(alone, 1)
        allowed = {str(spill["storage"]) for spill in _spills(alone)}
        best, best_module, limit = 1, alone, asked
        if allowed:  # what one image spills counts for nobody
            module = self._try(asked, allowed)
            if module is not None:
                return self._found(asked, module, allowed)
        failures, step = 0, 1
        while limit - best > 1:
            batch = (best + limit) // 2 if failures > 1 else self._guess(best, limit, step)
            self._announce(batch, best, limit)
            module = self._try(batch, allowed)
            if module is None:
                limit, failures = batch, failures + 1
            else:
                best, best_module, failures, step = batch, module, 0, 2 * step
        return self._found(best, best_module, None if best == 1 else allowed)

    def _announce(self, batch: int, best: int, limit: int) -> None:
        """Says which batch is tried and, from the second on, about how long bisection can take."""
        now = time.perf_counter()
        self._begin = self._begin or now
        tries = math.ceil(math.log2(max(2, limit - best)))
        done = len(self._tries)
        left = f", about {tries * (now - self._begin) / done:.0f} s left" if done else ""
        self.tell(f"batch {batch}{left}")

    def _guess(self, feasible: int, infeasible: int, step: int) -> int:
        """Where the bytes needed would meet the capacity if they grew with the batch; growing steps
        from there on."""
        needed = self._tries[infeasible].needed_l2_bytes
        expected = infeasible * self.l2_bytes // needed if needed else 0
        return min(max(feasible + step, expected), infeasible - 1)

    def _try(self, batch: int, allowed: Collection[str]) -> ir.Module | None:
        """The planned module; None where the batch is not feasible."""
        try:
            module = self.plan(batch, allowed)
        except AfeError as error:
            if error.code is not ErrorCode.OUT_OF_MEMORY or batch == 1:
                raise
            reason = f"batch {batch}: {error.message}"
            self._tries[batch] = BatchTry(batch, False, 0, reason=reason)
            return None
        entry = tried(module, batch)
        excess = [spill for spill in _spills(module) if spill["storage"] not in allowed]
        if not excess or is_tied(module):
            self._tries[batch] = entry
            return module
        self._tries[batch] = dataclasses.replace(
            entry,
            is_feasible=False,
            needed_l2_bytes=excess[0]["needed"],
            reason=self._reason(batch, excess[0]),
        )
        return None

    def _reason(self, batch: int, spill: dict[str, Any]) -> str:
        needed, offered = _bytes_text(spill["needed"]), _bytes_text(self.l2_bytes)
        where = f"{spill['segment']}/{spill['layer']}"
        return f"batch {batch} needs {needed} of L2 at {where}, {offered} there"

    def _found(self, batch: int, module: ir.Module, allowed: Collection[str] | None) -> Found:
        return Found(batch, module, allowed, tuple(self._tries.values()))


def tried(module: ir.Module, batch: int) -> BatchTry:
    """A planned module as a feasible try."""
    cycles = sum(int(op.attributes["predicted_cycles"].value) for op in _segments(module))
    return BatchTry(batch, True, math.ceil(cycles / batch))


def finished_tries(tries: Sequence[BatchTry], network: Network) -> Sequence[BatchTry]:
    """The tries with the wall cycles of the one that was scheduled; where an operator ties the
    batch, that is the model's own instead of the one asked for."""
    actual, wall = network.actual_batch, cycles_of(network)["total"].wall
    if not any(entry.batch == actual for entry in tries):
        (only,) = tries
        predicted = math.ceil(only.predicted_cycles_per_image * only.batch / actual)
        tries = (BatchTry(actual, True, predicted),)
    scheduled = math.ceil(wall / actual)
    return tuple(
        dataclasses.replace(entry, scheduled_cycles_per_image=scheduled)
        if entry.batch == actual
        else entry
        for entry in tries
    )


def state_limit(found: Found) -> None:
    """Writes on the module why no larger batch is feasible: the smallest that was refused."""
    refused = [entry for entry in found.tries if not entry.is_feasible]
    if refused and not is_tied(found.module):
        from afe import ir

        reason = min(refused, key=lambda entry: entry.batch).reason
        attribute = ir.StringAttr.get(reason, context=found.module.context)
        found.module.operation.attributes[_LIMIT] = attribute


def is_tied(module: ir.Module) -> bool:
    """Whether an operator keeps the batch as it is in the model."""
    return _LIMIT in module.operation.attributes


def allow_spills(module: ir.Module, names: Collection[str]) -> None:
    """Lets the planner spill only these storages."""
    from afe import ir

    context = module.context
    texts = [ir.StringAttr.get(name, context=context) for name in sorted(names)]
    module.operation.attributes[_ALLOWED_SPILLS] = ir.ArrayAttr.get(texts, context=context)


def _segments(module: ir.Module) -> list[ir.Operation]:
    operations = [op.operation for op in module.body.operations]
    return [operation for operation in operations if operation.name == "mla.segment"]


def _spills(module: ir.Module) -> list[dict[str, Any]]:
    from afe.package.read_module import plain

    return [
        {**spill, "segment": plain(segment.attributes["sym_name"])}
        for segment in _segments(module)
        for spill in plain(segment.attributes["spills"])
    ]


def _bytes_text(count: int) -> str:
    """In MiB or KiB, rounded up to a tenth."""
    unit, size = ("MiB", 1 << 20) if count >= 1 << 20 else ("KiB", 1 << 10)
    return f"{math.ceil(count * 10 / size) / 10:g} {unit}"
