// The a65 dialect: work of the host processors around the MLA.
#ifndef A65_DIALECT_TD
#define A65_DIALECT_TD

include "mlir/IR/OpBase.td"

def A65_Dialect : Dialect {
  let name = "a65";
  let cppNamespace = "::afe::a65";
  let summary = "Host-side work: Cortex-A65 segments and the EV74's fixed functions";
  let description = [{
    `a65.segment` holds what runs on the Cortex-A65, `a65.call` runs it; `a65.ev74` is one of the
    fixed functions of the EV74 that stand at the edges of a model (quantize, layout, tessellate…).
  }];
  let dependentDialects = [];
}

class A65_Op<string mnemonic, list<Trait> traits = []> : Op<A65_Dialect, mnemonic, traits>;

#endif // A65_DIALECT_TD
