// Scheduled code, one to one with isa::Program (lib/Encoding/Isa.h): the program, its tables, and one
// stream of instructions per quad. The instructions' fields are those of lib/Encoding/Isa.def.
#ifndef MLA_PROGRAM_OPS_TD
#define MLA_PROGRAM_OPS_TD

include "MLAAttributes.td"
include "MLAInterfaces.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/SymbolInterfaces.td"

class MLA_Unsigned<int max> : ConfinedAttr<I64Attr, [IntNonNegative, IntMaxValue<max>]>;
def MLA_U32 : MLA_Unsigned<4294967295>;
def MLA_U63 : ConfinedAttr<I64Attr, [IntNonNegative]>;
def MLA_S32 : ConfinedAttr<I64Attr, [IntMinValue<-2147483648>, IntMaxValue<2147483647>]>;
def MLA_QuadMask : MLA_Unsigned<255>;

def MLA_ProgramOp : MLA_Op<"program", [Symbol, IsolatedFromAbove, SingleBlock, NoTerminator]> {
  let opDocGroup = MLA_ProgramGroup;
  let summary = "a scheduled program";
  let description = [{
    `target_name` and `target_hash` identify the target description (without a hash, the module's), `end_cycle` is the cycle at which
    every instruction is complete, `constants` the DRAM image at address 0 (weights, tables,
    micro-programs), `dram_bytes` the extent of the image with inputs, outputs and spilled tensors. `stats`
    are figures for the report, which the .lm file does not hold.

    ```mlir
    mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 99 dram_bytes 4096 {
      mla.program.layer 0 "copy" sources ["model.tflite:3"]
      mla.program.buffer 0 l2 "x" at 0 size 256 live 0 to 40
      mla.program.buffer 1 l1 "x.l1" quads [0] at 512 size 256 live 40 to 99
      mla.program.io input "x" dram 0 bytes 256 "int8" [1, 4, 4, 16] "HWC"
      mla.program.request to_l2 issue 0 due 40 dram 0 l2 0 rows 1 row_bytes 256 layer 0 l2_buffer 0
      mla.program.stream 0 {
        mla.isa.load start 40 quad 0 layer 0 {l1 = 512, run = 256, count1 = 1, count2 = 1, rate = 32} buffers {l2 = 0, l1 = 1}
      }
    }
    ```

    Constraints:
    - (C1) The body holds tables (`mla.program.*`) and streams only.
    - (C2) Layers and buffers stand in the order of their indices, which count from 0.
    - (C3) There is one stream per quad, in the order of the quads.
    - (C4) Layers and buffers that are named exist.
    - (C5) An instruction stands in the stream of its lowest quad, its quads are the program's, and the
      starts in a stream do not decrease.
    - (C6) `constants` is a row of bytes: rank 1, elements of 8 bits.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$target_name, OptionalAttr<I64Attr>:$target_hash,
                       ConfinedAttr<I64Attr, [IntMinValue<1>, IntMaxValue<8>]>:$quads,
                       ConfinedAttr<I64Attr, [IntMinValue<1>, IntMaxValue<4294967295>]>:$batch,
                       MLA_U32:$end_cycle, MLA_U63:$dram_bytes, OptionalAttr<ElementsAttr>:$constants,
                       OptionalAttr<DictionaryAttr>:$stats);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{$sym_name `target` $target_name (`hash` $target_hash^)? `quads` $quads `batch` $batch
    `end_cycle` $end_cycle `dram_bytes` $dram_bytes attr-dict-with-keyword $body}];
  let hasRegionVerifier = 1;
}

class MLA_ProgramTableOp<string mnemonic, list<Trait> traits = []>
    : MLA_Op<"program." # mnemonic, !listconcat([HasParent<"::afe::mla::ProgramOp">], traits)> {
  let opDocGroup = MLA_ProgramGroup;
}

def MLA_ProgramLayerOp : MLA_ProgramTableOp<"layer"> {
  let summary = "a row of the layer table";
  let description = [{
    The layer's name without the segment's, and names or locations of the model's operators in it.
  }];
  let arguments = (ins MLA_U32:$index, StrAttr:$name, DefaultValuedAttr<StrArrayAttr, "{}">:$sources);
  let assemblyFormat = "$index $name (`sources` $sources^)? attr-dict";
}

def MLA_Memory : I32EnumAttr<"MemoryKind", "a memory", [I32EnumAttrCase<"dram", 0>,
    I32EnumAttrCase<"l2", 1>, I32EnumAttrCase<"l1", 2>]> { let cppNamespace = "::afe::mla"; }

def MLA_ProgramBufferOp : MLA_ProgramTableOp<"buffer"> {
  let summary = "a named byte range of one memory";
  let description = [{
    It is live from the first write to the last read. `quads` are those whose L1 hold it, at the same
    address. `in_place_of` is the buffer whose bytes it may overwrite.

    - (C1) `last_use` is not before `first_use`.
    - (C2) Buffers in L1 have quads, others have none.
  }];
  let arguments = (ins MLA_U32:$index, MLA_Memory:$memory, StrAttr:$name,
                       DefaultValuedAttr<MLA_QuadMask, "0">:$quads, MLA_U63:$address, MLA_U63:$size,
                       MLA_U32:$first_use, MLA_U32:$last_use, OptionalAttr<MLA_U32>:$in_place_of);
  let assemblyFormat = [{$index $memory $name (`quads` custom<QuadList>($quads)^)? `at` $address `size` $size
    `live` $first_use `to` $last_use (`in_place_of` $in_place_of^)? attr-dict}];
  let hasVerifier = 1;
}

def MLA_IoDirection : I32EnumAttr<"IoDirection", "whether a tensor enters or leaves",
    [I32EnumAttrCase<"input", 0>, I32EnumAttrCase<"output", 1>]> { let cppNamespace = "::afe::mla"; }

def MLA_ProgramIoOp : MLA_ProgramTableOp<"io"> {
  let summary = "a tensor that enters or leaves the program through DRAM";
  let description = [{
    The tensor's name in the model, its place in DRAM (physical bytes of the whole batch), scalar type,
    logical shape with the batch first, and layout: "HWC" (dense) or "HWC16".

    - (C1) The scalar type is int8, uint8, int16, int32 or float32, the layout "HWC" or "HWC16".
    - (C2) The sizes of the shape are at least 1.
  }];
  let arguments = (ins MLA_IoDirection:$direction, StrAttr:$name, MLA_U63:$dram, MLA_U63:$bytes,
                       StrAttr:$scalar, DenseI64ArrayAttr:$shape, StrAttr:$layout);
  let assemblyFormat = [{$direction $name `dram` $dram `bytes` $bytes $scalar $shape $layout attr-dict}];
  let hasVerifier = 1;
}

def MLA_RequestKind : I32EnumAttr<"RequestKind", "what a DRAM request moves", [I32EnumAttrCase<"to_l2", 0>,
    I32EnumAttrCase<"from_l2", 1>, I32EnumAttrCase<"instructions", 2>]> {
  let cppNamespace = "::afe::mla";
}

def MLA_DramCodec : I32EnumAttr<"DramCodec", "how the bytes of a DRAM request are stored", [I32EnumAttrCase<"none", 0>,
    I32EnumAttrCase<"rans", 1>]> {
  let cppNamespace = "::afe::mla";
}

def MLA_ProgramRequestOp : MLA_ProgramTableOp<"request"> {
  let summary = "a transfer of the DRAM controller";
  let description = [{
    In list order. For instructions, `l2` is the quad, `rows` the block's index, `row_bytes` its size,
    and the encoder fills in `dram`. With a codec the one row is stored as `encoded_bytes` bytes.

    - (C1) `due` is not before `issue`.
    - (C2) Bytes with a codec are encoded, others are not.
  }];
  let arguments = (ins MLA_RequestKind:$kind, MLA_U32:$issue, MLA_U32:$due, MLA_U63:$dram, MLA_U32:$l2,
                       MLA_U32:$rows, MLA_U32:$row_bytes, MLA_U32:$layer,
                       DefaultValuedAttr<I64Attr, "0">:$dram_stride,
                       DefaultValuedAttr<MLA_S32, "0">:$l2_stride,
                       DefaultValuedAttr<MLA_DramCodec, "::afe::mla::DramCodec::none">:$codec,
                       DefaultValuedAttr<MLA_U32, "0">:$encoded_bytes,
                       OptionalAttr<MLA_U32>:$dram_buffer, OptionalAttr<MLA_U32>:$l2_buffer);
  let assemblyFormat = [{$kind `issue` $issue `due` $due `dram` $dram `l2` $l2 `rows` $rows `row_bytes` $row_bytes
    (`dram_stride` $dram_stride^)? (`l2_stride` $l2_stride^)? (`codec` $codec^)? (`encoded_bytes` $encoded_bytes^)? `layer` $layer
    (`dram_buffer` $dram_buffer^)? (`l2_buffer` $l2_buffer^)? attr-dict}];
  let hasVerifier = 1;
}

def MLA_ProgramStreamOp : MLA_ProgramTableOp<"stream", [SingleBlock, NoTerminator]> {
  let summary = "the instructions of one quad, in the order of their starts";
  let description = [{
    A multicast stands in the stream of its lowest quad.

    - (C1) The body holds instruction blocks, then instructions.
  }];
  let arguments = (ins MLA_U32:$quad);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$quad attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

def MLA_ProgramBlockOp : MLA_Op<"program.block", [HasParent<"::afe::mla::ProgramStreamOp">]> {
  let opDocGroup = MLA_ProgramGroup;
  let summary = "a block of the stream's encoded instructions";
  let description = [{
    Its bytes, its address in DRAM, and the cycles at which its first and its last instruction are
    dispatched.
  }];
  let arguments = (ins MLA_U32:$bytes, MLA_U63:$dram, MLA_U32:$needed_at, MLA_U32:$done_at);
  let assemblyFormat = "`bytes` $bytes `dram` $dram `needed_at` $needed_at `done_at` $done_at attr-dict";
}

class MLA_InstructionOp<string engine, string text, string example>
    : MLA_Op<"isa." # engine, [HasParent<"::afe::mla::ProgramStreamOp">,
                               DeclareOpInterfaceMethods<MLA_InstructionOpInterface, ["getEngine"]>]> {
  let opDocGroup = MLA_InstructionGroup;
  let summary = text;
  let description = [{
    `fields` are the fields of the engine's instruction that are not 0, by the names of
    lib/Encoding/Isa.def (docs/isa.md); `buffers` the index of the buffer of each operand slot, -1 for
    none; in the assembly form only slots with a buffer are written.

    ```mlir
    // in mla.program.stream
    }] # example # [{
    ```

    - (C1) Every field is in the engine's table, and its value in the field's range.
    - (C2) There is one buffer index, at least -1, per operand slot of the engine.
    - (C3) There is at least one quad; only a LOAD has more.
  }];
  let arguments = (ins MLA_U32:$start, MLA_QuadMask:$quads, MLA_U32:$layer, DictionaryAttr:$fields,
                       DenseI32ArrayAttr:$buffers);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = "static constexpr EngineKind kEngine = EngineKind::" # engine # ";";
  let extraClassDefinition = "::afe::mla::EngineKind $cppClass::getEngine() { return kEngine; }";
}

def MLA_IsaLoadOp : MLA_InstructionOp<"load", "L2 to L1, of one quad or several at once",
    "mla.isa.load start 40 quads [0, 1] layer 0 {l1 = 512, run = 256, count1 = 1, count2 = 1, rate = 32}">;
def MLA_IsaStoreOp : MLA_InstructionOp<"store", "L1 to L2",
    "mla.isa.store start 90 quad 0 layer 0 {l2 = 4096, l1 = 512, run = 256, count1 = 1, count2 = 1}">;
def MLA_IsaTensorOp : MLA_InstructionOp<"tensor", "fills or adds to an accumulator bank",
    "mla.isa.tensor start 60 quad 0 layer 0 {in = 512, rows = 7, cols = 5, kh = 1, kw = 1, ic = 16, oc = 16} buffers {in = 0}">;
def MLA_IsaOutputOp : MLA_InstructionOp<"output", "drains an accumulator bank to L1",
    "mla.isa.output start 120 quad 0 layer 0 {rows = 7, cols = 5, oc = 16, lo = -128, hi = 127, out = 4096}">;
def MLA_IsaVectorOp : MLA_InstructionOp<"vector", "runs a micro-program over a block in L1",
    "mla.isa.vector start 150 quad 0 layer 0 {program = 64, length = 3, rows = 7, cols = 5, channels = 16}">;

#endif // MLA_PROGRAM_OPS_TD
