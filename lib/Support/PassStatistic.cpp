// The report of all pass statistics of the process.

#include "Support/PassStatistic.h"

#include "mlir/Pass/Pass.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <map>
#include <mutex>
#include <string>

using namespace afe;

namespace {

struct Count {
  std::string description;
  uint64_t value = 0;
};

/// By pass, then by statistic.
struct Report {
  std::mutex mutex;
  std::map<std::string, std::map<std::string, Count>> passes;
};

Report &report() {
  static Report theReport;
  return theReport;
}

} // namespace

PassStatistic &PassStatistic::operator+=(uint64_t count) {
  value += count;
  Report &all = report();
  std::lock_guard<std::mutex> lock(all.mutex);
  Count &entry = all.passes[owner->getName().str()][name];
  entry.description = description;
  entry.value += count;
  return *this;
}

void afe::printPassStatistics(llvm::raw_ostream &os) {
  Report &all = report();
  std::lock_guard<std::mutex> lock(all.mutex);
  for (const auto &[pass, counts] : all.passes) {
    os << pass << '\n';
    for (const auto &[name, count] : counts)
      os << llvm::format("  (S) %6llu ", static_cast<unsigned long long>(count.value)) << name
         << " - " << count.description << '\n';
  }
}

void afe::resetPassStatistics() {
  Report &all = report();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.passes.clear();
}
