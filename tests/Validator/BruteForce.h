// A checker of hazards without any cleverness, to hold the validator against: every byte of every
// access is written down by loops over images, rows, columns, taps and lanes as Isa.def describes
// them, and every pair of accesses to a byte is compared cycle by cycle.
#pragma once

#include "Encoding/Isa.h"
#include "Target/Target.h"

#include <set>
#include <string>

namespace afe::test {

constexpr int kQuads = 2;
constexpr int kMicroAddress = 8192; ///< of three micro-programs in L1, 512 bytes apart

/// The rules that some pair of accesses, some byte or some cycle of the program breaks. Knows only
/// the micro-programs of RandomPrograms.h.
std::set<std::string> brokenRules(const isa::Program &program, const Target &target);

} // namespace afe::test
