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
    `a65.reason`, why it is not on the MLA.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
}

def A65_ReturnOp : A65_Op<"return", [Pure, Terminator, ParentOneOf<["::afe::a65::SegmentOp"]>]> {
  let summary = "the tensors that leave the segment";
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def A65_CallOp : A65_Op<"call", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a segment (or its binary)";
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyRankedTensor>:$inputs);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = "$callee `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs)";
}

def A65_EV74Op : A65_Op<"ev74", [Pure]> {
  let summary = "a fixed function of the EV74, configured by a dictionary";
  let description = [{
    ```mlir
    %q = a65.ev74 "quantization_transform" (%x) {params = {zero_point = -1 : i64, divisor = 0.5 : f32}}
      : (tensor<1x8x8x1xf32>) -> tensor<1x8x8x1xi8>
    ```
  }];
  let arguments = (ins StrAttr:$kernel, Variadic<AnyRankedTensor>:$inputs, DictionaryAttr:$params);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = "$kernel `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs)";
}

def A65_BinaryOp : A65_Op<"binary", [Symbol]> {
  let summary = "a compiled segment: the bytes of the shared object and its figures";
  let arguments = (ins SymbolNameAttr:$sym_name, ElementsAttr:$so, DictionaryAttr:$stats);
  let assemblyFormat = "$sym_name attr-dict-with-keyword";
}

#endif // A65_OPS_TD
