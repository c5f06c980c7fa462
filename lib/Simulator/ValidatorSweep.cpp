// Why one pass in the order of starts is enough: of two accesses to a byte the one that starts
// first comes first; the reader must wait for the writer's ready (RAW), the writer for the reader's
// end (WAR) and for the writer's ready (WAW). Only the last writer of a byte and the latest end of
// the reads since matter, because a writer that passed the check is itself later than all before
// it.

#include "Simulator/ValidatorSweep.h"
#include "Simulator/Timing.h"
#include "Simulator/ValidatorBanks.h"
#include "Simulator/ValidatorBuffers.h"
#include "Simulator/ValidatorFootprint.h"
#include "Simulator/ValidatorMemory.h"
#include "Simulator/ValidatorPrograms.h"

#include <algorithm>
#include <tuple>

namespace afe::sim {
namespace {

/// An instruction, or a request (quad kRequest) whose interval is [issue, due).
struct Event {
  static constexpr uint32_t kRequest = 0xffffffffu;
  int64_t start, end, ready;
  uint32_t quad, index;

  bool isRequest() const { return quad == kRequest; }
  /// Requests first: what is issued and due in one cycle is done when the cycle is over.
  auto order() const { return std::make_tuple(start, !isRequest(), quad, index); }
};

/// An operand, its buffer, and the quads in whose L1 it lies.
struct Access {
  const Operand *operand;
  uint32_t buffer;
  unsigned quads;
};

class Sweep {
public:
  /// Reads are taken as if gaps of up to `gap` bytes in them were read too: for 0 exactly.
  Sweep(const isa::Program &p, const Target &target, int64_t gap)
      : p(p), target(target), gap(gap), buffers(p), programs(p), l2(target.l2_bytes) {
    for (size_t q = 0; q < p.streams.size(); ++q) {
      l1.emplace_back(target.l1_bytes);
      banks.emplace_back(size_t(target.accumulator_banks));
    }
  }

  MaybeOffence run() {
    collectEvents();
    for (event = 0; event < events.size(); ++event) {
      const Event &e = events[event];
      if (auto o = e.isRequest() ? request(e) : instruction(e))
        return o;
    }
    return {};
  }

private:
  void collectEvents() {
    for (uint32_t q = 0; q < p.streams.size(); ++q)
      for (uint32_t i = 0; i < p.streams[q].size(); ++i) {
        const isa::Instruction &in = p.streams[q][i];
        int64_t end = in.start + occupancy(target, in);
        events.push_back({in.start, end, end + latencyOf(target, in.engine()), q, i});
      }
    for (uint32_t i = 0; i < p.requests.size(); ++i)
      if (p.requests[i].kind != isa::DramRequest::Kind::Instructions)
        events.push_back(
            {p.requests[i].issue, p.requests[i].due, p.requests[i].due, Event::kRequest, i});
    std::sort(events.begin(), events.end(),
              [](const Event &a, const Event &b) { return a.order() < b.order(); });
  }

  std::string name(const Event &e) const {
    return e.isRequest() ? nameRequest(p, e.index) : nameInstruction(p, e.quad, e.index);
  }
  MaybeOffence fail(Rule rule, const std::string &what) const {
    return offence(rule, name(events[event]) + ": " + what);
  }

  MaybeOffence request(const Event &e) {
    const isa::DramRequest &r = p.requests[e.index];
    bool fills = r.kind == isa::DramRequest::Kind::ToL2;
    Box box;
    box.base = r.l2;
    box.run = r.rowBytes;
    box.add(r.rows, r.l2Stride);
    box.normalize();
    Operand operand{"l2", 0, isa::Memory::L2, fills, {box}};
    std::vector<Access> accesses{{&operand, r.l2Buffer, 0}};
    if (auto o = checkPlaces(accesses))
      return o;
    programs.request(e.index);
    return apply(accesses, nullptr, nullptr);
  }

  MaybeOffence instruction(const Event &e) {
    const isa::Instruction &in = p.streams[e.quad][e.index];
    if (auto o = accumulate(e, in))
      return o;
    MicroProgram micro;
    const isa::MicroOp *program = nullptr;
    if (in.engine() == isa::Engine::Vector) {
      std::string problem = programs.fetch(e.quad, in, micro);
      if (!problem.empty()) { // unless its bytes are not there at all
        auto o = access(in, nullptr);
        return o ? o : fail(Rule::MicroProgram, problem);
      }
      program = micro.data();
    }
    if (auto o = access(in, program))
      return o;
    programs.instruction(e.quad, e.index);
    return {};
  }

  MaybeOffence accumulate(const Event &e, const isa::Instruction &in) {
    BankHistory::Conflict conflict;
    BankHistory::Run run{e.start, e.end, e.ready, event};
    if (const auto *f = std::get_if<isa::TensorFields>(&in.fields))
      conflict = banks[e.quad].tensor(*f, run);
    else if (const auto *f = std::get_if<isa::OutputFields>(&in.fields))
      conflict = banks[e.quad].output(*f, run);
    if (conflict.what.empty())
      return {};
    if (conflict.with != kNoEvent)
      conflict.what += " (" + name(events[conflict.with]) + ")";
    return fail(Rule::BankHazard, conflict.what);
  }

  MaybeOffence access(const isa::Instruction &in, const isa::MicroOp *program) {
    std::vector<Operand> operands = footprint(in, program);
    std::vector<Access> accesses;
    for (Operand &operand : operands) {
      if (operand.boxes.empty())
        continue;
      for (Box &box : operand.boxes)
        if (!operand.write)
          box.closeGaps(gap);
      accesses.push_back({&operand, in.buffers[operand.slot], in.quads});
    }
    if (auto o = checkPlaces(accesses))
      return o;
    return apply(accesses, &in, program);
  }

  MaybeOffence checkPlaces(const std::vector<Access> &accesses) const {
    for (const Access &a : accesses)
      if (auto o = checkPlace(a))
        return o;
    return {};
  }

  /// C6, C7, and the reader's and writer's own part of C15.
  MaybeOffence checkPlace(const Access &a) const {
    const Operand &operand = *a.operand;
    int64_t low = operand.low(), high = operand.high();
    size_t quad = events[event].isRequest() ? 0 : events[event].quad;
    std::string bytes = nameBytes(operand.memory, quad, low, high);
    int64_t size = operand.memory == isa::Memory::L1 ? target.l1_bytes : target.l2_bytes;
    if (low < 0 || high > size)
      return fail(Rule::OutOfBounds, std::string("operand '") + operand.name + "' touches " +
                                         bytes + ", which has " + std::to_string(size));
    if (a.buffer == isa::kNoBuffer)
      return fail(Rule::BufferBounds,
                  std::string("operand '") + operand.name + "' names no buffer");
    const isa::Buffer &b = p.buffers[a.buffer];
    if (b.memory != operand.memory || (a.quads & ~b.quads && operand.memory == isa::Memory::L1))
      return fail(Rule::BufferBounds, std::string("operand '") + operand.name + "' lies in " +
                                          bytes + ", " + nameBuffer(p, a.buffer) + " does not");
    if (low < int64_t(b.address) || high > int64_t(b.address + b.size))
      return fail(Rule::BufferBounds, std::string("operand '") + operand.name + "' touches " +
                                          bytes + ", outside " + nameBuffer(p, a.buffer) + " (" +
                                          std::to_string(b.address) + " to " +
                                          std::to_string(b.address + b.size) + ")");
    return checkLive(a, b);
  }

  MaybeOffence checkLive(const Access &a, const isa::Buffer &b) const {
    const Event &e = events[event];
    int64_t last = a.operand->write ? e.start : e.end - 1;
    if (e.start >= b.firstUse && last <= int64_t(b.lastUse))
      return {};
    return fail(Rule::LiveRange, std::string(a.operand->write ? "writes " : "reads ") +
                                     nameBuffer(p, a.buffer) + ", which is live from " +
                                     std::to_string(b.firstUse) + " to " +
                                     std::to_string(b.lastUse));
  }

  /// Checks all accesses against the history and enters them. Writes are checked before reads are
  /// entered, so that an instruction in place does not meet itself.
  MaybeOffence apply(const std::vector<Access> &accesses, const isa::Instruction *in,
                     const isa::MicroOp *program) {
    for (const Access &a : accesses)
      if (auto o = a.operand->write ? checkWrite(a) : checkRead(a))
        return o;
    for (const Access &write : accesses)
      for (const Access &read : accesses)
        if (in && write.operand->write && !read.operand->write)
          if (auto o = checkSelf(*in, read, write, program))
            return o;
    const Event &e = events[event];
    for (const Access &a : accesses)
      if (!a.operand->write)
        forEachRun(a, [&](MemoryHistory &memory, size_t, int64_t low, int64_t high) {
          memory.read(low, high, e.end, event);
          return true;
        });
    for (const Access &a : accesses)
      if (a.operand->write)
        forEachRun(a, [&](MemoryHistory &memory, size_t, int64_t low, int64_t high) {
          memory.write(low, high, a.buffer, e.ready, event);
          return true;
        });
    return {};
  }

  /// Calls f(memory, quad, low, high) for every run in every memory of the access; stops at false.
  template <typename Function> bool forEachRun(const Access &a, Function f) {
    auto inMemory = [&](MemoryHistory &memory, size_t quad) {
      for (const Box &box : a.operand->boxes)
        if (!box.forEachRun([&](int64_t low, int64_t high) { return f(memory, quad, low, high); }))
          return false;
      return true;
    };
    if (a.operand->memory == isa::Memory::L2)
      return inMemory(l2, 0);
    for (size_t q = 0; q < l1.size(); ++q)
      if (a.quads >> q & 1 && !inMemory(l1[q], q))
        return false;
    return true;
  }

  /// A pair of which one is a request stands under the ownership rule.
  MaybeOffence conflict(Rule rule, uint32_t other, const std::string &what) const {
    bool request = events[event].isRequest() || (other != kNoEvent && events[other].isRequest());
    return fail(request ? Rule::DramOwnership : rule,
                what + (other == kNoEvent ? std::string() : " by " + name(events[other])));
  }

  MaybeOffence checkRead(const Access &a) {
    MaybeOffence found;
    forEachRun(a, [&](MemoryHistory &memory, size_t quad, int64_t low, int64_t high) {
      return memory.visit(low, high, [&](int64_t from, int64_t to, const Segment &s) {
        found = checkReadOf(a, s, ByteRange{a.operand->memory, quad, from, to});
        return !found;
      });
    });
    return found;
  }

  /// Bytes that are named only if there is something to say of them.
  struct ByteRange {
    isa::Memory memory;
    size_t quad;
    int64_t low, high;
    std::string name() const { return nameBytes(memory, quad, low, high); }
  };

  MaybeOffence checkReadOf(const Access &a, const Segment &s, const ByteRange &bytes) const {
    if (s.buffer == kUnwritten)
      return fail(Rule::UninitializedRead,
                  "reads " + bytes.name() + " of " + nameBuffer(p, a.buffer) + ", never written");
    if (s.ready > events[event].start)
      return conflict(Rule::Raw, s.writer,
                      "reads " + bytes.name() + " of " + nameBuffer(p, a.buffer) + ", ready at " +
                          std::to_string(s.ready) + ", written");
    if (!buffers.partners(s.buffer, a.buffer))
      return fail(Rule::UninitializedRead, "reads " + bytes.name() + " through " +
                                               nameBuffer(p, a.buffer) + ", last written through " +
                                               nameBuffer(p, s.buffer));
    return {};
  }

  MaybeOffence checkWrite(const Access &a) {
    MaybeOffence found;
    forEachRun(a, [&](MemoryHistory &memory, size_t quad, int64_t low, int64_t high) {
      found = checkRivals(a, ByteRange{a.operand->memory, quad, low, high});
      return !found && memory.visit(low, high, [&](int64_t from, int64_t to, const Segment &s) {
        found = checkWriteOf(a, s, ByteRange{a.operand->memory, quad, from, to});
        return !found;
      });
    });
    return found;
  }

  MaybeOffence checkWriteOf(const Access &a, const Segment &s, const ByteRange &bytes) const {
    if (s.readEnd > events[event].start)
      return conflict(Rule::War, s.reader,
                      "writes " + bytes.name() + " of " + nameBuffer(p, a.buffer) +
                          ", read until " + std::to_string(s.readEnd));
    if (s.ready > events[event].start)
      return conflict(Rule::Waw, s.writer,
                      "writes " + bytes.name() + " of " + nameBuffer(p, a.buffer) + ", ready at " +
                          std::to_string(s.ready) + ", written");
    return {};
  }

  MaybeOffence checkRivals(const Access &a, const ByteRange &bytes) const {
    for (uint32_t rival : buffers.rivals(a.buffer)) {
      const isa::Buffer &b = p.buffers[rival];
      int64_t start = events[event].start;
      bool here = b.memory != isa::Memory::L1 || (b.quads >> bytes.quad & 1);
      if (here && start >= b.firstUse && start < int64_t(b.lastUse) &&
          bytes.low < int64_t(b.address + b.size) && bytes.high > int64_t(b.address))
        return fail(Rule::LiveRange,
                    "writes " + bytes.name() + " through " + nameBuffer(p, a.buffer) + " while " +
                        nameBuffer(p, rival) + " is live there until " + std::to_string(b.lastUse));
    }
    return {};
  }

  /// C16 self-overlap.
  MaybeOffence checkSelf(const isa::Instruction &in, const Access &read, const Access &write,
                         const isa::MicroOp *program) const {
    const Operand &from = *read.operand, &to = *write.operand;
    if (from.memory != to.memory || from.low() >= to.high() || to.low() >= from.high() ||
        inPlace(in, from, to, program))
      return {};
    MemoryHistory bytes(std::max(from.high(), to.high()));
    for (const Box &box : from.boxes)
      box.forEachRun([&](int64_t low, int64_t high) {
        bytes.write(low, high, 0, 0, 0);
        return true;
      });
    bool apart = true;
    for (const Box &box : to.boxes)
      apart = apart && box.forEachRun([&](int64_t low, int64_t high) {
        return bytes.visit(
            low, high, [](int64_t, int64_t, const Segment &s) { return s.buffer == kUnwritten; });
      });
    if (apart)
      return {};
    return fail(Rule::SelfOverlap, std::string("result '") + to.name + "' overwrites operand '" +
                                       from.name + "', not element by element");
  }

  const isa::Program &p;
  const Target &target;
  int64_t gap;
  BufferTable buffers;
  MicroPrograms programs;
  MemoryHistory l2;
  std::vector<MemoryHistory> l1;
  std::vector<BankHistory> banks;
  std::vector<Event> events;
  uint32_t event = 0; ///< the one being looked at
};

} // namespace

MaybeOffence sweepMemories(const isa::Program &program, const Target &target) {
  // Closing small gaps can only add reads, so that what passes is legal; most programs pass, and
  // have far fewer runs that way (a 1x1 convolution of stride 2 reads every other pixel).
  constexpr int64_t kGap = 1024;
  if (!Sweep(program, target, kGap).run())
    return {};
  return Sweep(program, target, 0).run();
}

} // namespace afe::sim
