// Programs as Python dictionaries, both ways: how tests write programs by hand and how tools look
// into `.lm` files. Keys are the names of Isa.h in snake_case and of Isa.def; docs/simulator.md.
#pragma once

#include "Encoding/Isa.h"
#include "Target/Target.h"

#include <nanobind/nanobind.h>

namespace afe::python {

/// Throws nanobind::value_error naming the key, where and why. Keys left out have their defaults.
isa::Program programFromDict(const nanobind::dict &from);
nanobind::dict programToDict(const isa::Program &program);
/// Layers and requests alone: a program's instructions are many times as large as dictionaries.
nanobind::dict trafficToDict(const isa::Program &program);

/// {"op": "tensor", "start": 0, "quads": 1, <fields>}.
isa::Instruction instructionFromDict(const nanobind::dict &from, uint32_t quad);

/// Micro-operations as dictionaries {"op": "add", "d": 2, "a": 0, "b": 1}.
std::vector<isa::MicroOp> microProgramFromList(const nanobind::list &from);

/// {"name": …, <fields of Target.def>}; throws nanobind::value_error for unknown or wrong fields.
Target targetFromDict(const nanobind::dict &from);

} // namespace afe::python
