// Vector programs that do not verify.
// One case per constraint, named by the label it has in the operation's description.
// RUN: mla-opt %s --split-input-file --verify-diagnostics

// mla.vector (C1): there are at most four inputs.
func.func @f(%a0: tensor<1x7x5x24xi8>, %a1: tensor<1x7x5x24xi8>, %a2: tensor<1x7x5x24xi8>, %a3: tensor<1x7x5x24xi8>, %a4: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op has 5 inputs, allowed are 4}}
  %y = mla.vector %a0, %a1, %a2, %a3, %a4 : (tensor<1x7x5x24xi8>, tensor<1x7x5x24xi8>, tensor<1x7x5x24xi8>, tensor<1x7x5x24xi8>, tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32, %x1: i32, %x2: i32, %x3: i32, %x4: i32):
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.vector (C1): there is an output.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op has 0 outputs, allowed are 1 or 2}}
  mla.vector %a0 : (tensor<1x7x5x24xi8>) -> () {
  ^bb0(%x0: i32):
    "mla.v.yield"() : () -> ()
  }
  return
}

// -----

// mla.vector (C2): the block has an argument per input.
func.func @f(%a0: tensor<1x7x5x24xi8>, %a1: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op has 2 inputs, but its block has 1 arguments}}
  %y = mla.vector %a0, %a1 : (tensor<1x7x5x24xi8>, tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.vector (C2): integers enter as i32.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op block argument 0 is 'f32' for an input of 'tensor<1x7x5x24xi8>'}}
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xf32> {
  ^bb0(%x0: f32):
    mla.v.yield %x0 : f32
  }
  return
}

// -----

// mla.vector (C3): only lane operations stand in the region.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op its region holds 'arith.addi', which is not a lane operation (mla.v.*)}}
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    %s = arith.addi %x0, %x0 : i32
    mla.v.yield %s : i32
  }
  return
}

// -----

// mla.vector (C4): a value is yielded per output.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op has 2 outputs, but 1 values are yielded}}
  %y:2 = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> (tensor<1x7x5x24xi8>, tensor<1x7x5x24xi8>) {
  ^bb0(%x0: i32):
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.vector (C4): an f32 output takes an f32.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op yielded value 0 is 'i32' for an output of 'tensor<1x7x5x24xf32>'}}
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xf32> {
  ^bb0(%x0: i32):
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.vector (C5): a micro-program has at most 32 operations, loads and stores counted.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op needs 33 micro-operations (31 operations, 1 loads, 1 stores), allowed are 32}}
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    %s0 = mla.v.abs %x0 : i32
    %s1 = mla.v.abs %s0 : i32
    %s2 = mla.v.abs %s1 : i32
    %s3 = mla.v.abs %s2 : i32
    %s4 = mla.v.abs %s3 : i32
    %s5 = mla.v.abs %s4 : i32
    %s6 = mla.v.abs %s5 : i32
    %s7 = mla.v.abs %s6 : i32
    %s8 = mla.v.abs %s7 : i32
    %s9 = mla.v.abs %s8 : i32
    %s10 = mla.v.abs %s9 : i32
    %s11 = mla.v.abs %s10 : i32
    %s12 = mla.v.abs %s11 : i32
    %s13 = mla.v.abs %s12 : i32
    %s14 = mla.v.abs %s13 : i32
    %s15 = mla.v.abs %s14 : i32
    %s16 = mla.v.abs %s15 : i32
    %s17 = mla.v.abs %s16 : i32
    %s18 = mla.v.abs %s17 : i32
    %s19 = mla.v.abs %s18 : i32
    %s20 = mla.v.abs %s19 : i32
    %s21 = mla.v.abs %s20 : i32
    %s22 = mla.v.abs %s21 : i32
    %s23 = mla.v.abs %s22 : i32
    %s24 = mla.v.abs %s23 : i32
    %s25 = mla.v.abs %s24 : i32
    %s26 = mla.v.abs %s25 : i32
    %s27 = mla.v.abs %s26 : i32
    %s28 = mla.v.abs %s27 : i32
    %s29 = mla.v.abs %s28 : i32
    %s30 = mla.v.abs %s29 : i32
    mla.v.yield %s30 : i32
  }
  return
}

// -----

// mla.vector (C6): a window is used.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op has a window, but no mla.v.window_* uses it}}
  %y = mla.vector %a0 {window = #mla.window<kernelRows = 3, kernelCols = 3, strideRows = 2, strideCols = 2, padTop = 0,
      padBottom = 0, padLeft = 0, padRight = 0>} : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.vector (C6): a window operation has its window.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op uses mla.v.window_* without the attribute window}}
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    %m = mla.v.window_max
    mla.v.yield %m : i32
  }
  return
}

// -----

// mla.vector (C7): with a window operand 0 is not read directly.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op uses block argument 0, but operand 0 is read through a window or at computed positions}}
  %y = mla.vector %a0 {window = #mla.window<kernelRows = 3, kernelCols = 3, strideRows = 2, strideCols = 2, padTop = 0,
      padBottom = 0, padLeft = 0, padRight = 0>} : (tensor<1x7x5x24xi8>) -> tensor<1x3x2x24xi8> {
  ^bb0(%x0: i32):
    %m = mla.v.window_max
    %s = mla.v.add %m, %x0 : i32
    mla.v.yield %s : i32
  }
  return
}

// -----

// mla.vector (C7): a window does not go with a gather.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op reads operand 0 through a window and at computed positions; only one of them is possible}}
  %y = mla.vector %a0 {window = #mla.window<kernelRows = 3, kernelCols = 3, strideRows = 2, strideCols = 2, padTop = 0,
      padBottom = 0, padLeft = 0, padRight = 0>} : (tensor<1x7x5x24xi8>) -> tensor<1x3x2x24xi8> {
  ^bb0(%x0: i32):
    %m = mla.v.window_max
    %s = mla.v.gather_nearest %m, %m
    mla.v.yield %s : i32
  }
  return
}

// -----

// mla.vector (C7): a window is over integers of rank 4.
func.func @f(%a0: tensor<7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op operand 0 is 'tensor<7x5x24xi8>', expected integers and rank 4 for a window or a gather}}
  %y = mla.vector %a0 {window = #mla.window<kernelRows = 3, kernelCols = 3, strideRows = 2, strideCols = 2, padTop = 0,
      padBottom = 0, padLeft = 0, padRight = 0>} : (tensor<7x5x24xi8>) -> tensor<3x2x24xi8> {
  ^bb0(%x0: i32):
    %m = mla.v.window_max
    mla.v.yield %m : i32
  }
  return
}

// -----

// mla.vector (C7): a gather needs an operand.
// expected-error @+1 {{'mla.vector' op has no operand 0 to read}}
%y = mla.vector : () -> tensor<1x8x6x24xi8> {
  %row = mla.v.row
  %s = mla.v.gather_nearest %row, %row
  mla.v.yield %s : i32
}

// -----

// mla.vector (C8): all tensors have the same rank.
func.func @f(%a0: tensor<1x7x5x24xi8>, %a1: tensor<24xi8>) {
  // expected-error @+1 {{'mla.vector' op mixes tensors of rank 4 and 1}}
  %y = mla.vector %a0, %a1 : (tensor<1x7x5x24xi8>, tensor<24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32, %x1: i32):
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.vector (C8): an input is broadcast or has the size of the domain.
func.func @f(%a0: tensor<1x7x5x24xi8>, %a1: tensor<1x7x3x24xi8>) {
  // expected-error @+1 {{'mla.vector' op input 1 has size 3 in dimension 2, but the program runs over [1, 7, 5, 24]}}
  %y = mla.vector %a0, %a1 : (tensor<1x7x5x24xi8>, tensor<1x7x3x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32, %x1: i32):
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.vector (C9): the output's size follows from the window.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op input 0 has size 2 in dimension 2 after the window, but the program runs over [1, 3, 3, 24]}}
  %y = mla.vector %a0 {window = #mla.window<kernelRows = 3, kernelCols = 3, strideRows = 2, strideCols = 2, padTop = 0,
      padBottom = 0, padLeft = 0, padRight = 0>} : (tensor<1x7x5x24xi8>) -> tensor<1x3x3x24xi8> {
  ^bb0(%x0: i32):
    %m = mla.v.window_max
    mla.v.yield %m : i32
  }
  return
}

// -----

// mla.vector (C9): a gather keeps the channels.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op input 0 has size 24 in dimension 3, but the program runs over [1, 14, 10, 48]}}
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x14x10x48xi8> {
  ^bb0(%x0: i32):
    %r = mla.v.row
    %s = mla.v.gather_nearest %r, %r
    mla.v.yield %s : i32
  }
  return
}

// -----

// mla.vector (C10): an output is not smaller than the domain.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op output 0 has shape [1, 1, 1, 24], expected [1, 7, 5, 24] from the inputs, the window and the reductions}}
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x1x1x24xi8> {
  ^bb0(%x0: i32):
    mla.v.yield %x0 : i32
  }
  return
}

// -----

// mla.vector (C10): a value that depends on the channel fills all of them.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op output 0 has shape [1, 7, 5, 1], expected [1, 7, 5, 24]}}
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x1xi32> {
  ^bb0(%x0: i32):
    %m = mla.v.reduce max channels %x0 : i32 -> i32
    %d = mla.v.sub %x0, %m : i32
    mla.v.yield %d : i32
  }
  return
}

// -----

// mla.vector (C10): behind a reduction over pixels there is one pixel.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op output 0 has shape [1, 7, 5, 24], expected [1, 1, 1, 24]}}
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x0: i32):
    %m = mla.v.reduce sum pixels %x0 : i32 -> i32
    mla.v.yield %m : i32
  }
  return
}

// -----

// mla.vector (C11): what is one pixel does not depend on the pixel.
func.func @f(%a0: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.vector' op reduces over pixels, but yielded value 0 still depends on the pixel}}
  %y = mla.vector %a0 : (tensor<1x7x5x24xi8>) -> tensor<1x1x1x24xi8> {
  ^bb0(%x0: i32):
    %m = mla.v.reduce sum pixels %x0 : i32 -> i32
    %d = mla.v.sub %x0, %m : i32
    mla.v.yield %d : i32
  }
  return
}

// -----

// mla.vector (C11): a matrix has no pixels.
func.func @f(%a0: tensor<7x24xi8>) {
  // expected-error @+1 {{'mla.vector' op reduces over pixels, but tensors of rank 2 have none}}
  %y = mla.vector %a0 : (tensor<7x24xi8>) -> tensor<7x24xi8> {
  ^bb0(%x0: i32):
    %m = mla.v.reduce sum pixels %x0 : i32 -> i32
    mla.v.yield %m : i32
  }
  return
}
