// Operations of the a65 dialect.
#ifndef A65_OPS_TD
#define A65_OPS_TD

include "A65Dialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def A65_SegmentOp : A65_Op<"segment", [Symbol, IsolatedFromAbove, SingleBlock]> {
  let summary = "operators that run on the Cortex-A65 as one function of a shared object";
  let description = [{
    The body holds TOSA operations (and `tosa.custom` of domain `afe`); each carries the attribute
    `a65.reason`, why it is not on the MLA. `input_names` and `output_names` are the tensors' names in
    the model.

    ```mlir
    a65.segment @APU_1 attributes {input_names = ["x"], output_names = ["y"]} {
    ^bb0(%x: tensor<3x7xf32>):
      %y = tosa.abs %x {a65.reason = "tosa.abs of f32: the MLA computes on int8"}
        : (tensor<3x7xf32>) -> tensor<3x7xf32>
      a65.return %y : tensor<3x7xf32>
    }
    ```

    Constraints:
    - (C1) The block ends with `a65.return`.
    - (C2) Arguments and returned values are tensors of static shape.
    - (C3) `input_names` has one name per argument, `output_names` one per returned value.
    - (C4) The block holds no operation of the dialects mla and a65 but `a65.return`.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<StrArrayAttr>:$input_names,
                       OptionalAttr<StrArrayAttr>:$output_names);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let builders = [OpBuilder<(ins "::llvm::StringRef":$sym_name), [{
    build($_builder, $_state, sym_name, ::mlir::ArrayAttr(), ::mlir::ArrayAttr());
  }]>];
  let hasRegionVerifier = 1;
}

def A65_ReturnOp : A65_Op<"return", [Pure, Terminator, ParentOneOf<["::afe::a65::SegmentOp"]>]> {
  let summary = "the tensors that leave the segment";
  let description = [{
    ```mlir
    a65.segment @APU_1 {
    ^bb0(%x: tensor<3x7xf32>):
      a65.return %x : tensor<3x7xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def A65_CallOp : A65_Op<"call", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a segment (or its binary)";
  let description = [{
    ```mlir
    a65.segment @APU_1 {
    ^bb0(%x: tensor<3x7xf32>):
      a65.return %x : tensor<3x7xf32>
    }
    func.func @main(%x: tensor<3x7xf32>) -> tensor<3x7xf32> {
      %y = a65.call @APU_1(%x) : (tensor<3x7xf32>) -> tensor<3x7xf32>
      return %y : tensor<3x7xf32>
    }
    ```

    Constraints:
    - (C1) The callee is an `a65.segment` or `a65.binary`.
    - (C2) The types of a segment's arguments and returned values are those of the call.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyRankedTensor>:$inputs);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = "$callee `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs)";
}

def A65_EV74Op : A65_Op<"ev74", [Pure]> {
  let summary = "a fixed function of the EV74, configured by a dictionary";
  let description = [{
    | kernel | tensors | `params` it must have |
    |---|---|---|
    | `quantization_transform` | 1 → 1 | `channel_params`, or `divisor` and `zero_point` |
    | `dequantization_transform` | 1 → 1 | `channel_params`, or `scale` and `zero_point` |
    | `tessellation_transform` | 1 → 1 | `slice_shape` |
    | `detessellation_transform` | 1 → 1 | `slice_shape`, `frame_shape` |
    | `cast_transform` | 1 → 1 | `out_dtype` |
    | `slice_transform` | 1 → 1 | `begin`, `end` |
    | `reshape_transform` | 1 → 1 | `newshape` |
    | `layout_transform` | 1 → 1 | `src_layout` and `dst_layout`, or `perms` |
    | `pack_transform` | n → 1 | |
    | `unpack_transform` | 1 → n | `tensor_types`, `tensor_shapes` |
    | `pass_through` | n → n | |

    ```mlir
    func.func @main(%x: tensor<1x9x7x3xf32>) {
      %q = a65.ev74 "quantization_transform" (%x) {params = {zero_point = -1 : i64, divisor = 0.5 : f32}}
        : (tensor<1x9x7x3xf32>) -> tensor<1x9x7x3xi8>
      return
    }
    ```

    Constraints:
    - (C1) The kernel is one of the table.
    - (C2) It has as many inputs and outputs as the table says, and at least one of each.
    - (C3) `params` has what the table says.
    - (C4) quantization, dequantization and cast keep the shape; quantization makes integers of floats,
      dequantization floats of integers.
    - (C5) reshape and layout keep the element type and the number of elements.
  }];
  let arguments = (ins StrAttr:$kernel, Variadic<AnyRankedTensor>:$inputs, DictionaryAttr:$params);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = "$kernel `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs)";
  let hasVerifier = 1;
}

def A65_BinaryOp : A65_Op<"binary", [Symbol]> {
  let summary = "a compiled segment: the bytes of the shared object and its figures";
  let description = [{
    ```mlir
    a65.binary @APU_1 attributes {so = dense<[127, 69]> : tensor<2xi8>, stats = {}}
    ```

    Constraints:
    - (C1) `so` is a row of bytes: rank 1, elements of 8 bits.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ElementsAttr:$so, DictionaryAttr:$stats);
  let assemblyFormat = "$sym_name attr-dict-with-keyword";
  let hasVerifier = 1;
}

#endif // A65_OPS_TD
