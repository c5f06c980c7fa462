// Layer operations that only move data: LOAD and STORE with strides, or nothing at all where the
// layout makes source and destination the same bytes.
#ifndef MLA_DATA_OPS_TD
#define MLA_DATA_OPS_TD

include "MLALayerOps.td"

class MLA_DataOp<string mnemonic, list<Trait> traits = []> : MLA_Op<mnemonic, !listconcat([Pure], traits)> {
  let hasVerifier = 1;
}

def MLA_ConcatOp : MLA_DataOp<"concat"> {
  let summary = "concatenation along one axis";
  let arguments = (ins Variadic<MLA_Activation>:$inputs, I64Attr:$axis, OptionalAttr<StrAttr>:$layer);
  let results = (outs MLA_Activation:$output);
  let assemblyFormat = "$inputs attr-dict `:` type($inputs) `->` type($output)";
}

def MLA_SliceOp : MLA_DataOp<"slice"> {
  let summary = "a box of a tensor, with strides";
  let arguments = (ins MLA_Activation:$input, DenseI64ArrayAttr:$start, DenseI64ArrayAttr:$size,
                       OptionalAttr<DenseI64ArrayAttr>:$strides, OptionalAttr<StrAttr>:$layer);
  let results = (outs MLA_Activation:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
}

def MLA_PadOp : MLA_DataOp<"pad"> {
  let summary = "constant padding";
  let arguments = (ins MLA_Activation:$input, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, I32Attr:$value,
                       OptionalAttr<StrAttr>:$layer);
  let results = (outs MLA_Activation:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
}

def MLA_ReshapeOp : MLA_DataOp<"reshape"> {
  let summary = "the same elements in row-major order under another shape";
  let arguments = (ins MLA_Activation:$input, OptionalAttr<StrAttr>:$layer);
  let results = (outs MLA_Activation:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
}

def MLA_TransposeOp : MLA_DataOp<"transpose"> {
  let summary = "permutation of the dimensions: output dimension i is input dimension perms[i]";
  let arguments = (ins MLA_Activation:$input, DenseI64ArrayAttr:$perms, OptionalAttr<StrAttr>:$layer);
  let results = (outs MLA_Activation:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
}

#endif // MLA_DATA_OPS_TD
