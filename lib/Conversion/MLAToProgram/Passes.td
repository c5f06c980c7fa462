// The back end: layer operations to scheduled programs, in the steps lay out, plan, place, schedule.
#ifndef AFE_MLA_TO_PROGRAM_PASSES_TD
#define AFE_MLA_TO_PROGRAM_PASSES_TD

include "mlir/Pass/PassBase.td"

/// What a user can ask of the solvers (lib/Scheduling/Options.h).
defvar solverOptions = [
  Option<"effort", "effort", "std::string", "\"default\"", "How far to search: low, default or high">,
  ListOption<"disable", "disable", "std::string",
             "Optimisations to leave out: cascades, compression, exact-placement, in-place-concats, in-place-sums">];

def ChooseLayoutsPass : Pass<"mla-choose-layouts", "::mlir::ModuleOp"> {
  let summary = "decides which data movement is none and where channels are interleaved";
  let description = [{
    Assumes segments of layer operations. Inputs of a segment are dense HWC, its outputs HWC16, unless
    `input_dram` and `output_dram` of the segment say otherwise; what lies between is in planes of 16
    channels. Every value is followed through reshapes, transposes and
    slices as a list of distances per dimension; where four of them are left in front of each layer
    that reads it, the movement is a view (attribute `view`): it moves nothing. A movement that cannot
    be one copies straight from wherever its operand lies. Operands of a concatenation are written in
    place (`view` for all of them, else their numbers in `in_place`), through reshapes and transposes
    that nobody else reads (`written_through`). The right operand of a matrix product is turned round
    where the transposing LOAD spares a movement. A storage is laid out as HWC16 (`interleaved`) where
    that leaves fewer bytes to move behind it: in front of a flattening reshape, and for results of
    the segment, which then are the output itself. Before ==> after:
    ```
    %f = mla.reshape %x : tensor<1x4x4x32xi8> -> tensor<1x512xi8>
    ==>
    %f = mla.reshape %x {view} : tensor<1x4x4x32xi8> -> tensor<1x512xi8>
    ```
  }];
  let options = solverOptions;
  let statistics = [Statistic<"views", "views", "Data movement operations that move nothing">];
}

def PlanTilesPass : Pass<"mla-plan-tiles", "::mlir::ModuleOp"> {
  let summary = "cuts every layer into tiles over the quads, and decides which tensors stay in L2";
  let description = [{
    Assumes layouts. Every layer operation gets `plan`: the split over the quads, tile sizes, loop
    order and predicted cycles, chosen by the timing model within L1; the segment gets `resident`,
    one flag per storage: what is not resident lives in DRAM and is moved tile by tile; `compress`, whether
    weights are stored compressed; and `decisions`,
    one entry per layer: what the search found for the layer by itself, what came second, and why no
    cascade is longer (docs/scheduling.md). The segment also gets `predicted_cycles` and `spills`: every
    intermediate tensor that has no room in L2, the bytes that were `needed` there before it was spilled,
    and the layer where. Where the module has `afe.allowed_spills`, a list of names, plans that spill
    others are dropped; if there are no others, the one that spills least is shown, for a look only.
    What is disabled here must be disabled in the passes behind
    as well.
  }];
  let options = solverOptions;
  let statistics = [Statistic<"layers", "layers", "Layers planned">,
                    Statistic<"spilled", "spilled", "Tensors that live in DRAM">];
}

def PlaceBuffersPass : Pass<"mla-place-buffers", "::mlir::ModuleOp"> {
  let summary = "L2 addresses of the resident tensors";
  let description = [{
    Assumes plans. The segment gets `l2_addresses`, one per storage (-1: not resident), placed by live
    range, and `staging_base`: L2 from there on stages what comes from and goes to DRAM.
  }];
  let options = solverOptions;
  let statistics = [Statistic<"residentBytes", "resident-bytes", "Bytes of L2 for resident tensors">];
}

def ScheduleProgramPass : Pass<"mla-schedule-program", "::mlir::ModuleOp"> {
  let summary = "instructions with start cycles for every segment";
  let description = [{
    Assumes placed segments. Each `mla.segment` becomes an `mla.program` of the same symbol with the
    attribute `stats`: inputs and outputs, batch, cycles, lower bound, peak memory, layers, decisions.
  }];
  let dependentDialects = ["::afe::mla::MLADialect"];
  let options = solverOptions;
  let statistics = [Statistic<"instructions", "instructions", "Instructions scheduled">,
                    Statistic<"requests", "requests", "DRAM requests">];
}

def ValidateProgramsPass : Pass<"mla-validate-programs", "::mlir::ModuleOp"> {
  let summary = "proves every program free of hazards";
  let description = [{
    Runs the independent validator (docs/validator.md) on every `mla.program`; the first offence is an
    error that names the rule and both instructions.
  }];
}

#endif // AFE_MLA_TO_PROGRAM_PASSES_TD
