// Expected errors are matched, per part of a split file; an error that does not come, or comes
// unexpectedly, fails the run.
// RUN: mla-opt %s --split-input-file --verify-diagnostics -o %t
// RUN: FileCheck %s < %t
// RUN: not mla-opt %s --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=PLAIN
// RUN: sed -e 's/#mla.window<kernelRows = 0/#mla.window<kernelRows = 1/' %s > %t.valid.mlir
// RUN: not mla-opt %t.valid.mlir --split-input-file --verify-diagnostics -o /dev/null 2>&1 | FileCheck %s --check-prefix=MISSING

// PLAIN: error: window kernel, stride or dilation is 0, allowed is 1 to 255
// MISSING: error: expected error "window kernel, stride or dilation is 0, allowed is 1 to 255" was not produced

// CHECK: module attributes {a.window = #mla.window<
module attributes {a.window = #mla.window<kernelRows = 1, kernelCols = 1, strideRows = 1,
    strideCols = 1, padTop = 0, padBottom = 0, padLeft = 0, padRight = 0>} {}

// -----

// CHECK: // -----
// expected-error @+1 {{window kernel, stride or dilation is 0, allowed is 1 to 255}}
module attributes {a.window = #mla.window<kernelRows = 0, kernelCols = 1, strideRows = 1,
    strideCols = 1, padTop = 0, padBottom = 0, padLeft = 0, padRight = 0>} {}

// -----

// CHECK: // -----
// CHECK: mla.call
// The callee of the call is in no other part.
mla.segment @MLA_0 {
  mla.return
}
mla.call @MLA_0() : () -> ()
