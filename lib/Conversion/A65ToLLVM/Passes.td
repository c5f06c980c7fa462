// Passes from Cortex-A65 segments to bitcode.
#ifndef AFE_A65_TO_LLVM_PASSES_TD
#define AFE_A65_TO_LLVM_PASSES_TD

include "mlir/Pass/PassBase.td"

def SegmentsToFunctionsPass : Pass<"a65-segments-to-functions", "::mlir::ModuleOp"> {
  let summary = "every a65.segment becomes a function on memrefs";
  let description = [{
    Assumes that nothing else uses the segments' symbols. The function is called as the segment in
    small letters; its arguments are the inputs, then the outputs. Before ==> after:
    ```
    a65.segment @APU_1 { ^bb0(%x: tensor<3x7xf32>): … a65.return %y : tensor<3x7xf32> }
    ==>
    func.func @apu_1(%x: memref<3x7xf32>, %y: memref<3x7xf32>)
        attributes {a65.num_inputs = 1 : i64, a65.segment = "APU_1"} {
      %0 = bufferization.to_tensor %x restrict …
      bufferization.materialize_in_destination %1 in restrict writable %y …
      return
    }
    ```
    8-bit integers become signless: where the sign matters, the operator says so
    (`a65.unsigned_input`, `a65.unsigned_output` on `tosa.custom`). An operator that cannot say so
    is an error.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::bufferization::BufferizationDialect"];
  let statistics = [Statistic<"segments", "segments", "Segments made functions">];
}

def InlineParametersPass : Pass<"a65-inline-parameters", "::mlir::func::FuncOp"> {
  let summary = "parameters that lowerings read stand inline";
  let description = [{
    The operands of `tosa.rescale` behind the first, and constants of one element. A rescale whose
    parameters are computed, or whose rounding is left open (`INEXACT_ROUND`), is an error.
    ```
    %m = "tosa.const"() {values = dense_resource<m> : tensor<3xi32>}
    ==>
    %m = "tosa.const"() {values = dense<[…]> : tensor<3xi32>}
    ```
  }];
  let dependentDialects = ["::mlir::tosa::TosaDialect"];
}

def LowerCustomPass : Pass<"a65-lower-custom", "::mlir::func::FuncOp"> {
  let summary = "operators that TOSA or its upstream lowering cannot say exactly become linalg";
  let description = [{
    `tosa.custom` of domain afe, by the table of docs/tosa-conventions.md, and `tosa.avg_pool2d` on
    f32, whose order of addition the conventions fix; strided `tosa.transpose_conv2d` of 16-bit tensors
    become convolutions of the tensor with zeros between its pixels. Operators whose control flow depends on data
    (`litert.detection_postprocess`) become loops on buffers. Every other `tosa.custom` is an error.
    ```
    %y = tosa.custom %x {operator_name = "dequantize", domain_name = "afe", …}
    ==>
    %y = linalg.generic … { arith.sitofp, arith.mulf }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::bufferization::BufferizationDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
}

def LowerCopiesPass : Pass<"a65-lower-copies", "::mlir::func::FuncOp"> {
  let summary = "copies between buffers that are not both dense become loops";
  let description = [{
    Upstream's lowering calls a runtime function for them, which the shared object would not have.
    Dense copies stay: they become the C library's memcpy.
    ```
    memref.copy %a, %b : memref<3x7xi8> to memref<3x7xi8, strided<[9, 1], offset: 1>>
    ==>
    linalg.copy ins(%a : …) outs(%b : …)
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def PromoteAccumulatorsPass : Pass<"a65-promote-accumulators", "::mlir::func::FuncOp"> {
  let summary = "the element that a loop adds to stays in a register";
  let description = [{
    Assumes loops on memrefs, before the workspace is planned: buffers with different roots do not
    overlap. A load and a store of one element that no iteration changes move out of the loop.
    ```
    scf.for %i … { %a = memref.load %m[%c]; … memref.store %b, %m[%c] }
    ==>
    %0 = memref.load %m[%c]
    %1 = scf.for %i … iter_args(%a = %0) { … scf.yield %b }
    memref.store %1, %m[%c]
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
  let statistics = [Statistic<"accumulators", "accumulators", "Elements kept in registers">];
}

def PlanWorkspacePass : Pass<"a65-plan-workspace", "::mlir::func::FuncOp"> {
  let summary = "buffers become ranges of one workspace argument";
  let description = [{
    Assumes static shapes. Buffers whose live ranges do not meet share bytes (best fit); the placement
    is checked by the validator of lib/Memory. No allocation is left.
    ```
    %0 = memref.alloc() : memref<3x7xf32>
    ==>
    %0 = memref.view %workspace[%offset][] : memref<128xi8> to memref<3x7xf32>
    ```
    The function carries `a65.workspace_bytes` afterwards.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
  let statistics = [Statistic<"buffers", "buffers", "Buffers placed">,
                    Statistic<"bytes", "bytes", "Bytes of all workspaces">];
}

def AddEntryPointsPass : Pass<"a65-add-entry-points", "::mlir::ModuleOp"> {
  let summary = "one exported function per segment, in the C ABI of docs/a65.md";
  let description = [{
    Assumes the LLVM dialect with bare pointers for memrefs. The computation becomes internal.
    ```
    llvm.func @apu_1(%x: !llvm.ptr, %y: !llvm.ptr, %workspace: !llvm.ptr)
    ==>
    llvm.func internal @apu_1_body(…)
    llvm.func @apu_1(%inputs: !llvm.ptr, %outputs: !llvm.ptr, %workspace: !llvm.ptr) -> i32
    llvm.mlir.global external constant @apu_1_workspace_bytes(128 : i64) : i64
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def ExportBitcodePass : Pass<"a65-export-bitcode", "::mlir::ModuleOp"> {
  let summary = "the LLVM dialect as bitcode, in the attribute a65.bitcode of the module";
  let description = [{
    Assumes the LLVM dialect alone. Beside the bytes, `a65.functions` says of every entry point
    `{segment, function, workspace_bytes}`. The operations are gone afterwards.
    ```
    module { llvm.func @apu_1(…) … }
    ==>
    module attributes {a65.bitcode = dense_resource<…>, a65.functions = […]} {}
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // AFE_A65_TO_LLVM_PASSES_TD
