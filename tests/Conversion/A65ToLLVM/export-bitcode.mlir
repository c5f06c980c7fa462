// The whole pipeline leaves bitcode (whose magic is BC C0 DE) and a table of functions; what is not
// of the LLVM dialect cannot be exported.
// RUN: mla-opt %s --afe-phase-host-code | FileCheck %s
// RUN: not mla-opt %s --a65-export-bitcode 2>&1 | FileCheck %s --check-prefix=LEFT

// CHECK: a65.bitcode = dense
// CHECK-SAME: a65.functions = [{function = "apu_1", segment = "APU_1", workspace_bytes = 0 : i64}]
// CHECK: 4243C0DE
// LEFT: 'a65.segment' op is left of the LLVM dialect's module
a65.segment @APU_1 {
^bb0(%x: tensor<3x7xf32>):
  %y = tosa.abs %x : (tensor<3x7xf32>) -> tensor<3x7xf32>
  a65.return %y : tensor<3x7xf32>
}
