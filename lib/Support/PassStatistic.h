// Statistics of passes. MLIR's own, mlir::Pass::Statistic, count nothing in a release build of LLVM
// such as Debian's (its mlir-opt prints an empty report); afe_pass_tablegen
// (cmake/AfeLibrary.cmake) puts this class in their place, so that a Statistic<> in a Passes.td
// works as documented.
#pragma once

#include <atomic>
#include <cstdint>

namespace llvm {
class raw_ostream;
}
namespace mlir {
class Pass;
}

namespace afe {

/// A counter of a pass, added to the process's report as it counts. Counting is safe from any
/// thread.
class PassStatistic {
public:
  /// `name` and `description` must live as long as the process, as literals do.
  PassStatistic(mlir::Pass *owner, const char *name, const char *description)
      : owner(owner), name(name), description(description) {}

  PassStatistic &operator+=(uint64_t count);
  PassStatistic &operator++() { return *this += 1; }
  uint64_t operator++(int) { return (*this += 1).getValue() - 1; }
  uint64_t getValue() const { return value; }
  operator uint64_t() const { return value; }

private:
  mlir::Pass *owner;
  const char *name, *description;
  std::atomic<uint64_t> value{0};
};

/// Prints what all passes counted since the last reset, ordered by pass, as MLIR's report does:
///   EncodePass
///     (S) 2 programs - Programs encoded
void printPassStatistics(llvm::raw_ostream &os);
void resetPassStatistics();

} // namespace afe
