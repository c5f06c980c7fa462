// A legal program passes; every way of corrupting it is caught, under the name of the rule it
// breaks.

#include "../Check.h"
#include "Encoding/Codec.h"
#include "LegalProgram.h"
#include "Simulator/Validator.h"

#include <cstdlib>
#include <set>

using namespace afe;
using namespace afe::test;

namespace {

template <typename Fields> Fields &fieldsOf(Program &p, size_t quad, int tile, TileStep step) {
  return std::get<Fields>(p.streams[quad][stepIndex(quad, tile, step)].fields);
}
Instruction &at(Program &p, size_t quad, int tile, TileStep step) {
  return p.streams[quad][stepIndex(quad, tile, step)];
}
TensorFields &tensor(Program &p, size_t quad, int tile, TileStep step = kTensorA) {
  return fieldsOf<TensorFields>(p, quad, tile, step);
}
void startEarly(Program &p, size_t quad, int tile, TileStep step, int64_t start) {
  at(p, quad, tile, step).start = uint32_t(start);
}
void sortByStart(std::vector<Instruction> &stream) {
  std::sort(stream.begin(), stream.end(),
            [](const Instruction &a, const Instruction &b) { return a.start < b.start; });
}
int64_t endOf(Program &p, size_t quad, int tile, TileStep step) {
  Instruction &in = at(p, quad, tile, step);
  return in.start + sim::occupancy(Target(), in);
}
int64_t readyAt(Program &p, size_t quad, int tile, TileStep step) {
  return readyOf(at(p, quad, tile, step), Target());
}

/// The weights as a compressed tile.
void compressWeights(Program &p) {
  TileBytes tile(std::vector<uint8_t>(p.constants.begin(), p.constants.begin() + kWeightBytes),
                 std::vector<ByteKind>(kWeightBytes, ByteKind::Coded));
  std::vector<uint8_t> encoded = encodeTile(tile, SymbolCode(tile.bytes.data(), kWeightBytes));
  std::copy(encoded.begin(), encoded.end(), p.constants.begin());
  p.requests[0].codec = Codec::Rans;
  p.requests[0].encodedBytes = uint32_t(encoded.size());
}

struct Corruption {
  const char *sentence;
  const char *rule;
  void (*apply)(Program &);
};

const Corruption kCorruptions[] = {
    {"a stream is out of order", "unordered-stream",
     [](Program &p) { std::swap(p.streams[1][0], p.streams[1][1]); }},
    {"another target's hash", "target", [](Program &p) { p.targetHash ^= 1; }},
    {"a stream is missing", "target", [](Program &p) { p.streams.pop_back(); }},
    {"a TENSOR names two quads", "quad-mask", [](Program &p) { at(p, 1, 0, kTensorA).quads = 6; }},
    {"a field exceeds its bits", "field-range", [](Program &p) { tensor(p, 0, 0).kh = 256; }},
    {"a mode is unknown", "field-range", [](Program &p) { tensor(p, 0, 0).mode = 3; }},
    {"a LOAD rate is none of the target's", "field-range",
     [](Program &p) { fieldsOf<LoadFields>(p, 2, 0, kLoadIn).rate = 48; }},
    {"an instruction is empty", "field-range",
     [](Program &p) { fieldsOf<StoreFields>(p, 2, 1, kStore).count2 = 0; }},
    {"a layer is not there", "field-range", [](Program &p) { at(p, 3, 1, kStore).layer = 1; }},
    {"a grid has more tiles than the quad", "grid",
     [](Program &p) { tensor(p, 0, 0).grid_p = 25; }},
    {"a block has more pixels than contexts", "grid",
     [](Program &p) { tensor(p, 0, 0).images = 5; }},
    {"a STORE leaves L2", "out-of-bounds",
     [](Program &p) {
       fieldsOf<StoreFields>(p, 0, 0, kStore).l2 = int32_t(Target().l2_bytes) - 8;
     }},
    {"a stride leads below L1", "out-of-bounds",
     [](Program &p) { fieldsOf<OutputFields>(p, 0, 0, kOutput).out_sy = -20000; }},
    {"a LOAD reaches beyond its buffer", "buffer-bounds",
     [](Program &p) { fieldsOf<LoadFields>(p, 3, 0, kLoadIn).l1 += 16; }},
    {"an operand names no buffer", "buffer-bounds",
     [](Program &p) { at(p, 1, 1, kOutput).buffers[3] = kNoBuffer; }},
    {"an operand names a buffer of another memory", "buffer-bounds",
     [](Program &p) { at(p, 1, 1, kOutput).buffers[3] = kL2Result; }},
    {"an operand names a buffer of another quad", "buffer-bounds",
     [](Program &p) { p.buffers[kVec].quads = 7; }},
    {"two TENSORs overlap", "engine-overlap",
     [](Program &p) { startEarly(p, 2, 0, kTensorB, endOf(p, 2, 0, kTensorA) - 1); }},
    {"a LOAD overlaps a multicast", "multicast-engine",
     [](Program &p) { at(p, 3, 0, kLoadIn).start = p.streams[0][2].start + 1; }},
    {"three LOADs at 128 bytes per cycle at once", "l2-read-rate",
     [](Program &p) {
       for (size_t q = 0; q < 3; ++q)
         fieldsOf<LoadFields>(p, q, 0, kLoadIn).rate = 128;
     }},
    {"a TENSOR reads its input a cycle too early", "raw",
     [](Program &p) { startEarly(p, 1, 0, kTensorA, readyAt(p, 1, 0, kLoadIn) - 1); }},
    {"a STORE reads a result before the latency is over", "raw",
     [](Program &p) { startEarly(p, 1, 1, kStore, endOf(p, 1, 1, kVector)); }},
    {"a LOAD overwrites the tile that a TENSOR still reads", "war",
     [](Program &p) {
       startEarly(p, 1, 1, kLoadIn, at(p, 1, 0, kTensorB).start + 1);
       sortByStart(p.streams[1]);
     }},
    {"a result is overwritten before it has landed", "waw",
     [](Program &p) {
       Instruction again = at(p, 1, 1, kOutput);
       again.start = uint32_t(endOf(p, 1, 1, kOutput));
       p.streams[1].insert(p.streams[1].begin() + long(stepIndex(1, 1, kVector)), again);
     }},
    {"a TENSOR reads rows that were not loaded", "uninitialized-read",
     [](Program &p) { fieldsOf<LoadFields>(p, 1, 0, kLoadIn).run -= kRowBytes; }},
    {"a STORE takes bytes of another buffer", "uninitialized-read",
     [](Program &p) {
       p.buffers.push_back(p.buffers[kVec]);
       p.buffers.back().firstUse = at(p, 2, 0, kStore).start;
       at(p, 2, 0, kStore).buffers[0] = uint32_t(p.buffers.size() - 1);
     }},
    {"a buffer dies before its last reader", "live-range",
     [](Program &p) { p.buffers[kL2Image].lastUse -= 12; }},
    {"a live buffer's bytes are written through another", "live-range",
     [](Program &p) {
       p.buffers.push_back(p.buffers[kOut]);
       p.buffers.back().address = p.buffers[kVec].address;
       at(p, 1, 1, kOutput).buffers[3] = uint32_t(p.buffers.size() - 1);
       fieldsOf<OutputFields>(p, 1, 1, kOutput).out = 20480;
     }},
    {"a VECTOR writes over what it reads, shifted by a pixel", "self-overlap",
     [](Program &p) {
       p.buffers[kOut].size += 16;
       fieldsOf<VectorFields>(p, 0, 0, kVector).r0 = 16400;
       at(p, 0, 0, kVector).buffers[5] = kOut;
     }},
    {"an OUTPUT drains before the TENSOR's latency is over", "bank-hazard",
     [](Program &p) { startEarly(p, 0, 0, kOutput, readyAt(p, 0, 0, kTensorB) - 1); }},
    {"a TENSOR adds to a bank that was never filled", "bank-hazard",
     [](Program &p) { tensor(p, 0, 0).bank = 3; }},
    {"a TENSOR adds a block of another shape", "bank-hazard",
     [](Program &p) { tensor(p, 0, 0, kTensorB).rows = 1; }},
    {"an OUTPUT drains more than the bank holds", "bank-hazard",
     [](Program &p) { fieldsOf<OutputFields>(p, 0, 0, kOutput).rows = 3; }},
    {"a bank is refilled while it drains", "bank-hazard",
     [](Program &p) {
       tensor(p, 0, 1).bank = 0;
       startEarly(p, 0, 1, kTensorA, at(p, 0, 0, kOutput).start);
       sortByStart(p.streams[0]);
     }},
    {"a micro-program costs more than the instruction says", "micro-program",
     [](Program &p) { fieldsOf<VectorFields>(p, 0, 0, kVector).cost = 0; }},
    {"a micro-program's opcode is none", "micro-program",
     [](Program &p) { p.constants[4864 + 20] = 0xee; }},
    {"a micro-program is input data", "micro-program",
     [](Program &p) { p.requests[2].dram = 5120; }},
    {"a request is due before its issue", "dram-order",
     [](Program &p) { std::swap(p.requests[4].issue, p.requests[4].due); }},
    {"a request waits for one that is due later in time", "dram-order",
     [](Program &p) { p.requests[0].issue = 550, p.requests[0].due = 590; }},
    {"a LOAD reads what is still on its way from DRAM", "dram-ownership",
     [](Program &p) { p.requests[3].due = at(p, 0, 0, kLoadIn).start + 1; }},
    {"a STORE writes what is being sent to DRAM", "dram-ownership",
     [](Program &p) { p.requests[4].issue = at(p, 3, 1, kStore).start + 1; }},
    {"a compressed tile is damaged", "codec",
     [](Program &p) { compressWeights(p), p.constants[0] ^= 0x40; }},
    {"a compressed tile is cut short", "codec",
     [](Program &p) { compressWeights(p), --p.requests[0].encodedBytes; }},
    {"a compressed tile has other bytes than announced", "codec",
     [](Program &p) { compressWeights(p), --p.requests[0].rowBytes; }},
    {"a compressed tile is larger than its bytes", "codec",
     [](Program &p) { compressWeights(p), p.requests[0].encodedBytes = kWeightBytes + 1; }},
    {"two rows are compressed", "codec",
     [](Program &p) { compressWeights(p), p.requests[0].rows = 2, p.requests[0].rowBytes /= 2; }},
    {"an input is compressed", "codec",
     [](Program &p) { p.requests[3].codec = Codec::Rans, p.requests[3].encodedBytes = 600; }},
    {"a micro-program is compressed", "micro-program",
     [](Program &p) {
       TileBytes tile(std::vector<uint8_t>(400, 0), std::vector<ByteKind>(400, ByteKind::Coded));
       tile.add(std::vector<uint8_t>(p.constants.begin() + 4864, p.constants.begin() + 4944));
       std::vector<uint8_t> encoded = encodeTile(tile, SymbolCode(tile.bytes.data(), 400));
       std::copy(encoded.begin(), encoded.end(), p.constants.begin() + 4609);
       p.buffers[kL2Program].address = p.requests[2].l2 = 32768;
       p.buffers[kL2Program].size = p.requests[2].rowBytes = 400 + kProgramBytes;
       p.requests[2].dram = 4609;
       std::get<LoadFields>(p.streams[0][2].fields).l2 = 32768 + 400;
       p.requests[2].codec = Codec::Rans, p.requests[2].encodedBytes = uint32_t(encoded.size());
     }},
    {"a request writes the constants", "dram-constant",
     [](Program &p) { p.requests[4].dram = 4000; }},
    {"a request reads DRAM that nothing wrote", "uninitialized-read",
     [](Program &p) { p.requests[3].dram += 4; }},
    {"a request leaves DRAM", "out-of-bounds", [](Program &p) { p.requests[4].dram += 1; }},
    {"an output is not wholly written", "output-missing",
     [](Program &p) { p.requests[4].rowBytes -= 1; }},
    {"the program ends too early", "end-cycle", [](Program &p) { p.endCycle = 700; }},
};

} // namespace

TEST("the program made by hand is legal") {
  Target target;
  Program p = legalProgram(target);
  auto offence = sim::validate(p, target);
  CHECK_MESSAGE(!offence, offence ? offence->message : "");
}

TEST("it is legal still with compressed weights, as a file too") {
  Target target;
  Program p = legalProgram(target), back;
  compressWeights(p);
  std::string error;
  std::vector<uint8_t> bytes = encodeLm(p, target, error);
  CHECK_MESSAGE(decodeLm(bytes.data(), bytes.size(), back, error), error);
  for (const Program &program : {p, back}) {
    auto offence = sim::validate(program, target);
    CHECK_MESSAGE(!offence, offence ? offence->message : "");
  }
  CHECK(back.requests[0].codec == Codec::Rans && back.requests[0].encodedBytes < kWeightBytes);
}

TEST("it is legal still when it has been a file") {
  Target target;
  Program p = legalProgram(target), back;
  std::string error;
  std::vector<uint8_t> bytes = encodeLm(p, target, error);
  CHECK_MESSAGE(decodeLm(bytes.data(), bytes.size(), back, error), error);
  auto offence = sim::validate(back, target);
  CHECK_MESSAGE(!offence, offence ? offence->message : "");
}

TEST("every corruption is caught by the name of its rule") {
  Target target;
  for (const Corruption &c : kCorruptions) {
    Program p = legalProgram(target);
    c.apply(p);
    auto offence = sim::validate(p, target);
    std::string found =
        offence ? std::string(ruleName(offence->rule)) + ": " + offence->message : "nothing";
    CHECK_MESSAGE(offence && std::string(ruleName(offence->rule)) == c.rule,
                  std::string(c.sentence) + ": expected " + c.rule + ", found " + found);
    if (std::getenv("AFE_SHOW_OFFENCES"))
      std::printf("  %s\n    %s\n", c.sentence, found.c_str());
  }
}

TEST("an offence names both instructions, the bytes, the buffer and the layer") {
  Target target;
  Program p = legalProgram(target);
  startEarly(p, 1, 0, kTensorA, readyAt(p, 1, 0, kLoadIn) - 1);
  auto offence = sim::validate(p, target);
  for (const char *part : {"tensor 1 of quad 1", "load 0 of quad 1", "L1 of quad 1", "buffer 'in'",
                           "layer 'conv2d_add_0'", "ready at"})
    CHECK_MESSAGE(offence && offence->message.find(part) != std::string::npos,
                  offence ? offence->message : part);
}

TEST("instruction blocks must be requested once, in time and not too early") {
  Target target;
  target.instruction_block_bytes = 256;
  Program good = legalProgram(target);
  for (int i = 0; i < 60; ++i) { // LOADs that have nothing in common, so that there are many words
    Instruction in = makeLoad(8192 + i * i % 911, i * 37 % 400, 1 + i * 7 % 31 * 16);
    in.buffers = {kL2Image, kIn};
    append(good, target, 0, in, good.endCycle);
  }
  setLiveRanges(good, target);
  std::string error;
  good.blocks = layoutStreams(good, target, error);
  CHECK(good.blocks[0].size() > 2);
  for (uint32_t q = 0; q < 4; ++q)
    for (uint32_t k = 1; k < good.blocks[q].size(); ++k) {
      DramRequest r;
      r.kind = DramRequest::Kind::Instructions;
      r.l2 = q;
      r.rows = k;
      r.rowBytes = good.blocks[q][k].bytes;
      r.issue = k < 2 ? 0 : good.blocks[q][k - 2].doneAt + 1;
      r.due = std::max(r.issue, good.blocks[q][k].neededAt);
      good.requests.push_back(r);
    }
  std::sort(good.requests.begin(), good.requests.end(),
            [](const DramRequest &a, const DramRequest &b) { return a.due < b.due; });
  auto ruleOf = [&](Program p) {
    auto offence = sim::validate(p, target);
    return std::string(offence ? ruleName(offence->rule) : "");
  };
  auto find = [&](Program &p, uint32_t block) -> DramRequest & {
    return *std::find_if(p.requests.begin(), p.requests.end(), [&](const DramRequest &r) {
      return r.kind == DramRequest::Kind::Instructions && r.rows == block;
    });
  };
  CHECK(ruleOf(good) == "");
  Program p = good;
  find(p, 1).due += 1;
  CHECK(ruleOf(p) == "instruction-late");
  p = good;
  find(p, 2).issue -= 1;
  CHECK(ruleOf(p) == "instruction-late");
  p = good;
  find(p, 1).rows = 7;
  CHECK(ruleOf(p) == "instruction-missing");
  p = good;
  p.requests.push_back(find(p, 1));
  p.requests.back().issue = p.requests.back().due = p.endCycle;
  CHECK(ruleOf(p) == "instruction-missing");
}

TEST("every rule is broken by some test here") {
  std::set<std::string> broken{"instruction-late", "instruction-missing"};
  for (const Corruption &c : kCorruptions)
    broken.insert(c.rule);
#define RULE(label, enumerator, identifier, sentence)                                              \
  CHECK_MESSAGE(broken.count(identifier), std::string("no corruption breaks ") + identifier);
#include "Simulator/ValidatorRules.def"
#undef RULE
}

int main(int argc, char **argv) { return afe::test::runAll(argc, argv); }
