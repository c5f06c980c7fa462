// The operations of a scheduled program are written, read, written and read again without a change,
// fields in the order of the instruction table, operands by their slots.
// RUN: mla-opt %s | mla-opt | FileCheck %s
// RUN: mla-opt %s --mlir-print-op-generic | mla-opt | FileCheck %s
// RUN: mla-opt %s --emit-bytecode | mla-opt | FileCheck %s

// CHECK: mla.program @MLA_0 target "mlsoc" hash -77 quads 2 batch 3 end_cycle 4294967295 dram_bytes 4096 attributes {constants = dense<[1, 2, 3]> : tensor<3xi8>} {
mla.program @MLA_0 target "mlsoc" hash -77 quads 2 batch 3 end_cycle 4294967295 dram_bytes 4096
    attributes {constants = dense<[1, 2, 3]> : tensor<3xi8>} {
  // CHECK-NEXT: mla.program.layer 0 "conv2d_add_relu_3" sources ["conv1", "add"]
  mla.program.layer 0 "conv2d_add_relu_3" sources ["conv1", "add"]
  // CHECK-NEXT: mla.program.layer 1 "softmax_4"{{$}}
  mla.program.layer 1 "softmax_4"
  // CHECK-NEXT: mla.program.buffer 0 l2 "x" at 4096 size 128 live 3 to 90
  mla.program.buffer 0 l2 "x" at 4096 size 128 live 3 to 90
  // CHECK-NEXT: mla.program.buffer 1 l1 "x.l1" quads [0, 1] at 0 size 128 live 90 to 90 in_place_of 0
  mla.program.buffer 1 l1 "x.l1" quads [0, 1] at 0 size 128 live 90 to 90 in_place_of 0
  // CHECK-NEXT: mla.program.io input "image" dram 0 bytes 576 "uint8" [3, 8, 8, 3] "HWC"
  mla.program.io input "image" dram 0 bytes 576 "uint8" [3, 8, 8, 3] "HWC"
  // CHECK-NEXT: mla.program.io output "logits" dram 576 bytes 48 "int8" [3, 10] "HWC16"
  mla.program.io output "logits" dram 576 bytes 48 "int8" [3, 10] "HWC16"
  // CHECK-NEXT: mla.program.request to_l2 issue 0 due 150 dram 64 l2 32 rows 3 row_bytes 7 dram_stride -8 l2_stride 16 layer 0 dram_buffer 1 l2_buffer 0
  mla.program.request to_l2 issue 0 due 150 dram 64 l2 32 rows 3 row_bytes 7 dram_stride -8
      l2_stride 16 layer 0 dram_buffer 1 l2_buffer 0
  // CHECK-NEXT: mla.program.request from_l2 issue 5 due 5 dram 0 l2 0 rows 1 row_bytes 64 layer 1{{$}}
  mla.program.request from_l2 issue 5 due 5 dram 0 l2 0 rows 1 row_bytes 64 layer 1
  // CHECK-NEXT: mla.program.request to_l2 issue 5 due 6 dram 64 l2 0 rows 1 row_bytes 512 codec rans encoded_bytes 400 layer 1{{$}}
  mla.program.request to_l2 issue 5 due 6 dram 64 l2 0 rows 1 row_bytes 512 codec rans encoded_bytes 400 layer 1
  // CHECK-NEXT: mla.program.request instructions
  mla.program.request instructions issue 6 due 7 dram 8192 l2 1 rows 1 row_bytes 64 layer 1
  // CHECK-NEXT: mla.program.stream 0 {
  mla.program.stream 0 {
    // CHECK-NEXT: mla.program.block bytes 4096 dram 8192 needed_at 0 done_at 80
    mla.program.block bytes 4096 dram 8192 needed_at 0 done_at 80
    // CHECK-NEXT: mla.isa.load start 40 quads [0, 1] layer 0 {l2 = 4294967295, l1 = 16777215, run = 8, count1 = 1, count2 = 1, l2_stride1 = -2147483648, rate = 128} buffers {l2 = 0, l1 = 1}
    mla.isa.load start 40 quads [0, 1] layer 0 {rate = 128, l2 = 4294967295, run = 8, count1 = 1,
        l1 = 16777215, count2 = 1, l2_stride1 = -2147483648} buffers {l1 = 1, l2 = 0}
    // CHECK-NEXT: mla.isa.tensor start 40 quad 0 layer 0 {in = 4096, rows = 7, bank = 3} buffers {weights = 1}
    mla.isa.tensor start 40 quad 0 layer 0 {in = 4096, rows = 7, bank = 3} buffers {weights = 1}
    // CHECK-NEXT: mla.isa.output start 41 quad 0 layer 0 {oc = 16, multiplier = -5, lo = -128} attributes {note = "hand-written"}
    mla.isa.output start 41 quad 0 layer 0 {oc = 16, multiplier = -5, lo = -128}
        attributes {note = "hand-written"}
    // CHECK-NEXT: mla.isa.store start 80 quad 0 layer 1 {} buffers {l1 = 1}
    mla.isa.store start 80 quad 0 layer 1 {} buffers {l1 = 1}
  }
  // CHECK: mla.program.stream 1 {
  mla.program.stream 1 {
    // CHECK-NEXT: mla.isa.vector start 0 quad 1 layer 1 {program = 64, length = 3, a0_sl = 1, a0_type = 1} buffers {program = 0, r1 = 1}
    mla.isa.vector start 0 quad 1 layer 1 {program = 64, length = 3, a0_sl = 1, a0_type = 1}
        buffers {program = 0, r1 = 1}
  }
}

// CHECK: mla.program @empty
// CHECK-NEXT: mla.program.stream 0 {
mla.program @empty target "tiny" hash 0 quads 1 batch 1 end_cycle 0 dram_bytes 0 {
  mla.program.stream 0 {
  }
}
