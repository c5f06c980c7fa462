// Registers the dialect's operations and attributes, and verifies the attributes.

#include "mla/MLADialect.h"

#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

#include "mla/MLADialect.cpp.inc"
#include "mla/MLAEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "mla/MLAAttributes.cpp.inc"

void MLADialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "mla/MLAOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "mla/MLAAttributes.cpp.inc"
      >();
}

Target mla::toTarget(TargetAttr attr) {
  Target target;
  target.name = attr.getTargetName().str();
  for (NamedAttribute field : attr.getFields())
    *target.find(field.getName().str()) = cast<IntegerAttr>(field.getValue()).getInt();
  return target;
}

Target mla::targetOf(Operation *op) {
  ModuleOp module = isa<ModuleOp>(op) ? cast<ModuleOp>(op) : op->getParentOfType<ModuleOp>();
  if (auto attr = module ? module->getAttrOfType<TargetAttr>(kTargetAttrName) : TargetAttr())
    return toTarget(attr);
  return Target();
}

LogicalResult TargetAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringAttr name,
                                 DictionaryAttr fields) {
  Target target;
  for (NamedAttribute field : fields) {
    int64_t *slot = target.find(field.getName().str());
    auto value = dyn_cast<IntegerAttr>(field.getValue());
    if (!slot)
      return emitError() << "target has no field '" << field.getName().getValue() << "'";
    if (!value)
      return emitError() << "target field '" << field.getName().getValue() << "' must be an integer";
    *slot = value.getInt();
  }
  if (std::string error = target.check(); !error.empty())
    return emitError() << error;
  return success();
}

LogicalResult RequantAttr::verify(function_ref<InFlightDiagnostic()> emitError, RequantMode mode,
                                  DenseI32ArrayAttr multipliers, DenseI8ArrayAttr shifts,
                                  int32_t zp, int32_t lo, int32_t hi) {
  bool scaled = mode != RequantMode::none, shifted = scaled && mode != RequantMode::f32_rne;
  if (scaled != static_cast<bool>(multipliers))
    return emitError() << "requantization " << stringifyRequantMode(mode)
                       << (scaled ? " needs multipliers" : " takes no multipliers");
  if (shifted != static_cast<bool>(shifts))
    return emitError() << "requantization " << stringifyRequantMode(mode)
                       << (shifted ? " needs shifts" : " takes no shifts");
  if (shifted && shifts.size() != multipliers.size())
    return emitError() << "requantization has " << multipliers.size() << " multipliers but "
                       << shifts.size() << " shifts";
  if (lo > hi)
    return emitError() << "clamp range is empty: lo " << lo << " > hi " << hi;
  return success();
}

LogicalResult WindowAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t kernelRows,
                                 int64_t kernelCols, int64_t strideRows, int64_t strideCols,
                                 int64_t padTop, int64_t padBottom, int64_t padLeft,
                                 int64_t padRight, int64_t dilationRows, int64_t dilationCols) {
  if (std::min({kernelRows, kernelCols, strideRows, strideCols, dilationRows, dilationCols}) < 1)
    return emitError() << "window kernel, stride and dilation must be at least 1";
  if (std::min({padTop, padBottom, padLeft, padRight}) < 0)
    return emitError() << "window padding must not be negative";
  return success();
}
