"""The EV74 kernels' parameters in full, from the little the compiler states.

The chain says what cannot be derived (`divisor`, `zero_point`, `perms`…); the JSON of the archive
spells out everything the kernel's reader looks up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afe.package.network import SCALAR_BYTES, TensorType

Json = dict[str, Any]

_LAYOUT_LETTERS = {1: "N", 2: "NC", 3: "NWC", 4: "NHWC", 5: "NDHWC"}


def full_params(
    kernel: str,
    params: Mapping[str, Any],
    inputs: Sequence[TensorType],
    outputs: Sequence[TensorType],
) -> Json:
    """`params` completed for `kernel`; kernels with nothing to add keep theirs."""
    complete = _COMPLETE.get(kernel)
    return dict(params) | (complete(params, inputs, outputs) if complete else {})


def _quantization(
    params: Mapping[str, Any], inputs: Sequence[TensorType], outputs: Sequence[TensorType]
) -> Json:
    """`divisor` d and `zero_point` z as channel_params [[1 / d, z]]."""
    full: Json = {"num_bits": 8 * SCALAR_BYTES[outputs[0].scalar]}
    if "channel_params" not in params:
        full["channel_params"] = _channel_params(params["divisor"], params.get("zero_point", 0))
    if params.get("rounding", "half_even") in ("half_even", "TONEAREST"):
        return full | {"rounding": "TONEAREST"}
    return full | {"rounding": "HALF_AWAY"}


def _dequantization(
    params: Mapping[str, Any], inputs: Sequence[TensorType], outputs: Sequence[TensorType]
) -> Json:
    """`scale` s and `zero_point` z: the multiplier of the quantization it undoes is 1 / s."""
    full: Json = {"num_bits": 8 * SCALAR_BYTES[inputs[0].scalar]}
    if "channel_params" not in params:
        full["channel_params"] = _channel_params(params["scale"], params.get("zero_point", 0))
    return full


def _channel_params(scale: float | Sequence[float], zero_point: int) -> list[list[float]]:
    scales = scale if isinstance(scale, Sequence) else [scale]
    return [[1.0 / value, zero_point] for value in scales]


def _layout(
    params: Mapping[str, Any], inputs: Sequence[TensorType], outputs: Sequence[TensorType]
) -> Json:
    """`perms` as layouts by letters; the channels-last one has the usual letters."""
    if params.get("src_layout", "any") != "any":
        return {}
    perms = [int(axis) for axis in params["perms"]]
    rank = len(perms)
    letters = _LAYOUT_LETTERS.get(rank, "ABCDEFGH"[:rank])
    destination = [letters[perms.index(axis)] for axis in range(rank)]
    channels_last = {4: [0, 2, 3, 1], 3: [0, 2, 1], 5: [0, 2, 3, 4, 1]}
    if perms == channels_last.get(rank):
        return {"src_layout": "".join(destination), "dst_layout": letters}
    source = letters
    return {"src_layout": source, "dst_layout": "".join(source[axis] for axis in perms)}


def _reshape(
    params: Mapping[str, Any], inputs: Sequence[TensorType], outputs: Sequence[TensorType]
) -> Json:
    return {"newshape": list(outputs[0].shape)}


def _cast(
    params: Mapping[str, Any], inputs: Sequence[TensorType], outputs: Sequence[TensorType]
) -> Json:
    return {"out_dtype": outputs[0].scalar}


def _slice(
    params: Mapping[str, Any], inputs: Sequence[TensorType], outputs: Sequence[TensorType]
) -> Json:
    """`start` of the box; its size is the output's."""
    begin = [int(low) for low in params.get("begin", params.get("start", ()))]
    end = [low + size for low, size in zip(begin, outputs[0].shape, strict=True)]
    return {"begin": begin, "end": end}


_COMPLETE = {
    "quantization_transform": _quantization,
    "dequantization_transform": _dequantization,
    "layout_transform": _layout,
    "reshape_transform": _reshape,
    "cast_transform": _cast,
    "slice_transform": _slice,
}
