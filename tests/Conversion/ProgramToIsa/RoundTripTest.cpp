// Programs through MLIR and back, and through its text and back, and how long it takes.
//   program-to-isa-test [part of a sentence]

#include "Check.h"
#include "Conversion/ProgramToIsa/ProgramToIsa.h"
#include "Conversion/ProgramToIsa/Text.h"
#include "Encoding/Programs.h"

#include "mlir/IR/Verifier.h"

#include <chrono>

using namespace afe;
using namespace afe::test;

namespace {

constexpr unsigned kSeed = 20240817;

/// A random program with tables that the verifier accepts.
isa::Program coherentProgram(Random &random, const Target &target, size_t instructions) {
  isa::Program p = randomProgram(random, target, instructions);
  for (isa::Buffer &buffer : p.buffers) {
    std::tie(buffer.firstUse, buffer.lastUse) = std::minmax({buffer.firstUse, buffer.lastUse});
    buffer.quads = buffer.memory == isa::Memory::L1 ? 1 + below(random, 255) : 0;
  }
  for (isa::DramRequest &request : p.requests)
    std::tie(request.issue, request.due) = std::minmax({request.issue, request.due});
  for (auto *tensors : {&p.inputs, &p.outputs})
    for (isa::IoTensor &tensor : *tensors)
      for (int64_t &size : tensor.shape)
        size += 1;
  p.batch = 1 + below(random, 16);
  p.endCycle = uint32_t(random());
  return p;
}

bool sameStreams(const isa::Program &a, const isa::Program &b) {
  if (a.streams.size() != b.streams.size())
    return false;
  for (size_t q = 0; q < a.streams.size(); ++q)
    if (a.streams[q].size() != b.streams[q].size() ||
        !std::equal(a.streams[q].begin(), a.streams[q].end(), b.streams[q].begin(),
                    sameInstruction))
      return false;
  return true;
}

struct Round {
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mla::ProgramOp op;

  explicit Round(const isa::Program &program) {
    context.loadDialect<mla::MLADialect>();
    module = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
    mlir::OpBuilder builder = mlir::OpBuilder::atBlockEnd(module->getBody());
    op = mla::fromProgram(program, builder);
  }
};

double millisecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

TEST("a program that went through MLIR encodes to the same bytes, and has the same instructions") {
  Random random(kSeed);
  for (const char *name : {"mlsoc", "one quad"}) {
    Target target;
    target.name = name;
    target.quads = target.name == "mlsoc" ? 4 : 1;
    for (int i = 0; i < 20; ++i) {
      isa::Program program = coherentProgram(random, target, 60);
      Round round(program);
      CHECK(succeeded(mlir::verify(*round.module)));
      mlir::FailureOr<isa::Program> back = mla::toProgram(round.op);
      CHECK(succeeded(back));
      std::string error;
      std::vector<uint8_t> bytes = isa::encodeLm(program, target, error);
      CHECK(!bytes.empty());
      CHECK(bytes == isa::encodeLm(*back, target, error));
      CHECK(sameStreams(program, *back));
    }
  }
}

TEST("the text of a file is the file: disassembled and assembled it has the same bytes") {
  Random random(kSeed);
  Target target;
  target.name = "small";
  target.quads = 2;
  target.instruction_block_bytes = 256;
  for (int i = 0; i < 20; ++i) {
    std::string error;
    std::vector<uint8_t> bytes = isa::encodeLm(coherentProgram(random, target, 60), target, error);
    std::string text = mla::disassemble(bytes, &target, error);
    CHECK(!text.empty());
    CHECK(bytes == mla::assemble(text, error));
    CHECK(error.empty());
  }
}

TEST("bytes that are no file, and text that is no program, are refused with a reason") {
  std::string error;
  CHECK(mla::disassemble({1, 2, 3}, nullptr, error).empty());
  CHECK(error.find("ELF") != std::string::npos);
  error.clear();
  CHECK(mla::assemble("module {", error).empty());
  CHECK(error.find("expected") != std::string::npos);
  error.clear();
  CHECK(mla::assemble("module {}", error).empty());
  CHECK(error == "the module holds 0 programs and binaries, expected one");
}

TEST("a file is not taken for one of another target") {
  std::string error;
  Target target, other;
  other.quads = 2;
  std::vector<uint8_t> bytes = isa::encodeLm(tiledProgram(target, 1, 3), target, error);
  CHECK(mla::disassemble(bytes, &other, error).empty());
  CHECK(error.find("was made for target 'mlsoc'") != std::string::npos);
}

TEST("ten thousand instructions are converted, verified and converted back in a second") {
  Target target;
  isa::Program program = tiledProgram(target, 5, 125);
  size_t count = 0;
  for (const auto &stream : program.streams)
    count += stream.size();
  auto start = std::chrono::steady_clock::now();
  Round round(program);
  double from = millisecondsSince(start);
  start = std::chrono::steady_clock::now();
  CHECK(succeeded(mlir::verify(*round.module)));
  double verified = millisecondsSince(start);
  start = std::chrono::steady_clock::now();
  mlir::FailureOr<isa::Program> back = mla::toProgram(round.op);
  double to = millisecondsSince(start);
  CHECK(succeeded(back) && sameStreams(program, *back));
  std::printf("%zu instructions: fromProgram %.1f ms, verify %.1f ms, toProgram %.1f ms\n", count,
              from, verified, to);
  CHECK(count >= 10000 && from + verified + to < 1000);
}

} // namespace

int main(int argc, char **argv) { return runAll(argc, argv); }
