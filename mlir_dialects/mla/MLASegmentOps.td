// The segments of a module: layers that run as one program, the call of it, and the finished binary.
#ifndef MLA_SEGMENT_OPS_TD
#define MLA_SEGMENT_OPS_TD

include "MLALayerOps.td"

def MLA_DramArrayAttr : TypedArrayAttrBase<MLA_DramAttr, "array of #mla.dram">;

def MLA_SegmentOp : MLA_Op<"segment", [Symbol, IsolatedFromAbove, SingleBlock]> {
  let opDocGroup = MLA_SegmentGroup;
  let summary = "layers that run on the MLA as one program";
  let description = [{
    The block's arguments and the returned values are the tensors that pass through DRAM.
    `input_names` and `output_names` are their names in the model; `input_dram` and `output_dram` say
    how they lie in DRAM (`#mla.dram`). Without them inputs are dense and outputs `hwc16`.

    ```mlir
    mla.segment @MLA_0 attributes {input_names = ["image"], output_names = ["logits"]} {
    ^bb0(%x: tensor<1x8x8x3xi8>):
      %y = mla.reshape %x : tensor<1x8x8x3xi8> -> tensor<1x192xi8>
      mla.return %y : tensor<1x192xi8>
    }
    ```

    Constraints:
    - (C1) The block ends with `mla.return`.
    - (C2) Arguments and returned values are static tensors.
    - (C3) `input_names` has one name per argument, `output_names` one per returned value.
    - (C4) The block holds layer operations of this dialect only: no segment, call, binary, program.
    - (C5) `input_dram` has one entry per argument, `output_dram` one per returned value; a tile's
      channels are all of the tensor's, or whole blocks of 16.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<StrArrayAttr>:$input_names,
                       OptionalAttr<StrArrayAttr>:$output_names,
                       OptionalAttr<MLA_DramArrayAttr>:$input_dram,
                       OptionalAttr<MLA_DramArrayAttr>:$output_dram);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

def MLA_ReturnOp : MLA_Op<"return", [Pure, Terminator, ParentOneOf<["::afe::mla::SegmentOp"]>]> {
  let opDocGroup = MLA_SegmentGroup;
  let summary = "the tensors that leave the segment";
  let description = [{
    ```mlir
    mla.segment @MLA_0 {
    ^bb0(%x: tensor<1x8x8x3xi8>):
      mla.return %x : tensor<1x8x8x3xi8>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def MLA_CallOp : MLA_Op<"call", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let opDocGroup = MLA_SegmentGroup;
  let summary = "runs a segment (or its program, or its binary)";
  let description = [{
    ```mlir
    mla.segment @MLA_0 {
    ^bb0(%x: tensor<1x8x8x3xi8>):
      mla.return %x : tensor<1x8x8x3xi8>
    }
    func.func @main(%x: tensor<1x8x8x3xi8>) -> tensor<1x8x8x3xi8> {
      %y = mla.call @MLA_0(%x) : (tensor<1x8x8x3xi8>) -> tensor<1x8x8x3xi8>
      return %y : tensor<1x8x8x3xi8>
    }
    ```

    Constraints:
    - (C1) The callee is an `mla.segment`, `mla.program` or `mla.binary`.
    - (C2) The types of a segment's arguments and returned values are those of the call; a program has
      as many inputs and outputs as the call.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyRankedTensor>:$inputs);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = "$callee `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs)";
}

def MLA_BinaryOp : MLA_Op<"binary", [Symbol]> {
  let opDocGroup = MLA_SegmentGroup;
  let summary = "an encoded segment: the bytes of the .lm file and its figures";
  let description = [{
    ```mlir
    mla.binary @MLA_0 attributes {lm = dense<[127, 69]> : tensor<2xi8>, stats = {end_cycle = 7 : i64}}
    ```

    Constraints:
    - (C1) `lm` is a row of bytes: rank 1, elements of 8 bits.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ElementsAttr:$lm, DictionaryAttr:$stats);
  let assemblyFormat = "$sym_name attr-dict-with-keyword";
  let hasVerifier = 1;
}

#endif // MLA_SEGMENT_OPS_TD
