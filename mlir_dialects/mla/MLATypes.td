// Type constraints of the layer operations. Shapes are static, ranks are 1 to 4.
#ifndef MLA_TYPES_TD
#define MLA_TYPES_TD

include "mlir/IR/CommonTypeConstraints.td"

class MLA_TensorOf<list<Type> types, list<int> ranks, string text> : RankedTensorOf<types,
    [HasAnyRankOfPred<ranks>, HasStaticShapePred,
     CPred<"::llvm::cast<::mlir::ShapedType>($_self).getNumElements() > 0">], text>;

// Activations are N, H, W, C; with rank 3 N, pixels, C; with rank 2 N, C; with rank 1 C.
def MLA_Activation : MLA_TensorOf<[I8, UI8, I16, I32, F32], [1, 2, 3, 4],
                                  "static, non-empty tensor of rank 1 to 4">;
def MLA_ByteImage : MLA_TensorOf<[I8, UI8], [4], "static, non-empty tensor of rank 4">;
def MLA_ByteMatrices : MLA_TensorOf<[I8, UI8], [3], "static, non-empty tensor of rank 3">;
def MLA_AccumulatorImage : MLA_TensorOf<[I8, UI8, I32], [4], "static, non-empty tensor of rank 4">;
def MLA_AccumulatorMatrices : MLA_TensorOf<[I8, UI8, I32], [3], "static, non-empty tensor of rank 3">;
def MLA_Bias : MLA_TensorOf<[I32], [1], "static, non-empty tensor of rank 1">;

#endif // MLA_TYPES_TD
