// The validator gives random tiny programs the verdict of the checker by brute force.

#include "../Check.h"
#include "RandomPrograms.h"
#include "Simulator/Validator.h"

#include <map>

using namespace afe;
using namespace afe::test;

TEST("random tiny programs get the verdict of the checker by brute force") {
  Target target = tinyTarget();
  Random random(99);
  std::map<std::string, int> seen;
  const int wanted = 1500;
  for (int round = 0; round < wanted; ++round) {
    Program p = randomTiny(random, target);
    auto offence = sim::validate(p, target);
    std::string rule = offence ? sim::ruleName(offence->rule) : "";
    ++seen[rule];
    if (rule == "field-range" || rule == "grid") // the cases below do not speak of them
      continue;
    std::set<std::string> expected = brokenRules(p, target);
    if (rule == "buffer-bounds" || rule == "multicast-engine")
      rule = rule == "buffer-bounds" ? "out-of-bounds" : "engine-overlap";
    bool agree = offence ? expected.count(rule) || (offence->rule == sim::Rule::BufferBounds)
                         : expected.empty();
    std::string all;
    for (const std::string &name : expected)
      all += " " + name;
    if (!CHECK_MESSAGE(agree,
                       "round " + std::to_string(round) + ": brute force:" + all +
                           "; validator: " + (offence ? rule + ": " + offence->message : "legal")))
      return;
  }
  for (const auto &[rule, count] : seen)
    std::printf("  %5d %s\n", count, rule.empty() ? "legal" : rule.c_str());
  // Cases of every kind, or the comparison says little.
  for (const char *rule : {"", "raw", "war", "waw", "bank-hazard", "dram-ownership", "self-overlap",
                           "uninitialized-read", "engine-overlap", "l2-read-rate"})
    CHECK_MESSAGE(seen[rule] >= 5, std::string("few cases of '") + rule + "'");
}
