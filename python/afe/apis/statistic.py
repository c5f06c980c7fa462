"""Criteria of `Model.evaluate`: what is computed from a stream of results.

A `Statistic` starts from a state, is updated with one (result, ground truth) pair after another,
and gives an answer at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from afe.apis.compilation_job_base import Tensor
from afe.errors import AfeError, ErrorCode

Value = TypeVar("Value")
Answer = TypeVar("Answer")

Metric = Callable[[Tensor, Tensor], float]
"""A distance, or any figure, of two tensors."""


@dataclass(frozen=True)
class Statistic(Generic[Value, Answer]):
    """`start` makes a state, `update` takes a value into it, `finish` turns it into the answer."""

    start: Callable[[], Any]
    update: Callable[[Any, Value], Any]
    finish: Callable[[Any], Answer]

    def over(self, values: Iterable[Value]) -> Answer:
        """The answer for all values."""
        state = self.start()
        for value in values:
            state = self.update(state, value)
        return self.finish(state)


def equality(x: Tensor, y: Tensor) -> float:
    """1 where all elements are equal, else 0."""
    return float(np.array_equal(x, y))


def mean_float(x: Tensor, y: Tensor) -> float:
    """The mean of x - y."""
    return float(np.mean(np.asarray(x, np.float64) - np.asarray(y, np.float64)))


def mean(metric: Metric) -> Statistic[tuple[Sequence[Tensor], Tensor], float]:
    """The mean of `metric(first output, ground truth)` over all pairs."""

    def update(
        state: tuple[float, int], pair: tuple[Sequence[Tensor], Tensor]
    ) -> tuple[float, int]:
        outputs, truth = pair
        return state[0] + float(metric(outputs[0], truth)), state[1] + 1

    return Statistic(lambda: (0.0, 0), update, _mean)


def mean_text(metric: Metric) -> Statistic[tuple[Sequence[Tensor], Tensor], str]:
    """`mean` as a sentence."""
    whole = mean(metric)
    return Statistic(whole.start, whole.update, lambda state: f"Mean: {whole.finish(state):.6g}")


def threshold_test_counter(
    metric: Metric, threshold: float
) -> Statistic[tuple[Tensor, Tensor], str]:
    """How often `metric(x, y)` is below the threshold."""

    def update(state: tuple[int, int], pair: tuple[Tensor, Tensor]) -> tuple[int, int]:
        return state[0] + (metric(*pair) < threshold), state[1] + 1

    def finish(state: tuple[int, int]) -> str:
        share = 100 * state[0] / state[1] if state[1] else 0.0
        return f"{state[0]} of {state[1]} ({share:.2f} %) below {threshold:g}"

    return Statistic(lambda: (0, 0), update, finish)


def tensor_set_statistics(
    statistics: Sequence[Statistic[tuple[Any, Any], str]],
) -> Statistic[tuple[Sequence[Any], Sequence[Any]], str]:
    """One statistic per output, each with its own ground truth; one line each."""

    def update(states: Sequence[Any], pair: tuple[Sequence[Any], Sequence[Any]]) -> Sequence[Any]:
        outputs, truths = pair
        if not len(outputs) == len(truths) == len(statistics):
            raise AfeError(
                ErrorCode.INVALID_INPUT,
                f"{len(outputs)} outputs and {len(truths)} ground truths for "
                f"{len(statistics)} statistics",
            )
        parts = zip(statistics, states, outputs, truths, strict=True)
        return [entry.update(state, (x, y)) for entry, state, x, y in parts]

    def finish(states: Sequence[Any]) -> str:
        answers = (e.finish(state) for e, state in zip(statistics, states, strict=True))
        return "\n".join(answers)

    return Statistic(lambda: [entry.start() for entry in statistics], update, finish)


def _mean(state: tuple[float, int]) -> float:
    total, count = state
    if not count:
        raise AfeError(ErrorCode.INVALID_INPUT, "there is no evaluation data to take the mean of")
    return total / count
