// Generic access to the target's fields: look-up by name, range check, hash.

#include "Target/Target.h"

namespace afe {

int64_t *Target::find(const std::string &field) {
#define TARGET_FIELD(name, def, min, max, provenance, unit, doc)                                   \
  if (field == #name)                                                                              \
    return &name;
#include "Target/Target.def"
#undef TARGET_FIELD
  return nullptr;
}

static std::string outOfRange(const char *field, int64_t value, int64_t min, int64_t max) {
  return std::string("target field '") + field + "' is " + std::to_string(value) + ", allowed is " +
         std::to_string(min) + " to " + std::to_string(max);
}

std::string Target::check() const {
#define TARGET_FIELD(name, def, min, max, provenance, unit, doc)                                   \
  if (name < (min) || name > (max))                                                                \
    return outOfRange(#name, name, min, max);
#include "Target/Target.def"
#undef TARGET_FIELD
  if (dram_refresh_cycles >= dram_refresh_period)
    return outOfRange("dram_refresh_cycles", dram_refresh_cycles, 0, dram_refresh_period - 1);
  if (load_rate_max != 32 && load_rate_max != 64 && load_rate_max != 128)
    return "target field 'load_rate_max' is " + std::to_string(load_rate_max) +
           ", allowed is 32, 64 or 128";
  return {};
}

uint64_t Target::hash() const {
  uint64_t h = 0xcbf29ce484222325ull;
  auto mix = [&](uint64_t byte) { h = (h ^ byte) * 0x100000001b3ull; };
  for (unsigned char c : name)
    mix(c);
#define TARGET_FIELD(name, def, min, max, provenance, unit, doc)                                   \
  for (int shift = 0; shift < 64; shift += 8)                                                      \
    mix((static_cast<uint64_t>(name) >> shift) & 0xff);
#include "Target/Target.def"
#undef TARGET_FIELD
  return h;
}

} // namespace afe
