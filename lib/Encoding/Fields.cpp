// The field tables of Fields.h, expanded from Isa.def.

#include "Encoding/Fields.h"

#include <cstring>

namespace afe::isa {
namespace {

constexpr bool U = false, S = true;

#define FIELD(name, bits, sign, doc) {#name, bits, sign, doc},
const Field kLoad[] = {
#define LOAD_FIELDS
#include "Encoding/Isa.def"
#undef LOAD_FIELDS
};
const Field kStore[] = {
#define STORE_FIELDS
#include "Encoding/Isa.def"
#undef STORE_FIELDS
};
const Field kTensor[] = {
#define TENSOR_FIELDS
#include "Encoding/Isa.def"
#undef TENSOR_FIELDS
};
const Field kOutput[] = {
#define OUTPUT_FIELDS
#include "Encoding/Isa.def"
#undef OUTPUT_FIELDS
};
const Field kVector[] = {
#define VECTOR_FIELDS
#include "Encoding/Isa.def"
#undef VECTOR_FIELDS
};
#undef FIELD

const char *const kLoadSlots[] = {"l2", "l1"};
const char *const kStoreSlots[] = {"l1", "l2"};
const char *const kTensorSlots[] = {"in", "weights", "psum"};
const char *const kOutputSlots[] = {"params", "res", "table", "out"};
const char *const kVectorSlots[] = {"program", "a0", "a1", "a2", "a3", "r0", "r1"};

template <size_t N, size_t M>
constexpr EngineTable makeTable(Engine engine, const char *name, const Field (&fields)[N],
                                const char *const (&slots)[M]) {
  return {engine, name, fields, N, slots, M};
}

const EngineTable kTables[kNumEngines] = {
    makeTable(Engine::Load, "load", kLoad, kLoadSlots),
    makeTable(Engine::Store, "store", kStore, kStoreSlots),
    makeTable(Engine::Tensor, "tensor", kTensor, kTensorSlots),
    makeTable(Engine::Output, "output", kOutput, kOutputSlots),
    makeTable(Engine::Vector, "vector", kVector, kVectorSlots),
};

// The structs are their fields' words and nothing else, so that they can be walked as arrays.
static_assert(sizeof(LoadFields) == sizeof(kLoad) / sizeof(Field) * sizeof(int32_t));
static_assert(sizeof(StoreFields) == sizeof(kStore) / sizeof(Field) * sizeof(int32_t));
static_assert(sizeof(TensorFields) == sizeof(kTensor) / sizeof(Field) * sizeof(int32_t));
static_assert(sizeof(OutputFields) == sizeof(kOutput) / sizeof(Field) * sizeof(int32_t));
static_assert(sizeof(VectorFields) == sizeof(kVector) / sizeof(Field) * sizeof(int32_t));

} // namespace

const EngineTable &engineTable(Engine engine) { return kTables[static_cast<unsigned>(engine)]; }

int findField(const EngineTable &table, const std::string &name) {
  for (unsigned i = 0; i < table.count; ++i)
    if (name == table.fields[i].name)
      return static_cast<int>(i);
  return -1;
}

int32_t *fieldWords(Instruction &instruction) {
  return std::visit([](auto &fields) { return reinterpret_cast<int32_t *>(&fields); },
                    instruction.fields);
}

const int32_t *fieldWords(const Instruction &instruction) {
  return std::visit([](const auto &fields) { return reinterpret_cast<const int32_t *>(&fields); },
                    instruction.fields);
}

Instruction makeInstruction(Engine engine) {
  Instruction instruction;
  switch (engine) {
  case Engine::Load:
    instruction.fields = LoadFields();
    break;
  case Engine::Store:
    instruction.fields = StoreFields();
    break;
  case Engine::Tensor:
    instruction.fields = TensorFields();
    break;
  case Engine::Output:
    instruction.fields = OutputFields();
    break;
  case Engine::Vector:
    instruction.fields = VectorFields();
    break;
  }
  return instruction;
}

std::string checkField(const EngineTable &table, unsigned index, int64_t value) {
  const Field &field = table.fields[index];
  if (value >= field.min() && value <= field.max())
    return {};
  return std::string("field '") + field.name + "' of " + table.name + " is " +
         std::to_string(value) + ", allowed is " + std::to_string(field.min()) + " to " +
         std::to_string(field.max());
}

std::string checkFields(const Instruction &instruction) {
  const EngineTable &table = engineTable(instruction.engine());
  const int32_t *words = fieldWords(instruction);
  for (unsigned i = 0; i < table.count; ++i) {
    std::string problem = checkField(table, i, table.fields[i].value(words[i]));
    if (!problem.empty())
      return problem;
  }
  return {};
}

} // namespace afe::isa
