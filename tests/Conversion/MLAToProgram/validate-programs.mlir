// RUN: mla-opt %s --mla-validate-programs --verify-diagnostics

// A program that reads what nobody wrote is refused by the rule's name.
module attributes {mla.target = #mla.target<"mlsoc", {quads = 1}>} {
  // expected-error @below {{breaks rule}}
  mla.program @MLA_0 target "mlsoc" hash 0 quads 1 batch 1 end_cycle 99 dram_bytes 0 {
    mla.program.layer 0 "copy"
    mla.program.buffer 0 l2 "x" at 0 size 256 live 0 to 99
    mla.program.buffer 1 l1 "x.l1" quads [0] at 512 size 256 live 0 to 99
    mla.program.stream 0 {
      mla.isa.load start 40 quad 0 layer 0 {l1 = 512, run = 256, count1 = 1, count2 = 1, rate = 32} buffers {l2 = 0, l1 = 1}
    }
  }
}
