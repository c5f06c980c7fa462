// A program is encoded into a binary of the same symbol, which keeps the figures or gets the plain
// ones; disassembled, it is the program that it was. Calls stay as they are.
// RUN: mla-opt %s --mla-encode | FileCheck %s --check-prefix=BINARY
// RUN: mla-opt %s --mla-encode --mla-disassemble | FileCheck %s --check-prefix=PROGRAM
// RUN: mla-opt %s --mla-encode -o %t
// RUN: mla-opt %s --mla-encode --mla-disassemble --mla-encode | sed -e 's/_lm_1/_lm/' > %t.again
// RUN: cmp %t %t.again

// BINARY-LABEL: func.func @main
// BINARY: mla.call @MLA_0
func.func @main(%x: tensor<1x5x3x7xui8>) -> tensor<1x5x3x7xui8> {
  %y = mla.call @MLA_0(%x) : (tensor<1x5x3x7xui8>) -> tensor<1x5x3x7xui8>
  return %y : tensor<1x5x3x7xui8>
}

// BINARY: mla.binary @MLA_0 attributes {lm = dense_resource<MLA_0_lm> : tensor<{{[0-9]+}}xi8>, stats = {batch = 1 : i64, dram_bytes = 320 : i64, end_cycle = 110 : i64, instructions = 3 : i64, quads = 2 : i64}}
// PROGRAM: mla.program @MLA_0 target "mlsoc" hash {{-?[0-9]+}} quads 2 batch 1 end_cycle 110 dram_bytes 320
// PROGRAM-SAME: constants = dense<[1, -2, 3]> : tensor<3xi8>
mla.program @MLA_0 target "mlsoc" quads 2 batch 1 end_cycle 110 dram_bytes 320
    attributes {constants = dense<[1, -2, 3]> : tensor<3xi8>} {
  // PROGRAM-NEXT: mla.program.layer 0 "copy_0" sources ["model.tflite:3", "Reshape"]
  mla.program.layer 0 "copy_0" sources ["model.tflite:3", "Reshape"]
  // PROGRAM-NEXT: mla.program.buffer 0 dram "x" at 64 size 105 live 0 to 30
  mla.program.buffer 0 dram "x" at 64 size 105 live 0 to 30
  // PROGRAM-NEXT: mla.program.buffer 1 l2 "x.l2" at 128 size 105 live 0 to 34
  mla.program.buffer 1 l2 "x.l2" at 128 size 105 live 0 to 34
  // PROGRAM-NEXT: mla.program.buffer 2 l1 "x.l1" quads [0, 1] at 0 size 105 live 30 to 70
  mla.program.buffer 2 l1 "x.l1" quads [0, 1] at 0 size 105 live 30 to 70
  // PROGRAM-NEXT: mla.program.buffer 3 l2 "y.l2" at 128 size 105 live 60 to 110 in_place_of 1
  mla.program.buffer 3 l2 "y.l2" at 128 size 105 live 60 to 110 in_place_of 1
  // PROGRAM-NEXT: mla.program.io input "x" dram 64 bytes 105 "uint8" [1, 5, 3, 7] "HWC"
  mla.program.io input "x" dram 64 bytes 105 "uint8" [1, 5, 3, 7] "HWC"
  // PROGRAM-NEXT: mla.program.io output "y" dram 192 bytes 105 "uint8" [1, 5, 3, 7] "HWC"
  mla.program.io output "y" dram 192 bytes 105 "uint8" [1, 5, 3, 7] "HWC"
  // PROGRAM-NEXT: mla.program.request to_l2 issue 0 due 30 dram 64 l2 128 rows 5 row_bytes 21 dram_stride 21 l2_stride 21 layer 0 dram_buffer 0 l2_buffer 1
  mla.program.request to_l2 issue 0 due 30 dram 64 l2 128 rows 5 row_bytes 21 dram_stride 21
      l2_stride 21 layer 0 dram_buffer 0 l2_buffer 1
  // PROGRAM-NEXT: mla.program.stream 0 {
  mla.program.stream 0 {
    // PROGRAM-NEXT: mla.program.block bytes {{[0-9]+}} dram 320 needed_at 30 done_at 60
    // PROGRAM-NEXT: mla.isa.load start 30 quads [0, 1] layer 0 {l2 = 128, run = 105, count1 = 1, count2 = 1, rate = 64} buffers {l2 = 1, l1 = 2}
    mla.isa.load start 30 quads [0, 1] layer 0 {l2 = 128, run = 105, count1 = 1, count2 = 1, rate = 64}
        buffers {l2 = 1, l1 = 2}
    // PROGRAM-NEXT: mla.isa.store start 60 quad 0 layer 0 {l2 = 128, run = 63, count1 = 1, count2 = 1} buffers {l1 = 2, l2 = 3}
    mla.isa.store start 60 quad 0 layer 0 {l2 = 128, run = 63, count1 = 1, count2 = 1}
        buffers {l1 = 2, l2 = 3}
  }
  // PROGRAM: mla.program.stream 1 {
  mla.program.stream 1 {
    // PROGRAM: mla.isa.store start 60 quad 1 layer 0 {l2 = 191, l1 = 63, run = 42, count1 = 1, count2 = 1} buffers {l1 = 2, l2 = 3}
    mla.isa.store start 60 quad 1 layer 0 {l2 = 191, l1 = 63, run = 42, count1 = 1, count2 = 1}
        buffers {l1 = 2, l2 = 3}
  }
}

// BINARY: mla.binary @MLA_1 attributes {lm = {{.*}}, stats = {cycles = 7 : i64}}
// PROGRAM: mla.program @MLA_1
// PROGRAM-SAME: stats = {cycles = 7 : i64}
mla.program @MLA_1 target "mlsoc" quads 1 batch 1 end_cycle 0 dram_bytes 0
    attributes {stats = {cycles = 7 : i64}} {
  mla.program.stream 0 {
  }
}
