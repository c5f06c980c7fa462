// Vector programs: the layer operation `mla.vector`, whose region says lane by lane what VECTOR does.
#ifndef MLA_VECTOR_OPS_TD
#define MLA_VECTOR_OPS_TD

include "MLALayerOps.td"
include "MLALaneOps.td"

def MLA_VectorOp : MLA_Op<"vector", [Pure, SingleBlock, IsolatedFromAbove]> {
  let opDocGroup = MLA_VectorGroup;
  let summary = "a micro-program over every element";
  let description = [{
    The block has one argument per input, of type i32 (integer inputs, extended) or f32. Inputs have
    the shape of the outputs, or 1 in dimensions over which they are broadcast. Up to four inputs, two
    outputs, 32 operations. With `window`, operand 0 is read by `mla.v.window_*` instead of its block
    argument and the output's rows and columns follow from the window. With a reduction over pixels
    the outputs have one pixel. `mla.v.gather_*` read operand 0 at computed rows and columns (resize).

    The *domain* is the shape over which the program runs: the broadcast of the inputs and outputs.
    Its last dimension are the channels, its first (with rank 2 or more) the images, those between the
    pixels.

    ```mlir
    // %a: tensor<1x7x5x24xi8>, %b: tensor<1x1x1x24xi8>
    %sum = mla.vector %a, %b : (tensor<1x7x5x24xi8>, tensor<1x1x1x24xi8>) -> tensor<1x7x5x24xi8> {
    ^bb0(%x: i32, %y: i32):
      %s = mla.v.add %x, %y : i32
      mla.v.yield %s : i32
    }
    ```

    Constraints:
    - (C1) There are at most 4 inputs, and 1 or 2 outputs.
    - (C2) The block has one argument per input: f32 for f32 elements, else i32.
    - (C3) The block holds lane operations only and ends with `mla.v.yield`.
    - (C4) One value per output is yielded: f32 for f32 elements, else i32.
    - (C5) The operations of the region, the inputs that are read and the outputs are at most 32
      micro-operations.
    - (C6) `window` is there if and only if a `mla.v.window_*` is.
    - (C7) With a window, or with a gather, but not with both, operand 0 is an integer tensor of rank 4
      whose block argument is not used.
    - (C8) All inputs and outputs have the same rank; an input has the size of the domain, or 1, in
      every dimension.
    - (C9) With a window, the domain is [N, OH, OW, C] with N and C of operand 0 and OH = (H + padTop +
      padBottom - dilationRows (kernelRows - 1) - 1) / strideRows + 1, rounded down, OW likewise. With a
      gather, N and C are those of operand 0.
    - (C10) Outputs have the shape of the domain, but one pixel where there is a reduction over pixels,
      and one channel, if they like, where the value yielded is the same for all channels because of
      a reduction over channels.
    - (C11) With a reduction over pixels the values yielded do not depend on the pixel, and the rank is
      3 or 4.
  }];
  let arguments = (ins Variadic<MLA_Activation>:$inputs, OptionalAttr<MLA_WindowAttr>:$window,
                       OptionalAttr<StrAttr>:$layer);
  let results = (outs Variadic<MLA_Activation>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$inputs attr-dict `:` functional-type($inputs, $outputs) $body";
  let extraClassDeclaration = [{
    /// The shape over which the program runs; the operation must be valid.
    ::llvm::SmallVector<int64_t> getDomain();
  }];
  let hasRegionVerifier = 1;
}

#endif // MLA_VECTOR_OPS_TD
