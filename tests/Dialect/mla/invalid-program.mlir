// Programs and instructions that do not verify.
// One case per constraint, named by the label it has in the operation's description.
// RUN: mla-opt %s --split-input-file --verify-diagnostics

// mla.program (C1): a program holds nothing but its parts.
// expected-error @+1 {{'mla.program' op holds 'mla.const', which is no part of a program}}
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  %0 = mla.const dense<1> : tensor<1xi8>
  mla.program.stream 0 {
  }
}

// -----

// mla.program (C2): layers are numbered from 0.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  // expected-error @+1 {{'mla.program.layer' op has index 1, but it is number 0}}
  mla.program.layer 1 "a"
  mla.program.stream 0 {
  }
}

// -----

// mla.program (C2): buffers are numbered from 0.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.buffer 0 l2 "a" at 0 size 1 live 0 to 1
  // expected-error @+1 {{'mla.program.buffer' op has index 0, but it is number 1}}
  mla.program.buffer 0 l2 "b" at 0 size 1 live 0 to 1
  mla.program.stream 0 {
  }
}

// -----

// mla.program (C3): there is a stream per quad.
// expected-error @+1 {{'mla.program' op has 1 streams for 2 quads}}
mla.program @MLA_0 target "mlsoc" quads 2 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.stream 0 {
  }
}

// -----

// mla.program (C3): streams stand in the order of the quads.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  // expected-error @+1 {{'mla.program.stream' op is of quad 1, expected quad 0}}
  mla.program.stream 1 {
  }
}

// -----

// mla.program (C4): a layer that is named exists.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.store' op names layer 3 of 1}}
    mla.isa.store start 0 quad 0 layer 3 {}
  }
}

// -----

// mla.program (C4): a buffer that is named exists.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.store' op names buffer 5 of 0}}
    mla.isa.store start 0 quad 0 layer 0 {} buffers {l1 = 5}
  }
}

// -----

// mla.program (C4): an in-place partner exists.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  // expected-error @+1 {{'mla.program.buffer' op names buffer 1 of 1}}
  mla.program.buffer 0 l2 "a" at 0 size 1 live 0 to 1 in_place_of 1
  mla.program.stream 0 {
  }
}

// -----

// mla.program (C4): the layer of a request exists.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  // expected-error @+1 {{'mla.program.request' op names layer 0 of 0}}
  mla.program.request to_l2 issue 0 due 1 dram 0 l2 0 rows 1 row_bytes 1 layer 0
  mla.program.stream 0 {
  }
}

// -----

// mla.program (C5): an instruction stands in the stream of its lowest quad.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.load' op runs on quads of mask 2, but stands in the stream of quad 0}}
    mla.isa.load start 0 quad 1 layer 0 {}
  }
}

// -----

// mla.program (C5): the quads are the program's.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.load' op runs on quads of mask 3, the program has 1 quads}}
    mla.isa.load start 0 quads [0, 1] layer 0 {}
  }
}

// -----

// mla.program (C5): starts do not decrease.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    mla.isa.load start 5 quad 0 layer 0 {}
    // expected-error @+1 {{'mla.isa.store' op starts at 4, before the instruction in front of it at 5}}
    mla.isa.store start 4 quad 0 layer 0 {}
  }
}

// -----

// mla.program (C6): constants are bytes.
// expected-error @+1 {{'mla.program' op constants is 'tensor<1x2xi8>', expected a row of bytes}}
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 
    attributes {constants = dense<1> : tensor<1x2xi8>} {
  mla.program.stream 0 {
  }
}

// -----

// mla.program: the numbers are those of the file format.
// expected-error @+1 {{'mla.program' op attribute 'quads' failed to satisfy constraint: 64-bit signless integer attribute whose minimum value is 1 whose maximum value is 8}}
mla.program @MLA_0 target "mlsoc" quads 9 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.stream 0 {
  }
}

// -----

// mla.program.layer: tables stand in a program.
// expected-error @+1 {{'mla.program.layer' op expects parent op 'mla.program'}}
mla.program.layer 0 "a"

// -----

// mla.program.buffer (C1): a buffer is not used before it is.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  // expected-error @+1 {{'mla.program.buffer' op is last used at 1, before its first use at 2}}
  mla.program.buffer 0 l2 "a" at 0 size 1 live 2 to 1
  mla.program.stream 0 {
  }
}

// -----

// mla.program.buffer (C2): a buffer in L1 has quads.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  // expected-error @+1 {{'mla.program.buffer' op in l1 needs quads}}
  mla.program.buffer 0 l1 "a" at 0 size 1 live 0 to 1
  mla.program.stream 0 {
  }
}

// -----

// mla.program.buffer (C2): a buffer in L2 is nobody's.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  // expected-error @+1 {{'mla.program.buffer' op in l2 takes no quads}}
  mla.program.buffer 0 l2 "a" quads [0] at 0 size 1 live 0 to 1
  mla.program.stream 0 {
  }
}

// -----

// mla.program.io (C1): the scalar type is known.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  // expected-error @+1 {{'mla.program.io' op has scalar type 'int4', expected int8, uint8, int16, int32 or float32}}
  mla.program.io input "x" dram 0 bytes 3 "int4" [3] "HWC"
  mla.program.stream 0 {
  }
}

// -----

// mla.program.io (C1): the layout is known.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  // expected-error @+1 {{'mla.program.io' op has layout 'CHW', expected HWC or HWC16}}
  mla.program.io input "x" dram 0 bytes 3 "int8" [3] "CHW"
  mla.program.stream 0 {
  }
}

// -----

// mla.program.io (C2): no tensor is empty.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  // expected-error @+1 {{'mla.program.io' op shape[1] is 0, allowed is 1 to 9223372036854775807}}
  mla.program.io input "x" dram 0 bytes 3 "int8" [3, 0] "HWC"
  mla.program.stream 0 {
  }
}

// -----

// mla.program.request (C2): encoded bytes and a codec come together.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  // expected-error @+1 {{'mla.program.request' op has 0 encoded bytes with codec rans}}
  mla.program.request to_l2 issue 5 due 6 dram 0 l2 0 rows 1 row_bytes 1 codec rans layer 0
  mla.program.stream 0 {
  }
}

// -----

// mla.program.request (C1): a request is not due before it is issued.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  // expected-error @+1 {{'mla.program.request' op is due at 4, before its issue at 5}}
  mla.program.request to_l2 issue 5 due 4 dram 0 l2 0 rows 1 row_bytes 1 layer 0
  mla.program.stream 0 {
  }
}

// -----

// mla.program.stream (C1): blocks stand in front of the instructions.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  // expected-error @+1 {{'mla.program.stream' op holds 'mla.program.block', expected instruction blocks, then instructions}}
  mla.program.stream 0 {
    mla.isa.load start 5 quad 0 layer 0 {}
    mla.program.block bytes 16 dram 0 needed_at 0 done_at 0
  }
}

// -----

// mla.program.block: a block stands in a stream.
// expected-error @+1 {{'mla.program.block' op expects parent op 'mla.program.stream'}}
mla.program.block bytes 16 dram 0 needed_at 0 done_at 0

// -----

// mla.isa.load (C1): a field is in the engine's table.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.load' op load has no field "colour"}}
    mla.isa.load start 0 quad 0 layer 0 {colour = 3}
  }
}

// -----

// mla.isa.load (C1): a field is in its range.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.load' op field 'l1' of load is 16777216, allowed is 0 to 16777215}}
    mla.isa.load start 0 quad 0 layer 0 {l1 = 16777216}
  }
}

// -----

// mla.isa.load (C2): there is a buffer index per operand.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.load' op has 1 buffers, load has 2 operands}}
    "mla.isa.load"() {start = 0 : i64, quads = 1 : i64, layer = 0 : i64, fields = {},
        buffers = array<i32: -1>} : () -> ()
  }
}

// -----

// mla.isa.store (C1): a field is in the engine's table.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.store' op store has no field "colour"}}
    mla.isa.store start 0 quad 0 layer 0 {colour = 3}
  }
}

// -----

// mla.isa.store (C1): a field is in its range.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.store' op field 'l1' of store is 16777216, allowed is 0 to 16777215}}
    mla.isa.store start 0 quad 0 layer 0 {l1 = 16777216}
  }
}

// -----

// mla.isa.store (C2): there is a buffer index per operand.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.store' op has 1 buffers, store has 2 operands}}
    "mla.isa.store"() {start = 0 : i64, quads = 1 : i64, layer = 0 : i64, fields = {},
        buffers = array<i32: -1>} : () -> ()
  }
}

// -----

// mla.isa.store (C3): only a load is a multicast.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.store' op runs on several quads, which only a load can}}
    mla.isa.store start 0 quads [0, 1] layer 0 {}
  }
}

// -----

// mla.isa.tensor (C1): a field is in the engine's table.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.tensor' op tensor has no field "colour"}}
    mla.isa.tensor start 0 quad 0 layer 0 {colour = 3}
  }
}

// -----

// mla.isa.tensor (C1): a field is in its range.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.tensor' op field 'in_zp' of tensor is 256, allowed is -256 to 255}}
    mla.isa.tensor start 0 quad 0 layer 0 {in_zp = 256}
  }
}

// -----

// mla.isa.tensor (C2): there is a buffer index per operand.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.tensor' op has 1 buffers, tensor has 3 operands}}
    "mla.isa.tensor"() {start = 0 : i64, quads = 1 : i64, layer = 0 : i64, fields = {},
        buffers = array<i32: -1>} : () -> ()
  }
}

// -----

// mla.isa.tensor (C3): only a load is a multicast.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.tensor' op runs on several quads, which only a load can}}
    mla.isa.tensor start 0 quads [0, 1] layer 0 {}
  }
}

// -----

// mla.isa.output (C1): a field is in the engine's table.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.output' op output has no field "colour"}}
    mla.isa.output start 0 quad 0 layer 0 {colour = 3}
  }
}

// -----

// mla.isa.output (C1): a field is in its range.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.output' op field 'lo' of output is 32768, allowed is -32768 to 32767}}
    mla.isa.output start 0 quad 0 layer 0 {lo = 32768}
  }
}

// -----

// mla.isa.output (C2): there is a buffer index per operand.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.output' op has 1 buffers, output has 4 operands}}
    "mla.isa.output"() {start = 0 : i64, quads = 1 : i64, layer = 0 : i64, fields = {},
        buffers = array<i32: -1>} : () -> ()
  }
}

// -----

// mla.isa.output (C3): only a load is a multicast.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.output' op runs on several quads, which only a load can}}
    mla.isa.output start 0 quads [0, 1] layer 0 {}
  }
}

// -----

// mla.isa.vector (C1): a field is in the engine's table.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.vector' op vector has no field "colour"}}
    mla.isa.vector start 0 quad 0 layer 0 {colour = 3}
  }
}

// -----

// mla.isa.vector (C1): a field is in its range.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.vector' op field 'length' of vector is 64, allowed is 0 to 63}}
    mla.isa.vector start 0 quad 0 layer 0 {length = 64}
  }
}

// -----

// mla.isa.vector (C2): there is a buffer index per operand.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.vector' op has 1 buffers, vector has 7 operands}}
    "mla.isa.vector"() {start = 0 : i64, quads = 1 : i64, layer = 0 : i64, fields = {},
        buffers = array<i32: -1>} : () -> ()
  }
}

// -----

// mla.isa.vector (C3): only a load is a multicast.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.vector' op runs on several quads, which only a load can}}
    mla.isa.vector start 0 quads [0, 1] layer 0 {}
  }
}

// -----

// mla.isa.load (C1): a field is a 64-bit integer.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.load' op field "run" is "3", expected a 64-bit integer}}
    "mla.isa.load"() {start = 0 : i64, quads = 1 : i64, layer = 0 : i64, fields = {run = "3"},
        buffers = array<i32: -1, -1>} : () -> ()
  }
}

// -----

// mla.isa.load (C2): an index is not below -1.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.load' op operand 'l1' has buffer -2, expected an index or -1}}
    "mla.isa.load"() {start = 0 : i64, quads = 1 : i64, layer = 0 : i64, fields = {},
        buffers = array<i32: -1, -2>} : () -> ()
  }
}

// -----

// mla.isa.load (C3): an instruction runs somewhere.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{'mla.isa.load' op runs on no quad}}
    mla.isa.load start 0 quads [] layer 0 {}
  }
}

// -----

// mla.isa.load: a field is given once.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    mla.isa.load start 0 quad 0 layer 0 {run = 3,
    // expected-error @+1 {{field 'run' is given twice}}
    run = 4}
  }
}

// -----

// mla.isa.load: an operand is one of the engine's.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    mla.isa.load start 0 quad 0 layer 0 {} buffers {
    // expected-error @+1 {{load has no operand 'psum'}}
    psum = 0}
  }
}

// -----

// mla.isa.load: a quad is 0 to 7.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 9 dram_bytes 64 {
  mla.program.layer 0 "a"
  mla.program.stream 0 {
    // expected-error @+1 {{quad is 8, allowed is 0 to 7}}
    mla.isa.load start 0 quad 8 layer 0 {}
  }
}
