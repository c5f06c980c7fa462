// Layer operations on the TENSOR and OUTPUT engines: convolutions and the matrix product. Each has
// an epilogue, in the order in which OUTPUT applies it: bias, requantization, residual, table.
#ifndef MLA_LAYER_OPS_TD
#define MLA_LAYER_OPS_TD

include "MLAAttributes.td"
include "MLATypes.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// 8-bit types, signed or unsigned.
def MLA_Byte : AnyTypeOf<[I8, UI8]>;

def MLA_ConstOp : MLA_Op<"const", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let opDocGroup = MLA_LayerGroup;
  let summary = "weights, biases and tables";
  let description = [{
    ```mlir
    %bias = mla.const dense<[5, -7, 11]> : tensor<3xi32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
}

// What the convolution-like operations have in common, with the numbers of the labels fixed, so that
// C5 means the same everywhere. The operations' own constraints start at C10.
defvar MLA_EpilogueConstraints = [{
    - (C1) `input_zp` and `weight_zp` are values of the element types they belong to.
    - (C2) `bias` has one entry per output channel.
    - (C3) The output is i32 if and only if `requant` is `none`, which excludes residual and table.
    - (C4) `requant` has one multiplier, or one per output channel.
    - (C5) The range of the last clamp (the residual's where there is one, else `requant`'s) is within
      the output's type; in front of a table, within i8 or within ui8. The clamp in front of a residual
      addition is within i8 or within ui8.
    - (C6) The residual operand and `residual_add` come together.
    - (C7) The residual has the output's shape; `residual_add.residualZp` is a value of its type.
    - (C8) `table` has 256 entries; entry `v & 255` replaces the clamped value `v`. There is none where
      the residual addition has a `selfTable`.
}];

// Attributes common to the convolution-like operations; pad = [top, bottom, left, right].
class MLA_ConvLikeOp<string mnemonic, dag extra, string text>
    : MLA_Op<mnemonic, [Pure, AttrSizedOperandSegments]> {
  let opDocGroup = MLA_LayerGroup;
  let description = !strconcat(text, "\n\n    Of the epilogue:\n", MLA_EpilogueConstraints);
  let arguments = !con((ins MLA_ByteImage:$input, MLA_ByteImage:$weights,
                            Optional<MLA_Bias>:$bias, Optional<MLA_ByteImage>:$residual), extra,
                       (ins I32Attr:$input_zp, I32Attr:$weight_zp, MLA_RequantAttr:$requant,
                            OptionalAttr<MLA_ResidualAttr>:$residual_add,
                            OptionalAttr<DenseI8ArrayAttr>:$table,
                            OptionalAttr<StrAttr>:$layer));
  let results = (outs MLA_AccumulatorImage:$output);
  let assemblyFormat = [{$input `,` $weights (`bias` `(` $bias^ `)`)? (`residual` `(` $residual^ `)`)?
    attr-dict `:` type(operands) `->` type($output)}];
  let hasVerifier = 1;
}

def MLA_Conv2DOp : MLA_ConvLikeOp<"conv2d", (ins DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$dilation,
    DenseI64ArrayAttr:$pad, DefaultValuedAttr<I64Attr, "1">:$groups), [{
    Input [N, H, W, IC], weights [OC, KH, KW, IC / groups], output [N, OH, OW, OC]. Output channel oc of
    group g reads the input channels of group g. Differences to the zero points are multiplied and
    summed in int32; taps outside the input contribute 0. A fully connected layer is a 1x1 convolution
    of 1x1 pixels. `layer` is the layer's name in the statistics.

    ```mlir
    // %x: tensor<2x9x7x24xi8>, %w: tensor<40x3x3x24xi8>, %b: tensor<40xi32>, %r: tensor<2x5x4x40xi8>
    %y = mla.conv2d %x, %w bias(%b) residual(%r) {
        stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
        input_zp = -3 : i32, weight_zp = 0 : i32, layer = "conv2d_add_relu_3",
        requant = #mla.requant<double, multipliers = [1518500250], shifts = [38], zp = -5>,
        residual_add = #mla.residual<litert_add, selfZp = -5, selfMultiplier = 1073741824,
          selfShift = 31, residualZp = 4, residualMultiplier = 1610612736, residualShift = 31,
          sumMultiplier = 1073741824, sumShift = 49, sumZp = -128>}
        : tensor<2x9x7x24xi8>, tensor<40x3x3x24xi8>, tensor<40xi32>, tensor<2x5x4x40xi8>
        -> tensor<2x5x4x40xi8>
    ```

    Constraints:
    - (C10) `stride` and `dilation` have 2 entries (rows, columns) of 1 to 255, `pad` 4 entries (top,
      bottom, left, right) of 0 or more; kernels have at most 255 rows and columns.
    - (C11) `groups` divides IC and OC, and the weights have IC / groups input channels.
    - (C12) OH = (H + top + bottom - dilation (KH - 1) - 1) / stride + 1, rounded down, and OW
      likewise; both are at least 1.}]> {
  let summary = "2-D convolution (also fully connected: 1x1 on 1x1 pixels)";
}

def MLA_DepthwiseConv2DOp : MLA_ConvLikeOp<"depthwise_conv2d", (ins DenseI64ArrayAttr:$stride,
    DenseI64ArrayAttr:$dilation, DenseI64ArrayAttr:$pad), [{
    Input [N, H, W, C], weights [KH, KW, C, M], output [N, OH, OW, C * M]; output channel c * M + m reads
    input channel c.

    ```mlir
    // %x: tensor<1x9x7x24xi8>, %w: tensor<3x5x24x2xi8>
    %y = mla.depthwise_conv2d %x, %w {
        stride = array<i64: 1, 1>, dilation = array<i64: 2, 1>, pad = array<i64: 2, 2, 2, 2>,
        input_zp = 1 : i32, weight_zp = 2 : i32,
        requant = #mla.requant<f32_rne, multipliers = [983826432], lo = 0>}
        : tensor<1x9x7x24xi8>, tensor<3x5x24x2xi8> -> tensor<1x9x7x48xi8>
    ```

    Constraints:
    - (C10) `stride`, `dilation`, `pad` and the kernel as in `mla.conv2d`.
    - (C11) The weights have C input channels.
    - (C12) The output has the shape [N, OH, OW, C * M], with OH and OW as in `mla.conv2d`.}]> {
  let summary = "depthwise convolution";
}

def MLA_TransposeConv2DOp : MLA_ConvLikeOp<"transpose_conv2d", (ins DenseI64ArrayAttr:$stride,
    DenseI64ArrayAttr:$out_pad), [{
    Input [N, H, W, IC], weights [OC, KH, KW, IC], output [N, OH, OW, OC]. Input pixel (y, x) and tap
    (ky, kx) contribute to output pixel (y * stride + ky + top, x * stride + kx + left). `out_pad` =
    [top, bottom, left, right] as in TOSA: negative entries cut the border off.

    ```mlir
    // %x: tensor<1x9x7x24xi8>, %w: tensor<5x3x3x24xi8>
    %y = mla.transpose_conv2d %x, %w {
        stride = array<i64: 2, 2>, out_pad = array<i64: 0, -1, 0, 0>,
        input_zp = 0 : i32, weight_zp = 0 : i32,
        requant = #mla.requant<single, multipliers = [1073741824], shifts = [30]>}
        : tensor<1x9x7x24xi8>, tensor<5x3x3x24xi8> -> tensor<1x18x15x5xi8>
    ```

    Constraints:
    - (C10) `stride` has 2 entries of 1 to 255, `out_pad` 4 entries greater than -KH (top, bottom) and
      -KW (left, right); the kernel as in `mla.conv2d`.
    - (C11) The weights have IC input channels.
    - (C12) OH = (H - 1) stride + KH + top + bottom, and OW likewise; both are at least 1.}]> {
  let summary = "transposed convolution";
}

def MLA_MatmulOp : MLA_Op<"matmul", [Pure]> {
  let opDocGroup = MLA_LayerGroup;
  let summary = "matrix product of two activations";
  let description = [{
    lhs [B, M, K], rhs [B, K, N] (or [B, N, K] with `transpose_rhs`), output [B, M, N].

    ```mlir
    // %q: tensor<3x7x20xi8>, %k: tensor<3x9x20xi8>
    %scores = mla.matmul %q, %k {transpose_rhs, lhs_zp = 1 : i32, rhs_zp = -2 : i32,
        requant = #mla.requant<double, multipliers = [1073741824], shifts = [40]>}
        : tensor<3x7x20xi8>, tensor<3x9x20xi8> -> tensor<3x7x9xi8>
    ```

    Constraints:
    - (C1) `lhs_zp` and `rhs_zp` are values of the element types they belong to.
    - (C3), (C4), (C5), (C8) as for `mla.conv2d`, with N output channels.
    - (C10) lhs and rhs have the same B and the same K.
    - (C11) The output has the shape [B, M, N].
  }];
  let arguments = (ins MLA_ByteMatrices:$lhs, MLA_ByteMatrices:$rhs, UnitAttr:$transpose_rhs,
                       I32Attr:$lhs_zp, I32Attr:$rhs_zp, MLA_RequantAttr:$requant,
                       OptionalAttr<DenseI8ArrayAttr>:$table, OptionalAttr<StrAttr>:$layer);
  let results = (outs MLA_AccumulatorMatrices:$output);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type(operands) `->` type($output)";
  let hasVerifier = 1;
}

def MLA_ScaleOp : MLA_Op<"scale", [Pure]> {
  let opDocGroup = MLA_LayerGroup;
  let summary = "every channel of an image times a number of its own, which is an activation";
  let description = [{
    Input [N, H, W, C], factors [N, 1, 1, C], output [N, H, W, C]: the depthwise 1x1 convolution whose
    weights are computed (squeeze and excitation). The product of the differences to the zero points is
    requantized.

    ```mlir
    // %x: tensor<2x9x7x24xi8>, %f: tensor<2x1x1x24xi8>
    %y = mla.scale %x, %f {input_zp = 3 : i32, factors_zp = -128 : i32,
        requant = #mla.requant<double, multipliers = [1073741824], shifts = [38], zp = 3>}
        : tensor<2x9x7x24xi8>, tensor<2x1x1x24xi8> -> tensor<2x9x7x24xi8>
    ```

    Constraints:
    - (C1) `input_zp` and `factors_zp` are values of the element types they belong to.
    - (C3), (C4), (C5) as for `mla.conv2d`.
    - (C10) The factors have the shape [N, 1, 1, C].
    - (C11) The output has the input's shape.
  }];
  let arguments = (ins MLA_ByteImage:$input, MLA_ByteImage:$factors, I32Attr:$input_zp,
                       I32Attr:$factors_zp, MLA_RequantAttr:$requant, OptionalAttr<StrAttr>:$layer);
  let results = (outs MLA_AccumulatorImage:$output);
  let assemblyFormat = "$input `,` $factors attr-dict `:` type(operands) `->` type($output)";
  let hasVerifier = 1;
}

#endif // MLA_LAYER_OPS_TD
