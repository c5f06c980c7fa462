// Registers the project's dialects beside MLIR's own, and its passes and pipelines.

#include "Pipelines/Register.h"

#include "Conversion/A65ToLLVM/Passes.h"
#include "Conversion/MLAToProgram/Passes.h"
#include "Conversion/Passes.h"
#include "Conversion/ProgramToIsa/Passes.h"
#include "Transforms/Passes.h"
#include "a65/A65Dialect.h"
#include "mla/MLADialect.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"

void afe::registerAll(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<mla::MLADialect, a65::A65Dialect>();
}

void afe::registerAllPasses() {
  mlir::registerAllPasses();
  mla::registerProgramToIsaPasses();
  registerConversionPasses();
  registerTransformPasses();
  registerMLAToProgramPasses();
  a65::registerA65ToLLVM();
  registerPipelines();
}
