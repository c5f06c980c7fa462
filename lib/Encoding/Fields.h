// Generic view of the instruction set: for each engine the list of its fields (name, width, sign,
// meaning, place in the struct), made from Isa.def. Encoder, decoder, assembler, disassembler and
// documentation walk these tables instead of naming fields, so that none of them can forget one.
#pragma once

#include "Encoding/Isa.h"

#include <cstddef>
#include <string>

namespace afe::isa {

/// One field of an engine's instruction. Every field is an int32_t of the engine's struct; an
/// unsigned field of 32 bits holds its bits there.
struct Field {
  const char *name;
  uint8_t bits;
  bool isSigned;
  const char *doc;

  int64_t min() const { return isSigned ? -(int64_t(1) << (bits - 1)) : 0; }
  int64_t max() const { return (int64_t(1) << (isSigned ? bits - 1 : bits)) - 1; }
  /// The number a stored word means: an unsigned 32-bit field is not negative.
  int64_t value(int32_t stored) const {
    return isSigned || bits < 32 ? int64_t(stored) : int64_t(uint32_t(stored));
  }
};

/// The fields of one engine, in the order of Isa.def and of the struct.
struct EngineTable {
  Engine engine;
  const char *name; ///< "load", "store", "tensor", "output", "vector"
  const Field *fields;
  unsigned count;
  const char *const *slots; ///< names of the operand slots (Instruction::buffers)
  unsigned slotCount;
};

const EngineTable &engineTable(Engine engine);

/// Index of the field called `name`, or -1.
int findField(const EngineTable &table, const std::string &name);

/// The words of an instruction's fields, engineTable(engine).count of them.
int32_t *fieldWords(Instruction &instruction);
const int32_t *fieldWords(const Instruction &instruction);

/// An instruction of `engine` with all fields 0.
Instruction makeInstruction(Engine engine);

/// Empty if every field is within its range, else a sentence naming the field, the value and the
/// range.
std::string checkFields(const Instruction &instruction);
/// The same for one field.
std::string checkField(const EngineTable &table, unsigned index, int64_t value);

/// Stores `value`, which must be in range, as the field's word.
inline int32_t storeField(int64_t value) { return int32_t(uint32_t(uint64_t(value))); }

} // namespace afe::isa
