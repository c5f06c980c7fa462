// A kernel with a range goes through the workers; one without is called as before. Every segment takes
// the workers as its last argument.
// RUN: mla-opt %s --a65-share-kernels | FileCheck %s

llvm.func @k0(%x: !llvm.ptr, %y: !llvm.ptr, %begin: i64, %end: i64)
    attributes {a65.kernel, a65.shared_iterations = 112 : i64} {
  llvm.return
}
llvm.func @k1(%x: !llvm.ptr) attributes {a65.kernel} {
  llvm.return
}

// CHECK-LABEL: llvm.func @apu_1(
// CHECK-SAME: %[[X:[a-z0-9]+]]: !llvm.ptr, %[[Y:[a-z0-9]+]]: !llvm.ptr, %[[WORKERS:[a-z0-9]+]]: !llvm.ptr)
// CHECK: %[[CLOSURE:.*]] = llvm.alloca %{{.*}} x !llvm.ptr
// CHECK: llvm.store %[[X]], %{{.*}}
// CHECK: llvm.store %[[Y]], %{{.*}}
// CHECK: %[[TASK:.*]] = llvm.mlir.addressof @k0_task
// CHECK: llvm.call @afe_parallel_for(%[[WORKERS]], %[[TASK]], %[[CLOSURE]], %{{.*}})
// CHECK: llvm.call @k1(%[[X]])
llvm.func @apu_1(%x: !llvm.ptr, %y: !llvm.ptr) attributes {a65.segment = "APU_1"} {
  %0 = llvm.mlir.constant(0 : i64) : i64
  %1 = llvm.mlir.constant(112 : i64) : i64
  llvm.call @k0(%x, %y, %0, %1) : (!llvm.ptr, !llvm.ptr, i64, i64) -> ()
  llvm.call @k1(%x) : (!llvm.ptr) -> ()
  llvm.return
}

// CHECK-LABEL: llvm.func internal @k0_task(
// CHECK-SAME: %[[C:[a-z0-9]+]]: !llvm.ptr, %[[BEGIN:[a-z0-9]+]]: i64, %[[END:[a-z0-9]+]]: i64)
// CHECK: llvm.call @k0(%{{.*}}, %{{.*}}, %[[BEGIN]], %[[END]])

// CHECK-LABEL: llvm.func internal @afe_parallel_for(
// CHECK: llvm.icmp "eq"
// CHECK: llvm.cond_br
