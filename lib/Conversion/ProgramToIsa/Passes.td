// Passes between scheduled programs and the bytes of .lm files.
#ifndef AFE_PROGRAM_TO_ISA_PASSES_TD
#define AFE_PROGRAM_TO_ISA_PASSES_TD

include "mlir/Pass/PassBase.td"

def EncodePass : Pass<"mla-encode", "::mlir::ModuleOp"> {
  let summary = "encodes every mla.program into an mla.binary";
  let description = [{
    Assumes scheduled programs for the module's target (`mla.target`; `mlsoc` where there is none).
    Before ==> after:
    ```
    mla.program @MLA_0 target "mlsoc" … { … }
    ==>
    mla.binary @MLA_0 attributes {lm = dense_resource<MLA_0_lm> : tensor<…xi8>, stats = {batch = 1, end_cycle = 99, …}}
    ```
    Calls of the program keep their symbol.
  }];
  let dependentDialects = ["::afe::mla::MLADialect"];
  let statistics = [
    Statistic<"programs", "programs", "Programs encoded">,
    Statistic<"encodedBytes", "bytes", "Bytes of all .lm files">,
  ];
}

def DisassemblePass : Pass<"mla-disassemble", "::mlir::ModuleOp"> {
  let summary = "decodes every mla.binary into an mla.program";
  let description = [{
    The inverse of `mla-encode`, byte for byte. The bytes are checked as those of a file of unknown
    origin; what they cannot mean is an error. Before ==> after:
    ```
    mla.binary @MLA_0 attributes {lm = …, stats = …}
    ==>
    mla.program @MLA_0 target "mlsoc" … { … }
    ```
  }];
  let dependentDialects = ["::afe::mla::MLADialect"];
  let statistics = [Statistic<"programs", "programs", "Programs decoded">];
}

#endif // AFE_PROGRAM_TO_ISA_PASSES_TD
