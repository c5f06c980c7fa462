// mla-opt: mlir-opt with the project's dialects, passes and pipelines. Registration only.

#include "Pipelines/Register.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  afe::registerAll(registry);
  afe::registerAllPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Optimizer of the MLA compiler\n", registry));
}
