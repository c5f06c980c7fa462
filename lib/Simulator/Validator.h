// The hazard validator: whether a program is legal on a target, and if not, the first offence. It
// shares no code with the scheduler; occupancies come from Timing.h, everything else is worked out
// here from the instructions alone. The rules are listed in docs/validator.md.
#pragma once

#include "Encoding/Isa.h"
#include "Target/Target.h"

#include <optional>
#include <string>

namespace afe::sim {

/// Every rule, with the label and the identifier that code, documentation and tests share.
/// RULE(label, enumerator, identifier, sentence)
enum class Rule {
#define RULE(label, enumerator, identifier, sentence) enumerator,
#include "Simulator/ValidatorRules.def"
#undef RULE
};

/// "raw", "engine-overlap", ...
const char *ruleName(Rule rule);

struct Offence {
  Rule rule;
  /// Names the instructions (engine, quad, index, start, layer) or requests, memory and bytes.
  std::string message;
};

/// Nothing if the program is legal. Any program may be given: hostile ones end with an offence.
std::optional<Offence> validate(const isa::Program &program, const Target &target);

} // namespace afe::sim
