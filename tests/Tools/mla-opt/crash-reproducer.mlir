// A pass that fails leaves a reproducer: the IR that it got and the pipeline, which runs again.
// RUN: not mla-opt %s --mla-disassemble --mlir-pass-pipeline-crash-reproducer=%t.mlir 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=REPRODUCER < %t.mlir
// RUN: not mla-opt --run-reproducer %t.mlir 2>&1 | FileCheck %s

// CHECK: 'mla.binary' op cannot be decoded: not an ELF64 little-endian file

// REPRODUCER: mla.binary @MLA_0
// REPRODUCER: mlir_reproducer
// REPRODUCER: pipeline: "builtin.module(mla-disassemble)"

mla.binary @MLA_0 attributes {lm = dense<[127, 69]> : tensor<2xi8>, stats = {}}
