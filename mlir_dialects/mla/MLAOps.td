// Everything the dialect defines, for the generators. The operations are in files by family.
#ifndef MLA_OPS_TD
#define MLA_OPS_TD
include "MLALayerOps.td"
include "MLADataOps.td"
include "MLAVectorOps.td"
include "MLASegmentOps.td"
include "MLAProgramOps.td"
#endif // MLA_OPS_TD
