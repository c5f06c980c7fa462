"""What values activations take on the calibration samples.

Two passes: the first notes every sample's smallest and largest value, the second counts values in
bins of equal width between the extremes. So memory is one sample's activations and the counts,
whatever the number of samples and however their ranges differ, and the counts do not depend on the
order of the samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, helper

from afe.errors import AfeError, ErrorCode
from afe.importers.onnx.problems import shown
from afe.quantize.tools import Array, Feeds, Session

Progress = Callable[[str], None]

F64 = NDArray[np.float64]


@dataclass
class Spread:
    """The values of one tensor: per sample the extremes; `counts` in equal bins between all."""

    lows: list[float]
    highs: list[float]
    counts: NDArray[np.int64] | None = None

    @property
    def low(self) -> float:
        """The smallest of all values."""
        return min(self.lows)

    @property
    def high(self) -> float:
        """The largest of all values."""
        return max(self.highs)

    def centres(self) -> F64:
        """The middle of every bin."""
        assert self.counts is not None
        edges = np.linspace(self.low, self.high, len(self.counts) + 1)
        return np.asarray((edges[1:] + edges[:-1]) / 2)


class Observer:
    """Runs a model with inner tensors as outputs."""

    def __init__(self, model: ModelProto, tensors: Iterable[str], title: str) -> None:
        exposed = ModelProto()
        exposed.CopyFrom(model)
        infos = {info.name: info for info in (*exposed.graph.value_info, *exposed.graph.output)}
        inputs = {info.name for info in exposed.graph.input}
        outputs = {info.name for info in exposed.graph.output}
        self._tensors = list(tensors)
        self._inner = [name for name in self._tensors if name not in inputs]
        for name in self._inner:
            if name not in outputs:
                info = infos.get(name) or helper.make_empty_tensor_value_info(name)
                exposed.graph.output.append(info)
        self._session = Session(exposed, title)

    def run(self, feeds: Feeds) -> dict[str, Array]:
        """The tensors by name; inputs among them as they were given."""
        values = self._session.run(self._inner, feeds) if self._inner else []
        inner = dict(zip(self._inner, values, strict=True))
        return {name: inner[name] if name in inner else feeds[name] for name in self._tensors}


def spreads(
    observer: Observer, samples: Sequence[Feeds], bins: int, progress: Progress | None = None
) -> dict[str, Spread]:
    """The values of the observed tensors; counted in `bins` bins where that is not 0.

    Raises AfeError INVALID_INPUT where a sample makes a tensor infinite or no number.
    """
    found: dict[str, Spread] = {}
    for number, feeds in enumerate(samples):
        _tell(progress, "ranges", number, len(samples))
        for name, values in observer.run(feeds).items():
            low, high = float(values.min()), float(values.max())
            if not np.isfinite(low) or not np.isfinite(high):
                raise _not_finite(name, number)
            spread = found.setdefault(name, Spread([], []))
            spread.lows.append(low)
            spread.highs.append(high)
    if bins:
        _count(found, observer, samples, bins, progress)
    return found


def _count(
    found: dict[str, Spread],
    observer: Observer,
    samples: Sequence[Feeds],
    bins: int,
    progress: Progress | None,
) -> None:
    for spread in found.values():
        spread.counts = np.zeros(bins, np.int64)
    for number, feeds in enumerate(samples):
        _tell(progress, "histograms", number, len(samples))
        for name, values in observer.run(feeds).items():
            spread = found[name]
            if spread.high > spread.low:
                spread.counts += np.histogram(values, bins, (spread.low, spread.high))[0]


def _tell(progress: Progress | None, what: str, number: int, count: int) -> None:
    if progress is not None:
        progress(f"{what}: sample {number + 1} of {count}")


def _not_finite(tensor: str, number: int) -> AfeError:
    return AfeError(
        ErrorCode.INVALID_INPUT,
        f"calibration sample {number}: tensor {shown(tensor)} holds numbers that are infinite or "
        "none; expected finite activations: look at the scale of the inputs",
    )
