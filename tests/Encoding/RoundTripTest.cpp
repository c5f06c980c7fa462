// What the encoder writes the decoder gives back, in few bytes, and the encoder refuses the rest.

#include "../Check.h"
#include "Programs.h"

using namespace afe;
using namespace afe::test;

namespace {

/// Instructions in the order in which the decoder gives them.
std::vector<Instruction> canonical(std::vector<Instruction> stream) {
  std::stable_sort(stream.begin(), stream.end(), [](const Instruction &a, const Instruction &b) {
    return std::make_pair(a.start, a.engine()) < std::make_pair(b.start, b.engine());
  });
  return stream;
}

bool sameStreams(const Program &a, const Program &b) {
  if (a.streams.size() != b.streams.size())
    return false;
  for (size_t q = 0; q < a.streams.size(); ++q) {
    std::vector<Instruction> want = canonical(a.streams[q]);
    if (want.size() != b.streams[q].size() ||
        !std::equal(want.begin(), want.end(), b.streams[q].begin(), sameInstruction))
      return false;
  }
  return true;
}

bool sameTables(const Program &a, const Program &b) {
  auto tensor = [](const IoTensor &x, const IoTensor &y) {
    return x.name == y.name && x.dram == y.dram && x.bytes == y.bytes && x.scalar == y.scalar &&
           x.shape == y.shape && x.layout == y.layout;
  };
  auto buffer = [](const Buffer &x, const Buffer &y) {
    return x.memory == y.memory && x.quads == y.quads && x.address == y.address &&
           x.size == y.size && x.firstUse == y.firstUse && x.lastUse == y.lastUse &&
           x.inPlaceOf == y.inPlaceOf && x.name == y.name;
  };
  auto request = [](const DramRequest &x, const DramRequest &y) {
    return x.kind == y.kind && x.issue == y.issue && x.due == y.due && x.dram == y.dram &&
           x.l2 == y.l2 && x.rows == y.rows && x.rowBytes == y.rowBytes &&
           x.dramStride == y.dramStride && x.l2Stride == y.l2Stride && x.layer == y.layer &&
           x.codec == y.codec && x.encodedBytes == y.encodedBytes && x.dramBuffer == y.dramBuffer &&
           x.l2Buffer == y.l2Buffer;
  };
  auto layer = [](const Layer &x, const Layer &y) {
    return x.name == y.name && x.sources == y.sources;
  };
  auto same = [](const auto &x, const auto &y, auto equal) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), equal);
  };
  return a.name == b.name && a.target == b.target && a.targetHash == b.targetHash &&
         a.quads == b.quads && a.endCycle == b.endCycle && a.batch == b.batch &&
         a.constants == b.constants && a.dramBytes == b.dramBytes &&
         same(a.inputs, b.inputs, tensor) && same(a.outputs, b.outputs, tensor) &&
         same(a.buffers, b.buffers, buffer) && same(a.requests, b.requests, request) &&
         same(a.layers, b.layers, layer);
}

size_t instructionBytes(const Program &p) {
  size_t bytes = 0;
  for (const auto &blocks : p.blocks)
    for (const InstructionBlock &block : blocks)
      bytes += block.bytes;
  return bytes;
}

Target smallBlocks() {
  Target target;
  target.instruction_block_bytes = 256;
  return target;
}

} // namespace

TEST("random programs come back unchanged, and encode again to the same bytes") {
  Random random(20240611);
  for (int round = 0; round < 60; ++round) {
    Target target = round % 2 ? smallBlocks() : Target();
    Program p = randomProgram(random, target, 120), back;
    std::string error;
    std::vector<uint8_t> bytes = encodeLm(p, target, error);
    if (!CHECK_MESSAGE(!bytes.empty(), error))
      return;
    if (!CHECK_MESSAGE(decodeLm(bytes.data(), bytes.size(), back, error), error))
      return;
    CHECK(sameStreams(p, back));
    CHECK(sameTables(p, back));
    CHECK(encodeLm(back, target, error) == bytes);
  }
}

TEST("tiled layers come back unchanged") {
  Target target;
  Program p = tiledProgram(target, 9, 13), back;
  std::string error;
  p.blocks = layoutStreams(p, target, error);
  addInstructionRequests(p);
  std::vector<uint8_t> bytes = encodeLm(p, target, error);
  CHECK(decodeLm(bytes.data(), bytes.size(), back, error));
  CHECK(sameStreams(p, back));
  CHECK(encodeLm(back, target, error) == bytes);
}

TEST("an instruction of a tiled layer costs few bytes") {
  Target target;
  for (int tiles : {4, 8, 16, 64}) {
    Program p = tiledProgram(target, 20, tiles);
    std::string error;
    p.blocks = layoutStreams(p, target, error);
    size_t instructions = p.streams[0].size() * p.quads;
    std::printf("  %d tiles: %.1f bytes per instruction\n", tiles,
                double(instructionBytes(p)) / double(instructions));
    CHECK(instructionBytes(p) < instructions * (tiles < 8 ? 16 : 9));
  }
}

TEST("blocks say when they are needed and when they are done") {
  Target target = smallBlocks();
  Program p = tiledProgram(target, 5, 3);
  std::string error;
  auto blocks = layoutStreams(p, target, error);
  for (const auto &list : blocks) {
    CHECK(list.size() > 2);
    for (size_t k = 0; k < list.size(); ++k) {
      CHECK(list[k].bytes == 256 || k + 1 == list.size());
      CHECK(list[k].neededAt <= list[k].doneAt);
      CHECK(k == 0 ||
            (list[k - 1].doneAt <= list[k].neededAt && list[k].dram == list[k - 1].dram + 256));
      CHECK(list[k].dram % 64 == 0 && list[k].dram >= p.dramBytes);
    }
  }
}

TEST("a field out of range is refused by name, value and range") {
  Target target;
  Program p = tiledProgram(target, 1, 3);
  std::get<LoadFields>(p.streams[1][0].fields).count1 = 65536;
  std::string error;
  CHECK(encodeLm(p, target, error).empty());
  CHECK(error.find("load 0 of quad 1") != std::string::npos);
  CHECK(error.find("'count1' of load is 65536, allowed is 0 to 65535") != std::string::npos);
}

TEST("programs that cannot be written are refused with the reason") {
  Target target, other;
  other.tiles = 5;
  const Program good = tiledProgram(target, 1, 3);
  std::string error;
  Program p = good;
  std::swap(p.streams[0][0], p.streams[0][3]);
  CHECK(encodeLm(p, target, error).empty() && error.find("in front") != std::string::npos);
  p = good;
  p.streams[2][1].quads = 6;
  CHECK(encodeLm(p, target, error).empty() && error.find("quad mask 6") != std::string::npos);
  p = good;
  p.streams[2][1].layer = 1;
  CHECK(encodeLm(p, target, error).empty() && error.find("names layer 1") != std::string::npos);
  p = good;
  p.streams[2][1].buffers[0] = 0;
  CHECK(encodeLm(p, target, error).empty() && error.find("names buffer 0") != std::string::npos);
  CHECK(encodeLm(good, other, error).empty() && error.find("description") != std::string::npos);
  p = good;
  p.outputs.push_back({"y", p.dramBytes - 3, 4, "int8", {1, 4}, "HWC"});
  CHECK(encodeLm(p, target, error).empty() && error.find("'y'") != std::string::npos);
  p = good;
  p.requests.resize(1);
  p.requests[0].kind = DramRequest::Kind::Instructions;
  p.requests[0].rows = 99;
  CHECK(encodeLm(p, target, error).empty() && error.find("block 99") != std::string::npos);
}

/// With `--write FILE` writes a program with everything in it, for other tools to look at.
static int writeExample(const char *path) {
  Target target;
  Program p = tiledProgram(target, 3, 7);
  p.constants.assign(777, 5);
  p.inputs.push_back({"images", 2048, 150528, "int8", {1, 224, 224, 3}, "HWC"});
  p.outputs.push_back({"Softmax", 262144, 1008, "int8", {1, 1, 1, 1000}, "HWC16"});
  std::string error;
  std::vector<uint8_t> bytes = encodeLm(p, target, error);
  FILE *file = std::fopen(path, "wb");
  bool ok = file && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  return file && !std::fclose(file) && ok ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc == 3 && !std::strcmp(argv[1], "--write"))
    return writeExample(argv[2]);
  return afe::test::runAll(argc, argv);
}
