// Lane operations that do not verify.
// One case per constraint, named by the label it has in the operation's description.
// RUN: mla-opt %s --split-input-file --verify-diagnostics

// mla.v.shl (C1): a constant shift amount is 0 to 31.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    %k = mla.v.const 32 : i32
    // expected-error @+1 {{'mla.v.shl' op shift amount is 32, allowed is 0 to 31}}
    %s = mla.v.shl %x0, %k : i32
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.shr (C1): a constant shift amount is 0 to 31.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    %k = mla.v.const 32 : i32
    // expected-error @+1 {{'mla.v.shr' op shift amount is 32, allowed is 0 to 31}}
    %s = mla.v.shr %x0, %k : i32
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.lshr (C1): a constant shift amount is 0 to 31.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    %k = mla.v.const 32 : i32
    // expected-error @+1 {{'mla.v.lshr' op shift amount is 32, allowed is 0 to 31}}
    %s = mla.v.lshr %x0, %k : i32
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.mul_shift (C1): the shift is 0 to 62.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    // expected-error @+1 {{'mla.v.mul_shift' op shift is 63, allowed is 0 to 62}}
    %s = mla.v.mul_shift %x0, %x0 {shift = 63 : i32} : i32
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.clamp (C1): the range is not empty.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    // expected-error @+1 {{'mla.v.clamp' op clamp range is empty: lo 4 > hi -4}}
    %s = mla.v.clamp %x0 {lo = 4 : i32, hi = -4 : i32} : i32
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.rescale (C1): a rescale has a mode.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    // expected-error @+1 {{'mla.v.rescale' op has mode none, expected double, single or f32_rne}}
    %s = mla.v.rescale none %x0 {multiplier = 1 : i32, shift = 31 : i32, zp = 0 : i32} : i32
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.rescale (C2): the shift is TOSA's.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    // expected-error @+1 {{'mla.v.rescale' op shift is 1, allowed is 2 to 62}}
    %s = mla.v.rescale single %x0 {multiplier = 1 : i32, shift = 1 : i32, zp = 0 : i32} : i32
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.rescale_channel (C1): a rescale has a mode.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    // expected-error @+1 {{'mla.v.rescale_channel' op has mode none, expected double, single or f32_rne}}
    %s = mla.v.rescale_channel none %x0, %x0, %x0 {zp = 0 : i32}
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.table8 (C1): a byte table has 256 entries.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    // expected-error @+1 {{'mla.v.table8' op table has 2 entries, expected 256}}
    %s = mla.v.table8 %x0 {table = array<i8: 1, 2>}
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.table32 (C1): a word table has 256 entries.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    // expected-error @+1 {{'mla.v.table32' op table has 2 entries, expected 256}}
    %s = mla.v.table32 %x0 {table = array<i32: 1, 2>} : i32
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.table16 (C1): an interpolated table has 513 entries.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    // expected-error @+1 {{'mla.v.table16' op table has 2 entries, expected 513}}
    %s = mla.v.table16 %x0 {table = array<i16: 1, 2>}
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.reduce (C1): there is no maximum of f32 over pixels.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    %f = mla.v.int_to_float %x0
    // expected-error @+1 {{'mla.v.reduce' op there is no micro-operation for max over pixels of 'f32'}}
    %s = mla.v.reduce max pixels %f : f32 -> f32
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.reduce (C1): argmax is over channels.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    // expected-error @+1 {{'mla.v.reduce' op there is no micro-operation for argmax over pixels of 'i32'}}
    %s = mla.v.reduce argmax pixels %x0 : i32 -> i32
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.gather_linear (C1): as for both axes together.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    // expected-error @+1 {{'mla.v.gather_linear' op fraction_bits is 12, allowed is 0 to 11}}
    %s = mla.v.gather_linear %x0, %x0 {columns, fraction_bits = 12 : i32}
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.gather_bilinear (C1): the weighted sum of bytes fits into an int32.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    // expected-error @+1 {{'mla.v.gather_bilinear' op fraction_bits is 12, allowed is 0 to 11}}
    %s = mla.v.gather_bilinear %x0, %x0 {fraction_bits = 12 : i32}
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.add: lanes are i32 or f32.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    %k = arith.constant 1 : i8
    // expected-error @+1 {{'mla.v.add' op operand #0 must be 32-bit signless integer or 32-bit float, but got 'i8'}}
    %s = mla.v.add %k, %k : i8
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.select: both choices have the result's type.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    %f = mla.v.int_to_float %x0
    // expected-error @+1 {{failed to verify that all of {b, c, result} have same type}}
    %s = "mla.v.select"(%x0, %x0, %f) : (i32, i32, f32) -> i32
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.cmp: what is compared has one type.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    %f = mla.v.int_to_float %x0
    // expected-error @+1 {{'mla.v.cmp' op requires all operands to have the same type}}
    %s = "mla.v.cmp"(%x0, %f) {predicate = 0 : i32} : (i32, f32) -> i32
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.v.abs: a lane operation stands in mla.vector.
func.func @f(%x: i32) {
  // expected-error @+1 {{'mla.v.abs' op expects parent op 'mla.vector'}}
  %s = mla.v.abs %x : i32
  return
}
