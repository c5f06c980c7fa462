// Layer operations that only move data: LOAD and STORE with strides, or nothing at all where the
// layout makes source and destination the same bytes.
#ifndef MLA_DATA_OPS_TD
#define MLA_DATA_OPS_TD

include "MLALayerOps.td"

class MLA_DataOp<string mnemonic, list<Trait> traits = []> : MLA_Op<mnemonic, !listconcat([Pure], traits)> {
  let opDocGroup = MLA_DataGroup;
  let hasVerifier = 1;
}

def MLA_ConcatOp : MLA_DataOp<"concat"> {
  let summary = "concatenation along one axis";
  let description = [{
    ```mlir
    // %a: tensor<1x7x5x24xi8>, %b: tensor<1x7x5x3xi8>
    %y = mla.concat %a, %b {axis = 3 : i64}
        : tensor<1x7x5x24xi8>, tensor<1x7x5x3xi8> -> tensor<1x7x5x27xi8>
    ```

    Constraints:
    - (C1) There is at least one input; all have the rank and the element type of the output.
    - (C2) `axis` is a dimension of the output.
    - (C3) The output's size along `axis` is the sum of the inputs'; the other sizes are equal.
  }];
  let arguments = (ins Variadic<MLA_Activation>:$inputs, I64Attr:$axis, OptionalAttr<StrAttr>:$layer);
  let results = (outs MLA_Activation:$output);
  let assemblyFormat = "$inputs attr-dict `:` type($inputs) `->` type($output)";
}

def MLA_SliceOp : MLA_DataOp<"slice", [AllElementTypesMatch<["input", "output"]>]> {
  let summary = "a box of a tensor, with strides";
  let description = [{
    Output element i along a dimension is input element start + i * stride.

    ```mlir
    // %a: tensor<1x7x5x24xi8>
    %y = mla.slice %a {start = array<i64: 0, 1, 0, 4>, size = array<i64: 1, 3, 5, 20>,
        strides = array<i64: 1, 2, 1, 1>} : tensor<1x7x5x24xi8> -> tensor<1x3x5x20xi8>
    ```

    Constraints:
    - (C1) `start`, `size` and, where given, `strides` have one entry per dimension of the input.
    - (C2) start >= 0, stride >= 1, size >= 1, and start + (size - 1) * stride is within the input.
    - (C3) The output has the shape `size` and the input's element type.
  }];
  let arguments = (ins MLA_Activation:$input, DenseI64ArrayAttr:$start, DenseI64ArrayAttr:$size,
                       OptionalAttr<DenseI64ArrayAttr>:$strides, OptionalAttr<StrAttr>:$layer);
  let results = (outs MLA_Activation:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
}

def MLA_PadOp : MLA_DataOp<"pad", [AllElementTypesMatch<["input", "output"]>]> {
  let summary = "constant padding";
  let description = [{
    `value` is the number of the new elements; for f32 tensors its bits.

    ```mlir
    // %a: tensor<1x7x5x24xi8>
    %y = mla.pad %a {low = array<i64: 0, 1, 0, 0>, high = array<i64: 0, 2, 1, 0>, value = -9 : i32}
        : tensor<1x7x5x24xi8> -> tensor<1x10x6x24xi8>
    ```

    Constraints:
    - (C1) `low` and `high` have one entry, at least 0, per dimension of the input.
    - (C2) The output's sizes are low + input + high; it has the input's element type.
    - (C3) `value` is a value of the element type.
  }];
  let arguments = (ins MLA_Activation:$input, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, I32Attr:$value,
                       OptionalAttr<StrAttr>:$layer);
  let results = (outs MLA_Activation:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
}

def MLA_ReshapeOp : MLA_DataOp<"reshape", [AllElementTypesMatch<["input", "output"]>]> {
  let summary = "the same elements in row-major order under another shape";
  let description = [{
    ```mlir
    // %a: tensor<1x7x5x24xi8>
    %y = mla.reshape %a : tensor<1x7x5x24xi8> -> tensor<35x24xi8>
    ```

    Constraints:
    - (C1) Input and output have the same number of elements, of the same type.
  }];
  let arguments = (ins MLA_Activation:$input, OptionalAttr<StrAttr>:$layer);
  let results = (outs MLA_Activation:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
}

def MLA_TransposeOp : MLA_DataOp<"transpose", [AllElementTypesMatch<["input", "output"]>]> {
  let summary = "permutation of the dimensions: output dimension i is input dimension perms[i]";
  let description = [{
    ```mlir
    // %a: tensor<1x7x5x24xi8>
    %y = mla.transpose %a {perms = array<i64: 0, 3, 1, 2>} : tensor<1x7x5x24xi8> -> tensor<1x24x7x5xi8>
    ```

    Constraints:
    - (C1) `perms` is a permutation of the input's dimensions.
    - (C2) The output has the permuted shape and the input's element type.
  }];
  let arguments = (ins MLA_Activation:$input, DenseI64ArrayAttr:$perms, OptionalAttr<StrAttr>:$layer);
  let results = (outs MLA_Activation:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
}

#endif // MLA_DATA_OPS_TD
