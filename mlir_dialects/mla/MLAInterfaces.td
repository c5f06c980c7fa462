// What operations of a family have in common, for C++ that handles them alike.
#ifndef MLA_INTERFACES_TD
#define MLA_INTERFACES_TD

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

// Numbered as isa::Engine (lib/Encoding/Isa.h).
def MLA_EngineKind : I32EnumAttr<"EngineKind", "an engine", [I32EnumAttrCase<"load", 0>,
    I32EnumAttrCase<"store", 1>, I32EnumAttrCase<"tensor", 2>, I32EnumAttrCase<"output", 3>,
    I32EnumAttrCase<"vector", 4>]> { let cppNamespace = "::afe::mla"; }

def MLA_InstructionOpInterface : OpInterface<"InstructionOpInterface"> {
  let cppNamespace = "::afe::mla";
  let description = [{What the instructions of all engines have in common.}];
  let methods = [
    InterfaceMethod<"The engine that runs it.", "::afe::mla::EngineKind", "getEngine">,
    InterfaceMethod<"Start cycle.", "uint64_t", "getStart">,
    InterfaceMethod<"Mask of the quads that run it.", "uint64_t", "getQuads">,
    InterfaceMethod<"Index into the layer table.", "uint64_t", "getLayer">,
    InterfaceMethod<"The fields that are not 0, by name.", "::mlir::DictionaryAttr", "getFields">,
    InterfaceMethod<"Index of each operand slot's buffer, or -1.", "::llvm::ArrayRef<int32_t>", "getBuffers">,
  ];
}

#endif // MLA_INTERFACES_TD
