// Whatever a program says, the validator ends with a verdict. Meant to be run under
// AddressSanitizer and UBSan.

#include "../Check.h"
#include "RandomPrograms.h"
#include "Simulator/Validator.h"

using namespace afe;
using namespace afe::test;

namespace {

/// A number that breaks things: an end of the range, near a power of two, or any.
int64_t hostileValue(Random &random, int64_t low, int64_t high) {
  switch (below(random, 4)) {
  case 0:
    return low;
  case 1:
    return high;
  case 2:
    return std::clamp(int64_t(1) << below(random, 40), low, high);
  default:
    uint64_t span = uint64_t(high) - uint64_t(low), any = uint64_t(random()) << 32 ^ random();
    return int64_t(uint64_t(low) + (span == UINT64_MAX ? any : any % (span + 1)));
  }
}
uint32_t hostileWord(Random &random) { return uint32_t(hostileValue(random, 0, UINT32_MAX)); }

void spoilInstruction(Random &random, Program &p) {
  auto &stream = p.streams[size_t(below(random, int(p.streams.size())))];
  if (stream.empty())
    return;
  Instruction &in = stream[size_t(below(random, int(stream.size())))];
  const EngineTable &table = engineTable(in.engine());
  switch (below(random, 8)) {
  case 0:
    in.start = hostileWord(random);
    break;
  case 1:
    in.buffers[size_t(below(random, 7))] = hostileWord(random);
    break;
  case 2:
    in.quads = uint8_t(random());
    break;
  default:
    int f = below(random, int(table.count));
    const Field &field = table.fields[f];
    fieldWords(in)[f] = storeField(hostileValue(random, field.min(), field.max()));
  }
}

void spoilRequest(Random &random, Program &p) {
  DramRequest &r = p.requests[size_t(below(random, int(p.requests.size())))];
  uint32_t word = hostileWord(random);
  switch (below(random, 10)) {
  case 0:
    r.issue = word;
    break;
  case 1:
    r.due = word;
    break;
  case 2:
    r.l2 = word;
    break;
  case 3:
    r.rows = word;
    break;
  case 4:
    r.rowBytes = word;
    break;
  case 5:
    r.dram = uint64_t(hostileValue(random, 0, INT64_MAX));
    break;
  case 6:
    r.dramStride = hostileValue(random, INT64_MIN / 2, INT64_MAX / 2);
    break;
  case 7:
    r.l2Stride = int32_t(word);
    break;
  case 8:
    r.l2Buffer = word;
    break;
  default:
    r.kind = DramRequest::Kind(below(random, 3));
  }
}

void spoilTables(Random &random, Program &p) {
  Buffer &b = p.buffers[size_t(below(random, int(p.buffers.size())))];
  auto number = uint64_t(hostileValue(random, 0, INT64_MAX));
  switch (below(random, 7)) {
  case 0:
    b.address = number;
    break;
  case 1:
    b.size = number;
    break;
  case 2:
    b.inPlaceOf = hostileWord(random);
    break;
  case 3:
    p.dramBytes = number;
    break;
  case 4:
    p.endCycle = hostileWord(random);
    break;
  case 5:
    p.constants.resize(size_t(below(random, 6000)));
    break;
  default:
    b.memory = Memory(below(random, 3));
  }
}

void spoil(Random &random, Program &p) {
  switch (below(random, 5)) {
  case 0:
    return spoilRequest(random, p);
  case 1:
    return spoilTables(random, p);
  default:
    return spoilInstruction(random, p);
  }
}

} // namespace

TEST("spoiled programs end with a verdict") {
  Random random(31);
  Target tiny = tinyTarget(), large;
  int legal = 0;
  for (int round = 0; round < 2500; ++round) {
    const Target &target = round % 2 ? tiny : large;
    Program p = round % 2 ? randomTiny(random, tiny) : legalProgram(large);
    for (int changes = 1 + below(random, 3); changes > 0; --changes)
      spoil(random, p);
    auto offence = sim::validate(p, target);
    legal += !offence;
    CHECK(!offence || !offence->message.empty());
  }
  std::printf("  %d were still legal\n", legal);
  CHECK(legal > 20 && legal < 1500);
}
