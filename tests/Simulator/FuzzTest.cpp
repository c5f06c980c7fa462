// Hostile programs under sanitizers: fields of every engine drawn from values that hurt, memories
// full of noise that micro-programs and parameters are read from. Whatever comes, simulate()
// answers and touches nothing outside its memories; and what it answers does not depend on the
// kernels, nor on the number of threads.

#include "Encoding/Fields.h"
#include "Encoding/MicroCost.h"
#include "Simulator/DramTimeline.h"
#include "Simulator/Simulate.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>

using namespace afe;

namespace {

class Fuzzer {
public:
  explicit Fuzzer(uint32_t seed) : random(seed) {
    target.name = "fuzz";
    target.quads = 2, target.tiles = 4;
    target.l1_bytes = 16384, target.l2_bytes = 65536;
  }

  int64_t draw(int64_t lo, int64_t hi) {
    return std::uniform_int_distribution<int64_t>(lo, hi)(random);
  }
  bool chance(int percent) { return draw(1, 100) <= percent; }

  /// A value of a field: mostly small, now and then at its ends.
  int64_t value(const isa::Field &field) {
    if (draw(1, 300) == 1)
      return chance(50) ? field.min() : field.max();
    if (draw(1, 300) == 1)
      return draw(field.min(), field.max());
    const std::string name = field.name;
    static const std::set<std::string> kCounts{"run",      "count1", "count2", "images", "rows",
                                               "cols",     "ic",     "oc",     "kh",     "kw",
                                               "channels", "in_h",   "in_w"};
    if (kCounts.count(name))
      return draw(1, name == "ic" || name == "oc" || name == "channels" || name == "run" ? 40 : 5);
    if (name == "mode")
      return draw(0, 3);
    if (name.size() == 7 && name.substr(2) == "_type")
      return draw(name[0] == 'r' ? 1 : 0, 4);
    if (name == "residual" || name == "transpose")
      return chance(80) ? 0 : draw(0, std::min<int64_t>(field.max(), 2));
    const bool address = field.bits == 24 || name == "l2";
    int64_t high = address ? 9000 : field.bits >= 32 ? 300 : 5;
    if (name == "multiplier" || name.find("mult") != std::string::npos)
      high = 1 << 30;
    const int64_t low = field.isSigned && field.bits > 8 ? -3 : 0;
    return draw(std::max(field.min(), low), std::min(field.max(), high));
  }

  isa::Instruction instruction(isa::Engine engine) {
    isa::Instruction in = isa::makeInstruction(engine);
    const isa::EngineTable &table = isa::engineTable(engine);
    for (unsigned i = 0; i < table.count; ++i)
      isa::fieldWords(in)[i] = isa::storeField(value(table.fields[i]));
    std::visit([&](auto &f) { repair(f); }, in.fields);
    return in;
  }

  void repair(isa::LoadFields &f) {
    f.rate = chance(99) ? 32 << draw(0, 2) : f.rate;
    if (f.transpose && chance(95))
      f.run = 16;
  }
  void repair(isa::StoreFields &) {}
  void repair(isa::TensorFields &f) {
    if (chance(98))
      f.mode %= 3;
    const int32_t blocks = (f.oc + 15) / 16;
    f.grid_p = std::clamp(4 / std::max(blocks, 1), 1, 255), f.bank &= 3;
    if (chance(98) && f.mode == 1)
      f.in_sx = f.ic, f.dil_x = 1;
    if (chance(95))
      f.rows = std::min(f.rows, 2), f.images = 1;
    if (chance(95))
      f.in_zp = f.w_zp = 5;
    if (chance(80))
      f.accumulate = 0;
    if (f.accumulate)
      f.use_psum = 0;
    last = f;
  }
  void repair(isa::OutputFields &f) {
    if (chance(95))
      f.images = last.images, f.rows = last.rows, f.cols = last.cols, f.oc = last.oc,
      f.bank = last.bank;
    f.shift = f.res_shift = f.self_shift = f.sum_shift = int32_t(draw(2, 62));
    if (chance(90))
      f.per_channel &= f.has_params;
    if (f.mode == 0)
      f.use_table = f.residual = 0;
  }
  void repair(isa::VectorFields &f) {
    f.length = int32_t(draw(1, 12));
    f.program = int32_t(draw(0, 30)) * 240;
    const auto *ops = reinterpret_cast<const isa::MicroOp *>(image.data() + f.program);
    const isa::MicroCost cost = isa::microCost(ops, unsigned(f.length), f.kh, f.kw);
    f.cost = cost.cost, f.row_cost = cost.rowCost, f.channel_cost = cost.channelCost;
    f.r0 = int32_t(draw(8000, 12000)), f.r1 = int32_t(draw(8000, 12000));
  }

  isa::MicroOp microOp(uint32_t &written) {
    isa::MicroOp op;
    const char *operands = nullptr;
    do {
      op.opcode = uint8_t(draw(1, 0x70));
      operands = isa::microInfo(op.opcode).operands;
    } while (!operands);
    auto source = [&] {
      uint8_t r = uint8_t(draw(0, 31));
      while (written && !(written >> r & 1))
        r = (r + 1) & 31;
      return r;
    };
    op.a = source(), op.b = source(), op.c = source(), op.d = uint8_t(draw(0, 31));
    op.mode = uint8_t(chance(95) && op.opcode != 0x28 && op.opcode != 0x29 ? 0 : draw(0, 3));
    op.x = int32_t(chance(90) ? draw(0, 3) : draw(-9000, 9000));
    op.y = int32_t(chance(50) ? 0 : draw(0, 63));
    if (isa::microUses(isa::microInfo(op.opcode), 'd'))
      written |= 1u << op.d;
    return op;
  }

  /// L1's first 7200 bytes are micro-programs of 12 operations, each beginning with a load.
  void fillImage() {
    image.resize(16384);
    for (uint8_t &byte : image)
      byte = uint8_t(draw(0, 255));
    for (int program = 0; program < 30; ++program) {
      uint32_t written = 1;
      for (int i = 0; i < 12; ++i) {
        isa::MicroOp op = microOp(written);
        if (i == 0)
          op = isa::MicroOp{1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        std::memcpy(image.data() + (program * 12 + i) * 20, &op, 20);
      }
    }
  }

  isa::Instruction whole(isa::Engine engine, uint32_t l2) {
    isa::Instruction in = isa::makeInstruction(engine);
    auto set = [&](auto &f) { f.l2 = int32_t(l2), f.run = 16384, f.count1 = f.count2 = 1; };
    if (auto *f = std::get_if<isa::LoadFields>(&in.fields))
      set(*f), f->rate = 128;
    if (auto *f = std::get_if<isa::StoreFields>(&in.fields))
      set(*f);
    return in;
  }

  isa::Program program() {
    fillImage();
    isa::Program p;
    p.quads = 2, p.endCycle = 1u << 30, p.dramBytes = 65536;
    p.constants = image;
    for (uint32_t quad = 0; quad < 2; ++quad) {
      std::vector<isa::Instruction> stream{whole(isa::Engine::Load, 0)};
      const int count = int(draw(1, 4));
      for (int i = 0; i < count; ++i) {
        const auto engine = isa::Engine(draw(0, 4));
        if (engine == isa::Engine::Output)
          stream.push_back(instruction(isa::Engine::Tensor));
        stream.push_back(instruction(engine));
      }
      stream.push_back(whole(isa::Engine::Store, 16384 * (quad + 1)));
      uint32_t start = 1000;
      for (isa::Instruction &in : stream)
        in.start = start += 20000000, in.quads = uint8_t(1u << quad);
      p.streams.push_back(std::move(stream));
    }
    using Kind = isa::DramRequest::Kind;
    p.requests.push_back({Kind::ToL2, isa::Codec::None, 0, 900, 0, 0, 1, 16384, 0, 0, 0});
    p.requests.push_back(
        {Kind::FromL2, isa::Codec::None, 1u << 29, 1u << 30, 32768, 16384, 1, 32768, 0, 0, 0});
    if (chance(10))
      p.requests.push_back({Kind(draw(0, 3)), isa::Codec(draw(0, 1)), uint32_t(draw(0, 1u << 30)),
                            uint32_t(draw(0, 1u << 30)), uint64_t(draw(0, 70000)),
                            uint32_t(draw(0, 70000)), uint32_t(draw(0, 9)), uint32_t(draw(0, 999)),
                            draw(-999, 999), int32_t(draw(-999, 999)), uint32_t(draw(0, 999))});
    p.outputs.push_back({"out", 32768, 32768, "int8", {}, "HWC"});
    return p;
  }

  const Target &machine() const { return target; }

private:
  std::mt19937 random;
  Target target;
  isa::TensorFields last;
  std::vector<uint8_t> image;
};

std::string run(const isa::Program &program, const Target &target, sim::KernelSet kernels,
                unsigned threads) {
  sim::Options options;
  options.kernels = kernels, options.threads = threads;
  sim::Result result;
  std::string error;
  if (!sim::simulate(program, target, {}, options, result, error))
    return error.empty() ? "no reason given" : error;
  return std::string(result.outputs[0].begin(), result.outputs[0].end());
}

} // namespace

int main(int argc, char **argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 300;
  std::map<std::string, sim::KernelSet> sets{{"scalar", sim::KernelSet::Scalar},
                                             {"avx2", sim::KernelSet::Avx2},
                                             {"avx512", sim::KernelSet::Avx512}};
  int completed = 0;
  for (int seed = 0; seed < rounds; ++seed) {
    Fuzzer fuzzer{uint32_t(seed)};
    const isa::Program program = fuzzer.program();
    const std::string first = run(program, fuzzer.machine(), sim::KernelSet::Scalar, 1);
    completed += first.size() == 32768;
    for (const std::string &name : sim::availableKernels())
      for (unsigned threads : {1u, 2u})
        if (run(program, fuzzer.machine(), sets[name], threads) != first) {
          std::printf("seed %d: %s with %u threads differs\n", seed, name.c_str(), threads);
          return 1;
        }
  }
  std::printf("ok: %d of %d hostile programs ran to their end\n", completed, rounds);
  return completed * 20 < rounds;
}
