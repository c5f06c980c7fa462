// The exported function takes tables of pointers and gives a status; the computation is internal.
// RUN: mla-opt %s --split-input-file --verify-diagnostics --a65-add-entry-points | FileCheck %s

// CHECK: llvm.mlir.global external constant @apu_1_workspace_bytes(192 : i64)
// CHECK-LABEL: llvm.func @apu_1
// CHECK-SAME: (%[[IN:.*]]: !llvm.ptr, %[[OUT:.*]]: !llvm.ptr, %[[WORK:.*]]: !llvm.ptr) -> i32
// CHECK: %[[XP:.*]] = llvm.getelementptr %[[IN]][0]
// CHECK: %[[X:.*]] = llvm.load %[[XP]]
// CHECK: %[[YP:.*]] = llvm.getelementptr %[[IN]][1]
// CHECK: %[[Y:.*]] = llvm.load %[[YP]]
// CHECK: %[[ZP:.*]] = llvm.getelementptr %[[OUT]][0]
// CHECK: %[[Z:.*]] = llvm.load %[[ZP]]
// CHECK: llvm.call @apu_1_body(%[[X]], %[[Y]], %[[Z]], %[[WORK]])
// CHECK-LABEL: llvm.func internal @apu_1_body
// CHECK-SAME: llvm.noalias, llvm.readonly
llvm.func @apu_1(%x: !llvm.ptr, %y: !llvm.ptr, %z: !llvm.ptr, %w: !llvm.ptr)
    attributes {a65.segment = "APU_1", a65.num_inputs = 2 : i64, a65.workspace_bytes = 192 : i64} {
  llvm.return
}

// -----

// expected-error@+1 {{does not say how many of its arguments are inputs}}
llvm.func @apu_1(%x: !llvm.ptr, %w: !llvm.ptr) attributes {a65.segment = "APU_1"} {
  llvm.return
}
