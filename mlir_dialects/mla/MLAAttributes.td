// Attributes shared by the mla operations: the target, requantization, the residual addition.
#ifndef MLA_ATTRIBUTES_TD
#define MLA_ATTRIBUTES_TD

include "MLADialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"

class MLA_Attr<string name, string attrMnemonic> : AttrDef<MLA_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def MLA_TargetAttr : MLA_Attr<"Target", "target"> {
  let summary = "The machine the module is compiled for";
  let description = [{
    `#mla.target<"tiny", {quads = 1, tiles = 4, …}>`: the name of a target description and its
    fields (`lib/Target/Target.def`) as i64; fields left out have the values of `mlsoc`.

    - (C1) Every field is an integer field of the table, within its range.
  }];
  let parameters = (ins "::mlir::StringAttr":$targetName, "::mlir::DictionaryAttr":$fields);
  let assemblyFormat = "`<` $targetName `,` $fields `>`";
  let genVerifyDecl = 1;
}

def MLA_RequantMode : I32EnumAttr<"RequantMode", "how an accumulator becomes an 8-bit value", [
    I32EnumAttrCase<"none", 0>, I32EnumAttrCase<"double_round", 1, "double">,
    I32EnumAttrCase<"single_round", 2, "single">, I32EnumAttrCase<"f32_rne", 3>]> {
  let cppNamespace = "::afe::mla";
}

def MLA_RequantAttr : MLA_Attr<"Requant", "requant"> {
  let summary = "Requantization of an int32 accumulator";
  let description = [{
    `#mla.requant<double, multipliers = [1518500250], shifts = [38], zp = -5, lo = -128, hi = 127>`:
    `clamp(round(acc * multiplier >> shift) + zp, lo, hi)` with TOSA's double or single rounding and
    one multiplier or one per output channel. `f32_rne`: one f32 scale or one per output channel:
    `clamp(rint(f32(acc) * scale) + zp, lo, hi)`, half to even. `none`: the accumulator leaves as int32.
    `multipliers` holds the bits of the f32 scales in mode `f32_rne`.

    - (C1) `none` has neither multipliers nor shifts, `f32_rne` has multipliers, the others have both,
      equally many; there is at least one.
    - (C2) Shifts are 2 to 62 and int32 multipliers not negative, as in TOSA; f32 scales are finite.
    - (C3) lo <= hi, and `zp` is a value of i8 or ui8.
  }];
  let parameters = (ins EnumParameter<MLA_RequantMode>:$mode,
                        OptionalParameter<"::mlir::DenseI32ArrayAttr">:$multipliers,
                        OptionalParameter<"::mlir::DenseI8ArrayAttr">:$shifts,
                        DefaultValuedParameter<"int32_t", "0">:$zp,
                        DefaultValuedParameter<"int32_t", "-128">:$lo,
                        DefaultValuedParameter<"int32_t", "127">:$hi);
  let assemblyFormat = "`<` $mode (`,` struct($multipliers, $shifts, $zp, $lo, $hi)^)? `>`";
  let genVerifyDecl = 1;
}

def MLA_ResidualMode : I32EnumAttr<"ResidualMode", "arithmetic of the fused residual addition", [
    I32EnumAttrCase<"litert_add", 1>, I32EnumAttrCase<"f32_add", 2>]> {
  let cppNamespace = "::afe::mla";
}

def MLA_ResidualAttr : MLA_Attr<"Residual", "residual"> {
  let summary = "A quantized addition fused behind a convolution's requantization";
  let description = [{
    The value `v` (after the convolution's own clamp) and the residual `r` are added:
    - `litert_add`: `s = D(((v - selfZp) << leftShift), selfMultiplier, selfShift) +
      D(((r - residualZp) << leftShift), residualMultiplier, residualShift)`;
      `clamp(D(s, sumMultiplier, sumShift) + sumZp, lo, hi)`, D = TOSA double rounding;
    - `f32_add`: multipliers hold f32 bits: `x = f32(v - selfZp) * self + f32(r - residualZp) * residual`;
      `clamp(rint(x / sum) + sumZp, lo, hi)`.

    - (C1) Zero points are values of i8 or ui8; lo <= hi, both values of i8 or ui8.
    - (C2) `litert_add`: shifts are 2 to 62, `leftShift` is 0 to 22; `f32_add`: the scales are finite
      and `sum` is not 0.
  }];
  let parameters = (ins EnumParameter<MLA_ResidualMode>:$mode,
                        "int32_t":$selfZp, "int32_t":$selfMultiplier, "int32_t":$selfShift,
                        "int32_t":$residualZp, "int32_t":$residualMultiplier, "int32_t":$residualShift,
                        "int32_t":$sumMultiplier, "int32_t":$sumShift, "int32_t":$sumZp,
                        DefaultValuedParameter<"int32_t", "20">:$leftShift,
                        DefaultValuedParameter<"int32_t", "-128">:$lo,
                        DefaultValuedParameter<"int32_t", "127">:$hi);
  let assemblyFormat = [{`<` $mode `,` struct($selfZp, $selfMultiplier, $selfShift, $residualZp,
    $residualMultiplier, $residualShift, $sumMultiplier, $sumShift, $sumZp, $leftShift, $lo, $hi) `>`}];
  let genVerifyDecl = 1;
}

def MLA_WindowAttr : MLA_Attr<"Window", "window"> {
  let summary = "A sliding window over rows and columns of operand 0";
  let description = [{
    - (C1) Kernel, stride and dilation are 1 to 255.
    - (C2) Paddings are at least 0 and smaller than the dilated kernel.
  }];
  let parameters = (ins "int64_t":$kernelRows, "int64_t":$kernelCols,
                        "int64_t":$strideRows, "int64_t":$strideCols,
                        "int64_t":$padTop, "int64_t":$padBottom, "int64_t":$padLeft, "int64_t":$padRight,
                        DefaultValuedParameter<"int64_t", "1">:$dilationRows,
                        DefaultValuedParameter<"int64_t", "1">:$dilationCols);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def MLA_DramLayout : I32EnumAttr<"DramLayout", "how the channels of a pixel lie in DRAM", [
    I32EnumAttrCase<"hwc", 0>, I32EnumAttrCase<"hwc16", 1>]> {
  let cppNamespace = "::afe::mla";
}

def MLA_DramAttr : MLA_Attr<"Dram", "dram"> {
  let summary = "How a tensor lies in DRAM where it enters or leaves a segment";
  let description = [{
    `#mla.dram<hwc16, tile = [8, 28, 32], packed = true>`: pixels are dense (`hwc`) or padded to 16
    channels (`hwc16`). A `tile` of so many rows, columns and channels is what one request moves;
    `packed` tiles lie one behind the other, row by row of tiles, those at the edges smaller. Without
    `packed` the tensor's frame lies whole.

    - (C1) `tile` has three sizes, all at least 1.
    - (C2) `packed` needs a `tile`.
  }];
  let parameters = (ins EnumParameter<MLA_DramLayout>:$layout,
                        OptionalParameter<"::mlir::DenseI64ArrayAttr">:$tile,
                        DefaultValuedParameter<"bool", "false">:$packed);
  let assemblyFormat = "`<` $layout (`,` struct($tile, $packed)^)? `>`";
  let genVerifyDecl = 1;
}

#endif // MLA_ATTRIBUTES_TD
