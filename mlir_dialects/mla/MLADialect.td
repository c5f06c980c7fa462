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

class MLA_Op<string mnemonic, list<Trait> traits = []> : Op<MLA_Dialect, mnemonic, traits>;

#endif // MLA_DIALECT_TD
