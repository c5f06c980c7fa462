// Layer operations on TENSOR and OUTPUT that do not verify.
// One case per constraint, named by the label it has in the operation's description.
// RUN: mla-opt %s --split-input-file --verify-diagnostics

// mla.conv2d: the input has rank 4.
func.func @f(%x: tensor<9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{operand #0 must be static, non-empty tensor of rank 4 of 8-bit signless integer or 8-bit unsigned integer values}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d: shapes are static.
func.func @f(%x: tensor<?x9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{operand #0 must be static, non-empty tensor of rank 4}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<?x9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C1): the zero point of an i8 input is a value of i8.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op input_zp is 128, allowed is -128 to 127}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 128 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C1): the zero point of ui8 weights is not negative.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xui8>) {
  // expected-error @+1 {{'mla.conv2d' op weight_zp is -1, allowed is 0 to 255}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = -1 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xui8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C2): the bias has an entry per output channel.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>, %b: tensor<24xi32>) {
  // expected-error @+1 {{'mla.conv2d' op bias has shape [24], expected [40] from the output channels}}
  %y = mla.conv2d %x, %w bias(%b) {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8>, tensor<24xi32> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C3): what is requantized is not i32.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op output is 'i32', but requantization double makes i8 or ui8}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xi32>
  return
}

// -----

// mla.conv2d (C3): what is not requantized is i32.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op output is 'i8', but requantization none leaves i32}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<none>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C3): an i32 output has no residual.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>, %r: tensor<1x9x7x40xi8>) {
  // expected-error @+1 {{'mla.conv2d' op residual_add needs a requantized value, but requantization is none}}
  %y = mla.conv2d %x, %w residual(%r) {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<none>,
      residual_add = #mla.residual<litert_add, selfZp = 0, selfMultiplier = 1, selfShift = 31,
        residualZp = 0, residualMultiplier = 1, residualShift = 31, sumMultiplier = 1, sumShift = 49,
        sumZp = 0>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8>, tensor<1x9x7x40xi8> -> tensor<1x9x7x40xi32>
  return
}

// -----

// mla.conv2d (C4): there is one multiplier, or one per output channel.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op requantization has 3 multipliers, expected 1 or 40, one per output channel}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1, 2, 3], shifts = [31, 32, 33]>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C5): the clamp is within the output's type.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op clamps to -128 to 127, outside the output's type 'ui8'}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xui8>
  return
}

// -----

// mla.conv2d (C5): the clamp in front of a residual addition is within a type of 8 bits.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>, %r: tensor<1x9x7x40xi8>) {
  // expected-error @+1 {{'mla.conv2d' op requantization in front of the residual clamps to -1 to 255, which is neither within i8 nor within ui8}}
  %y = mla.conv2d %x, %w residual(%r) {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1], shifts = [31], lo = -1, hi = 255>,
      residual_add = #mla.residual<litert_add, selfZp = 0, selfMultiplier = 1, selfShift = 31,
        residualZp = 0, residualMultiplier = 1, residualShift = 31, sumMultiplier = 1, sumShift = 49,
        sumZp = 0>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8>, tensor<1x9x7x40xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C5): the clamp of the sum is within the output's type.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>, %r: tensor<1x9x7x40xi8>) {
  // expected-error @+1 {{'mla.conv2d' op clamps to 0 to 200, outside the output's type 'i8'}}
  %y = mla.conv2d %x, %w residual(%r) {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>,
      residual_add = #mla.residual<litert_add, selfZp = 0, selfMultiplier = 1, selfShift = 31,
        residualZp = 0, residualMultiplier = 1, residualShift = 31, sumMultiplier = 1, sumShift = 49,
        sumZp = 0, lo = 0, hi = 200>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8>, tensor<1x9x7x40xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C6): a residual operand needs to be added.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>, %r: tensor<1x9x7x40xi8>) {
  // expected-error @+1 {{'mla.conv2d' op has a residual operand without a residual addition}}
  %y = mla.conv2d %x, %w residual(%r) {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8>, tensor<1x9x7x40xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C6): a residual addition needs an operand.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op has a residual addition without a residual operand}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>,
      residual_add = #mla.residual<litert_add, selfZp = 0, selfMultiplier = 1, selfShift = 31,
        residualZp = 0, residualMultiplier = 1, residualShift = 31, sumMultiplier = 1, sumShift = 49,
        sumZp = 0>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C7): the residual has the output's shape.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>, %r: tensor<1x9x7x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op residual has shape [1, 9, 7, 24], expected [1, 9, 7, 40] from the output}}
  %y = mla.conv2d %x, %w residual(%r) {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>,
      residual_add = #mla.residual<litert_add, selfZp = 0, selfMultiplier = 1, selfShift = 31,
        residualZp = 0, residualMultiplier = 1, residualShift = 31, sumMultiplier = 1, sumShift = 49,
        sumZp = 0>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8>, tensor<1x9x7x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C7): the residual's zero point is a value of its type.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>, %r: tensor<1x9x7x40xui8>) {
  // expected-error @+1 {{'mla.conv2d' op residualZp is -3, allowed is 0 to 255}}
  %y = mla.conv2d %x, %w residual(%r) {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>,
      residual_add = #mla.residual<litert_add, selfZp = 0, selfMultiplier = 1, selfShift = 31,
        residualZp = -3, residualMultiplier = 1, residualShift = 31, sumMultiplier = 1, sumShift = 49,
        sumZp = 0>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8>, tensor<1x9x7x40xui8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C8): a table has 256 entries.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op table has 3 entries, expected 256}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>, table = array<i8: 1, 2, 3>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C10): there is a stride for rows and one for columns.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op stride has 1 entries, expected 2}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C10): a dilation is at least 1.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op dilation[1] is 0, allowed is 1 to 255}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 0>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C10): a convolution is not cropped.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op pad[2] is -1, allowed is 0 to 65535}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, -1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C10): a kernel has at most 255 columns.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x1x256x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op kernel columns is 256, allowed is 1 to 255}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<1x9x7x24xi8>, tensor<40x1x256x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C11): the groups divide the channels.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op groups is 5, which does not divide 24 input and 40 output channels}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, groups = 5 : i64,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C11): the weights have the input channels of one group.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op weights have 24 input channels, expected 6}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, groups = 4 : i64,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C12): the output's size follows from the window.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x3x3x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op output has shape [1, 9, 7, 40], expected [1, 5, 4, 40] from input, weights, stride, dilation and pad}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<1x9x7x24xi8>, tensor<40x3x3x24xi8> -> tensor<1x9x7x40xi8>
  return
}

// -----

// mla.conv2d (C12): a window larger than the padded input has no output.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<40x12x12x24xi8>) {
  // expected-error @+1 {{'mla.conv2d' op output has shape [1, 1, 1, 40], expected [1, 0, 0, 40]}}
  %y = mla.conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [38]>}
      : tensor<1x9x7x24xi8>, tensor<40x12x12x24xi8> -> tensor<1x1x1x40xi8>
  return
}

// -----

// mla.depthwise_conv2d (C10): a dilation fits into 8 bits.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<3x5x24x2xi8>) {
  // expected-error @+1 {{'mla.depthwise_conv2d' op dilation[0] is 256, allowed is 1 to 255}}
  %y = mla.depthwise_conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 256, 1>, pad = array<i64: 2, 2, 2, 2>,
      input_zp = 0 : i32, weight_zp = 0 : i32,
      requant = #mla.requant<f32_rne, multipliers = [983826432]>}
      : tensor<1x9x7x24xi8>, tensor<3x5x24x2xi8> -> tensor<1x9x7x48xi8>
  return
}

// -----

// mla.depthwise_conv2d (C11): the weights have the input's channels.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<3x5x16x3xi8>) {
  // expected-error @+1 {{'mla.depthwise_conv2d' op weights have 16 input channels, expected 24}}
  %y = mla.depthwise_conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 2, 1>, pad = array<i64: 2, 2, 2, 2>,
      input_zp = 0 : i32, weight_zp = 0 : i32,
      requant = #mla.requant<f32_rne, multipliers = [983826432]>}
      : tensor<1x9x7x24xi8>, tensor<3x5x16x3xi8> -> tensor<1x9x7x48xi8>
  return
}

// -----

// mla.depthwise_conv2d (C12): there are C times M output channels.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<3x5x24x2xi8>) {
  // expected-error @+1 {{'mla.depthwise_conv2d' op output has shape [1, 9, 7, 24], expected [1, 9, 7, 48]}}
  %y = mla.depthwise_conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 2, 1>, pad = array<i64: 2, 2, 2, 2>,
      input_zp = 0 : i32, weight_zp = 0 : i32,
      requant = #mla.requant<f32_rne, multipliers = [983826432]>}
      : tensor<1x9x7x24xi8>, tensor<3x5x24x2xi8> -> tensor<1x9x7x24xi8>
  return
}

// -----

// mla.depthwise_conv2d (C8): the epilogue is checked as that of mla.conv2d.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<3x5x24x2xi8>) {
  // expected-error @+1 {{'mla.depthwise_conv2d' op table has 1 entries, expected 256}}
  %y = mla.depthwise_conv2d %x, %w {
      stride = array<i64: 1, 1>, dilation = array<i64: 2, 1>, pad = array<i64: 2, 2, 2, 2>,
      input_zp = 0 : i32, weight_zp = 0 : i32,
      requant = #mla.requant<f32_rne, multipliers = [983826432]>, table = array<i8: 1>}
      : tensor<1x9x7x24xi8>, tensor<3x5x24x2xi8> -> tensor<1x9x7x48xi8>
  return
}

// -----

// mla.transpose_conv2d (C10): no more than the kernel is cut off.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<5x3x3x24xi8>) {
  // expected-error @+1 {{'mla.transpose_conv2d' op out_pad[3] is -3, allowed is -2 to 65535}}
  %y = mla.transpose_conv2d %x, %w {
      stride = array<i64: 2, 2>, out_pad = array<i64: 0, 0, 0, -3>, input_zp = 0 : i32, weight_zp = 0 : i32,
      requant = #mla.requant<single, multipliers = [1073741824], shifts = [30]>}
      : tensor<1x9x7x24xi8>, tensor<5x3x3x24xi8> -> tensor<1x19x15x5xi8>
  return
}

// -----

// mla.transpose_conv2d (C10): there are four paddings.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<5x3x3x24xi8>) {
  // expected-error @+1 {{'mla.transpose_conv2d' op out_pad has 2 entries, expected 4}}
  %y = mla.transpose_conv2d %x, %w {
      stride = array<i64: 2, 2>, out_pad = array<i64: 0, 0>, input_zp = 0 : i32, weight_zp = 0 : i32,
      requant = #mla.requant<single, multipliers = [1073741824], shifts = [30]>}
      : tensor<1x9x7x24xi8>, tensor<5x3x3x24xi8> -> tensor<1x19x15x5xi8>
  return
}

// -----

// mla.transpose_conv2d (C11): the weights have the input's channels.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<5x3x3x16xi8>) {
  // expected-error @+1 {{'mla.transpose_conv2d' op weights have 16 input channels, expected 24}}
  %y = mla.transpose_conv2d %x, %w {
      stride = array<i64: 2, 2>, out_pad = array<i64: 0, 0, 0, 0>, input_zp = 0 : i32, weight_zp = 0 : i32,
      requant = #mla.requant<single, multipliers = [1073741824], shifts = [30]>}
      : tensor<1x9x7x24xi8>, tensor<5x3x3x16xi8> -> tensor<1x19x15x5xi8>
  return
}

// -----

// mla.transpose_conv2d (C12): the output's size follows from stride and kernel.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<5x3x3x24xi8>) {
  // expected-error @+1 {{'mla.transpose_conv2d' op output has shape [1, 19, 15, 5], expected [1, 18, 15, 5] from input, weights, stride and out_pad}}
  %y = mla.transpose_conv2d %x, %w {
      stride = array<i64: 2, 2>, out_pad = array<i64: 0, -1, 0, 0>, input_zp = 0 : i32, weight_zp = 0 : i32,
      requant = #mla.requant<single, multipliers = [1073741824], shifts = [30]>}
      : tensor<1x9x7x24xi8>, tensor<5x3x3x24xi8> -> tensor<1x19x15x5xi8>
  return
}

// -----

// mla.matmul (C1): zero points are values of the operands' types.
func.func @f(%l: tensor<3x7x20xi8>, %r: tensor<3x20x9xi8>) {
  // expected-error @+1 {{'mla.matmul' op lhs_zp is -200, allowed is -128 to 127}}
  %y = mla.matmul %l, %r {lhs_zp = -200 : i32, rhs_zp = 0 : i32,
      requant = #mla.requant<double, multipliers = [1], shifts = [31]>}
      : tensor<3x7x20xi8>, tensor<3x20x9xi8> -> tensor<3x7x9xi8>
  return
}

// -----

// mla.matmul (C3): an i8 output is requantized.
func.func @f(%l: tensor<3x7x20xi8>, %r: tensor<3x20x9xi8>) {
  // expected-error @+1 {{'mla.matmul' op output is 'i8', but requantization none leaves i32}}
  %y = mla.matmul %l, %r {lhs_zp = 0 : i32, rhs_zp = 0 : i32,
      requant = #mla.requant<none>}
      : tensor<3x7x20xi8>, tensor<3x20x9xi8> -> tensor<3x7x9xi8>
  return
}

// -----

// mla.matmul (C10): both operands have the same depth.
func.func @f(%l: tensor<3x7x20xi8>, %r: tensor<3x9x20xi8>) {
  // expected-error @+1 {{'mla.matmul' op lhs has batch 3 and depth 20, rhs has batch 3 and depth 9}}
  %y = mla.matmul %l, %r {lhs_zp = 0 : i32, rhs_zp = 0 : i32,
      requant = #mla.requant<double, multipliers = [1], shifts = [31]>}
      : tensor<3x7x20xi8>, tensor<3x9x20xi8> -> tensor<3x7x9xi8>
  return
}

// -----

// mla.matmul (C10): a transposed operand has its depth last.
func.func @f(%l: tensor<3x7x20xi8>, %r: tensor<3x20x9xi8>) {
  // expected-error @+1 {{'mla.matmul' op lhs has batch 3 and depth 20, rhs has batch 3 and depth 9}}
  %y = mla.matmul %l, %r {lhs_zp = 0 : i32, rhs_zp = 0 : i32, transpose_rhs,
      requant = #mla.requant<double, multipliers = [1], shifts = [31]>}
      : tensor<3x7x20xi8>, tensor<3x20x9xi8> -> tensor<3x7x9xi8>
  return
}

// -----

// mla.matmul (C11): the output has rows of lhs and columns of rhs.
func.func @f(%l: tensor<3x7x20xi8>, %r: tensor<3x20x9xi8>) {
  // expected-error @+1 {{'mla.matmul' op output has shape [3, 9, 7], expected [3, 7, 9] from lhs and rhs}}
  %y = mla.matmul %l, %r {lhs_zp = 0 : i32, rhs_zp = 0 : i32,
      requant = #mla.requant<double, multipliers = [1], shifts = [31]>}
      : tensor<3x7x20xi8>, tensor<3x20x9xi8> -> tensor<3x9x7xi8>
  return
}

// -----

// mla.const: the result has the type of the value.
// expected-error @+1 {{'mla.const' op failed to verify that all of {value, result} have same type}}
%0 = "mla.const"() {value = dense<1> : tensor<3xi32>} : () -> tensor<4xi32>

// -----

// mla.scale (C1): zero points are values of the operands' types.
func.func @f(%x: tensor<2x9x7x24xi8>, %f: tensor<2x1x1x24xi8>) {
  // expected-error @+1 {{'mla.scale' op input_zp is -200, allowed is -128 to 127}}
  %y = mla.scale %x, %f {input_zp = -200 : i32, factors_zp = 0 : i32,
      requant = #mla.requant<double, multipliers = [1], shifts = [31]>}
      : tensor<2x9x7x24xi8>, tensor<2x1x1x24xi8> -> tensor<2x9x7x24xi8>
  return
}

// -----

// mla.scale (C3): what is requantized is not i32.
func.func @f(%x: tensor<2x9x7x24xi8>, %f: tensor<2x1x1x24xi8>) {
  // expected-error @+1 {{'mla.scale' op output is 'i32', but requantization double makes i8 or ui8}}
  %y = mla.scale %x, %f {input_zp = 0 : i32, factors_zp = 0 : i32,
      requant = #mla.requant<double, multipliers = [1], shifts = [31]>}
      : tensor<2x9x7x24xi8>, tensor<2x1x1x24xi8> -> tensor<2x9x7x24xi32>
  return
}

// -----

// mla.scale (C10): one factor per image and channel.
func.func @f(%x: tensor<2x9x7x24xi8>, %f: tensor<1x1x1x24xi8>) {
  // expected-error @+1 {{'mla.scale' op factors has shape [1, 1, 1, 24], expected [2, 1, 1, 24] from input}}
  %y = mla.scale %x, %f {input_zp = 0 : i32, factors_zp = 0 : i32,
      requant = #mla.requant<double, multipliers = [1], shifts = [31]>}
      : tensor<2x9x7x24xi8>, tensor<1x1x1x24xi8> -> tensor<2x9x7x24xi8>
  return
}

// -----

// mla.scale (C11): the output has the input's shape.
func.func @f(%x: tensor<2x9x7x24xi8>, %f: tensor<2x1x1x24xi8>) {
  // expected-error @+1 {{'mla.scale' op output has shape [2, 9, 9, 24], expected [2, 9, 7, 24] from input}}
  %y = mla.scale %x, %f {input_zp = 0 : i32, factors_zp = 0 : i32,
      requant = #mla.requant<double, multipliers = [1], shifts = [31]>}
      : tensor<2x9x7x24xi8>, tensor<2x1x1x24xi8> -> tensor<2x9x9x24xi8>
  return
}

// -----

// mla.conv2d (C8): OUTPUT looks up one table.
func.func @f(%x: tensor<1x9x7x24xi8>, %w: tensor<8x1x1x24xi8>, %r: tensor<1x9x7x8xi8>) {
  // expected-error @+1 {{'mla.conv2d' op has a table beside the residual addition's selfTable}}
  %y = mla.conv2d %x, %w residual(%r) {stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>,
      pad = array<i64: 0, 0, 0, 0>, input_zp = 0 : i32, weight_zp = 0 : i32,
      table = array<i8: 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1>,
      requant = #mla.requant<double, multipliers = [1], shifts = [31]>,
      residual_add = #mla.residual<litert_add, selfZp = 0, selfMultiplier = 1, selfShift = 31,
        residualZp = 0, residualMultiplier = 1, residualShift = 31, sumMultiplier = 1, sumShift = 49, sumZp = 0,
        selfTable = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]>}
      : tensor<1x9x7x24xi8>, tensor<8x1x1x24xi8>, tensor<1x9x7x8xi8> -> tensor<1x9x7x8xi8>
  return
}
