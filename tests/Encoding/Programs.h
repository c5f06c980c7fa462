// Programs to encode: tiled layers as a scheduler makes them, and instructions of random fields.
// They need not be legal; they need only be programs.
#pragma once

#include "Encoding/Fields.h"
#include "Encoding/Lm.h"

#include <algorithm>
#include <random>

namespace afe::test {

using namespace afe::isa;
using Random = std::mt19937;

inline uint32_t below(Random &random, uint32_t end) { return uint32_t(random() % end); }

inline Program emptyProgram(const Target &target) {
  Program p;
  p.name = "MLA_0";
  p.target = target.name;
  p.targetHash = target.hash();
  p.quads = uint32_t(target.quads);
  p.streams.resize(p.quads);
  p.layers.push_back({"conv2d_relu_0", {"conv1/Conv2D", "conv1/Relu6"}});
  return p;
}

inline Instruction at(uint32_t start, unsigned quad, decltype(Instruction::fields) fields) {
  Instruction instruction;
  instruction.start = start;
  instruction.quads = uint8_t(1u << quad);
  instruction.fields = fields;
  return instruction;
}

/// Tiles of one convolution in one quad: LOAD, TENSOR, OUTPUT, STORE with two buffers in L1 and
/// four accumulator banks, the first and last tile smaller than the others.
inline void appendTiledLayer(Program &p, unsigned quad, uint32_t from, int tiles, int layer) {
  const int width = 29 + layer, rows = 3, channels = 16 * (1 + layer % 5);
  for (int t = 0; t < tiles; ++t) {
    auto start = uint32_t(from + t * 400);
    int tileRows = t + 1 == tiles ? rows - 1 : rows, bytes = width * channels;
    int buffer = 4096 + t % 2 * 20000, bank = t % 4;
    LoadFields load;
    load.l2 = layer * 100000 + std::max(t * rows - 1, 0) * bytes;
    load.l1 = buffer;
    load.run = bytes;
    load.count1 = rows + (t ? 2 : 1);
    load.l2_stride1 = load.l1_stride1 = bytes;
    load.count2 = 1;
    load.rate = 64;
    TensorFields tensor;
    tensor.in = buffer;
    tensor.in_sy = bytes;
    tensor.in_sx = tensor.in_sc = channels;
    tensor.in_zp = -128;
    tensor.in_h = load.count1;
    tensor.in_w = tensor.cols = width;
    tensor.y0 = t ? 0 : -1;
    tensor.x0 = -1;
    tensor.images = tensor.stride_y = tensor.stride_x = tensor.dil_y = tensor.dil_x = 1;
    tensor.rows = tileRows;
    tensor.kh = tensor.kw = 3;
    tensor.ic = tensor.oc = channels;
    tensor.grid_p = 4;
    tensor.weights = 60000;
    tensor.w_so = 9 * channels * 16;
    tensor.bank = bank;
    OutputFields output;
    output.bank = bank;
    output.images = 1;
    output.rows = tileRows;
    output.cols = width;
    output.oc = channels;
    output.has_params = output.per_channel = 1;
    output.params = 90000;
    output.mode = 1;
    output.out_zp = output.lo = -128;
    output.hi = 127;
    output.out = 100000 + t % 2 * 20000;
    output.out_sy = bytes;
    output.out_sx = output.out_sc = channels;
    StoreFields store;
    store.l1 = output.out;
    store.l2 = 10000000 + layer * 100000 + t * rows * bytes;
    store.run = bytes * tileRows;
    store.count1 = store.count2 = 1;
    auto &stream = p.streams[quad];
    stream.push_back(at(start, quad, load));
    stream.push_back(at(start + 200, quad, tensor));
    stream.push_back(at(start + 700, quad, output));
    stream.push_back(at(start + 760, quad, store));
  }
}

inline void sortStreams(Program &p) {
  for (auto &stream : p.streams)
    std::sort(stream.begin(), stream.end(), [](const Instruction &a, const Instruction &b) {
      return std::make_pair(a.start, a.engine()) < std::make_pair(b.start, b.engine());
    });
}

/// Layers of `tiles` tiles on every quad.
inline Program tiledProgram(const Target &target, int layers, int tiles) {
  Program p = emptyProgram(target);
  p.layers.clear();
  for (int layer = 0; layer < layers; ++layer) {
    p.layers.push_back({"conv2d_" + std::to_string(layer), {"loc_" + std::to_string(layer)}});
    for (unsigned q = 0; q < p.quads; ++q)
      appendTiledLayer(p, q, uint32_t(layer * (tiles * 400 + 900) + 7 * q), tiles, layer);
  }
  sortStreams(p);
  p.endCycle = 400000;
  p.dramBytes = 1 << 20;
  return p;
}

inline int64_t randomValue(Random &random, const Field &field) {
  switch (below(random, 4)) {
  case 0:
    return field.min();
  case 1:
    return field.max();
  case 2:
    return std::min<int64_t>(field.max(), below(random, 9));
  default:
    return field.min() +
           int64_t((uint64_t(random()) << 5 ^ random()) % uint64_t(field.max() - field.min() + 1));
  }
}

/// Random instructions that repeat, with small changes, what was there before.
inline std::vector<Instruction> randomStream(Random &random, const Program &p, unsigned quad,
                                             size_t count) {
  std::vector<Instruction> stream;
  uint32_t start = below(random, 3000);
  while (stream.size() < count) {
    Instruction instruction;
    if (stream.empty() || below(random, 4) == 0) {
      instruction = makeInstruction(Engine(below(random, kNumEngines)));
      instruction.quads = uint8_t(1u << quad);
    } else {
      instruction =
          stream[stream.size() - 1 - below(random, uint32_t(std::min<size_t>(stream.size(), 5)))];
    }
    const EngineTable &table = engineTable(instruction.engine());
    for (unsigned change = below(random, 4); change > 0; --change) {
      unsigned f = below(random, table.count);
      fieldWords(instruction)[f] = storeField(randomValue(random, table.fields[f]));
    }
    if (instruction.engine() == Engine::Load)
      instruction.quads = uint8_t(((random() << quad) & ((1u << p.quads) - 1)) | 1u << quad);
    start += below(random, 3) ? below(random, 60) : below(random, 100000);
    instruction.start = start;
    instruction.layer = below(random, uint32_t(p.layers.size()));
    for (unsigned k = 0; k < table.slotCount; ++k)
      instruction.buffers[k] =
          below(random, 3) ? below(random, uint32_t(p.buffers.size())) : kNoBuffer;
    stream.push_back(instruction);
  }
  return stream;
}

inline std::string randomName(Random &random) {
  std::string name;
  for (unsigned i = below(random, 12); i > 0; --i)
    name += char(below(random, 256));
  return name;
}

inline void addRandomTables(Random &random, Program &p) {
  for (unsigned i = below(random, 5); i > 0; --i)
    p.layers.push_back({randomName(random), {randomName(random), randomName(random)}});
  for (unsigned i = 0; i < 1 + below(random, 9); ++i) {
    Buffer b;
    b.memory = Memory(below(random, 3));
    b.quads = uint8_t(random());
    b.address = random();
    b.size = uint64_t(random()) << below(random, 9);
    b.firstUse = uint32_t(random());
    b.lastUse = uint32_t(random());
    b.inPlaceOf = below(random, 2) ? kNoBuffer : 0;
    b.name = randomName(random);
    p.buffers.push_back(b);
  }
  p.constants.resize(below(random, 500));
  for (uint8_t &byte : p.constants)
    byte = uint8_t(random());
  p.dramBytes = p.constants.size() + 1000 + below(random, 100000);
  for (auto *list : {&p.inputs, &p.outputs})
    for (unsigned i = below(random, 4); i > 0; --i)
      list->push_back({randomName(random),
                       below(random, 500),
                       below(random, 1000),
                       "int8",
                       {1, int64_t(below(random, 300)), 7, 3},
                       "HWC"});
}

inline void addRandomRequests(Random &random, Program &p) {
  for (unsigned i = below(random, 9); i > 0; --i) {
    DramRequest r;
    r.kind = DramRequest::Kind(below(random, 2));
    r.issue = uint32_t(random());
    r.due = uint32_t(random());
    r.dram = uint64_t(random()) << 3;
    r.l2 = uint32_t(random());
    r.rows = below(random, 100);
    r.rowBytes = below(random, 100000);
    r.dramStride = int64_t(random()) - INT32_MAX;
    r.l2Stride = int32_t(random());
    r.codec = Codec(below(random, 2));
    r.encodedBytes = r.codec == Codec::None ? 0 : 1 + below(random, 100000);
    r.layer = below(random, uint32_t(p.layers.size()));
    r.dramBuffer = below(random, uint32_t(p.buffers.size()));
    p.requests.push_back(r);
  }
}

/// Appends a request for every instruction block but the first of each quad.
inline void addInstructionRequests(Program &p) {
  for (size_t q = 0; q < p.blocks.size(); ++q)
    for (size_t k = 1; k < p.blocks[q].size(); ++k) {
      DramRequest r;
      r.kind = DramRequest::Kind::Instructions;
      r.issue = k < 2 ? 0 : p.blocks[q][k - 2].doneAt + 1;
      r.due = std::max(r.issue, p.blocks[q][k].neededAt);
      r.dram = p.blocks[q][k].dram;
      r.l2 = uint32_t(q);
      r.rows = uint32_t(k);
      r.rowBytes = p.blocks[q][k].bytes;
      p.requests.push_back(r);
    }
}

inline Program randomProgram(Random &random, const Target &target, size_t instructions) {
  Program p = emptyProgram(target);
  addRandomTables(random, p);
  for (unsigned q = 0; q < p.quads; ++q)
    p.streams[q] = randomStream(random, p, q, below(random, uint32_t(instructions)));
  addRandomRequests(random, p);
  std::string error;
  p.blocks = layoutStreams(p, target, error);
  addInstructionRequests(p);
  return p;
}

inline bool sameInstruction(const Instruction &a, const Instruction &b) {
  return a.start == b.start && a.quads == b.quads && a.layer == b.layer && a.buffers == b.buffers &&
         a.engine() == b.engine() &&
         std::equal(fieldWords(a), fieldWords(a) + engineTable(a.engine()).count, fieldWords(b));
}

} // namespace afe::test
