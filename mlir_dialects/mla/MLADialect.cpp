// Registers the dialect's operations and attributes; the plain target behind #mla.target.

#include "mla/MLADialect.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

#include "mla/MLADialect.cpp.inc"
#include "mla/MLAEnums.cpp.inc"
#include "mla/MLAInterfaces.cpp.inc"

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

TargetAttr mla::fromTarget(MLIRContext *context, const Target &target) {
  Builder builder(context);
  SmallVector<NamedAttribute> fields;
#define TARGET_FIELD(name, def, min, max, provenance, unit, doc)                                   \
  fields.push_back(builder.getNamedAttr(#name, builder.getI64IntegerAttr(target.name)));
#include "Target/Target.def"
#undef TARGET_FIELD
  return TargetAttr::get(context, builder.getStringAttr(target.name),
                         builder.getDictionaryAttr(fields));
}

Target mla::targetOf(Operation *op) {
  ModuleOp module = isa<ModuleOp>(op) ? cast<ModuleOp>(op) : op->getParentOfType<ModuleOp>();
  if (auto attr = module ? module->getAttrOfType<TargetAttr>(kTargetAttrName) : TargetAttr())
    return toTarget(attr);
  return Target();
}
