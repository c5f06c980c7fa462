// Vector programs: the layer operation `mla.vector` and the lane-wise operations of its region.
// One operation of the region is one micro-operation (lib/Encoding/Micro.def); values are single
// lanes of type i32 or f32.
#ifndef MLA_VECTOR_OPS_TD
#define MLA_VECTOR_OPS_TD

include "MLALayerOps.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"

def MLA_Lane : AnyTypeOf<[I32, F32]>;

def MLA_VectorOp : MLA_Op<"vector", [Pure, SingleBlock, IsolatedFromAbove]> {
  let summary = "a micro-program over every element";
  let description = [{
    The block has one argument per input, of type i32 (integer inputs, extended) or f32. Inputs have
    the shape of the outputs, or 1 in dimensions over which they are broadcast. Up to four inputs, two
    outputs, 32 operations. With `window`, operand 0 is read by `mla.v.window_*` instead of its block
    argument and the output's rows and columns follow from the window. With a reduction over pixels
    the outputs have one pixel. `mla.v.gather_*` read operand 0 at computed rows and columns (resize).

    ```mlir
    %sum = mla.vector %a, %b : (tensor<1x7x5x24xi8>, tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
    ^bb0(%x: i32, %y: i32):
      %s = mla.v.add %x, %y : i32
      mla.v.yield %s : i32
    }
    ```
  }];
  let arguments = (ins Variadic<MLA_Activation>:$inputs, OptionalAttr<MLA_WindowAttr>:$window,
                       OptionalAttr<StrAttr>:$layer);
  let results = (outs Variadic<MLA_Activation>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$inputs attr-dict `:` functional-type($inputs, $outputs) $body";
  let hasVerifier = 1;
}

class MLA_LaneOp<string mnemonic, list<Trait> traits = []> : MLA_Op<"v." # mnemonic, !listconcat([Pure], traits)>;

def MLA_VYieldOp : MLA_LaneOp<"yield", [Terminator, ParentOneOf<["::afe::mla::VectorOp"]>]> {
  let summary = "the elements of the outputs";
  let arguments = (ins Variadic<MLA_Lane>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

def MLA_VConstOp : MLA_LaneOp<"const", [AllTypesMatch<["value", "result"]>]> {
  let summary = "an i32 or f32 constant";
  let arguments = (ins TypedAttrInterface:$value);
  let results = (outs MLA_Lane:$result);
  let assemblyFormat = "$value attr-dict";
}

class MLA_LaneUnary<string mnemonic, Type type> : MLA_LaneOp<mnemonic> {
  let arguments = (ins type:$a);
  let results = (outs type:$result);
  let assemblyFormat = "$a attr-dict `:` type($result)";
}
class MLA_LaneBinary<string mnemonic, Type type> : MLA_LaneOp<mnemonic, [AllTypesMatch<["a", "b", "result"]>]> {
  let arguments = (ins type:$a, type:$b);
  let results = (outs type:$result);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($result)";
}

// Integer arithmetic, wrapping; the micro-operation of the same name (f32: f-prefixed).
foreach name = ["Add", "Sub", "Mul", "Min", "Max"] in
  def MLA_V#name#Op : MLA_LaneBinary<!tolower(name), MLA_Lane> { let summary = "lane-wise " # !tolower(name) # ", i32 or f32"; }
foreach name = ["Shl", "Lshr", "And", "Or", "Xor"] in
  def MLA_V#name#Op : MLA_LaneBinary<!tolower(name), I32> { let summary = "lane-wise " # !tolower(name); }
def MLA_VShrOp : MLA_LaneBinary<"shr", I32> {
  let summary = "arithmetic shift right, optionally rounded";
  let arguments = (ins I32:$a, I32:$b, UnitAttr:$round);
}
def MLA_VMulShiftOp : MLA_LaneBinary<"mul_shift", I32> {
  let summary = "(a * b + round) >> shift in 64 bits";
  let arguments = (ins I32:$a, I32:$b, I32Attr:$shift);
}
def MLA_VDivOp : MLA_LaneBinary<"div", F32> { let summary = "f32 division"; }
def MLA_VSqrtOp : MLA_LaneUnary<"sqrt", F32> { let summary = "f32 square root"; }
def MLA_VAbsOp : MLA_LaneUnary<"abs", I32> { let summary = "absolute value"; }
def MLA_VClzOp : MLA_LaneUnary<"clz", I32> { let summary = "count leading zeros"; }
def MLA_VClampOp : MLA_LaneUnary<"clamp", I32> {
  let summary = "min(max(a, lo), hi)";
  let arguments = (ins I32:$a, I32Attr:$lo, I32Attr:$hi);
}
def MLA_ComparePredicate : I32EnumAttr<"ComparePredicate", "lane comparison",
    [I32EnumAttrCase<"eq", 0>, I32EnumAttrCase<"gt", 1>, I32EnumAttrCase<"ge", 2>]> {
  let cppNamespace = "::afe::mla";
}
def MLA_VCmpOp : MLA_LaneOp<"cmp", [SameTypeOperands]> {
  let summary = "comparison: 1 or 0";
  let arguments = (ins MLA_ComparePredicate:$predicate, MLA_Lane:$a, MLA_Lane:$b);
  let results = (outs I32:$result);
  let assemblyFormat = "$predicate $a `,` $b attr-dict `:` type($a)";
}
def MLA_VSelectOp : MLA_LaneOp<"select", [AllTypesMatch<["b", "c", "result"]>]> {
  let summary = "a != 0 ? b : c";
  let arguments = (ins I32:$a, MLA_Lane:$b, MLA_Lane:$c);
  let results = (outs MLA_Lane:$result);
  let assemblyFormat = "$a `,` $b `,` $c attr-dict `:` type($result)";
}
def MLA_VRescaleOp : MLA_LaneUnary<"rescale", I32> {
  let summary = "requantization by a constant: mode, multiplier (f32 bits in f32_rne), TOSA shift, then + zp";
  let arguments = (ins I32:$a, MLA_RequantMode:$mode, I32Attr:$multiplier, I32Attr:$shift, I32Attr:$zp);
  let assemblyFormat = "$mode $a attr-dict `:` type($result)";
}
def MLA_VRescaleChannelOp : MLA_LaneOp<"rescale_channel"> {
  let summary = "requantization with multiplier and shift lanes (inputs broadcast over pixels), then + zp";
  let arguments = (ins I32:$a, I32:$multiplier, I32:$shift, MLA_RequantMode:$mode, I32Attr:$zp);
  let results = (outs I32:$result);
  let assemblyFormat = "$mode $a `,` $multiplier `,` $shift attr-dict";
}
def MLA_VTable8Op : MLA_LaneOp<"table8"> {
  let summary = "256-entry byte table, indexed by a & 255 (entry 0 is for 0, entry 255 for -1)";
  let arguments = (ins I32:$a, DenseI8ArrayAttr:$table);
  let results = (outs I32:$result);
  let assemblyFormat = "$a attr-dict";
}
def MLA_VTable32Op : MLA_LaneOp<"table32"> {
  let summary = "256-entry table of i32 (or, with an f32 result, of f32 bits), indexed by a & 255";
  let arguments = (ins I32:$a, DenseI32ArrayAttr:$table);
  let results = (outs MLA_Lane:$result);
  let assemblyFormat = "$a attr-dict `:` type($result)";
}
def MLA_VTable16Op : MLA_LaneOp<"table16"> {
  let summary = "TOSA's 513-entry interpolated int16 table";
  let arguments = (ins I32:$a, DenseI16ArrayAttr:$table);
  let results = (outs I32:$result);
  let assemblyFormat = "$a attr-dict";
}
def MLA_VIntToFloatOp : MLA_LaneOp<"int_to_float"> {
  let summary = "i32 to f32, half to even";
  let arguments = (ins I32:$a);
  let results = (outs F32:$result);
  let assemblyFormat = "$a attr-dict";
}
def MLA_FloatRounding : I32EnumAttr<"FloatRounding", "float to integer rounding",
    [I32EnumAttrCase<"half_even", 0>, I32EnumAttrCase<"floor", 1>, I32EnumAttrCase<"trunc", 2>]> {
  let cppNamespace = "::afe::mla";
}
def MLA_VFloatToIntOp : MLA_LaneOp<"float_to_int"> {
  let summary = "f32 to i32, saturating, NaN to 0";
  let arguments = (ins F32:$a, MLA_FloatRounding:$rounding);
  let results = (outs I32:$result);
  let assemblyFormat = "$rounding $a attr-dict";
}
def MLA_ReduceKind : I32EnumAttr<"ReduceKind", "reduction", [I32EnumAttrCase<"sum", 0>,
    I32EnumAttrCase<"max", 1>, I32EnumAttrCase<"argmax", 2>]> { let cppNamespace = "::afe::mla"; }
def MLA_ReduceAxis : I32EnumAttr<"ReduceAxis", "what is reduced", [I32EnumAttrCase<"channels", 0>,
    I32EnumAttrCase<"pixels", 1>]> { let cppNamespace = "::afe::mla"; }
def MLA_VReduceOp : MLA_LaneOp<"reduce"> {
  let summary = "reduction over the channels of a pixel or the pixels of an image; broadcast where used";
  let description = "f32 sums are in ascending order; argmax is the first maximum, over channels, of i32.";
  let arguments = (ins MLA_ReduceKind:$kind, MLA_ReduceAxis:$axis, MLA_Lane:$a);
  let results = (outs MLA_Lane:$result);
  let assemblyFormat = "$kind $axis $a attr-dict `:` type($a) `->` type($result)";
}
foreach name = ["Sum", "Max", "Count"] in
  def MLA_VWindow#name#Op : MLA_LaneOp<"window_" # !tolower(name)> {
    let summary = !tolower(name) # " over the existing taps of the window on operand 0";
    let results = (outs I32:$result);
    let assemblyFormat = "attr-dict";
  }
foreach name = ["Row", "Col", "Channel"] in
  def MLA_V#name#Op : MLA_LaneOp<!tolower(name)> {
    let summary = "index of the output's " # !tolower(name);
    let results = (outs I32:$result);
    let assemblyFormat = "attr-dict";
  }
def MLA_VGatherBilinearOp : MLA_LaneOp<"gather_bilinear"> {
  let summary = "bilinear mix of operand 0's four neighbours at fixed-point row and column (micro-op bilinear)";
  let arguments = (ins I32:$row, I32:$col, I32Attr:$fraction_bits);
  let results = (outs I32:$result);
  let assemblyFormat = "$row `,` $col attr-dict";
}
def MLA_VGatherNearestOp : MLA_LaneOp<"gather_nearest"> {
  let summary = "operand 0 at row and column";
  let arguments = (ins I32:$row, I32:$col);
  let results = (outs I32:$result);
  let assemblyFormat = "$row `,` $col attr-dict";
}

#endif // MLA_VECTOR_OPS_TD
