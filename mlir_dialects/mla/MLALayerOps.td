// Layer operations on the TENSOR and OUTPUT engines, and the segment that holds layers.
#ifndef MLA_LAYER_OPS_TD
#define MLA_LAYER_OPS_TD

include "MLAAttributes.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// 8-bit or int32 tensors of rank 1 to 4; activations are N, H, W, C.
def MLA_Byte : AnyTypeOf<[I8, UI8]>;
def MLA_Activation : TensorOf<[I8, UI8, I16, I32, F32]>;

def MLA_ConstOp : MLA_Op<"const", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "Weights, biases and tables";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
}

// Attributes common to the convolution-like operations:
//   pad = [top, bottom, left, right]; zero points of the operands; the epilogue in the order in
//   which OUTPUT applies it: bias, requant, residual, table.
class MLA_ConvLikeOp<string mnemonic, dag extra> : MLA_Op<mnemonic, [Pure, AttrSizedOperandSegments]> {
  let arguments = !con((ins MLA_Activation:$input, TensorOf<[I8, UI8]>:$weights,
                            Optional<TensorOf<[I32]>>:$bias, Optional<TensorOf<[I8, UI8]>>:$residual), extra,
                       (ins I32Attr:$input_zp, I32Attr:$weight_zp, MLA_RequantAttr:$requant,
                            OptionalAttr<MLA_ResidualAttr>:$residual_add,
                            OptionalAttr<DenseI8ArrayAttr>:$table,
                            OptionalAttr<StrAttr>:$layer));
  let results = (outs MLA_Activation:$output);
  let assemblyFormat = [{$input `,` $weights (`bias` `(` $bias^ `)`)? (`residual` `(` $residual^ `)`)?
    attr-dict `:` type(operands) `->` type($output)}];
  let hasVerifier = 1;
}

def MLA_Conv2DOp : MLA_ConvLikeOp<"conv2d", (ins DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$dilation,
    DenseI64ArrayAttr:$pad, DefaultValuedAttr<I64Attr, "1">:$groups)> {
  let summary = "2-D convolution (also fully connected: 1x1 on 1x1 pixels)";
  let description = [{weights: [OC, KH, KW, IC / groups], input [N, H, W, IC], output [N, OH, OW, OC].}];
}

def MLA_DepthwiseConv2DOp : MLA_ConvLikeOp<"depthwise_conv2d", (ins DenseI64ArrayAttr:$stride,
    DenseI64ArrayAttr:$dilation, DenseI64ArrayAttr:$pad)> {
  let summary = "depthwise convolution";
  let description = [{weights: [KH, KW, C, M]; output channel c * M + m reads input channel c.}];
}

def MLA_TransposeConv2DOp : MLA_ConvLikeOp<"transpose_conv2d", (ins DenseI64ArrayAttr:$stride,
    DenseI64ArrayAttr:$out_pad)> {
  let summary = "transposed convolution";
  let description = [{weights: [OC, KH, KW, IC]; out_pad as in TOSA: [top, bottom, left, right].}];
}

def MLA_MatmulOp : MLA_Op<"matmul", [Pure]> {
  let summary = "matrix product of two activations";
  let description = [{lhs [B, M, K], rhs [B, K, N] (or [B, N, K] with `transpose_rhs`), output [B, M, N].}];
  let arguments = (ins TensorOf<[I8, UI8]>:$lhs, TensorOf<[I8, UI8]>:$rhs, UnitAttr:$transpose_rhs,
                       I32Attr:$lhs_zp, I32Attr:$rhs_zp, MLA_RequantAttr:$requant,
                       OptionalAttr<DenseI8ArrayAttr>:$table, OptionalAttr<StrAttr>:$layer);
  let results = (outs MLA_Activation:$output);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type(operands) `->` type($output)";
  let hasVerifier = 1;
}

#endif // MLA_LAYER_OPS_TD
