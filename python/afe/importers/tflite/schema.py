"""The part of the TFLite schema that is read: tables, their fields in slot order, their kinds.

A kind is a scalar of SCALAR_BYTES, "string", the name of a table, "[kind]" for a vector, or
"tag" followed by "options" for a union; "skip" is never followed. Fields behind the last one
listed are never read.
"""

from __future__ import annotations

import tflite

SCALAR_BYTES = {"u8": 1, "tag": 1, "i32": 4, "f32": 4, "i64": 8}

Fields = tuple[tuple[str, str], ...]


def _fields(text: str) -> Fields:
    return tuple((name, kind) for name, kind in (item.split(":") for item in text.split()))


TABLES: dict[str, Fields] = {
    "Model": _fields(
        "version:i32 operator_codes:[OperatorCode] subgraphs:[SubGraph] description:string "
        "buffers:[Buffer] metadata_buffer:[i32] metadata:[Metadata] signature_defs:[SignatureDef]"
    ),
    "OperatorCode": _fields(
        "deprecated_builtin_code:u8 custom_code:string version:i32 builtin_code:i32"
    ),
    "SubGraph": _fields(
        "tensors:[Tensor] inputs:[i32] outputs:[i32] operators:[Operator] name:string"
    ),
    "Buffer": _fields("data:[u8] offset:i64 size:i64"),
    "Metadata": _fields("name:string buffer:i32"),
    "SignatureDef": _fields(
        "inputs:[TensorMap] outputs:[TensorMap] signature_key:string deprecated_tag:string "
        "subgraph_index:i32"
    ),
    "TensorMap": _fields("name:string tensor_index:i32"),
    "Tensor": _fields(
        "shape:[i32] type:u8 buffer:i32 name:string quantization:QuantizationParameters "
        "is_variable:u8 sparsity:Sparsity shape_signature:[i32] has_rank:u8"
    ),
    "Sparsity": (),
    "QuantizationParameters": _fields(
        "min:[f32] max:[f32] scale:[f32] zero_point:[i64] details_type:u8 details:skip "
        "quantized_dimension:i32"
    ),
    "Operator": _fields(
        "opcode_index:i32 inputs:[i32] outputs:[i32] builtin_options_type:tag "
        "builtin_options:options custom_options:[u8] custom_options_format:u8 "
        "mutating_variable_inputs:[u8] intermediates:[i32]"
    ),
    # Options of the operators, by the name of their table.
    "Conv2DOptions": _fields(
        "padding:u8 stride_w:i32 stride_h:i32 fused_activation_function:u8 "
        "dilation_w_factor:i32 dilation_h_factor:i32"
    ),
    "DepthwiseConv2DOptions": _fields(
        "padding:u8 stride_w:i32 stride_h:i32 depth_multiplier:i32 fused_activation_function:u8 "
        "dilation_w_factor:i32 dilation_h_factor:i32"
    ),
    "TransposeConvOptions": _fields(
        "padding:u8 stride_w:i32 stride_h:i32 fused_activation_function:u8"
    ),
    "FullyConnectedOptions": _fields(
        "fused_activation_function:u8 weights_format:u8 keep_num_dims:u8"
    ),
    "Pool2DOptions": _fields(
        "padding:u8 stride_w:i32 stride_h:i32 filter_width:i32 filter_height:i32 "
        "fused_activation_function:u8"
    ),
    "AddOptions": _fields("fused_activation_function:u8"),
    "SubOptions": _fields("fused_activation_function:u8"),
    "MulOptions": _fields("fused_activation_function:u8"),
    "DivOptions": _fields("fused_activation_function:u8"),
    "SoftmaxOptions": _fields("beta:f32"),
    "ConcatenationOptions": _fields("axis:i32 fused_activation_function:u8"),
    "ReshapeOptions": _fields("new_shape:[i32]"),
    "SqueezeOptions": _fields("squeeze_dims:[i32]"),
    "ReducerOptions": _fields("keep_dims:u8"),
    "ResizeBilinearOptions": _fields(
        "new_height:i32 new_width:i32 align_corners:u8 half_pixel_centers:u8"
    ),
    "ResizeNearestNeighborOptions": _fields("align_corners:u8 half_pixel_centers:u8"),
    "LeakyReluOptions": _fields("alpha:f32"),
    "GeluOptions": _fields("approximate:u8"),
    "StridedSliceOptions": _fields(
        "begin_mask:i32 end_mask:i32 ellipsis_mask:i32 new_axis_mask:i32 shrink_axis_mask:i32 "
        "offset:u8"
    ),
    "SplitOptions": _fields("num_splits:i32"),
    "SplitVOptions": _fields("num_splits:i32"),
    "PackOptions": _fields("values_count:i32 axis:i32"),
    "UnpackOptions": _fields("num:i32 axis:i32"),
    "ArgMaxOptions": _fields("output_type:u8"),
    "ArgMinOptions": _fields("output_type:u8"),
    "MirrorPadOptions": _fields("mode:u8"),
    "BatchMatMulOptions": _fields("adj_x:u8 adj_y:u8 asymmetric_quantize_inputs:u8"),
    "GatherOptions": _fields("axis:i32 batch_dims:i32"),
    "OneHotOptions": _fields("axis:i32"),
    "SVDFOptions": _fields("rank:i32 fused_activation_function:u8"),
    "SpaceToDepthOptions": _fields("block_size:i32"),
    "DepthToSpaceOptions": _fields("block_size:i32"),
    "CastOptions": _fields("in_data_type:u8 out_data_type:u8"),
    "CallOnceOptions": _fields("init_subgraph_index:i32"),
    "VarHandleOptions": _fields("container:string shared_name:string"),
    "L2NormOptions": _fields("fused_activation_function:u8"),
    "UnidirectionalSequenceLSTMOptions": _fields(
        "fused_activation_function:u8 cell_clip:f32 proj_clip:f32 time_major:u8 "
        "asymmetric_quantize_inputs:u8 diagonal_recurrent_tensors:u8"
    ),
}


def _option_tables() -> dict[int, str]:
    tags = {name: tag for name, tag in vars(tflite.BuiltinOptions).items() if name in TABLES}
    return {int(tag): name for name, tag in tags.items()}


OPTION_TABLES = _option_tables()
"""Tag of the BuiltinOptions union to the table's name, for the tables that are read."""


def names_of(enumeration: type) -> dict[int, str]:
    """value to name of one of the `tflite` package's enumerations."""
    return {v: k for k, v in vars(enumeration).items() if isinstance(v, int) and k[0] != "_"}


OPERATOR_NAMES = names_of(tflite.BuiltinOperator)
TENSOR_TYPE_NAMES = names_of(tflite.TensorType)
