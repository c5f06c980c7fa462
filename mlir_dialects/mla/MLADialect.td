// The mla dialect: what runs on the matrix accelerator, from layer operations down to instructions.
#ifndef MLA_DIALECT_TD
#define MLA_DIALECT_TD

include "mlir/IR/OpBase.td"

def MLA_Dialect : Dialect {
  let name = "mla";
  let cppNamespace = "::afe::mla";
  let summary = "Layers, vector programs and instructions of the matrix accelerator";
  let description = [{
    Three families of operations on three levels:
    - *layer operations* (`mla.conv2d`, `mla.depthwise_conv2d`, `mla.concat`, …) compute on
      tensors; each becomes one layer of the statistics;
    - *vector programs* (`mla.vector` and the `mla.v.*` operations in its region) say what the
      VECTOR engine does to each element;
    - *program operations* (`mla.program` and the instructions in it) are the scheduled code, one
      to one with the `.lm` file.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = [];
}

// Sections of the reference page.
class MLA_DocGroup<string title, string text> : OpDocGroup { let summary = title; let description = text; }
def MLA_LayerGroup : MLA_DocGroup<"Layer operations", "Convolutions and the matrix product, on TENSOR and OUTPUT.">;
def MLA_DataGroup : MLA_DocGroup<"Data movement", "Done by LOAD and STORE, or by nobody where the layout allows.">;
def MLA_VectorGroup : MLA_DocGroup<"Vector programs", "A layer that VECTOR computes, element by element.">;
def MLA_LaneGroup : MLA_DocGroup<"Lane operations", "What stands in the region of a vector program.">;
def MLA_SegmentGroup : MLA_DocGroup<"Segments", "What runs as one program, and who calls it.">;
def MLA_ProgramGroup : MLA_DocGroup<"Programs", "Scheduled code: tables and streams, one to one with the .lm file.">;
def MLA_InstructionGroup : MLA_DocGroup<"Instructions", "One operation per engine; fields as in the instruction table.">;

class MLA_Op<string mnemonic, list<Trait> traits = []> : Op<MLA_Dialect, mnemonic, traits>;

#endif // MLA_DIALECT_TD
