// What cannot be encoded or decoded is refused, at the operation and with the reason.
// RUN: mla-opt %s --mla-encode --mla-disassemble --split-input-file --verify-diagnostics

// A program is made for the module's target.
module attributes {mla.target = #mla.target<"tiny", {quads = 1 : i64}>} {
  // expected-error @+1 {{'mla.program' op cannot be encoded: the program was made for target 'mlsoc', not for this description of 'tiny'}}
  mla.program @MLA_0 target "mlsoc" hash 5 quads 1 batch 1 end_cycle 0 dram_bytes 0 {
    mla.program.stream 0 {
    }
  }
}

// -----

// The target has as many quads as the program.
module attributes {mla.target = #mla.target<"tiny", {quads = 1 : i64}>} {
  // expected-error @+1 {{'mla.program' op cannot be encoded: the program has 2 streams for 2 quads, target 'tiny' has 1}}
  mla.program @MLA_0 target "tiny" quads 2 batch 1 end_cycle 0 dram_bytes 0 {
    mla.program.stream 0 {
    }
    mla.program.stream 1 {
    }
  }
}

// -----

// The constants are within the DRAM image.
// expected-error @+1 {{'mla.program' op cannot be encoded: the constants are larger than the DRAM image}}
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 0 dram_bytes 2
    attributes {constants = dense<1> : tensor<3xi8>} {
  mla.program.stream 0 {
  }
}

// -----

// A resource without its bytes is no constant.
// expected-error @+1 {{'mla.program' op constants have no bytes}}
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 0 dram_bytes 9
    attributes {constants = dense_resource<nowhere> : tensor<3xi8>} {
  mla.program.stream 0 {
  }
}

// -----

// A binary is an .lm file.
// expected-error @+1 {{'mla.binary' op cannot be decoded: not an ELF64 little-endian file}}
mla.binary @MLA_0 attributes {lm = dense<[127, 69]> : tensor<2xi8>, stats = {}}

// -----

// A binary has bytes.
// expected-error @+1 {{'mla.binary' op lm has no bytes}}
mla.binary @MLA_0 attributes {lm = dense_resource<nowhere> : tensor<2xi8>, stats = {}}
