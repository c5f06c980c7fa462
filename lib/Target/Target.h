// A target description: every hardware number, and nothing else. Read from targets/*.yaml by
// Python, carried as #mla.target on the module, read here.
#pragma once

#include <cstdint>
#include <string>

namespace afe {

struct Target {
  std::string name = "mlsoc";
#define TARGET_FIELD(name, def, min, max, provenance, unit, doc) int64_t name = def;
#include "Target/Target.def"
#undef TARGET_FIELD

  /// FNV-1a over name and all fields in table order: identifies the description in an .lm file.
  uint64_t hash() const;
  /// Empty if every field is in its range and the fields agree, else a sentence naming the field,
  /// the value and the range.
  std::string check() const;
  /// The field called `field`, or nullptr.
  int64_t *find(const std::string &field);
};

} // namespace afe
