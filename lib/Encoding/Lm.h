// The `.lm` file: an ELF64 object that holds a program for the MLA. What is in it and how
// instructions become words is docs/isa.md; this is the door to the encoder and the decoder.
#pragma once

#include "Encoding/Isa.h"
#include "Target/Target.h"

#include <cstdint>
#include <string>
#include <vector>

namespace afe::isa {

constexpr uint32_t kLmVersion = 2;
/// Bytes of a request in the DRAM request list, which is fetched before T = 0.
constexpr uint32_t kRequestBytes = 48;

/// Encodes the instruction streams and cuts them into blocks: one list per quad. The scheduler
/// calls it when the starts are final, stores the result in Program::blocks and appends one
/// instruction request for every block but the first of each quad (Isa.h, InstructionBlock).
/// Neither `requests`, `blocks` nor `layer`/`buffers` of the instructions change the result.
/// On failure returns an empty list and says in `error` which instruction cannot be encoded.
std::vector<std::vector<InstructionBlock>> layoutStreams(const Program &program,
                                                         const Target &target, std::string &error);

/// The file's bytes; empty on failure, with the reason in `error`. Addresses of instruction
/// requests and Program::blocks are computed here; a stream is written ordered by start cycle, ties
/// by engine. The same program gives the same bytes, always.
std::vector<uint8_t> encodeLm(const Program &program, const Target &target, std::string &error);

/// Reads a file that may be hostile: every offset, count and value is checked, and memory stays
/// within a constant multiple of the file's size. On failure returns false and says why in `error`;
/// `program` is then unspecified. encodeLm of the result gives the same bytes back, for every file
/// that encodeLm wrote.
bool decodeLm(const uint8_t *data, size_t size, Program &program, std::string &error);

} // namespace afe::isa
