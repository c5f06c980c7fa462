// What passes count is reported, ordered by pass.
// RUN: mla-opt %s --mla-encode --mla-disassemble --mlir-pass-statistics -o /dev/null 2>&1 | FileCheck %s
// RUN: mla-opt %s --mla-encode -o /dev/null 2>&1 | FileCheck %s --check-prefix=QUIET --allow-empty

// CHECK: Pass statistics report
// CHECK: DisassemblePass
// CHECK-NEXT: (S) 2 programs - Programs decoded
// CHECK: EncodePass
// CHECK-NEXT: (S) {{[0-9]+}} bytes - Bytes of all .lm files
// CHECK-NEXT: (S) 2 programs - Programs encoded

// QUIET-NOT: (S)

mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 0 dram_bytes 0 {
  mla.program.stream 0 {
  }
}
mla.program @MLA_1 target "mlsoc" quads 1 batch 1 end_cycle 0 dram_bytes 0 {
  mla.program.stream 0 {
  }
}
