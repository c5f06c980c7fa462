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

def ExpandMathPass : Pass<"a65-expand-math", "::mlir::func::FuncOp"> {
  let summary = "exponentials and their kin become arithmetic in f64";
  let description = [{
    `math.exp`, `log`, `tanh`, `erf`, `powf`, `sin` and `cos` of up to 32 bits, and `exp` of f64: computed in f64
    and rounded once. Functions for which machines have instructions stay.
    ```
    %y = math.exp %x : f32
    ==>
    %0 = arith.extf %x : f32 to f64
    …                                  // 2^n times a polynomial of the rest
    %y = arith.truncf %n : f64 to f32
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
  let statistics = [Statistic<"functions", "functions", "Functions written out">];
}

def LowerConvolutionsPass : Pass<"a65-lower-convolutions", "::mlir::func::FuncOp"> {
  let summary = "quantized convolutions and products take forms that vectorize";
  let description = [{
    The zero points of `tosa.conv2d` (of constant weights) and `tosa.matmul` leave the sums, so that these
    are dot products of bytes; both operands of a product are read row by row. The taps of
    `tosa.depthwise_conv2d` are written out, up to 64. What has other types or computed parameters stays.
    ```
    %y = tosa.conv2d %x, %w, %b, %zx, %zw {pad = …}
    ==>
    %p = tosa.pad %x, %pad, %zx
    %0 = tosa.conv2d %p, %w, %b_folded, %zero, %zero {pad = [0, 0, 0, 0]}
    %1 = tosa.conv2d %p, %ones, %no_bias, %zero, %zero {…}    // where zw is not 0
    %y = tosa.add %0, (tosa.mul %1, -zw)
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::tosa::TosaDialect"];
}

def TileContractionsPass : Pass<"a65-tile-contractions", "::mlir::func::FuncOp"> {
  let summary = "convolutions and products of bytes become loops over tiles in registers";
  let description = [{
    `linalg.conv_2d_nhwc_fhwc` and products of rows (`linalg.generic`) of i8 with sums of i32, on buffers.
    A tile is up to 2 pixels by 4 output channels: each byte that is loaded is used several times. The
    outer loops are parallel; the innermost one runs over as many neighbouring bytes as lie in a row of
    both operands.
    ```
    linalg.conv_2d_nhwc_fhwc ins(%x, %w : …) outs(%y : …)
    ==>
    scf.parallel (%n, %oh, %tile, %channels) = … {
      scf.for %kh … iter_args(eight sums) { scf.for %c … iter_args(eight sums) { … } }
      memref.store …
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
  let statistics = [Statistic<"contractions", "contractions", "Operations tiled">];
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

def OutlineKernelsPass : Pass<"a65-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "every loop nest of a segment becomes a function";
  let description = [{
    Assumes loops on memrefs, before the workspace is planned. What a nest reads of constants and views
    it makes itself; its other buffers become arguments, each of which overlaps no other. Nests that
    allocate stay where they are. Of a parallel nest with enough work the kernel takes a range of iterations
    (`a65.shared_iterations` says how many there are), which different cores can compute.
    ```
    func.func @apu_1(…) attributes {a65.segment = …} { scf.for … { … memref.load %x[%i] … } }
    ==>
    func.func private @apu_1_kernel_0(%x: memref<3x7xf32>, …) attributes {a65.kernel} { scf.for … }
    func.func @apu_1(…) attributes {a65.segment = …} { call @apu_1_kernel_0(%x, …) }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect"];
  let statistics = [Statistic<"kernels", "kernels", "Loop nests made functions">];
}

def PlanWorkspacePass : Pass<"a65-plan-workspace", "::mlir::func::FuncOp"> {
  let summary = "buffers become ranges of one workspace argument";
  let description = [{
    Assumes static shapes; kernels (`a65.kernel`) have no buffers of their own and stay as they are. Buffers whose live ranges do not meet share bytes (best fit); the placement
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

def ShareKernelsPass : Pass<"a65-share-kernels", "::mlir::ModuleOp"> {
  let summary = "kernels with a range of iterations are handed to the caller's workers";
  let description = [{
    Assumes the LLVM dialect. Every segment's function takes the workers of docs/a65.md as its last
    argument; where that is null, the kernel runs in place over the whole range.
    ```
    llvm.call @apu_1_kernel_0(%x, %y, %c0, %c112)
    ==>
    // %closure holds %x and %y; @apu_1_kernel_0_task takes them out of it and calls the kernel
    llvm.call @afe_parallel_for(%workers, @apu_1_kernel_0_task, %closure, %c112)
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def AddEntryPointsPass : Pass<"a65-add-entry-points", "::mlir::ModuleOp"> {
  let summary = "one exported function per segment, in the C ABI of docs/a65.md";
  let description = [{
    Assumes the LLVM dialect with bare pointers for memrefs. The computation and its kernels become
    internal; their buffers do not overlap.
    ```
    llvm.func @apu_1(%x: !llvm.ptr, %y: !llvm.ptr, %workspace: !llvm.ptr, %workers: !llvm.ptr)
    ==>
    llvm.func internal @apu_1_body(…)
    llvm.func @apu_1(%inputs: !llvm.ptr, %outputs: !llvm.ptr, %workspace: !llvm.ptr,
                     %workers: !llvm.ptr) -> i32
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
