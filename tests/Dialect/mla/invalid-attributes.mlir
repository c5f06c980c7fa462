// Attributes that do not verify.
// One case per constraint, named by the label it has in the operation's description.
// RUN: mla-opt %s --split-input-file --verify-diagnostics

// #mla.target (C1): the field is one of the table.
// expected-error @+1 {{target has no field 'quadz'}}
module attributes {a.b = #mla.target<"tiny", {quadz = 1 : i64}>} {}

// -----

// #mla.target (C1): a field is an integer.
// expected-error @+1 {{target field 'quads' must be an integer}}
module attributes {a.b = #mla.target<"tiny", {quads = "1"}>} {}

// -----

// #mla.target (C1): a field is in its range.
// expected-error @+1 {{target field 'quads' is 9, allowed is 1 to 8}}
module attributes {a.b = #mla.target<"tiny", {quads = 9 : i64}>} {}

// -----

// #mla.requant (C1): double rounding needs multipliers.
// expected-error @+1 {{requantization double needs multipliers}}
module attributes {a.b = #mla.requant<double>} {}

// -----

// #mla.requant (C1): nothing is multiplied where nothing is requantized.
// expected-error @+1 {{requantization none takes no multipliers}}
module attributes {a.b = #mla.requant<none, multipliers = [1]>} {}

// -----

// #mla.requant (C1): an f32 scale has no shift.
// expected-error @+1 {{requantization f32_rne takes no shifts}}
module attributes {a.b = #mla.requant<f32_rne, multipliers = [1], shifts = [2]>} {}

// -----

// #mla.requant (C1): there are as many shifts as multipliers.
// expected-error @+1 {{requantization has 2 multipliers but 1 shifts}}
module attributes {a.b = #mla.requant<single, multipliers = [1, 2], shifts = [31]>} {}

// -----

// #mla.requant (C2): shifts are TOSA's.
// expected-error @+1 {{shift is 63, allowed is 2 to 62}}
module attributes {a.b = #mla.requant<double, multipliers = [1], shifts = [63]>} {}

// -----

// #mla.requant (C2): a multiplier is not negative.
// expected-error @+1 {{multiplier is -1, allowed is 0 to 2147483647}}
module attributes {a.b = #mla.requant<double, multipliers = [-1], shifts = [31]>} {}

// -----

// #mla.requant (C2): a scale is finite.
// expected-error @+1 {{multiplier 2139095040 is the bits of inf, expected a finite f32}}
module attributes {a.b = #mla.requant<f32_rne, multipliers = [2139095040]>} {}

// -----

// #mla.requant (C3): the clamp is not empty.
// expected-error @+1 {{clamp range is empty: lo 5 > hi 4}}
module attributes {a.b = #mla.requant<none, lo = 5, hi = 4>} {}

// -----

// #mla.requant (C3): the zero point is one of a type of 8 bits.
// expected-error @+1 {{zp is 256, allowed is -128 to 255}}
module attributes {a.b = #mla.requant<double, multipliers = [1], shifts = [31], zp = 256>} {}

// -----

// #mla.residual (C1): zero points are those of a type of 8 bits.
// expected-error @+1 {{selfZp is -129, allowed is -128 to 255}}
module attributes {a.b = #mla.residual<litert_add, selfZp = -129, selfMultiplier = 1, selfShift = 31,
    residualZp = 0, residualMultiplier = 1, residualShift = 31, sumMultiplier = 1, sumShift = 49, sumZp = 0>} {}

// -----

// #mla.residual (C1): the clamp is not empty.
// expected-error @+1 {{clamp range is empty: lo 9 > hi 8}}
module attributes {a.b = #mla.residual<litert_add, selfZp = 0, selfMultiplier = 1, selfShift = 31,
    residualZp = 0, residualMultiplier = 1, residualShift = 31, sumMultiplier = 1, sumShift = 49, sumZp = 0, lo = 9, hi = 8>} {}

// -----

// #mla.residual (C2): shifts are TOSA's.
// expected-error @+1 {{selfShift is 1, allowed is 2 to 62}}
module attributes {a.b = #mla.residual<litert_add, selfZp = 0, selfMultiplier = 1, selfShift = 1,
    residualZp = 0, residualMultiplier = 1, residualShift = 31, sumMultiplier = 1, sumShift = 49, sumZp = 0>} {}

// -----

// #mla.residual (C2): the operands are not shifted out of an int32.
// expected-error @+1 {{leftShift is 23, allowed is 0 to 22}}
module attributes {a.b = #mla.residual<litert_add, selfZp = 0, selfMultiplier = 1, selfShift = 31,
    residualZp = 0, residualMultiplier = 1, residualShift = 31, sumMultiplier = 1, sumShift = 49, sumZp = 0, leftShift = 23>} {}

// -----

// #mla.residual (C2): the sum is not divided by 0.
// expected-error @+1 {{sumMultiplier is the bits of 0, which cannot divide}}
module attributes {a.b = #mla.residual<f32_add, selfZp = 0, selfMultiplier = 1, selfShift = 31,
    residualZp = 0, residualMultiplier = 1, residualShift = 31, sumMultiplier = 0, sumShift = 49, sumZp = 0>} {}

// -----

// #mla.window (C1): the window moves.
// expected-error @+1 {{window kernel, stride or dilation is 0, allowed is 1 to 255}}
module attributes {a.b = #mla.window<kernelRows = 3, kernelCols = 2, strideRows = 0, strideCols = 1, padTop = 0,
    padBottom = 0, padLeft = 0, padRight = 0>} {}

// -----

// #mla.window (C2): no window lies in the padding.
// expected-error @+1 {{padTop is 3, allowed is 0 to 2}}
module attributes {a.b = #mla.window<kernelRows = 3, kernelCols = 2, strideRows = 1, strideCols = 1, padTop = 3,
    padBottom = 0, padLeft = 0, padRight = 0>} {}

// -----

// #mla.dram (C1): a tile has rows, columns and channels.
// expected-error @+1 {{a tile has three sizes of at least 1: rows, columns, channels}}
module attributes {a.b = #mla.dram<hwc, tile = [2, 3]>} {}

// -----

// #mla.dram (C1): no size is 0.
// expected-error @+1 {{a tile has three sizes of at least 1: rows, columns, channels}}
module attributes {a.b = #mla.dram<hwc, tile = [2, 0, 3]>} {}

// -----

// #mla.dram (C2): only tiles are packed.
// expected-error @+1 {{what is packed are tiles, and there is no tile}}
module attributes {a.b = #mla.dram<hwc16, packed = true>} {}
