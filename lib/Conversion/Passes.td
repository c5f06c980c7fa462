// The pass of this folder: TOSA to layer operations.
#ifndef AFE_CONVERSION_PASSES_TD
#define AFE_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def LowerToMLAPass : Pass<"afe-lower-to-mla", "::mlir::ModuleOp"> {
  let summary = "TOSA operations of @main become layer operations of the MLA";
  let description = [{
    Assumes static shapes and one block. Everything the MLA can compute exactly becomes an operation
    of the `mla` dialect, in place: convolutions with their whole epilogue (bias, requantization,
    clamp, residual addition, table), pooling, softmax and argmax as vector programs, clusters of
    elementwise operations and reductions as maximal vector programs, data movement of 8-bit tensors.

    ```mlir
    %acc = tosa.conv2d %x, %w, %b, %xz, %wz {...} : (...) -> tensor<1x7x5x24xi32>
    %q = tosa.rescale %acc, %m, %s, %z, %oz {...} : (...) -> tensor<1x7x5x24xi8>
    ==>
    %q = mla.conv2d %x, %w bias(%b) {requant = #mla.requant<double, ...>, ...} : ... -> tensor<1x7x5x24xi8>
    ```

    What stays in TOSA carries `a65.reason` (the operator and the constraint it breaks) and `a65.hint`
    (what would help); operations that the EV74 does at the model's edges carry neither. With
    `arm-only` everything stays in TOSA.
  }];
  let options = [
    Option<"armOnly", "arm-only", "bool", "false", "Leave everything to the Cortex-A65">
  ];
  let statistics = [
    Statistic<"numLayers", "layers", "layer operations made">,
    Statistic<"numHostOperations", "host-operations", "operations left to the host, with a reason">
  ];
  let dependentDialects = ["::afe::mla::MLADialect", "::mlir::tosa::TosaDialect",
                           "::mlir::math::MathDialect"];
}

#endif // AFE_CONVERSION_PASSES_TD
