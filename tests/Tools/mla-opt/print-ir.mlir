// The IR is printed around passes, all of them or those that are named, and after a failure.
// RUN: mla-opt %s --mla-encode --mla-disassemble --mlir-print-ir-after-all -o /dev/null 2>&1 | FileCheck %s --check-prefix=ALL
// RUN: mla-opt %s --mla-encode --mla-disassemble --mlir-print-ir-before=mla-disassemble -o /dev/null 2>&1 | FileCheck %s --check-prefix=BEFORE
// RUN: mla-opt %s --mla-encode --canonicalize --mla-disassemble --mlir-print-ir-after-all --mlir-print-ir-after-change -o /dev/null 2>&1 | FileCheck %s --check-prefix=ALL
// RUN: rm -rf %t && mla-opt %s --mla-encode --mla-disassemble --mlir-print-ir-after-all --mlir-print-ir-tree-dir=%t -o /dev/null
// RUN: cat %t/builtin_module_no-symbol-name/0_mla-encode.mlir | FileCheck %s --check-prefix=TREE

// ALL: IR Dump After EncodePass (mla-encode)
// ALL: mla.binary @MLA_0
// ALL-NOT: mla.binary @MLA_0
// ALL: IR Dump After DisassemblePass (mla-disassemble)
// ALL: mla.program @MLA_0

// BEFORE-NOT: EncodePass
// BEFORE: IR Dump Before DisassemblePass (mla-disassemble)
// BEFORE: mla.binary @MLA_0

// TREE: mla.binary @MLA_0

mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 0 dram_bytes 0 {
  mla.program.stream 0 {
  }
}
