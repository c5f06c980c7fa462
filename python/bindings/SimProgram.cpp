// Conversion between isa::Program and dictionaries. Each struct lists its keys once, in a visitor
// that reads or writes them.

#include "SimProgram.h"

#include "Encoding/Fields.h"
#include "Encoding/MicroCost.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;

namespace afe::python {
namespace {

[[noreturn]] void fail(const std::string &text) { throw nb::value_error(text.c_str()); }

/// Reads the keys that a struct lists from a dictionary; every key of it must be listed.
class Reader {
public:
  Reader(const nb::dict &from, std::string what) : from(from), what(std::move(what)) {}

  template <class T> void operator()(const char *key, T &value) {
    if (!from.contains(key))
      return;
    ++found;
    try {
      value = nb::cast<T>(from[key]);
    } catch (const nb::cast_error &) {
      fail(what + ": '" + key + "' has the wrong type or is out of range");
    }
  }
  void operator()(const char *key, isa::Memory &value) { choice(key, value, {"dram", "l2", "l1"}); }
  void operator()(const char *key, isa::DramRequest::Kind &value) {
    choice(key, value, {"to_l2", "from_l2", "instructions"});
  }
  void operator()(const char *key, isa::Codec &value) { choice(key, value, {"none", "rans"}); }
  void done() const {
    if (found != nb::len(from))
      fail(what + " has a key that is not known: " + nb::cast<std::string>(nb::repr(from.keys())));
  }

private:
  template <class E>
  void choice(const char *key, E &value, std::initializer_list<const char *> names) {
    std::string name;
    (*this)(key, name);
    uint8_t index = 0;
    for (const char *candidate : names) {
      if (name == candidate)
        value = E(index);
      ++index;
    }
  }

  const nb::dict &from;
  const std::string what;
  size_t found = 0;
};

class Writer {
public:
  template <class T> void operator()(const char *key, const T &value) { to[key] = nb::cast(value); }
  void operator()(const char *key, const isa::Memory &value) {
    static const char *const kNames[] = {"dram", "l2", "l1"};
    to[key] = kNames[unsigned(value)];
  }
  void operator()(const char *key, const isa::DramRequest::Kind &value) {
    static const char *const kNames[] = {"to_l2", "from_l2", "instructions"};
    to[key] = kNames[unsigned(value)];
  }
  void operator()(const char *key, const isa::Codec &value) {
    static const char *const kNames[] = {"none", "rans"};
    to[key] = kNames[unsigned(value)];
  }
  nb::dict to;
};

template <class V, class T> void visit(V &v, T &r, const isa::DramRequest *) {
  v("kind", r.kind), v("issue", r.issue), v("due", r.due), v("dram", r.dram), v("l2", r.l2);
  v("rows", r.rows), v("row_bytes", r.rowBytes), v("dram_stride", r.dramStride);
  v("l2_stride", r.l2Stride), v("codec", r.codec), v("encoded_bytes", r.encodedBytes);
  v("layer", r.layer), v("dram_buffer", r.dramBuffer), v("l2_buffer", r.l2Buffer);
}
template <class V, class T> void visit(V &v, T &b, const isa::Buffer *) {
  v("memory", b.memory), v("quads", b.quads), v("address", b.address), v("size", b.size);
  v("first_use", b.firstUse), v("last_use", b.lastUse), v("in_place_of", b.inPlaceOf);
  v("name", b.name);
}
template <class V, class T> void visit(V &v, T &t, const isa::IoTensor *) {
  v("name", t.name), v("dram", t.dram), v("bytes", t.bytes), v("scalar", t.scalar);
  v("shape", t.shape), v("layout", t.layout);
}
template <class V, class T> void visit(V &v, T &l, const isa::Layer *) {
  v("name", l.name), v("sources", l.sources);
}
template <class V, class T> void visit(V &v, T &b, const isa::InstructionBlock *) {
  v("bytes", b.bytes), v("dram", b.dram), v("needed_at", b.neededAt), v("done_at", b.doneAt);
}
template <class V, class T> void visitHead(V &v, T &p) {
  v("name", p.name), v("target", p.target), v("target_hash", p.targetHash), v("quads", p.quads);
  v("end_cycle", p.endCycle), v("batch", p.batch), v("dram_bytes", p.dramBytes);
}

nb::dict asDict(nb::handle item, const std::string &what) {
  if (!nb::isinstance<nb::dict>(item))
    fail(what + " is not a dictionary");
  return nb::borrow<nb::dict>(item);
}

template <class T> std::vector<T> readList(nb::handle items, const char *what) {
  std::vector<T> list;
  for (nb::handle item : items) {
    const std::string name = std::string(what) + " " + std::to_string(list.size());
    const nb::dict dict = asDict(item, name);
    Reader reader(dict, name);
    T value{};
    visit(reader, value, static_cast<const T *>(nullptr));
    reader.done();
    list.push_back(std::move(value));
  }
  return list;
}

template <class T> nb::list writeList(const std::vector<T> &items) {
  nb::list list;
  for (const T &item : items) {
    Writer writer;
    visit(writer, item, static_cast<const T *>(nullptr));
    list.append(writer.to);
  }
  return list;
}

isa::Engine engineNamed(const std::string &name) {
  for (int i = 0; i < isa::kNumEngines; ++i)
    if (name == isa::engineTable(isa::Engine(i)).name)
      return isa::Engine(i);
  fail("there is no engine '" + name + "'");
}

/// True if `key` is one of an instruction's own keys, not of its engine's fields.
bool readHead(isa::Instruction &in, const std::string &key, nb::handle value) {
  if (key == "start")
    in.start = nb::cast<uint32_t>(value);
  else if (key == "quads")
    in.quads = nb::cast<uint8_t>(value);
  else if (key == "layer")
    in.layer = nb::cast<uint32_t>(value);
  else if (key == "buffers")
    for (size_t i = 0; i < in.buffers.size() && i < nb::len(value); ++i)
      in.buffers[i] = nb::cast<uint32_t>(value[i]);
  else
    return key == "op";
  return true;
}

void readField(isa::Instruction &in, const std::string &key, nb::handle value) {
  const isa::EngineTable &table = isa::engineTable(in.engine());
  const int index = isa::findField(table, key);
  if (index < 0)
    fail(std::string("there is no field '") + key + "' of " + table.name);
  const int64_t number = nb::cast<int64_t>(value);
  const std::string problem = isa::checkField(table, unsigned(index), number);
  if (!problem.empty())
    fail(problem);
  isa::fieldWords(in)[index] = isa::storeField(number);
}

nb::dict instructionToDict(const isa::Instruction &in) {
  const isa::EngineTable &table = isa::engineTable(in.engine());
  nb::dict to;
  to["op"] = table.name, to["start"] = in.start, to["quads"] = in.quads, to["layer"] = in.layer;
  nb::list buffers;
  for (uint32_t buffer : in.buffers)
    buffers.append(buffer);
  to["buffers"] = buffers;
  for (unsigned i = 0; i < table.count; ++i)
    to[table.fields[i].name] = table.fields[i].value(isa::fieldWords(in)[i]);
  return to;
}

void readStreams(isa::Program &program, nb::handle streams) {
  for (nb::handle stream : streams) {
    const uint32_t quad = uint32_t(program.streams.size());
    std::vector<isa::Instruction> list;
    for (nb::handle item : stream)
      list.push_back(instructionFromDict(asDict(item, "an instruction"), quad));
    program.streams.push_back(std::move(list));
  }
}

void readPart(isa::Program &p, const std::string &key, nb::handle value) {
  if (key == "streams")
    readStreams(p, value);
  else if (key == "requests")
    p.requests = readList<isa::DramRequest>(value, "request");
  else if (key == "buffers")
    p.buffers = readList<isa::Buffer>(value, "buffer");
  else if (key == "inputs")
    p.inputs = readList<isa::IoTensor>(value, "input");
  else if (key == "outputs")
    p.outputs = readList<isa::IoTensor>(value, "output");
  else if (key == "layers")
    p.layers = readList<isa::Layer>(value, "layer");
  else if (key == "blocks")
    for (nb::handle quad : value)
      p.blocks.push_back(readList<isa::InstructionBlock>(quad, "block"));
  else if (key == "constants") {
    const nb::bytes bytes = nb::cast<nb::bytes>(value);
    p.constants.assign(bytes.c_str(), bytes.c_str() + bytes.size());
  } else
    fail("a program has no key '" + key + "'");
}

uint8_t microOpcode(const std::string &name) {
  for (int code = 0; code < 256; ++code)
    if (isa::MicroInfo info = isa::microInfo(uint8_t(code)); info.name && name == info.name)
      return uint8_t(code);
  fail("there is no micro-operation '" + name + "'");
}

} // namespace

isa::Instruction instructionFromDict(const nb::dict &from, uint32_t quad) {
  if (!from.contains("op"))
    fail("an instruction has no 'op'");
  isa::Instruction in = isa::makeInstruction(engineNamed(nb::cast<std::string>(from["op"])));
  in.quads = uint8_t(1u << quad);
  for (auto [key, value] : from) {
    const std::string name = nb::cast<std::string>(key);
    try {
      if (!readHead(in, name, value))
        readField(in, name, value);
    } catch (const nb::cast_error &) {
      fail("'" + name + "' of an instruction has the wrong type or is out of range");
    }
  }
  return in;
}

isa::Program programFromDict(const nb::dict &from) {
  isa::Program program;
  nb::dict head;
  for (auto [key, value] : from) {
    const std::string name = nb::cast<std::string>(key);
    Writer known;
    visitHead(known, program);
    if (known.to.contains(name.c_str()))
      head[key] = value;
    else
      readPart(program, name, value);
  }
  Reader reader(head, "program");
  visitHead(reader, program);
  reader.done();
  return program;
}

nb::dict programToDict(const isa::Program &program) {
  Writer writer;
  visitHead(writer, program);
  nb::dict to = writer.to;
  nb::list streams, blocks;
  for (const auto &stream : program.streams) {
    nb::list list;
    for (const isa::Instruction &in : stream)
      list.append(instructionToDict(in));
    streams.append(list);
  }
  for (const auto &quad : program.blocks)
    blocks.append(writeList(quad));
  to["streams"] = streams, to["blocks"] = blocks;
  to["requests"] = writeList(program.requests), to["buffers"] = writeList(program.buffers);
  to["inputs"] = writeList(program.inputs), to["outputs"] = writeList(program.outputs);
  to["layers"] = writeList(program.layers);
  to["constants"] = nb::bytes(program.constants.data(), program.constants.size());
  return to;
}

nb::dict trafficToDict(const isa::Program &program) {
  nb::dict to;
  to["requests"] = writeList(program.requests);
  to["layers"] = writeList(program.layers);
  return to;
}

std::vector<isa::MicroOp> microProgramFromList(const nb::list &from) {
  std::vector<isa::MicroOp> program;
  for (nb::handle item : from) {
    const nb::dict dict = asDict(item, "a micro-operation");
    const std::string what = "micro-operation " + std::to_string(program.size());
    Reader reader(dict, what);
    isa::MicroOp op;
    std::string name;
    reader("op", name);
    reader("d", op.d), reader("a", op.a), reader("b", op.b), reader("c", op.c);
    reader("mode", op.mode), reader("x", op.x), reader("y", op.y), reader("z", op.z);
    reader.done();
    op.opcode = microOpcode(name);
    program.push_back(op);
  }
  return program;
}

Target targetFromDict(const nb::dict &from) {
  Target target;
  for (auto [key, value] : from) {
    const std::string name = nb::cast<std::string>(key);
    if (name == "name")
      target.name = nb::cast<std::string>(value);
    else if (int64_t *field = target.find(name))
      *field = nb::cast<int64_t>(value);
    else
      fail("a target has no field '" + name + "'");
  }
  const std::string problem = target.check();
  if (!problem.empty())
    fail(problem);
  return target;
}

} // namespace afe::python
