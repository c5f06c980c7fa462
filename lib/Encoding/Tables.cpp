// Writers and readers of the tables of a `.lm` file. Tables the machine fetches have fixed-width
// records; tables for people and tools are varints, most of them differences from the record
// before.

#include "Encoding/Tables.h"
#include "Encoding/Fields.h"
#include "Encoding/Lm.h"

#include <algorithm>
#include <cstdio>

namespace afe::isa {
namespace {

constexpr uint32_t kNoteType = 1;
constexpr char kNoteName[4] = {'A', 'F', 'E', 0};

/// Buffer indices as numbers near each other: kNoBuffer is 0.
int64_t fromBuffer(uint32_t buffer) { return buffer == kNoBuffer ? 0 : int64_t(buffer) + 1; }

/// Codes buffer slots as differences from the same slot's last value.
struct SlotWriter {
  ByteWriter &out;
  int64_t last = 0;
  void put(uint32_t buffer) {
    out.zigzag(fromBuffer(buffer) - last);
    last = fromBuffer(buffer);
  }
};

/// The value `last` + a zigzag difference, within [0, limit]; false if it is not.
bool getDifference(ByteReader &in, int64_t &last, int64_t limit) {
  int64_t difference = in.zigzag();
  if (in.bad() || difference < -last || difference > limit - last)
    return false;
  last += difference;
  return true;
}

bool getSlot(ByteReader &in, int64_t &last, size_t bufferCount, uint32_t &buffer) {
  if (!getDifference(in, last, int64_t(bufferCount)))
    return false;
  buffer = last ? uint32_t(last - 1) : kNoBuffer;
  return true;
}

void putTensor(ByteWriter &out, const IoTensor &tensor) {
  out.string(tensor.name);
  out.varint(tensor.dram);
  out.varint(tensor.bytes);
  out.string(tensor.scalar);
  out.string(tensor.layout);
  out.varint(tensor.shape.size());
  for (int64_t dim : tensor.shape)
    out.zigzag(dim);
}

IoTensor getTensor(ByteReader &in) {
  IoTensor tensor;
  tensor.name = in.string();
  tensor.dram = in.varint();
  tensor.bytes = in.varint();
  tensor.scalar = in.string();
  tensor.layout = in.string();
  tensor.shape.resize(in.count(1));
  for (int64_t &dim : tensor.shape)
    dim = in.zigzag();
  return tensor;
}

/// A tensor name as part of a section name: printable, no spaces, not endless.
std::string sectionPart(const std::string &name) {
  std::string part;
  for (unsigned char c : name.substr(0, 128))
    part += c > ' ' && c < 0x7f ? char(c) : '_';
  return part;
}

} // namespace

void putHeader(ByteWriter &out, const Program &program, const LmHeader &header) {
  ByteWriter text;
  text.string(program.name);
  text.string(program.target);
  text.alignTo(4);
  out.u32(sizeof(kNoteName));
  out.u32(uint32_t(40 + 4 * header.instructionCounts.size() + text.bytes.size()));
  out.u32(kNoteType);
  for (char c : kNoteName)
    out.u8(uint8_t(c));
  out.u32(header.version);
  out.u32(header.blockBytes);
  out.u32(program.quads);
  out.u32(program.batch);
  out.u32(program.endCycle);
  out.u32(0);
  out.u64(program.targetHash);
  out.u64(program.dramBytes);
  for (uint32_t count : header.instructionCounts)
    out.u32(count);
  out.bytes.insert(out.bytes.end(), text.bytes.begin(), text.bytes.end());
}

bool getHeader(ByteReader &in, Program &program, LmHeader &header, std::string &error) {
  uint32_t nameBytes = in.u32();
  in.u32();
  uint32_t type = in.u32();
  bool named = nameBytes == sizeof(kNoteName);
  for (char c : kNoteName)
    named &= in.u8() == uint8_t(c);
  header.version = in.u32();
  if (in.bad() || !named || type != kNoteType) {
    error = "the note .note.mla is not of this format";
    return false;
  }
  if (header.version != kLmVersion) {
    error = "the file has format version " + std::to_string(header.version) + ", expected is " +
            std::to_string(kLmVersion) + ": compile the model again";
    return false;
  }
  header.blockBytes = in.u32();
  program.quads = in.u32();
  program.batch = in.u32();
  program.endCycle = in.u32();
  in.u32();
  program.targetHash = in.u64();
  program.dramBytes = in.u64();
  if (program.quads < 1 || program.quads > kMaxQuads || program.dramBytes > kMaxDramBytes) {
    error = "the header's number of quads or DRAM extent is out of range";
    return false;
  }
  uint64_t total = 0;
  for (uint32_t q = 0; q < program.quads; ++q) {
    header.instructionCounts.push_back(in.u32());
    total += header.instructionCounts.back();
  }
  program.name = in.string();
  program.target = in.string();
  if (in.bad() || total > kMaxInstructions) {
    error = in.bad() ? "the header is cut short"
                     : "the header announces " + std::to_string(total) + " instructions";
    return false;
  }
  return true;
}

void putRequests(ByteWriter &out, const std::vector<DramRequest> &requests) {
  for (const DramRequest &r : requests) {
    out.u8(uint8_t(r.kind));
    out.u8(uint8_t(r.codec));
    out.u16(0);
    out.u32(r.issue);
    out.u32(r.due);
    out.u32(r.l2);
    out.u64(r.dram);
    out.u32(r.rows);
    out.u32(r.rowBytes);
    out.u64(uint64_t(r.dramStride));
    out.u32(uint32_t(r.l2Stride));
    out.u32(r.encodedBytes);
  }
}

bool getRequests(ByteReader &in, Program &program) {
  if (in.left() % kRequestBytes)
    return false;
  program.requests.resize(in.left() / kRequestBytes);
  for (DramRequest &r : program.requests) {
    uint8_t kind = in.u8(), codec = in.u8();
    if (kind > uint8_t(DramRequest::Kind::Instructions) || codec > uint8_t(Codec::Rans) ||
        in.u16() != 0)
      return false;
    r.kind = DramRequest::Kind(kind);
    r.codec = Codec(codec);
    r.issue = in.u32();
    r.due = in.u32();
    r.l2 = in.u32();
    r.dram = in.u64();
    r.rows = in.u32();
    r.rowBytes = in.u32();
    r.dramStride = int64_t(in.u64());
    r.l2Stride = int32_t(in.u32());
    r.encodedBytes = in.u32();
    if ((r.codec == Codec::None) != (r.encodedBytes == 0))
      return false;
  }
  return in.atEnd();
}

void putBuffers(ByteWriter &out, const Program &program) {
  out.varint(program.buffers.size());
  int64_t lastUse = 0;
  for (const Buffer &b : program.buffers) {
    out.u8(uint8_t(b.memory));
    out.u8(b.quads);
    out.varint(b.address);
    out.varint(b.size);
    out.zigzag(int64_t(b.firstUse) - lastUse);
    out.zigzag(int64_t(b.lastUse) - b.firstUse);
    lastUse = b.lastUse;
    out.varint(uint64_t(fromBuffer(b.inPlaceOf)));
    out.string(b.name);
  }
}

bool getBuffers(ByteReader &in, Program &program) {
  program.buffers.resize(in.count(8));
  int64_t cycle = 0;
  for (Buffer &b : program.buffers) {
    uint8_t memory = in.u8();
    if (memory > uint8_t(Memory::L1))
      return false;
    b.memory = Memory(memory);
    b.quads = in.u8();
    b.address = in.varint();
    b.size = in.varint();
    if (!getDifference(in, cycle, UINT32_MAX))
      return false;
    b.firstUse = uint32_t(cycle);
    if (!getDifference(in, cycle, UINT32_MAX))
      return false;
    b.lastUse = uint32_t(cycle);
    uint64_t partner = in.bounded(program.buffers.size());
    b.inPlaceOf = partner ? uint32_t(partner - 1) : kNoBuffer;
    b.name = in.string();
    if (in.bad())
      return false;
  }
  return in.atEnd();
}

void putLayers(ByteWriter &out, const Program &program) {
  out.varint(program.layers.size());
  for (const Layer &layer : program.layers) {
    out.string(layer.name);
    out.varint(layer.sources.size());
    for (const std::string &source : layer.sources)
      out.string(source);
  }
}

bool getLayers(ByteReader &in, Program &program) {
  program.layers.resize(in.count(2));
  for (Layer &layer : program.layers) {
    layer.name = in.string();
    layer.sources.resize(in.count(1));
    for (std::string &source : layer.sources)
      source = in.string();
  }
  return in.atEnd();
}

void putTensors(ByteWriter &out, const Program &program) {
  for (const auto *list : {&program.inputs, &program.outputs}) {
    out.varint(list->size());
    for (const IoTensor &tensor : *list)
      putTensor(out, tensor);
  }
}

bool getTensors(ByteReader &in, Program &program) {
  for (auto *list : {&program.inputs, &program.outputs}) {
    list->resize(size_t(in.bounded(kMaxTensors)));
    for (IoTensor &tensor : *list) {
      tensor = getTensor(in);
      bool shaped = std::all_of(tensor.shape.begin(), tensor.shape.end(),
                                [](int64_t dim) { return dim >= 0; });
      if (in.bad() || !shaped || tensor.dram > program.dramBytes ||
          tensor.bytes > program.dramBytes - tensor.dram)
        return false;
    }
  }
  return in.atEnd();
}

void putOperands(ByteWriter &out, const Program &program,
                 const std::vector<std::vector<uint32_t>> &orders) {
  int64_t layer = 0;
  for (size_t q = 0; q < program.streams.size(); ++q) {
    std::vector<SlotWriter> slots(kNumEngines * 7, SlotWriter{out});
    for (uint32_t i : orders[q]) {
      const Instruction &instruction = program.streams[q][i];
      out.zigzag(instruction.layer - layer);
      layer = instruction.layer;
      auto engine = unsigned(instruction.engine());
      for (unsigned k = 0; k < engineTable(instruction.engine()).slotCount; ++k)
        slots[engine * 7 + k].put(instruction.buffers[k]);
    }
  }
  SlotWriter dram{out}, l2{out};
  for (const DramRequest &request : program.requests) {
    out.zigzag(request.layer - layer);
    layer = request.layer;
    dram.put(request.dramBuffer);
    l2.put(request.l2Buffer);
  }
}

bool getOperands(ByteReader &in, Program &program) {
  int64_t layer = 0;
  const auto lastLayer = int64_t(program.layers.size()) - 1;
  for (auto &stream : program.streams) {
    std::vector<int64_t> slots(kNumEngines * 7, 0);
    for (Instruction &instruction : stream) {
      if (!getDifference(in, layer, lastLayer))
        return false;
      instruction.layer = uint32_t(layer);
      auto engine = unsigned(instruction.engine());
      for (unsigned k = 0; k < engineTable(instruction.engine()).slotCount; ++k)
        if (!getSlot(in, slots[engine * 7 + k], program.buffers.size(), instruction.buffers[k]))
          return false;
    }
  }
  int64_t dram = 0, l2 = 0;
  for (DramRequest &request : program.requests) {
    if (!getDifference(in, layer, lastLayer))
      return false;
    request.layer = uint32_t(layer);
    if (!getSlot(in, dram, program.buffers.size(), request.dramBuffer) ||
        !getSlot(in, l2, program.buffers.size(), request.l2Buffer))
      return false;
  }
  return in.atEnd();
}

std::string inputSectionName(const Program &program, size_t index) {
  char number[32], placeholder[48];
  std::snprintf(number, sizeof(number), "%02zu", index);
  std::snprintf(placeholder, sizeof(placeholder), "/placeholder_%zu_0.b0", index);
  return std::string("data.ifm.persistent.input_") + number + "/" + sectionPart(program.name) +
         placeholder;
}

std::string outputSectionName(const Program &program, size_t index) {
  char number[32];
  std::snprintf(number, sizeof(number), "%02zu", index);
  return std::string("data.ofm.persistent.output_") + number + "/" +
         sectionPart(program.outputs[index].name) + ".b0";
}

} // namespace afe::isa
