// The instruction operations beside the tables of lib/Encoding/Fields.h. Apart from MLADialect.h,
// because the namespace afe::isa hides llvm::isa in whoever includes it.
#pragma once

#include "Encoding/Fields.h"
#include "mla/MLADialect.h"

namespace afe::mla {

inline isa::Engine toEngine(EngineKind kind) { return static_cast<isa::Engine>(kind); }

/// Place of a field in an engine's table, or -1. Hashed: isa::findField is linear.
int fieldIndex(isa::Engine engine, llvm::StringRef name);

static_assert(static_cast<isa::Engine>(EngineKind::load) == isa::Engine::Load &&
              static_cast<isa::Engine>(EngineKind::store) == isa::Engine::Store &&
              static_cast<isa::Engine>(EngineKind::tensor) == isa::Engine::Tensor &&
              static_cast<isa::Engine>(EngineKind::output) == isa::Engine::Output &&
              static_cast<isa::Engine>(EngineKind::vector) == isa::Engine::Vector);

} // namespace afe::mla
