// Pipelines are given as text, with passes nested under the operations they run on; a wrong text is
// refused.
// RUN: mla-opt %s --pass-pipeline='builtin.module(mla-encode,mla-disassemble)' | FileCheck %s
// RUN: not mla-opt %s --pass-pipeline='builtin.module(mla-encod)' 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not mla-opt %s --pass-pipeline='builtin.module(func.func(mla-encode))' 2>&1 | FileCheck %s --check-prefix=NESTING

// CHECK: mla.program @MLA_0
// UNKNOWN: 'mla-encod' does not refer to a registered pass or pass pipeline
// NESTING: restricted to 'builtin.module'

mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 0 dram_bytes 0 {
  mla.program.stream 0 {
  }
}
