"""The EV74's fixed functions in numpy, configured by a plugin's `params`.

A kernel takes arrays of the plugin's input types and returns arrays of its output types. Shapes
and dtypes were checked by `schema`; a parameter that does not fit them is AfeError SCHEMA_ERROR.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode
from afe.package.network import TensorType
from afe.runtime.schema import Plugin

Array = NDArray[Any]
Kernel = Callable[[Plugin, Sequence[Array]], list[Array]]


def run_kernel(plugin: Plugin, inputs: Sequence[Array]) -> list[Array]:
    """The plugin's outputs; an unknown kernel or parameters that do not fit are an AfeError."""
    kernel = KERNELS.get(plugin.kernel)
    if kernel is None:
        raise AfeError(
            ErrorCode.SCHEMA_ERROR, f"plugin '{plugin.name}': unknown kernel '{plugin.kernel}'"
        )
    try:
        inputs = [_shaped(x, tensor) for x, tensor in zip(inputs, plugin.input_types, strict=True)]
        outputs = kernel(plugin, inputs)
        return [
            np.ascontiguousarray(array).reshape(tensor.shape).astype(tensor.scalar, copy=False)
            for array, tensor in zip(outputs, plugin.output_types, strict=True)
        ]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise AfeError(
            ErrorCode.SCHEMA_ERROR,
            f"plugin '{plugin.name}': parameters of {plugin.kernel} do not fit its tensors",
            notes=[str(error)],
        ) from error


def _shaped(x: Array, tensor: TensorType) -> Array:
    """The plugin's view of a buffer: what wrote it may count its elements in other dimensions."""
    return x.reshape(tensor.shape) if x.size == tensor.element_count else x


# --- quantization --------------------------------------------------------------------------------


def _quantize(plugin: Plugin, inputs: Sequence[Array]) -> list[Array]:
    """rint(x / divisor) + zero_point, saturated; without `divisor`, rint(x · scale) + zero_point.

    `rounding` HALF_AWAY rounds halves away from zero, not to even. NaN becomes the zero point.
    """
    (x,) = inputs
    scale, zero_point = _channels(plugin.params, "divisor")
    x = x.astype(np.float32, copy=False)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        real = x / scale if "divisor" in plugin.params else x * scale
    rounded = _round(real.astype(np.float32, copy=False), str(plugin.params.get("rounding")))
    return [saturated(rounded, zero_point, plugin.output_types[0].scalar)]


def saturated(rounded: Array, zero_point: Array | int, scalar: str) -> Array:
    """Whole numbers plus zero points, within the limits of an integer type; NaN counts as 0."""
    low, high = _limits(scalar)
    shifted = np.nan_to_num(rounded.astype(np.float64), posinf=np.inf, neginf=-np.inf) + zero_point
    return np.clip(shifted, low, high).astype(scalar)


def _dequantize(plugin: Plugin, inputs: Sequence[Array]) -> list[Array]:
    """f32(q - zero_point) · params.scale; without it, divided by the channel's multiplier."""
    (q,) = inputs
    scale, zero_point = _channels(plugin.params, "scale")
    difference = (q.astype(np.int64) - zero_point.astype(np.int64)).astype(np.float32)
    return [difference * scale if "scale" in plugin.params else difference / scale]


def _channels(params: Mapping[str, Any], exact: str) -> tuple[Array, Array]:
    """Scales (f32) and zero points along the last axis; `params[exact]` replaces the scales."""
    channels = np.asarray(params["channel_params"], np.float64)
    if channels.ndim != 2 or channels.shape[1] != 2:
        raise ValueError("channel_params must be pairs of scale and zero point")
    scale = np.asarray(params.get(exact, channels[:, 0]), np.float32)
    return scale, channels[:, 1]


def _round(x: Array, rounding: str) -> Array:
    if rounding == "HALF_AWAY":
        whole = np.trunc(x)
        rounded: Array = whole + np.where(np.abs(x - whole) >= 0.5, np.sign(x), 0).astype(x.dtype)
        return rounded
    even: Array = np.rint(x)
    return even


def _limits(scalar: str) -> tuple[int, int]:
    info = np.iinfo(scalar)
    return int(info.min), int(info.max)


def _cast(plugin: Plugin, inputs: Sequence[Array]) -> list[Array]:
    """`out_dtype`; a float becomes an integer by truncation, saturated."""
    (x,) = inputs
    dtype = np.dtype(plugin.params["out_dtype"])
    if dtype.name != plugin.output_types[0].scalar:
        raise ValueError(f"out_dtype is {dtype}, the output {plugin.output_types[0].scalar}")
    if dtype.kind in "iu" and x.dtype.kind == "f":
        low, high = _limits(dtype.name)
        x = np.clip(np.nan_to_num(np.trunc(x.astype(np.float64))), low, high)
    return [x.astype(dtype)]


# --- tiles ---------------------------------------------------------------------------------------


def _tessellate(plugin: Plugin, inputs: Sequence[Array]) -> list[Array]:
    """Frames [N, H, W, C] cut into slices; each slice's bytes follow one another."""
    (x,) = inputs
    frames = x.reshape(-1, *_frame_shape(plugin.params, plugin.input_types[0]))
    pieces = [
        _slice_bytes(frame[box], plugin.params).reshape(-1)
        for frame in frames
        for box in _boxes(frame.shape, plugin.params["slice_shape"])
    ]
    return [np.concatenate(pieces)]


def _detessellate(plugin: Plugin, inputs: Sequence[Array]) -> list[Array]:
    """The inverse: padding is dropped, slices return to their places in [N, H, W, C]."""
    data = inputs[0].reshape(-1)
    shape = _frame_shape(plugin.params, plugin.output_types[0])
    count = plugin.output_types[0].element_count // math.prod(shape)
    frames = np.empty((count, *shape), data.dtype)
    position = 0
    for frame in frames:
        for box in _boxes(shape, plugin.params["slice_shape"]):
            part = frame[box]
            size = _padded_elements(part.shape, plugin.params)
            part[...] = _from_slice_bytes(
                data[position : position + size], part.shape, plugin.params
            )
            position += size
    if position != data.size:
        raise ValueError(f"slices take {position} elements of {data.size}")
    return [frames]


def _frame_shape(params: Mapping[str, Any], tensor: TensorType) -> tuple[int, int, int]:
    """[H, W, C]: stated, or the tensor's inner dimensions."""
    if "frame_shape" in params:
        height, width, channels = (int(size) for size in params["frame_shape"])
        return height, width, channels
    inner = tensor.shape[1:] or (1,)
    width = inner[-2] if len(inner) > 1 else 1
    return math.prod(inner[:-2]), width, inner[-1]


def _boxes(shape: Sequence[int], slice_shape: Sequence[int]) -> list[tuple[slice, ...]]:
    """Slices over rows, columns, channels in row-major order; those at the edge are smaller."""
    steps = [max(1, min(int(size), full)) for size, full in zip(slice_shape, shape, strict=True)]
    return [
        (slice(h, h + steps[0]), slice(w, w + steps[1]), slice(c, c + steps[2]))
        for h in range(0, shape[0], steps[0])
        for w in range(0, shape[1], steps[1])
        for c in range(0, shape[2], steps[2])
    ]


def _aligned(channels: int, params: Mapping[str, Any]) -> int:
    return -(-channels // 16) * 16 if params["align_c16"] or params["cblock"] else channels


def _padded_elements(shape: Sequence[int], params: Mapping[str, Any]) -> int:
    return shape[0] * shape[1] * _aligned(shape[2], params)


def _slice_bytes(part: Array, params: Mapping[str, Any]) -> Array:
    """[h][w][c], or [c / 16][h][w][16] with `cblock`; padded channels are 0."""
    height, width, channels = part.shape
    padded = _aligned(channels, params)
    if padded != channels:
        part = np.pad(part, ((0, 0), (0, 0), (0, padded - channels)))
    if params["cblock"]:
        return part.reshape(height, width, padded // 16, 16).transpose(2, 0, 1, 3)
    return part


def _from_slice_bytes(data: Array, shape: Sequence[int], params: Mapping[str, Any]) -> Array:
    height, width, channels = shape
    padded = _aligned(channels, params)
    if params["cblock"]:
        blocks = data.reshape(padded // 16, height, width, 16).transpose(1, 2, 0, 3)
        return blocks.reshape(height, width, padded)[..., :channels]
    return data.reshape(height, width, padded)[..., :channels]


# --- data movement -------------------------------------------------------------------------------


def _layout(plugin: Plugin, inputs: Sequence[Array]) -> list[Array]:
    """`src_layout` and `dst_layout` name the dimensions by letters, as NCHW and NHWC."""
    source, destination = str(plugin.params["src_layout"]), str(plugin.params["dst_layout"])
    if sorted(source) != sorted(destination) or len(set(source)) != len(source):
        raise ValueError(f"{source} cannot become {destination}")
    return [inputs[0].transpose([source.index(letter) for letter in destination])]


def _reshape(plugin: Plugin, inputs: Sequence[Array]) -> list[Array]:
    return [inputs[0].reshape([int(size) for size in plugin.params["newshape"]])]


def _slice(plugin: Plugin, inputs: Sequence[Array]) -> list[Array]:
    """The box from `begin` to `end`, one bound per dimension."""
    begin, end = plugin.params["begin"], plugin.params["end"]
    if len(begin) != inputs[0].ndim:
        raise ValueError(f"{len(begin)} bounds for {inputs[0].ndim} dimensions")
    box = tuple(slice(int(low), int(high)) for low, high in zip(begin, end, strict=True))
    return [inputs[0][box]]


def _pack(plugin: Plugin, inputs: Sequence[Array]) -> list[Array]:
    """The inputs' bytes one behind another."""
    return [np.concatenate([_bytes(x) for x in inputs]).view(np.int8)]


def _unpack(plugin: Plugin, inputs: Sequence[Array]) -> list[Array]:
    """Tensors of `tensor_types` and `tensor_shapes` out of one buffer's bytes."""
    data = _bytes(inputs[0])
    outputs, position = [], 0
    for scalar, shape in zip(
        plugin.params["tensor_types"], plugin.params["tensor_shapes"], strict=True
    ):
        tensor = TensorType(scalar, tuple(shape))
        part = data[position : position + tensor.size_in_bytes]
        outputs.append(part.view(scalar).reshape(tensor.shape))
        position += tensor.size_in_bytes
    if position != data.size:
        raise ValueError(f"the tensors have {position} bytes of {data.size}")
    return outputs


def _pass_through(plugin: Plugin, inputs: Sequence[Array]) -> list[Array]:
    return list(inputs)


def _bytes(x: Array) -> NDArray[np.uint8]:
    return np.ascontiguousarray(x).reshape(-1).view(np.uint8)


KERNELS: Mapping[str, Kernel] = {
    "quantization_transform": _quantize,
    "dequantization_transform": _dequantize,
    "tessellation_transform": _tessellate,
    "detessellation_transform": _detessellate,
    "cast_transform": _cast,
    "slice_transform": _slice,
    "reshape_transform": _reshape,
    "layout_transform": _layout,
    "pack_transform": _pack,
    "unpack_transform": _unpack,
    "pass_through": _pass_through,
}
