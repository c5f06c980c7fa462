// `afe-phase-host-code`: from segments to bitcode, in the order of docs/a65.md.

#include "Conversion/A65ToLLVM/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Tosa/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace afe::a65 {
namespace {

void cleanUp(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// Segments -> linalg on tensors.
void buildLinalg(OpPassManager &pm) {
  pm.addPass(createSegmentsToFunctionsPass());
  pm.addNestedPass<func::FuncOp>(createInlineParametersPass());
  pm.addNestedPass<func::FuncOp>(createLowerCustomPass());
  pm.addNestedPass<func::FuncOp>(createLowerConvolutionsPass());
  pm.addPass(createTosaToSCFPass());
  pm.addNestedPass<func::FuncOp>(tosa::createTosaOptionalDecompositionsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(tosa::createTosaMakeBroadcastablePass());
  pm.addNestedPass<func::FuncOp>(tosa::createTosaToLinalgNamed());
  pm.addPass(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(tosa::createTosaMakeBroadcastablePass());
  pm.addNestedPass<func::FuncOp>(tosa::createTosaToLinalg());
  TosaToArithPassOptions arith;
  arith.includeApplyRescale = true;
  pm.addNestedPass<func::FuncOp>(createTosaToArithPass(arith));
  pm.addNestedPass<func::FuncOp>(createTosaToTensorPass());
  cleanUp(pm);
}

/// linalg on tensors -> loops on buffers of one workspace.
void buildLoops(OpPassManager &pm) {
  pm.addPass(createLinalgElementwiseOpFusionPass());
  cleanUp(pm);
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  pm.addPass(bufferization::createOneShotBufferizePass());
  cleanUp(pm);
  pm.addNestedPass<func::FuncOp>(createLowerCopiesPass());
  pm.addNestedPass<func::FuncOp>(createTileContractionsPass());
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToParallelLoopsPass());
  cleanUp(pm);
  pm.addNestedPass<func::FuncOp>(createPromoteAccumulatorsPass());
  pm.addNestedPass<func::FuncOp>(createExpandMathPass());
  pm.addPass(createOutlineKernelsPass());
  pm.addNestedPass<func::FuncOp>(createPlanWorkspacePass());
}

/// Loops -> LLVM dialect.
void buildLLVM(OpPassManager &pm) {
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(arith::createArithExpandOpsPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  ConvertFuncToLLVMPassOptions functions;
  functions.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(functions));
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  cleanUp(pm);
}

void buildHostCode(OpPassManager &pm) {
  buildLinalg(pm);
  buildLoops(pm);
  buildLLVM(pm);
  pm.addPass(createShareKernelsPass());
  pm.addPass(createAddEntryPointsPass());
  pm.addPass(createExportBitcodePass());
}

} // namespace

void registerA65ToLLVM() {
  registerA65ToLLVMPasses();
  PassPipelineRegistration<>("afe-phase-host-code", "Cortex-A65 segments to bitcode",
                             buildHostCode);
}

} // namespace afe::a65
