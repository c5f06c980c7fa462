// The time of every pass is reported, as a list and as a tree.
// RUN: mla-opt %s --mla-encode --canonicalize --mlir-timing -o /dev/null 2>&1 | FileCheck %s
// RUN: mla-opt %s --mla-encode --canonicalize --mlir-timing --mlir-timing-display=list -o /dev/null 2>&1 | FileCheck %s --check-prefix=LIST

// CHECK: Execution time report
// CHECK: Parser
// CHECK: EncodePass
// CHECK: Canonicalizer
// CHECK: Total

// LIST: Execution time report
// LIST-DAG: EncodePass
// LIST-DAG: Canonicalizer

mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 0 dram_bytes 0 {
  mla.program.stream 0 {
  }
}
