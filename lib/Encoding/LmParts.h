// What the writer and the reader of a `.lm` file agree on beside its tables: where the sections lie
// and which programs a file can hold. Sections, in this order:
//   .note.mla              header
//   .mla.const             DRAM image at address 0
//   data.ifm… data.ofm…    inputs, outputs (no bytes in the file)
//   .mla.text.q<n>         instruction words of quad n
//   .mla.requests          DRAM request list
//   .mla.buffers .mla.layers .mla.tensors .mla.operands   tables the machine does not fetch
#pragma once

#include "Encoding/Isa.h"
#include "Target/Target.h"

#include <string>

namespace afe::isa {

/// Instruction sections and the request list begin at multiples of this, behind the DRAM image.
inline uint64_t alignText(uint64_t address) { return (address + 63) / 64 * 64; }

inline std::string textSectionName(size_t quad) { return ".mla.text.q" + std::to_string(quad); }

/// "load 3 of quad 0 at cycle 120 ('conv2d_1')"
std::string placeOf(const Program &program, size_t quad, size_t index);

/// Empty, or what is wrong with an instruction: order, quad mask, a field's range.
std::string checkInstruction(const Program &program, size_t quad, size_t index);
/// The same for all of them, and for the number of streams.
std::string checkStreams(const Program &program, const Target &target);
/// Empty, or that the buffer is none of the program's.
std::string checkBuffer(const Program &program, uint32_t buffer);
/// Empty, or what of the tables cannot be written: a wrong target, an index of no layer or buffer,
/// a tensor outside the DRAM image.
std::string checkTables(const Program &program, const Target &target);

} // namespace afe::isa
