// A program becomes an .lm file, an ELF object that other tools read; the file becomes text, and the
// text that file again, byte for byte. A file of another target needs its description.
// RUN: mla-translate --mlir-to-lm %s -o %t.lm
// RUN: llvm-readelf -h %t.lm | FileCheck %s --check-prefix=ELF
// RUN: not mla-translate --lm-to-mlir --mla-target='#mla.target<"other", {}>' %t.lm 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: mla-translate --lm-to-mlir --mla-target='#mla.target<"tiny", {quads = 1 : i64}>' %t.lm -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: mla-opt %t.mlir | mla-translate --mlir-to-lm -o %t.again.lm
// RUN: cmp %t.lm %t.again.lm
// RUN: not mla-translate --lm-to-mlir %s 2>&1 | FileCheck %s --check-prefix=TEXT
// RUN: echo "module {}" | not mla-translate --mlir-to-lm 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not mla-translate --lm-to-mlir --mla-target=tiny %t.lm 2>&1 | FileCheck %s --check-prefix=TARGET

// ELF: ELF64
// ELF: little endian
// OTHER: error: the program was made for target 'tiny', not for this description of 'other'
// TEXT: error: not an ELF64 little-endian file
// EMPTY: error: the module holds 0 programs and binaries, expected one
// TARGET: error: --mla-target is not a #mla.target attribute

// CHECK: module attributes {mla.target = #mla.target<"tiny", {{{.*}}quads = 1 : i64
module attributes {mla.target = #mla.target<"tiny", {quads = 1 : i64}>} {
  // CHECK: mla.program @MLA_0 target "tiny"
  mla.program @MLA_0 target "tiny" quads 1 batch 1 end_cycle 40 dram_bytes 64 {
    // CHECK: mla.program.layer 0 "softmax_4"
    mla.program.layer 0 "softmax_4"
    // CHECK: mla.program.stream 0
    mla.program.stream 0 {
      // CHECK: mla.isa.vector start 30 quad 0 layer 0 {program = 64, length = 3}
      mla.isa.vector start 30 quad 0 layer 0 {program = 64, length = 3}
    }
  }
}
