// mla-opt: mlir-opt with the project's dialects, passes and pipelines. Registration only, and the
// statistics of the project's passes below MLIR's report (lib/Support/PassStatistic.h).

#include "Pipelines/Register.h"
#include "Support/PassStatistic.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

/// Asked before MlirOptMain, which takes its options down when it ends.
static bool wantsStatistics(int argc, char **argv) {
  return std::any_of(argv + 1, argv + argc, [](llvm::StringRef argument) {
    return argument.ltrim('-') == "mlir-pass-statistics";
  });
}

int main(int argc, char **argv) {
  bool statistics = wantsStatistics(argc, argv);
  mlir::DialectRegistry registry;
  afe::registerAll(registry);
  afe::registerAllPasses();
  llvm::LogicalResult result =
      mlir::MlirOptMain(argc, argv, "Optimizer of the MLA compiler\n", registry);
  if (statistics)
    afe::printPassStatistics(llvm::errs());
  return mlir::asMainReturnCode(result);
}
