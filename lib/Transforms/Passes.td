// The passes of this folder, in the order in which the pipeline runs them.
#ifndef AFE_TRANSFORMS_PASSES_TD
#define AFE_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def SetBatchPass : Pass<"afe-set-batch", "::mlir::ModuleOp"> {
  let summary = "gives @main another batch size";
  let description = [{
    Assumes that the first dimension of every argument is the batch. Follows it through the function
    and rewrites the types (and the shapes of reshapes, slices and tiles). Where an operator ties the
    batch to another dimension the module stays as it is and gets the attribute `afe.batch_limit`, a
    sentence that names the operator; with `strict` that is an error instead.

    ```mlir
    func.func @main(%x: tensor<1x8x8x3xi8>)   ==>   func.func @main(%x: tensor<16x8x8x3xi8>)
    ```
  }];
  let options = [
    Option<"batchSize", "batch-size", "int64_t", "1", "images per inference">,
    Option<"strict", "strict", "bool", "false", "fail where the batch cannot be changed">
  ];
  let dependentDialects = ["::mlir::tosa::TosaDialect"];
}

def CanonicalizePass : Pass<"afe-canonicalize", "::mlir::ModuleOp"> {
  let summary = "brings TOSA into the forms that the lowering recognises";
  let description = [{
    Removes what does nothing (identity reshapes, transposes, slices, clamps, rescales), moves
    reshapes and transposes towards the results through elementwise operations until they cancel,
    writes INEXACT_ROUND as SINGLE_ROUND, merges clamps, moves f32 clamps behind the quantization that
    follows them and the change between uint8 and int8 to where a layer can absorb it. Never touches
    large constants.
  }];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::afe::mla::MLADialect",
                           "::mlir::math::MathDialect"];
}

def PartitionPass : Pass<"afe-partition", "::mlir::ModuleOp"> {
  let summary = "cuts @main into segments for the MLA and the A65";
  let description = [{
    Assumes the result of `afe-lower-to-mla`. Every layer operation goes into an `mla.segment`, every
    TOSA operation into an `a65.segment`, as few of both as the dependences allow, in alternation;
    constants are cloned into the segments that use them. What stands at the edges of the model becomes
    `a65.ev74`. @main keeps its signature and consists of `a65.ev74`, `mla.call` and `a65.call`.

    ```mlir
    func.func @main(%x: tensor<1x8x8x3xi8>) -> tensor<1x10xi8> {
      %0 = mla.call @MLA_0(%x) : (tensor<1x8x8x3xi8>) -> tensor<1x1x1x10xi8>
      %1 = a65.ev74 "reshape_transform"(%0) {params = {newshape = array<i64: 1, 10>}} : ...
      return %1 : tensor<1x10xi8>
    }
    ```

    The module attribute `afe.fallbacks` lists what runs on the A65, why, and some `cycles` of the A65
    that it costs.
  }];
  let statistics = [
    Statistic<"numMLASegments", "mla-segments", "segments for the MLA">,
    Statistic<"numA65Segments", "a65-segments", "segments for the A65">,
    Statistic<"numEdges", "ev74-functions", "operations at the edges of the model">
  ];
  let dependentDialects = ["::afe::mla::MLADialect", "::afe::a65::A65Dialect"];
}

def EstimateTimePass : Pass<"afe-estimate-time", "::mlir::ModuleOp"> {
  let summary = "a rough time of the whole chain, to compare placements by";
  let description = [{
    Assumes the result of `afe-partition`. Sets `afe.estimate` on the module: cycles of the MLA's clock per
    segment, with the bytes at its border and a handover where another segment ran before it, and
    their total. Nothing is planned for it.

    ```mlir
    module {...}  ==>  module attributes {afe.estimate = {segments = {APU_1 = 23110, MLA_0 = 5120}, total = 28230}} {...}
    ```
  }];
}

def NameLayersPass : Pass<"afe-name-layers", "::mlir::ModuleOp"> {
  let summary = "names the layers of every mla.segment";
  let description = [{
    Each layer operation gets `layer`: what was fused into it, in words, and its number in the segment:
    `conv2d_add_relu_3`. The statistics of an archive use these names.
  }];
}

def VerifyLoweredPass : Pass<"afe-verify-lowered", "::mlir::ModuleOp"> {
  let summary = "checkpoint: what may stand where after partitioning";
  let description = [{
    Fails unless @main consists of `a65.ev74` and calls, and calls every segment once. (That an `mla.segment`
    holds layer operations only, and an `a65.segment` none, the segments verify themselves.)
  }];
}

#endif // AFE_TRANSFORMS_PASSES_TD
