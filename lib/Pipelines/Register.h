// Registration of everything the project adds to MLIR, for mla-opt and the Python module.
#pragma once

namespace mlir {
class DialectRegistry;
}

namespace afe {
void registerAll(mlir::DialectRegistry &registry);
void registerAllPasses();
/// The compiler's phases as pipelines (Pipelines.cpp).
void registerPipelines();
} // namespace afe
