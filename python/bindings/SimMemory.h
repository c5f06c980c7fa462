// Placement problems as Python tuples: what afe._sim offers to afe.memory.
#pragma once

#include <nanobind/nanobind.h>

namespace afe::python {

/// Adds place_buffers and validate_placement; they throw nanobind::value_error about problems that
/// make no sense.
void bindMemory(nanobind::module_ &m);

} // namespace afe::python
