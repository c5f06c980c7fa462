// One quad's instruction stream: instructions to words and back, and its blocks.
#pragma once

#include "Encoding/Isa.h"

#include <string>
#include <vector>

namespace afe::isa {

/// A word that starts instructions: its index in the stream and the start of its first instruction.
struct Dispatch {
  uint32_t word = 0;
  uint32_t start = 0;
};

struct EncodedStream {
  std::vector<uint8_t> bytes;
  std::vector<Dispatch> dispatches; ///< in stream order, starts ascending
};

/// Words of `instructions`, which must be ordered by start and have their fields in range (checked
/// by the caller); only start, quads and fields are encoded.
EncodedStream encodeStream(const std::vector<Instruction> &instructions, unsigned quad);

/// The instructions of a stream, ordered by start, ties by engine. Fails on anything malformed and
/// on more than `maxInstructions`; `error` then names the word.
bool decodeStream(const uint8_t *data, size_t size, unsigned quad, size_t maxInstructions,
                  std::vector<Instruction> &instructions, std::vector<Dispatch> &dispatches,
                  std::string &error);

/// The order in which decodeStream gives back `instructions`: by start, then engine, then as given.
std::vector<uint32_t> streamOrder(const std::vector<Instruction> &instructions);

/// Cuts a stream of `bytes` into blocks of `blockBytes`, the first at `dram`.
std::vector<InstructionBlock> cutBlocks(size_t bytes, const std::vector<Dispatch> &dispatches,
                                        uint32_t blockBytes, uint64_t dram);

} // namespace afe::isa
