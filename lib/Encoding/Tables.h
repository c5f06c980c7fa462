// The sections of a `.lm` file that are not instruction words or constants: header, request list
// and the tables for people and tools. Each has a writer and a reader; a reader leaves `in.bad()`
// set, or returns false, on anything malformed, and never makes more than the bytes it was given
// justify.
#pragma once

#include "Encoding/ByteStream.h"
#include "Encoding/Isa.h"

namespace afe::isa {

/// Most quads a program may have: the bits of Instruction::quads.
constexpr unsigned kMaxQuads = 8;
/// Most instructions in all streams together.
constexpr uint64_t kMaxInstructions = uint64_t(1) << 22;
/// Most inputs or outputs.
constexpr size_t kMaxTensors = 1024;
/// Largest DRAM image.
constexpr uint64_t kMaxDramBytes = uint64_t(1) << 40;

/// What the note says beside the fields of Program that stand there.
struct LmHeader {
  uint32_t version = 0, blockBytes = 0;
  std::vector<uint32_t> instructionCounts; ///< per quad
};

void putHeader(ByteWriter &out, const Program &program, const LmHeader &header);
/// False with the reason in `error`, also for another version.
bool getHeader(ByteReader &in, Program &program, LmHeader &header, std::string &error);

/// kRequestBytes each; the layer and the buffers of requests stand in the operand table.
void putRequests(ByteWriter &out, const std::vector<DramRequest> &requests);
bool getRequests(ByteReader &in, Program &program);

void putBuffers(ByteWriter &out, const Program &program);
bool getBuffers(ByteReader &in, Program &program);

void putLayers(ByteWriter &out, const Program &program);
bool getLayers(ByteReader &in, Program &program);

void putTensors(ByteWriter &out, const Program &program);
bool getTensors(ByteReader &in, Program &program);

/// Layer and operand buffers of every instruction, in the order of `orders` (one per quad), then of
/// every request. The reader fills them into the streams and requests that are there already.
void putOperands(ByteWriter &out, const Program &program,
                 const std::vector<std::vector<uint32_t>> &orders);
bool getOperands(ByteReader &in, Program &program);

/// Section name of an input or output of a segment, as the SDK spells it.
std::string inputSectionName(const Program &program, size_t index);
std::string outputSectionName(const Program &program, size_t index);

} // namespace afe::isa
