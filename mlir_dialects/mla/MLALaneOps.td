// The lane-wise operations in the region of `mla.vector`. One operation is one micro-operation
// (lib/Encoding/Micro.def); values are single lanes of type i32 or f32.
#ifndef MLA_LANE_OPS_TD
#define MLA_LANE_OPS_TD

include "MLAAttributes.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def MLA_Lane : AnyTypeOf<[I32, F32]>;

// Marks what may stand in the region.
def MLA_LaneOperation : NativeOpTrait<"LaneOperation"> { let cppNamespace = "::afe::mla"; }

class MLA_LaneOp<string mnemonic, list<Trait> traits = []> : MLA_Op<"v." # mnemonic,
    !listconcat([Pure, MLA_LaneOperation, ParentOneOf<["::afe::mla::VectorOp"]>], traits)> {
  let opDocGroup = MLA_LaneGroup;
}

// A description that is one example; `values` declares the lanes it uses.
class MLA_LaneExample<string values, string example> {
  string text = "\n    ```mlir\n" # !if(!empty(values), "", "    // " # values # "\n") #
                "    " # example # "\n    ```\n";
}

def MLA_VYieldOp : MLA_LaneOp<"yield", [Terminator]> {
  let summary = "the elements of the outputs";
  let description = MLA_LaneExample<"%a: i32", "mla.v.yield %a : i32">.text;
  let arguments = (ins Variadic<MLA_Lane>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

def MLA_VConstOp : MLA_LaneOp<"const", [AllTypesMatch<["value", "result"]>]> {
  let summary = "an i32 or f32 constant";
  let description = MLA_LaneExample<"", "%k = mla.v.const -20 : i32">.text;
  let arguments = (ins TypedAttrInterface:$value);
  let results = (outs MLA_Lane:$result);
  let assemblyFormat = "$value attr-dict";
}

class MLA_LaneUnary<string mnemonic, Type type, string text> : MLA_LaneOp<mnemonic> {
  let summary = text;
  let description = MLA_LaneExample<"%a: " # type.summary,
      "%r = mla.v." # mnemonic # " %a : " # type.summary>.text;
  let arguments = (ins type:$a);
  let results = (outs type:$result);
  let assemblyFormat = "$a attr-dict `:` type($result)";
}
class MLA_LaneBinary<string mnemonic, Type type, string text>
    : MLA_LaneOp<mnemonic, [AllTypesMatch<["a", "b", "result"]>]> {
  let summary = text;
  let description = MLA_LaneExample<"%a: i32, %b: i32", "%r = mla.v." # mnemonic # " %a, %b : i32">.text;
  let arguments = (ins type:$a, type:$b);
  let results = (outs type:$result);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($result)";
}

// i32 arithmetic wraps; the f32 form is the micro-operation of the same name with an f in front.
foreach name = ["Add", "Sub", "Mul", "Min", "Max"] in
  def MLA_V#name#Op : MLA_LaneBinary<!tolower(name), MLA_Lane, "lane-wise " # !tolower(name) # ", i32 or f32">;
foreach name = ["And", "Or", "Xor"] in
  def MLA_V#name#Op : MLA_LaneBinary<!tolower(name), I32, "bitwise " # !tolower(name)>;

class MLA_LaneShift<string mnemonic, string text> : MLA_LaneBinary<mnemonic, I32, text> {
  let description = MLA_LaneExample<"%a: i32, %b: i32", "%r = mla.v." # mnemonic # " %a, %b : i32">.text # [{
    - (C1) A shift amount that is a `mla.v.const` is 0 to 31.
  }];
  let hasVerifier = 1;
}
def MLA_VShlOp : MLA_LaneShift<"shl", "a << b, b in 0 to 31">;
def MLA_VLshrOp : MLA_LaneShift<"lshr", "logical shift right, b in 0 to 31">;
def MLA_VShrOp : MLA_LaneShift<"shr", "arithmetic shift right, optionally rounded: plus bit b - 1 of a"> {
  let arguments = (ins I32:$a, I32:$b, UnitAttr:$round);
}
def MLA_VMulShiftOp : MLA_LaneBinary<"mul_shift", I32, "(a * b + round) >> shift in 64 bits"> {
  let description = MLA_LaneExample<"%a: i32, %b: i32",
      "%r = mla.v.mul_shift %a, %b {shift = 15 : i32} : i32">.text # [{
    - (C1) `shift` is 0 to 62.
  }];
  let arguments = (ins I32:$a, I32:$b, I32Attr:$shift);
  let hasVerifier = 1;
}
def MLA_VDivOp : MLA_LaneBinary<"div", F32, "f32 division"> {
  let description = MLA_LaneExample<"%a: f32, %b: f32", "%r = mla.v.div %a, %b : f32">.text;
}
def MLA_VSqrtOp : MLA_LaneUnary<"sqrt", F32, "f32 square root"> {
  let description = MLA_LaneExample<"%a: f32", "%r = mla.v.sqrt %a : f32">.text;
}
def MLA_VAbsOp : MLA_LaneUnary<"abs", I32, "absolute value (of INT_MIN: INT_MIN)"> {
  let description = MLA_LaneExample<"%a: i32", "%r = mla.v.abs %a : i32">.text;
}
def MLA_VClzOp : MLA_LaneUnary<"clz", I32, "count of leading zeros, 32 for 0"> {
  let description = MLA_LaneExample<"%a: i32", "%r = mla.v.clz %a : i32">.text;
}
def MLA_VClampOp : MLA_LaneUnary<"clamp", I32, "min(max(a, lo), hi)"> {
  let description = MLA_LaneExample<"%a: i32",
      "%r = mla.v.clamp %a {lo = -128 : i32, hi = 90 : i32} : i32">.text # [{
    - (C1) lo <= hi.
  }];
  let arguments = (ins I32:$a, I32Attr:$lo, I32Attr:$hi);
  let hasVerifier = 1;
}
def MLA_ComparePredicate : I32EnumAttr<"ComparePredicate", "lane comparison",
    [I32EnumAttrCase<"eq", 0>, I32EnumAttrCase<"gt", 1>, I32EnumAttrCase<"ge", 2>]> {
  let cppNamespace = "::afe::mla";
}
def MLA_VCmpOp : MLA_LaneOp<"cmp", [SameTypeOperands]> {
  let summary = "comparison: 1 or 0";
  let description = MLA_LaneExample<"%a: f32, %b: f32", "%r = mla.v.cmp gt %a, %b : f32">.text;
  let arguments = (ins MLA_ComparePredicate:$predicate, MLA_Lane:$a, MLA_Lane:$b);
  let results = (outs I32:$result);
  let assemblyFormat = "$predicate $a `,` $b attr-dict `:` type($a)";
}
def MLA_VSelectOp : MLA_LaneOp<"select", [AllTypesMatch<["b", "c", "result"]>]> {
  let summary = "a != 0 ? b : c";
  let description = MLA_LaneExample<"%a: i32, %b: f32, %c: f32", "%r = mla.v.select %a, %b, %c : f32">.text;
  let arguments = (ins I32:$a, MLA_Lane:$b, MLA_Lane:$c);
  let results = (outs MLA_Lane:$result);
  let assemblyFormat = "$a `,` $b `,` $c attr-dict `:` type($result)";
}

// Requantization inside a vector program.
defvar MLA_RescaleConstraints = "\n    - (C1) `mode` is not `none`.\n";
def MLA_VRescaleOp : MLA_LaneUnary<"rescale", I32, "requantization by a constant, saturated to int32"> {
  let description = !strconcat("\n    `mode` with multiplier (f32 bits in f32_rne) and TOSA shift, then + zp.\n",
      MLA_LaneExample<"%a: i32",
      "%r = mla.v.rescale double %a {multiplier = 1073741824 : i32, shift = 31 : i32, zp = 3 : i32} : i32">.text,
      MLA_RescaleConstraints, "    - (C2) In modes double and single, `shift` is 2 to 62.\n");
  let arguments = (ins I32:$a, MLA_RequantMode:$mode, I32Attr:$multiplier, I32Attr:$shift, I32Attr:$zp);
  let assemblyFormat = "$mode $a attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def MLA_VRescaleChannelOp : MLA_LaneOp<"rescale_channel"> {
  let summary = "requantization with multiplier and shift lanes (inputs broadcast over pixels), then + zp";
  let description = !strconcat(MLA_LaneExample<"%a: i32, %m: i32, %s: i32",
      "%r = mla.v.rescale_channel single %a, %m, %s {zp = 0 : i32}">.text, MLA_RescaleConstraints);
  let arguments = (ins I32:$a, I32:$multiplier, I32:$shift, MLA_RequantMode:$mode, I32Attr:$zp);
  let results = (outs I32:$result);
  let assemblyFormat = "$mode $a `,` $multiplier `,` $shift attr-dict";
  let hasVerifier = 1;
}

// Table look-ups.
class MLA_LaneTable<string mnemonic, int entries, string text> : MLA_LaneOp<mnemonic> {
  let summary = text;
  let description = "\n    - (C1) `table` has " # entries # " entries.\n";
  let hasVerifier = 1;
}
def MLA_VTable8Op : MLA_LaneTable<"table8", 256,
    "256-entry byte table, indexed by a & 255 (entry 0 is for 0, entry 255 for -1)"> {
  let arguments = (ins I32:$a, DenseI8ArrayAttr:$table);
  let results = (outs I32:$result);
  let assemblyFormat = "$a attr-dict";
}
def MLA_VTable32Op : MLA_LaneTable<"table32", 256,
    "256-entry table of i32 (or, with an f32 result, of f32 bits), indexed by a & 255"> {
  let arguments = (ins I32:$a, DenseI32ArrayAttr:$table);
  let results = (outs MLA_Lane:$result);
  let assemblyFormat = "$a attr-dict `:` type($result)";
}
def MLA_VTable16Op : MLA_LaneTable<"table16", 513, "TOSA's 513-entry interpolated int16 table"> {
  let arguments = (ins I32:$a, DenseI16ArrayAttr:$table);
  let results = (outs I32:$result);
  let assemblyFormat = "$a attr-dict";
}

// Conversions.
def MLA_VIntToFloatOp : MLA_LaneOp<"int_to_float"> {
  let summary = "i32 to f32, half to even";
  let description = MLA_LaneExample<"%a: i32", "%r = mla.v.int_to_float %a">.text;
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
  let description = MLA_LaneExample<"%a: f32", "%r = mla.v.float_to_int half_even %a">.text;
  let arguments = (ins F32:$a, MLA_FloatRounding:$rounding);
  let results = (outs I32:$result);
  let assemblyFormat = "$rounding $a attr-dict";
}

// Reductions.
def MLA_ReduceKind : I32EnumAttr<"ReduceKind", "reduction", [I32EnumAttrCase<"sum", 0>,
    I32EnumAttrCase<"max", 1>, I32EnumAttrCase<"argmax", 2>]> { let cppNamespace = "::afe::mla"; }
def MLA_ReduceAxis : I32EnumAttr<"ReduceAxis", "what is reduced", [I32EnumAttrCase<"channels", 0>,
    I32EnumAttrCase<"pixels", 1>]> { let cppNamespace = "::afe::mla"; }
def MLA_VReduceOp : MLA_LaneOp<"reduce", [AllTypesMatch<["a", "result"]>]> {
  let summary = "reduction over the channels of a pixel or the pixels of an image; broadcast where used";
  let description = [{
    f32 sums are in ascending order; argmax is the first maximum, over channels, of i32.

    ```mlir
    // %a: i32
    %r = mla.v.reduce argmax channels %a : i32 -> i32
    ```

    - (C1) There is a micro-operation for it: all but argmax of f32, argmax over pixels and maximum of
      f32 over pixels.
  }];
  let arguments = (ins MLA_ReduceKind:$kind, MLA_ReduceAxis:$axis, MLA_Lane:$a);
  let results = (outs MLA_Lane:$result);
  let assemblyFormat = "$kind $axis $a attr-dict `:` type($a) `->` type($result)";
  let hasVerifier = 1;
}

// Operand 0 through a window, positions, and operand 0 at computed positions.
foreach name = ["Sum", "Max", "Count"] in
  def MLA_VWindow#name#Op : MLA_LaneOp<"window_" # !tolower(name)> {
    let summary = !tolower(name) # " over the existing taps of the window on operand 0";
    let description = MLA_LaneExample<"", "%r = mla.v.window_" # !tolower(name)>.text;
    let results = (outs I32:$result);
    let assemblyFormat = "attr-dict";
  }
foreach name = ["Row", "Col", "Channel"] in
  def MLA_V#name#Op : MLA_LaneOp<!tolower(name)> {
    let summary = "index of the output's " # !tolower(name);
    let description = MLA_LaneExample<"", "%r = mla.v." # !tolower(name)>.text;
    let results = (outs I32:$result);
    let assemblyFormat = "attr-dict";
  }
def MLA_VGatherBilinearOp : MLA_LaneOp<"gather_bilinear"> {
  let summary = "bilinear mix of operand 0's four neighbours at fixed-point row and column (micro-op bilinear)";
  let description = MLA_LaneExample<"%row: i32, %col: i32",
      "%r = mla.v.gather_bilinear %row, %col {fraction_bits = 10 : i32}">.text # [{
    - (C1) `fraction_bits` is 0 to 11: the weighted sum of bytes fits into an int32.
  }];
  let arguments = (ins I32:$row, I32:$col, I32Attr:$fraction_bits);
  let results = (outs I32:$result);
  let assemblyFormat = "$row `,` $col attr-dict";
  let hasVerifier = 1;
}
def MLA_VGatherLinearOp : MLA_LaneOp<"gather_linear"> {
  let summary = "mix of operand 0's two neighbours along one axis at fixed-point row and column (micro-op linear)";
  let description = MLA_LaneExample<"%row: i32, %col: i32",
      "%r = mla.v.gather_linear %row, %col {columns, fraction_bits = 10 : i32}">.text # [{
    Between two rows, or between two `columns`; the other position's fraction is 0.

    - (C1) `fraction_bits` is 0 to 11.
  }];
  let arguments = (ins I32:$row, I32:$col, UnitAttr:$columns, I32Attr:$fraction_bits);
  let results = (outs I32:$result);
  let assemblyFormat = "$row `,` $col attr-dict";
  let hasVerifier = 1;
}
def MLA_VGatherNearestOp : MLA_LaneOp<"gather_nearest"> {
  let summary = "operand 0 at row and column";
  let description = MLA_LaneExample<"%row: i32, %col: i32", "%r = mla.v.gather_nearest %row, %col">.text;
  let arguments = (ins I32:$row, I32:$col);
  let results = (outs I32:$result);
  let assemblyFormat = "$row `,` $col attr-dict";
}

#endif // MLA_LANE_OPS_TD
