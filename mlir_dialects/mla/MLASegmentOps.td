// The segments of a module: layers that run as one program, the call of it, and the finished binary.
#ifndef MLA_SEGMENT_OPS_TD
#define MLA_SEGMENT_OPS_TD

include "MLALayerOps.td"

def MLA_SegmentOp : MLA_Op<"segment", [Symbol, IsolatedFromAbove, SingleBlock]> {
  let summary = "layers that run on the MLA as one program";
  let description = [{
    ```mlir
    mla.segment @MLA_0 {
    ^bb0(%x: tensor<1x8x8x3xi8>):
      ...
      mla.return %y : tensor<1x10xi8>
    }
    ```
    The block's arguments and the returned values are the tensors that pass through DRAM.
    `input_names` and `output_names` are their names in the model.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<StrArrayAttr>:$input_names,
                       OptionalAttr<StrArrayAttr>:$output_names);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def MLA_ReturnOp : MLA_Op<"return", [Pure, Terminator, ParentOneOf<["::afe::mla::SegmentOp"]>]> {
  let summary = "the tensors that leave the segment";
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def MLA_CallOp : MLA_Op<"call", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a segment (or its binary)";
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyRankedTensor>:$inputs);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = "$callee `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs)";
}

def MLA_BinaryOp : MLA_Op<"binary", [Symbol]> {
  let summary = "an encoded segment: the bytes of the .lm file and its figures";
  let arguments = (ins SymbolNameAttr:$sym_name, ElementsAttr:$lm, DictionaryAttr:$stats);
  let assemblyFormat = "$sym_name attr-dict-with-keyword";
}

#endif // MLA_SEGMENT_OPS_TD
