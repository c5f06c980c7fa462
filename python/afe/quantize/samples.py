"""Arrays a user hands in, checked against a network's inputs: names, shapes, types, values.

Arrays hold any number of images: the first axis may be any multiple of the network's batch.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode
from afe.importers.onnx.problems import shown
from afe.quantize.net import TO_CHANNELS_LAST, Edge

Array = NDArray[Any]
Feeds = Mapping[str, Array]


def calibration_samples(inputs: Sequence[Edge], data: object) -> list[Feeds]:
    """One feed per run of the network.

    `data` is a dict of arrays, or an iterable of dicts. Raises AfeError INVALID_INPUT.
    """
    if isinstance(data, Mapping):
        data = [data]
    if isinstance(data, (str, bytes, np.ndarray)) or not isinstance(data, Iterable):
        raise _wrong(
            f"calibration data is {type(data).__name__}; expected a dict of arrays by input name, "
            "or a list of such dicts"
        )
    samples: list[Feeds] = []
    for number, sample in enumerate(data):
        samples += split(inputs, sample, f"calibration sample {number}")
    if not samples:
        raise _wrong("there is no calibration data; some ten to hundred typical samples are needed")
    return samples


def split(inputs: Sequence[Edge], feeds: object, title: str) -> list[Feeds]:
    """`feeds` checked and cut along the first axis into runs of the network's batch."""
    checked = _checked(inputs, feeds, title)
    runs = {len(checked[edge.name]) // edge.shape[0] for edge in inputs if edge.shape}
    if len(runs) > 1:
        sizes = ", ".join(f"{shown(name)}: {len(array)}" for name, array in checked.items())
        raise _wrong(f"{title}: its inputs hold different numbers of images ({sizes})")
    count = runs.pop() if runs else 1
    return [
        {
            edge.name: _part(checked[edge.name], edge, number) if edge.shape else checked[edge.name]
            for edge in inputs
        }
        for number in range(count)
    ]


def _part(array: Array, edge: Edge, number: int) -> Array:
    batch = edge.shape[0]
    return array[number * batch : (number + 1) * batch]


def _checked(inputs: Sequence[Edge], feeds: object, title: str) -> dict[str, Array]:
    if not isinstance(feeds, Mapping):
        raise _wrong(f"{title} is {type(feeds).__name__}; expected a dict of arrays by input name")
    names = [edge.name for edge in inputs]
    for name in feeds:
        if name not in names:
            near = difflib.get_close_matches(str(name), names, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"inputs are {_listed(names)}"
            raise _wrong(f"{title}: the network has no input {shown(str(name))}; {hint}")
    for name in names:
        if name not in feeds:
            raise _wrong(f"{title}: input {shown(name)} is missing; inputs are {_listed(names)}")
    return {edge.name: _array(edge, feeds[edge.name], title) for edge in inputs}


def _array(edge: Edge, value: object, title: str) -> Array:
    """The array of one input, in its dtype and, but for the number of images, its shape."""
    where = f"{title}: input {shown(edge.name)}"
    if not isinstance(value, np.ndarray):
        raise _wrong(f"{where} is {type(value).__name__}; expected a numpy array")
    array: Array = value
    expected = f"expected {edge.dtype} {list(edge.shape)}"
    _check_shape(edge, array, where)
    kinds = "f" if edge.dtype.kind == "f" else "iub"
    if array.dtype.kind not in kinds:
        raise _wrong(f"{where} has elements of {array.dtype}; {expected}")
    if array.size == 0:
        raise _wrong(f"{where} is empty, its shape is {list(array.shape)}; {expected}")
    if kinds == "f" and not np.isfinite(array).all():
        place = [int(index) for index in np.argwhere(~np.isfinite(array))[0]]
        raise _wrong(f"{where} holds {array[tuple(place)]} at {place}; expected finite numbers")
    with np.errstate(over="ignore"):
        converted = array.astype(edge.dtype)
    if kinds == "f" and not np.isfinite(converted).all():
        raise _wrong(f"{where} holds numbers that are too large for {edge.dtype}")
    if kinds != "f" and not np.array_equal(converted, array):
        raise _wrong(f"{where} holds numbers that do not fit; {expected}")
    return np.ascontiguousarray(converted)


def _check_shape(edge: Edge, array: Array, where: str) -> None:
    rest_fits = array.ndim == len(edge.shape) and array.shape[1:] == edge.shape[1:]
    if rest_fits and (not edge.shape or array.shape[0] % edge.shape[0] == 0):
        return
    shape = list(edge.shape)
    text = f"{where} has shape {list(array.shape)}; expected {shape}"
    if edge.shape and edge.shape[0] == 1:
        text += f", or [n, {', '.join(map(str, shape[1:]))}] for n images"
    if edge.shape != edge.own_shape and array.shape[1:] == edge.own_shape[1:]:
        text += f": channels come last here, transpose it by {list(TO_CHANNELS_LAST)}"
    raise _wrong(text)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(shown(name) for name in names[:8])


def _wrong(text: str) -> AfeError:
    return AfeError(ErrorCode.INVALID_INPUT, text)
