// The exported function takes tables of pointers and gives a status; the computation and its kernels
// are internal, and their buffers do not overlap.
// RUN: mla-opt %s --split-input-file --verify-diagnostics --a65-add-entry-points | FileCheck %s

// CHECK-LABEL: llvm.func internal @apu_1_kernel_0(
// CHECK-SAME: !llvm.ptr {llvm.noalias}, %{{.*}}: i64) attributes {no_inline}
llvm.func @apu_1_kernel_0(%x: !llvm.ptr, %begin: i64)
    attributes {a65.kernel, a65.shared_iterations = 5 : i64} {
  llvm.return
}

// CHECK: llvm.mlir.global external constant @apu_1_workspace_bytes(192 : i64)
// CHECK-LABEL: llvm.func @apu_1(
// CHECK-SAME: %[[IN:[a-z0-9]+]]: !llvm.ptr, %[[OUT:[a-z0-9]+]]: !llvm.ptr, %[[WORK:[a-z0-9]+]]: !llvm.ptr, %[[WORKERS:[a-z0-9]+]]: !llvm.ptr) -> i32
// CHECK: %[[XP:.*]] = llvm.getelementptr %[[IN]][0]
// CHECK: %[[X:.*]] = llvm.load %[[XP]]
// CHECK: %[[YP:.*]] = llvm.getelementptr %[[IN]][1]
// CHECK: %[[Y:.*]] = llvm.load %[[YP]]
// CHECK: %[[ZP:.*]] = llvm.getelementptr %[[OUT]][0]
// CHECK: %[[Z:.*]] = llvm.load %[[ZP]]
// CHECK: llvm.call @apu_1_body(%[[X]], %[[Y]], %[[Z]], %[[WORK]], %[[WORKERS]])
// CHECK-LABEL: llvm.func internal @apu_1_body
// CHECK-SAME: llvm.noalias, llvm.readonly
llvm.func @apu_1(%x: !llvm.ptr, %y: !llvm.ptr, %z: !llvm.ptr, %w: !llvm.ptr, %workers: !llvm.ptr)
    attributes {a65.segment = "APU_1", a65.num_inputs = 2 : i64, a65.workspace_bytes = 192 : i64} {
  llvm.return
}

// -----

// expected-error@+1 {{does not say how many of its arguments are inputs}}
llvm.func @apu_1(%x: !llvm.ptr, %w: !llvm.ptr, %workers: !llvm.ptr) attributes {a65.segment = "APU_1"} {
  llvm.return
}
