// The walk over a network's layers and cascades, and what makes the program whole: outputs, the end
// of T, addresses behind the constants.

#include "Scheduling/Emitter.h"

#include <algorithm>

namespace afe::sched {

using isa::Memory;

/// The layer, or the cascade, that starts at `first`.
bool Emitter::emitGroup(size_t first) {
  const Layer &current = network.layers[first];
  const Mapping &mapping = plan.mappings[first];
  if (mapping.cascade > 1) {
    std::optional<Cascade> cascade = Cascade::make(network, uses, first, mapping.cascade);
    return cascade ? emitCascade(*cascade, mapping)
                   : fail("'" + current.name + "' and the " + std::to_string(mapping.cascade - 1) +
                          " layers after it cannot be a cascade");
  }
  return current.kind == Layer::Kind::Conv     ? emitConv(current, mapping)
         : current.kind == Layer::Kind::Vector ? emitVector(current, mapping)
                                               : emitMove(current, mapping);
}

bool Emitter::run() {
  for (size_t first = 0; first < network.layers.size();) {
    size_t end = first + std::max<int64_t>(1, plan.mappings[first].cascade);
    layer = first;
    if (!emitGroup(first))
      return false;
    for (size_t i = 0; i < network.storages.size(); ++i)
      if (storageBuffer[i] != isa::kNoBuffer && lastLayer[i] >= first && lastLayer[i] < end)
        retire(storageBuffer[i]);
    first = end;
  }
  layer = network.layers.empty() ? 0 : network.layers.size() - 1;
  sendOutputs();
  finish();
  return true;
}

/// Resident outputs leave for DRAM piece by piece, each as soon as its last byte is there.
void Emitter::sendOutputs() {
  for (size_t i = 0; i < network.storages.size(); ++i) {
    const Storage &storage = network.storages[i];
    if (storage.kind != Storage::Kind::Output || !plan.resident[i])
      continue;
    for (int64_t tile = 0; tile < tiles[i].count(); ++tile)
      for (const DramPiece &piece : tiles[i].piecesOf(tile))
        sendRows(i, plan.l2Address[i], piece, storageBuffer[i]);
  }
  dram.flush();
}

/// Final order of the streams, end of T, dues within it, DRAM addresses behind the constants.
void Emitter::finish() {
  int64_t base = program.constants.size();
  uint32_t constants = addBuffer(Memory::Dram, 0, 0, base, "constants");
  int64_t end = lastDone;
  for (const isa::DramRequest &request : dram.requests)
    end = std::max<int64_t>(end, request.issue);
  program.endCycle = end;
  for (isa::DramRequest &request : dram.requests) {
    request.due = std::min<int64_t>(request.due, end);
    if (request.dramBuffer == isa::kNoBuffer)
      request.dramBuffer = constants;
    else
      request.dram += base - kDramArea;
    touch(request.l2Buffer, request.issue, request.due);
  }
  program.requests = std::move(dram.requests);
  requestDone = std::move(dram.done);
  program.dramBytes += base;
  for (isa::Buffer &buffer : program.buffers) {
    if (buffer.memory == Memory::Dram && &buffer != &program.buffers[constants])
      buffer.address += base - kDramArea;
    if (buffer.firstUse == UINT32_MAX || buffer.memory == Memory::Dram)
      buffer.firstUse = 0;
    if (buffer.memory == Memory::Dram)
      buffer.lastUse = end;
  }
  for (auto &stream : program.streams)
    std::stable_sort(stream.begin(), stream.end(), [](const auto &a, const auto &b) {
      return a.start != b.start ? a.start < b.start : a.engine() < b.engine();
    });
  auto describe = [&](int index, std::vector<isa::IoTensor> &list) {
    const Tensor &tensor = network.tensors[index];
    isa::IoTensor io;
    io.name = tensor.name;
    io.dram = base + storageDram[tensor.storage] - kDramArea + tensor.layout.offset;
    io.bytes = network.storages[tensor.storage].bytes;
    io.scalar = tensor.type == isa::ElementType::U8    ? "uint8"
                : tensor.type == isa::ElementType::I8  ? "int8"
                : tensor.type == isa::ElementType::I16 ? "int16"
                                                       : "int32";
    io.shape = {tensor.n, tensor.h, tensor.w, tensor.c};
    io.layout = tensor.layout.pixel == tensor.c * tensor.elementBytes() ? "HWC" : "HWC16";
    list.push_back(io);
  };
  for (int input : network.inputs)
    describe(input, program.inputs);
  for (int output : network.outputs)
    describe(output, program.outputs);
}

} // namespace afe::sched
