"""The TOSA 1.0 flatbuffer schema: tables, enumerations, and the operators with their attributes.

`OPERATORS` says of every operator what MLIR calls it and which of the schema's attributes it has;
an attribute's kind is a key of `afe.importers.tosa.attributes.READERS`. Enumerations and tables
grow at their ends alone: what a later version adds has a number, a tag or a slot not listed here.
"""

from __future__ import annotations

from dataclasses import dataclass

from afe.importers.flatbuffer import Fields, Schema, table_fields

IDENTIFIER = b"TOSA"

DTYPES = (
    "", "i1", "i4", "i8", "i16", "i32", "i48", "f32", "f16", "bf16", "shape", "f8E4M3FN", "f8E5M2",
)  # fmt: skip
"""MLIR's spelling of DType, by number."""

_OPERATOR_NAMES = (
    "argmax avg_pool2d conv2d conv3d depthwise_conv2d fft2d matmul max_pool2d rfft2d "
    "transpose_conv2d clamp erf sigmoid tanh add arithmetic_right_shift bitwise_and bitwise_or "
    "bitwise_xor intdiv logical_and logical_left_shift logical_right_shift logical_or logical_xor "
    "maximum minimum mul pow sub table abs bitwise_not ceil clz cos exp floor log logical_not "
    "negate reciprocal rsqrt sin select equal greater greater_equal reduce_all reduce_any "
    "reduce_max reduce_min reduce_product reduce_sum concat pad reshape reverse slice tile "
    "transpose gather scatter resize cast rescale const identity custom cond_if while_loop "
    "variable variable_write variable_read const_shape"
)
"""In the order of the enumeration Op, from 1 on."""

_CONVOLUTION = "pad:integers stride:integers dilation:integers local_bound:flag acc_type:type"

_ATTRIBUTES = {
    "argmax": "axis:axis nan_mode:nan_mode",
    "avg_pool2d": "kernel:integers stride:integers pad:integers acc_type:type",
    "conv2d": _CONVOLUTION,
    "conv3d": _CONVOLUTION,
    "depthwise_conv2d": _CONVOLUTION,
    "fft2d": "inverse:flag local_bound:flag",
    "max_pool2d": "kernel:integers stride:integers pad:integers nan_mode:nan_mode",
    "rfft2d": "local_bound:flag",
    "transpose_conv2d": "out_pad:integers stride:integers local_bound:flag acc_type:type",
    "clamp": "min_val:limit max_val:limit nan_mode:nan_mode",
    "arithmetic_right_shift": "round:flag",
    "maximum": "nan_mode:nan_mode",
    "minimum": "nan_mode:nan_mode",
    "reduce_all": "axis:axis",
    "reduce_any": "axis:axis",
    "reduce_max": "axis:axis nan_mode:nan_mode",
    "reduce_min": "axis:axis nan_mode:nan_mode",
    "reduce_product": "axis:axis",
    "reduce_sum": "axis:axis",
    "concat": "axis:axis",
    "reverse": "axis:axis",
    "transpose": "perms:permutation",
    "resize": "mode:resize_mode",
    "rescale": (
        "scale32:flag rounding_mode:rounding_mode per_channel:flag "
        "input_unsigned:flag output_unsigned:flag"
    ),
    "custom": "operator_name:string domain_name:string implementation_attrs:octets",
}

_STORED = {
    "axis": "i32",
    "nan_mode": "i32",
    "integers": "[i32]",
    "permutation": "[i32]",
    "flag": "u8",
    "type": "i32",
    "limit": "[u8]",
    "resize_mode": "i32",
    "rounding_mode": "i32",
    "string": "string",
    "octets": "[u8]",
}
"""How the file stores an attribute of each kind."""


@dataclass(frozen=True, slots=True)
class OperatorSchema:
    """An operator: MLIR's name of it without the dialect, and its attributes with their kinds."""

    name: str
    attributes: Fields


OPERATORS = {
    number: OperatorSchema(name, table_fields(_ATTRIBUTES.get(name, "")))
    for number, name in enumerate(_OPERATOR_NAMES.split(), start=1)
}
"""Every operator of TOSA 1.0, by its number, which is its attribute table's tag as well."""

_TABLES: dict[str, Fields] = {
    "TosaGraph": table_fields("version:Version regions:[TosaRegion]"),
    "Version": table_fields("major:i32 minor:i32 patch:i32 draft:u8"),
    "TosaRegion": table_fields("name:string blocks:[TosaBasicBlock]"),
    "TosaBasicBlock": table_fields(
        "name:string operators:[TosaOperator] tensors:[TosaTensor] inputs:[string] "
        "outputs:[string] shapes:[TosaShape]"
    ),
    "TosaTensor": table_fields(
        "name:string shape:[i32] type:i32 data:[u8] variable:u8 is_unranked:u8 "
        "variable_name:string offset:i64 size:i64"
    ),
    "TosaShape": table_fields("name:string rank:i32 data:[u8]"),
    "OpLocation": table_fields("text:string"),
    "TosaOperator": table_fields(
        "op:i32 attribute_type:tag attribute:options inputs:[string] outputs:[string] "
        "location:OpLocation"
    ),
}
_TABLES |= {
    operator.name: tuple((name, _STORED[kind]) for name, kind in operator.attributes)
    for operator in OPERATORS.values()
}

SCHEMA = Schema(
    "a TOSA program",
    IDENTIFIER,
    "TosaGraph",
    _TABLES,
    {number: operator.name for number, operator in OPERATORS.items()},
)
