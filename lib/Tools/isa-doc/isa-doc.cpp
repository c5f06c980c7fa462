// Prints docs/isa.md and docs/validator.md from the tables that encode, decode and validate, so
// that the pages cannot say anything else: `isa-doc isa`, `isa-doc validator`. The example on the
// page is encoded by the encoder while it is printed.

#include "Encoding/Fields.h"
#include "Encoding/Lm.h"
#include "Encoding/Stream.h"
#include "Encoding/Tables.h"
#include "Encoding/Words.h"

#include <cstdio>
#include <cstring>
#include <string>

using namespace afe::isa;

namespace {

/// Text of a table's cell: no bar.
std::string cell(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2)
    text.replace(at, 1, "\\|");
  return text;
}

void printEngine(Engine engine) {
  const EngineTable &table = engineTable(engine);
  std::printf("\n### %s\n\n{{Isa.def:%s}}\n\nEngine %u, ids of %u bits. Operand slots:", table.name,
              table.name, unsigned(engine), idBits(table));
  for (unsigned i = 0; i < table.slotCount; ++i)
    std::printf("%s `%s`", i ? "," : "", table.slots[i]);
  std::printf(".\n\n| id | field | bits | meaning |\n|---|---|---|---|\n");
  for (unsigned i = 0; i < table.count; ++i) {
    const Field &field = table.fields[i];
    std::printf("| %u | `%s` | %u %s | %s |\n", i + kFirstFieldRegister + kFirstRegisterId,
                field.name, field.bits, field.isSigned ? "signed" : "unsigned",
                cell(field.doc).c_str());
  }
}

void printEngines() {
  std::printf(
      "\n## Fields\n\n{{Isa.def}}\nHow long an instruction takes is in machine-model.md.\n");
  for (int e = 0; e < kNumEngines; ++e)
    printEngine(Engine(e));
}

void printMicroOperations() {
  std::printf("\n## Micro-operations of VECTOR\n\n{{Micro.def}}\n\n"
              "| opcode | name | words | cycles | meaning |\n|---|---|---|---|---|\n");
#define MICRO(opcode, name, operands, cycles, doc)                                                 \
  std::printf("| 0x%02x | `%s` | %s | %d | %s |\n", opcode, #name, operands, cycles,               \
              cell(doc).c_str());
#include "Encoding/Micro.def"
#undef MICRO
}

void printWords() {
  std::printf(
      "# The instruction set and the `.lm` file\n\n"
      "Written by `scripts/generate_isa_docs.py` from `lib/Encoding/Isa.def`, `Micro.def` and "
      "`Words.h`.\n"
      "The instruction set is this project's own: the silicon's is not public, and `.lm` files run "
      "on\n"
      "this project's simulator.\n\n"
      "## Words\n\n"
      "A quad's stream is a sequence of words of %u bytes, read as bits from bit 0 of byte 0 up. "
      "Each of\n"
      "the five engines has a sequencer with a register per field, all 0 at first; the register of "
      "the\n"
      "quad mask holds the stream's own quad. Most of an instruction is what the one before it "
      "was, so\n"
      "that a word carries changes only, and a tiled layer is a loop whose fields step.\n\n"
      "| kind | bits after kind (%u) and engine (%u) | does |\n|---|---|---|\n"
      "| %u pad | | nothing; the word is 0 |\n"
      "| %u set | entries | writes registers |\n"
      "| %u go | delta (%u), entries | writes registers, then issues the instruction they hold |\n"
      "| %u step | steps | steps for the engine's next loop |\n"
      "| %u loop | body - 1 (%u), count - 1 (value of %u), explicit starts (1), period (value of "
      "%u, if "
      "starts are not explicit), steps | issues `count` instructions |\n"
      "| %u starts | width - 1 (%u), number (%u), distances (width each) | start distances for the "
      "engine's next loop |\n\n",
      kWordBytes, kKindBits, kEngineBits, unsigned(WordKind::Pad), unsigned(WordKind::Set),
      unsigned(WordKind::Go), kDeltaBits, unsigned(WordKind::Step), unsigned(WordKind::Loop),
      kBodyBits, kCountBits, kPeriodBits, unsigned(WordKind::Starts), kWidthBits, kNumberBits);
  std::printf(
      "- An **entry** is an id and a value. Id %u ends the list (so do too few bits for an id), %u "
      "is the\n"
      "  start: a delta of 32 bits instead of the one in the word, in go words only; %u is the "
      "quad mask\n"
      "  (8 bits), the others are fields.\n"
      "- A **value** of up to %u bits stands as it is. A wider one of n bits is a class c of %u "
      "bits and then\n"
      "  ceil(n (c + 1) / 4) bits, sign- or zero-extended.\n"
      "- A go word **starts** `delta` cycles after the dispatch before it in the stream, of any "
      "engine.\n"
      "  Dispatches (go and loop words) stand in the order of their first start; instructions that "
      "start\n"
      "  in one cycle are ordered by engine.\n"
      "- A **loop** issues instructions made from the last `body` ones of its engine: instruction "
      "i is a\n"
      "  copy of the one `body` before it, its registers stepped. It starts `period` cycles after "
      "that\n"
      "  one, or, with explicit starts, the next pending distance after its predecessor on the "
      "engine.\n"
      "- A **step** is an id, a position in the body (%u bits), a kind (1 bit) and a value, "
      "signed, of the\n"
      "  register's width. Kind 0 adds it every time, modulo the register's width; kind 1 adds it, "
      "takes\n"
      "  it back, and so on. After a loop the registers are those of its last instruction.\n\n",
      kEndId, kStartId, kFirstRegisterId, kPlainBits, kClassBits, kBodyBits);
}

/// Four tiles of LOAD and TENSOR with two buffers in turn.
std::vector<Instruction> exampleStream() {
  std::vector<Instruction> stream;
  for (int tile = 0; tile < 6; ++tile) {
    Instruction load = makeInstruction(Engine::Load), tensor = makeInstruction(Engine::Tensor);
    auto &l = std::get<LoadFields>(load.fields);
    auto &t = std::get<TensorFields>(tensor.fields);
    l.l2 = 8192 + 448 * tile;
    l.l1 = t.in = tile % 2 * 896;
    l.run = 896;
    l.rate = 64;
    t.bank = tile % 4;
    t.in_zp = -128;
    load.start = uint32_t(100 + 80 * tile);
    tensor.start = uint32_t(150 + 80 * tile);
    load.quads = tensor.quads = 1;
    stream.push_back(load);
    stream.push_back(tensor);
  }
  return stream;
}

std::string registerName(const EngineTable &table, unsigned reg) {
  return reg == kQuadsRegister ? "quads" : table.fields[reg - kFirstFieldRegister].name;
}

void printEntries(WordReader &word, const EngineTable &table) {
  while (word.left() >= idBits(table)) {
    unsigned id = unsigned(word.get(idBits(table)));
    if (id == kEndId)
      return;
    if (id == kStartId) {
      std::printf(" start=+%lld", (long long)word.getValue(kStartShape));
      continue;
    }
    unsigned reg = id - kFirstRegisterId;
    std::printf(" %s=%lld", registerName(table, reg).c_str(),
                (long long)word.getValue(registerShape(table, reg)));
  }
}

void printSteps(WordReader &word, const EngineTable &table) {
  while (word.left() >= idBits(table)) {
    unsigned id = unsigned(word.get(idBits(table)));
    if (id == kEndId)
      return;
    unsigned reg = id - kFirstRegisterId, position = unsigned(word.get(kBodyBits));
    bool alternates = word.get(1);
    long long step = word.getValue(stepShape(registerShape(table, reg)));
    std::printf(" %s[%u]%s%lld", registerName(table, reg).c_str(), position,
                alternates ? " +-" : " += ", step);
  }
}

void printWord(const uint8_t *bytes) {
  WordReader word(bytes);
  auto kind = WordKind(word.get(kKindBits));
  const EngineTable &table = engineTable(Engine(word.get(kEngineBits)));
  for (unsigned i = 0; i < kWordBytes; ++i)
    std::printf("%02x", bytes[i]);
  static const char *const names[] = {"pad", "set", "go", "step", "loop", "starts"};
  std::printf("  %s.%s", table.name, names[unsigned(kind)]);
  if (kind == WordKind::Go)
    std::printf(" +%u", unsigned(word.get(kDeltaBits)));
  if (kind == WordKind::Set || kind == WordKind::Go)
    printEntries(word, table);
  if (kind == WordKind::Loop) {
    std::printf(" body=%u", unsigned(word.get(kBodyBits)) + 1);
    std::printf(" count=%u", unsigned(word.getValue(kCountShape)) + 1);
    if (!word.get(1))
      std::printf(" period=%u", unsigned(word.getValue(kPeriodShape)));
  }
  if (kind == WordKind::Loop || kind == WordKind::Step)
    printSteps(word, table);
  std::printf("\n");
}

void printExample() {
  EncodedStream stream = encodeStream(exampleStream(), 0);
  std::printf(
      "Six tiles, each a LOAD into one of two buffers and a TENSOR into one of four banks, are\n"
      "%zu words:\n\n```\n",
      stream.bytes.size() / kWordBytes);
  for (size_t at = 0; at < stream.bytes.size(); at += kWordBytes)
    printWord(stream.bytes.data() + at);
  std::printf("```\n");
}

void printFile() {
  std::printf(
      "\n## Blocks\n\n"
      "A stream is cut into blocks of the target's `instruction_block_bytes`; two are resident per "
      "quad.\n"
      "Block 0 of every quad is fetched before T = 0, with the request list. Block k > 0 is a "
      "request of\n"
      "kind 2: due when the first word that dispatches from it does so, and not issued before the "
      "last\n"
      "word of block k - 2 has been dispatched. Sequencers keep their registers, loops and the "
      "last %u\n"
      "instructions of their engine, so that a loop may outlive its block.\n\n"
      "## File\n\n"
      "An ELF64 little-endian executable (machine 0x4d4c, version %u in the note). Addresses are "
      "DRAM\n"
      "addresses; sections without one are tables for people and tools, which the machine does not "
      "fetch.\n\n"
      "| section | holds |\n|---|---|\n"
      "| `.note.mla` | format version, block size, quads, batch, end cycle, hash and name of the "
      "target, "
      "DRAM extent, instructions per quad, name of the segment |\n"
      "| `.mla.const` | the DRAM image at address 0: weights (as they are, or tiles of codec 1), "
      "tables, micro-programs |\n"
      "| `data.ifm.persistent.input_NN/<segment>/placeholder_N_0.b0` | an input's bytes in DRAM "
      "(NOBITS) |\n"
      "| `data.ofm.persistent.output_NN/<tensor>.b0` | an output's bytes in DRAM (NOBITS) |\n"
      "| `.mla.text.q<n>` | instruction words of quad n, behind the DRAM image, at a multiple of "
      "64 |\n"
      "| `.mla.requests` | DRAM requests of %u bytes, in list order |\n"
      "| `.mla.buffers` | memory, quads, address, size, live range, in-place partner and name of "
      "every "
      "buffer |\n"
      "| `.mla.layers` | names of the layers and of their operators in the model |\n"
      "| `.mla.tensors` | names, addresses, sizes, element types, shapes and layouts of inputs and "
      "outputs |\n"
      "| `.mla.operands` | layer and operand buffers of every instruction and request |\n\n"
      "A request: u8 kind (0 to L2, 1 from L2, 2 instructions), u8 codec, u16 zero, u32 issue, "
      "u32 due, u32\n"
      "L2 address (kind 2: the quad), u64 DRAM address, u32 rows (kind 2: the block), u32 bytes "
      "per row, i64\n"
      "DRAM stride, i32 L2 stride, u32 encoded bytes.\n\n"
      "### Codec 1\n\n"
      "A request with codec 1 brings one row of its bytes to L2, stored as a *tile* of so many "
      "encoded\n"
      "bytes, which is decoded on the way. Tiles stand by themselves. What of a tile is coded, "
      "stored as it\n"
      "is, or not stored at all is said in runs; coded bytes are symbols of a static code, dealt "
      "to 128\n"
      "interleaved range coders (rANS), so that 128 lanes give 128 bytes per cycle.\n\n"
      "| part | holds |\n|---|---|\n"
      "| runs | varint count; per run varints: times, coded, raw, fill: so many bytes of each in "
      "turn, so many times |\n"
      "| fill | u8, the value of fill bytes |\n"
      "| table | bits: first symbol and number of symbols - 1 (8 each), then per symbol, 0 behind "
      "255, the step "
      "from the level before (0 at first): `0` none, `1 0 0` up by one, `1 0 1` down by one, `1 1` "
      "and "
      "5 bits the level itself |\n"
      "| states | 128 states of 3 bytes, each in [2^16, 2^24) |\n"
      "| raw | raw bytes that are not in the payload |\n"
      "| stream | bytes that lanes take in |\n\n"
      "A level l > 0 stands for the weight (2 + (l - 1) %% 2) * 2^((l - 1) / 2), level 0 for 0. "
      "The "
      "frequency\n"
      "of a symbol is max(1, floor(4096 * weight / sum of weights)) where its level is not 0; "
      "what is then\n"
      "missing from, or too much for, a sum of 4096 is added to (taken from) the symbols whose "
      "level "
      "is at\n"
      "most 4 below the highest, one each in ascending order, in turn, never below 1. Its start is "
      "the sum\n"
      "of the frequencies before it. Coded byte i belongs to lane i %% 128. A lane with state x "
      "gives "
      "the\n"
      "symbol with start <= x %% 4096 < start + frequency; then x = frequency * (x / 4096) + x %% "
      "4096 "
      "- start,\n"
      "and while x < 2^16, x = 256 * x + the next byte of the stream, lanes of a step in ascending "
      "order. At\n"
      "the end every state is 2^16 + p; the p of all lanes, low byte first, are the *payload* of "
      "256 "
      "bytes:\n"
      "the first raw bytes, or, where there are fewer, behind them the last coded bytes. Why: "
      "rationale/compression.md.\n\n"
      "A loader treats the file as hostile: it holds at most %llu instructions, each of which must "
      "have\n"
      "its entry in `.mla.operands`, so that a small file cannot expand to a large program.\n",
      kMaxBody, kLmVersion, kRequestBytes, (unsigned long long)kMaxInstructions);
}

void printIsa() {
  printWords();
  printExample();
  printFile();
  printEngines();
  printMicroOperations();
}

void printValidator() {
  std::printf(
      "# What makes a program legal\n\n"
      "Written by `scripts/generate_isa_docs.py` from `lib/Simulator/ValidatorRules.def`.\n\n"
      "`afe::sim::validate(program, target)` answers yes or names the first offence: its rule, "
      "both\n"
      "instructions (engine, quad, index, start, layer), the memory, the bytes and the buffers. It "
      "runs\n"
      "on every `compile()` and shares no code with the scheduler; occupancies come from "
      "`Timing.h`.\n\n"
      "**Time.** An instruction occupies its engine in [start, end), end = start + occupancy. It "
      "reads\n"
      "its operands in that interval; its results land from its start on and may be read from\n"
      "ready = end + latency on. A DRAM request owns its bytes in L2 in [issue, due). Of two "
      "accesses to\n"
      "a byte the one that starts first comes first; two that start together, of which one writes, "
      "are\n"
      "an offence. Several reads at once are none.\n\n"
      "**Bytes.** Footprints are exact: images, rows, columns, lanes and taps as the fields say; "
      "taps in\n"
      "the padding, lanes past the last channel and gaps between strides are not touched. TENSOR "
      "reads\n"
      "no weights of lanes past `oc`. OUTPUT writes all 16 lanes of a block, and so does a VECTOR "
      "result\n"
      "with a lane stride. A resize reads its whole tile, since what it reads depends on data.\n\n"
      "**Banks.** An accumulator bank is a memory of its own. Adding happens where filling "
      "happens, so\n"
      "that a TENSOR may add to a bank as soon as the TENSOR before has ended (our assumption); "
      "OUTPUT\n"
      "waits for the latency like every reader.\n\n"
      "**DRAM.** Requests are worked off in list order, which is therefore the order of reads and "
      "writes\n"
      "in DRAM. A pair of accesses to L2 of which one is a request's falls under C20, any other "
      "under\n"
      "C11 to C13.\n\n"
      "**Live ranges.** [firstUse, lastUse] of a buffer runs from the start of its first write to "
      "the end\n"
      "of its last read. Reading through a buffer bytes that were last written through another "
      "that is\n"
      "no in-place partner counts as reading bytes never written.\n\n"
      "| | rule | a legal program |\n|---|---|---|\n");
#define RULE(label, enumerator, identifier, sentence)                                              \
  std::printf("| %s | `%s` | %s |\n", label, identifier, sentence);
#include "Simulator/ValidatorRules.def"
#undef RULE
  std::printf("\n`tests/Validator` breaks every rule in turn, and holds the validator against a "
              "checker that\n"
              "writes down every byte and compares cycle by cycle, on random programs.\n");
}

} // namespace

int main(int argc, char **argv) {
  if (argc == 2 && !std::strcmp(argv[1], "isa"))
    return printIsa(), 0;
  if (argc == 2 && !std::strcmp(argv[1], "validator"))
    return printValidator(), 0;
  std::fprintf(stderr, "isa-doc isa | validator: prints that page of docs/\n");
  return 2;
}
