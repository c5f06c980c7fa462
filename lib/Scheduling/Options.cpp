// Efforts and switches by name.

#include "Scheduling/Options.h"

#include <algorithm>

namespace afe::sched {

namespace {

struct EffortName {
  const char *name;
  Effort effort;
};
constexpr EffortName kEfforts[] = {
    {"low", Effort::Low}, {"default", Effort::Default}, {"high", Effort::High}};

struct Switch {
  const char *name;
  bool Options::*member;
};
constexpr Switch kSwitches[] = {
    {"cascades", &Options::cascades},
    {"compression", &Options::compress},
    {"exact-placement", &Options::exactPlacement},
    {"in-place-concats", &Options::inPlaceConcats},
    {"in-place-sums", &Options::inPlaceSums},
};

template <typename Table> std::string namesIn(const Table &table) {
  std::string names;
  for (const auto &entry : table)
    names += (names.empty() ? "" : ", ") + std::string(entry.name);
  return names;
}

} // namespace

std::vector<std::string> switchNames() {
  std::vector<std::string> names;
  for (const Switch &s : kSwitches)
    names.push_back(s.name);
  return names;
}

bool parseOptions(const std::string &effort, const std::vector<std::string> &disable,
                  Options &options, std::string &error) {
  auto known = std::find_if(std::begin(kEfforts), std::end(kEfforts),
                            [&](const EffortName &entry) { return entry.name == effort; });
  if (known == std::end(kEfforts)) {
    error = "unknown effort '" + effort + "'; known are " + namesIn(kEfforts);
    return false;
  }
  options.effort = known->effort;
  for (const std::string &name : disable) {
    auto found = std::find_if(std::begin(kSwitches), std::end(kSwitches),
                              [&](const Switch &s) { return s.name == name; });
    if (found == std::end(kSwitches)) {
      error = "unknown optimisation '" + name + "'; those that can be disabled are " +
              namesIn(kSwitches);
      return false;
    }
    options.*found->member = false;
  }
  return true;
}

} // namespace afe::sched
