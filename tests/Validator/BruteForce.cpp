// Bytes of every access, one by one, and what they do to each other.

#include "BruteForce.h"
#include "LegalProgram.h"

#include <map>
#include <tuple>

namespace afe::test {
namespace {

/// Bytes that an access touches, as (memory, address); memory -1 is L2, else the quad's L1.
class Bytes {
public:
  using Byte = std::pair<int, int64_t>;
  void insert(const Byte &byte) { list.push_back(byte); }
  void add(const Bytes &other) { list.insert(list.end(), other.list.begin(), other.list.end()); }
  void finish() {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
  bool meets(const Bytes &other) const {
    return std::any_of(list.begin(), list.end(), [&](const Byte &byte) {
      return std::binary_search(other.list.begin(), other.list.end(), byte);
    });
  }
  auto begin() const { return list.begin(); }
  auto end() const { return list.end(); }

private:
  std::vector<Byte> list;
};
struct Touch {
  int64_t start, end, ready;
  bool request = false;
  Bytes reads, writes;
  Bytes fixed; ///< reads that are never in place: parameters, tables, micro-programs
};

void addRun(Bytes &bytes, int memory, int64_t from, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    bytes.insert({memory, from + i});
}

void touch(const LoadFields &f, int, unsigned quads, Touch &t) {
  for (int p = 0; p < f.count2; ++p)
    for (int r = 0; r < f.count1; ++r)
      for (int i = 0; i < f.run; ++i) {
        t.reads.insert({-1, f.l2 + p * f.l2_stride2 + r * f.l2_stride1 + i});
        int64_t to = f.transpose ? f.l1 + p * f.l1_stride2 + 16 * i + r
                                 : f.l1 + p * f.l1_stride2 + r * f.l1_stride1 + i;
        for (int q = 0; q < kQuads; ++q)
          if (quads >> q & 1)
            t.writes.insert({q, to});
      }
}

void touch(const StoreFields &f, int quad, unsigned, Touch &t) {
  for (int p = 0; p < f.count2; ++p)
    for (int r = 0; r < f.count1; ++r) {
      addRun(t.reads, quad, f.l1 + p * f.l1_stride2 + r * f.l1_stride1, f.run);
      addRun(t.writes, -1, f.l2 + p * f.l2_stride2 + r * f.l2_stride1, f.run);
    }
}

/// Calls f(image, row, column) of existing input pixels for all outputs and taps.
template <typename Fields, typename Function> void forEachTap(const Fields &f, Function function) {
  for (int n = 0; n < f.images; ++n)
    for (int y = 0; y < f.rows; ++y)
      for (int x = 0; x < f.cols; ++x)
        for (int ky = 0; ky < f.kh; ++ky)
          for (int kx = 0; kx < f.kw; ++kx) {
            int row = f.y0 + y * f.stride_y + ky * f.dil_y;
            int col = f.x0 + x * f.stride_x + kx * f.dil_x;
            if (row >= 0 && row < f.in_h && col >= 0 && col < f.in_w)
              function(n, row, col);
          }
}

void touchWeights(const TensorFields &f, int quad, Touch &t) {
  for (int o = 0; o < f.oc; ++o) {
    int64_t base = f.weights + o / 16 * f.w_so + o % 16;
    for (int ky = 0; ky < f.kh; ++ky)
      for (int kx = 0; kx < f.kw; ++kx)
        for (int c = 0; c < f.ic; ++c) {
          int64_t at = 0;
          if (f.mode == 0)
            at = ((ky * f.kw + kx) * ((f.ic + 15) / 16) + c / 16) * 256 + c % 16 * 16;
          else if (f.mode == 1) // kw * ic bytes of a row follow each other
            at = (ky * ((f.kw * f.ic + 15) / 16) + (kx * f.ic + c) / 16) * 256 +
                 (kx * f.ic + c) % 16 * 16;
          else
            at = (ky * f.kw + kx) * 16;
          t.reads.insert({quad, base + at});
        }
  }
}

void touch(const TensorFields &f, int quad, unsigned, Touch &t) {
  forEachTap(f, [&](int n, int row, int col) {
    int64_t pixel = f.in + n * f.in_sn + row * f.in_sy + col * f.in_sx;
    for (int c = 0; c < f.ic; ++c) {
      if (f.mode == 2 && c >= (f.oc + std::max(f.multiplier, 1) - 1) / std::max(f.multiplier, 1))
        continue;
      t.reads.insert({quad, pixel + (f.mode == 1 ? c : c / 16 * f.in_sc + c % 16)});
    }
  });
  touchWeights(f, quad, t);
  for (int n = 0; f.use_psum && n < f.images; ++n)
    for (int y = 0; y < f.rows; ++y)
      for (int x = 0; x < f.cols; ++x)
        for (int b = 0; b < (f.oc + 15) / 16; ++b)
          addRun(t.reads, quad,
                 f.psum + n * f.psum_sn + y * f.psum_sy + x * f.psum_sx + b * f.psum_sc, 64);
}

void touch(const OutputFields &f, int quad, unsigned, Touch &t) {
  int blocks = (f.oc + 15) / 16;
  int paramBytes = 64 + (f.per_channel && f.mode ? 64 : 0) +
                   (f.per_channel && (f.mode == 1 || f.mode == 2) ? 16 : 0);
  if (f.has_params)
    addRun(t.fixed, quad, f.params, blocks * paramBytes);
  if (f.use_table)
    addRun(t.fixed, quad, f.table, 256);
  for (int n = 0; n < f.images; ++n)
    for (int y = 0; y < f.rows; ++y)
      for (int x = 0; x < f.cols; ++x)
        for (int b = 0; b < blocks; ++b) {
          if (f.residual)
            addRun(t.reads, quad, f.res + n * f.res_sn + y * f.res_sy + x * f.res_sx + b * f.res_sc,
                   16);
          addRun(t.writes, quad, f.out + n * f.out_sn + y * f.out_sy + x * f.out_sx + b * f.out_sc,
                 f.mode ? 16 : 64);
        }
}

/// The micro-programs of the constants, by their address: 0: r0 = a0 + 3; 1: r0 = win_max a0,
/// 2: r0 = table8[a0].
void touch(const VectorFields &f, int quad, unsigned, Touch &t) {
  int kind = (f.program - kMicroAddress) / 512;
  addRun(t.fixed, quad, f.program, f.length * 20);
  if (kind == 2)
    addRun(t.fixed, quad, f.program + 128, 256);
  const int size[] = {0, 1, 1, 2, 4};
  auto element = [](int64_t base, int64_t sc, int64_t lane, int c) {
    return base + c / 16 * sc + c % 16 * lane;
  };
  if (kind == 1)
    forEachTap(f, [&](int n, int row, int col) {
      for (int c = 0; c < f.channels; ++c)
        addRun(t.reads, quad,
               element(f.a0 + n * f.a0_sn + row * f.a0_sy + col * f.a0_sx, f.a0_sc, f.a0_sl, c),
               size[f.a0_type]);
    });
  for (int n = 0; n < f.images; ++n)
    for (int y = 0; y < f.rows; ++y)
      for (int x = 0; x < f.cols; ++x)
        for (int c = 0; c < (f.channels + 15) / 16 * 16; ++c) {
          if (kind != 1 && c < f.channels)
            addRun(t.reads, quad,
                   element(f.a0 + n * f.a0_sn + y * f.a0_sy + x * f.a0_sx, f.a0_sc, f.a0_sl, c),
                   size[f.a0_type]);
          if (c < f.channels || f.r0_sl) // a result with a lane stride is filled up with zeros
            addRun(t.writes, quad,
                   element(f.r0 + n * f.r0_sn + y * f.r0_sy + x * f.r0_sx, f.r0_sc, f.r0_sl, c),
                   size[f.r0_type]);
        }
}

Touch touchOf(const DramRequest &r) {
  Touch t{r.issue, r.due, r.due, true, {}, {}, {}};
  for (uint32_t row = 0; row < r.rows; ++row)
    addRun(r.kind == DramRequest::Kind::ToL2 ? t.writes : t.reads, -1,
           int64_t(r.l2) + int64_t(row) * r.l2Stride, r.rowBytes);
  t.reads.finish();
  t.writes.finish();
  return t;
}

/// Every rule that some pair of accesses, some byte or some cycle breaks.
class BruteForce {
public:
  BruteForce(const Program &p, const Target &target) : p(p), target(target) {
    for (const DramRequest &r : p.requests)
      touches.push_back(touchOf(r));
    for (int q = 0; q < kQuads; ++q)
      for (const Instruction &in : p.streams[size_t(q)])
        add(in, q);
    checkBytes();
    checkEngines();
    checkBanks();
  }
  std::set<std::string> rules;

private:
  void add(const Instruction &in, int quad) {
    int64_t end = in.start + sim::occupancy(target, in);
    Touch t{in.start, end, end + sim::latencyOf(target, in.engine()), false, {}, {}, {}};
    std::visit([&](const auto &f) { touch(f, quad, in.quads, t); }, in.fields);
    for (const auto *bytes : {&t.reads, &t.fixed, &t.writes})
      for (auto [memory, at] : *bytes)
        if (at < 0 || at >= (memory < 0 ? target.l2_bytes : target.l1_bytes))
          rules.insert("out-of-bounds");
    for (Bytes *bytes : {&t.reads, &t.fixed, &t.writes})
      bytes->finish();
    if (t.writes.meets(t.fixed) || (t.writes.meets(t.reads) && !sameAddress(in)))
      rules.insert("self-overlap");
    t.reads.add(t.fixed);
    t.reads.finish();
    touches.push_back(t);
    for (unsigned q = 0; q < kQuads; ++q)
      if (in.quads >> q & 1)
        engines[{int(in.engine()), q}].push_back({in.start, end});
    if (const auto *load = std::get_if<LoadFields>(&in.fields))
      for (int64_t cycle = in.start; cycle < end; ++cycle)
        if ((rate[cycle] += load->transpose ? load->rate / 2 : load->rate) >
            target.l2_read_bytes_per_cycle)
          rules.insert("l2-read-rate");
  }

  static bool sameAddress(const Instruction &in) {
    if (const auto *f = std::get_if<OutputFields>(&in.fields))
      return f->mode && f->res == f->out && f->res_sy == f->out_sy && f->res_sx == f->out_sx &&
             f->res_sc == f->out_sc && f->res_sn == f->out_sn;
    if (const auto *f = std::get_if<VectorFields>(&in.fields))
      return f->program != kMicroAddress + 512 && f->a0 == f->r0 && f->a0_sy == f->r0_sy &&
             f->a0_sx == f->r0_sx && f->a0_sc == f->r0_sc && f->a0_sn == f->r0_sn &&
             f->a0_sl == f->r0_sl && (f->a0_type + 1) / 2 == (f->r0_type + 1) / 2;
    return false;
  }

  /// All accesses of one byte: at no cycle may a write be in flight together with anything else.
  void checkBytes() {
    struct Use {
      Bytes::Byte byte;
      size_t touch;
      bool writes;
      bool operator<(const Use &o) const { return byte < o.byte; }
    };
    std::vector<Use> uses;
    for (size_t i = 0; i < touches.size(); ++i) {
      for (const auto &byte : touches[i].reads)
        uses.push_back({byte, i, false});
      for (const auto &byte : touches[i].writes)
        uses.push_back({byte, i, true});
    }
    std::sort(uses.begin(), uses.end());
    std::set<std::tuple<size_t, size_t, bool>> compared;
    for (size_t first = 0, last = 0; first < uses.size(); first = last) {
      while (last < uses.size() && uses[last].byte == uses[first].byte)
        ++last;
      for (size_t i = first; i < last; ++i) {
        bool written = uses[i].writes;
        for (size_t j = first; j < last; ++j) {
          const Touch &writer = touches[uses[j].touch], &other = touches[uses[i].touch];
          if (uses[i].touch == uses[j].touch || !uses[j].writes)
            continue;
          if (compared.insert({uses[j].touch, uses[i].touch, uses[i].writes}).second)
            comparePair(writer, other, uses[i].writes);
          written = written || writer.start <= other.start;
        }
        if (!written)
          rules.insert("uninitialized-read");
      }
    }
  }

  void comparePair(const Touch &writer, const Touch &other, bool otherWrites) {
    int64_t until = otherWrites ? other.ready : other.end;
    bool together = false;
    for (int64_t cycle = writer.start; cycle < writer.ready; ++cycle)
      together = together || (cycle >= other.start && cycle < until);
    if (!together)
      return;
    if (writer.request || other.request)
      rules.insert("dram-ownership");
    else if (otherWrites)
      rules.insert("waw");
    if (!otherWrites && writer.start <= other.start)
      rules.insert("raw");
    if (!otherWrites && writer.start >= other.start)
      rules.insert("war");
  }

  void checkEngines() {
    for (const auto &[key, list] : engines)
      for (size_t i = 0; i < list.size(); ++i)
        for (size_t j = 0; j < i; ++j)
          for (int64_t cycle = list[i].first; cycle < list[i].second; ++cycle)
            if (cycle >= list[j].first && cycle < list[j].second)
              rules.insert({"engine-overlap"});
  }

  /// Instructions on one bank in the order of their starts.
  void checkBanks() {
    for (int q = 0; q < kQuads; ++q)
      for (int bank = 0; bank < 4; ++bank) {
        std::vector<const Instruction *> list;
        for (const Instruction &in : p.streams[size_t(q)]) {
          const auto *t = std::get_if<TensorFields>(&in.fields);
          const auto *o = std::get_if<OutputFields>(&in.fields);
          if ((t && t->bank == bank) || (o && o->bank == bank))
            list.push_back(&in);
        }
        for (size_t i = 0; i < list.size(); ++i)
          checkBank(list, i);
      }
  }

  void checkBank(const std::vector<const Instruction *> &list, size_t i) {
    const Instruction &in = *list[i];
    const auto *t = std::get_if<TensorFields>(&in.fields);
    const Instruction *filler = nullptr;
    for (size_t j = 0; j < i; ++j) {
      const Instruction &before = *list[j];
      int64_t end = before.start + sim::occupancy(target, before);
      bool fills = before.engine() == Engine::Tensor;
      if (fills)
        filler = &before;
      if (t && in.start < (fills && !t->accumulate ? readyOf(before, target) : end))
        rules.insert("bank-hazard");
      if (!t && fills && in.start < readyOf(before, target))
        rules.insert("bank-hazard");
    }
    if ((!t || t->accumulate) && (!filler || !sameBlock(*filler, in)))
      rules.insert("bank-hazard");
  }

  static bool sameBlock(const Instruction &filler, const Instruction &in) {
    const auto &f = std::get<TensorFields>(filler.fields);
    int pixels = f.images * f.rows * f.cols, blocks = (f.oc + 15) / 16;
    if (const auto *o = std::get_if<OutputFields>(&in.fields))
      return pixels == o->images * o->rows * o->cols && blocks == (o->oc + 15) / 16;
    const auto &t = std::get<TensorFields>(in.fields);
    return pixels == t.images * t.rows * t.cols && blocks == (t.oc + 15) / 16 &&
           (f.mode == 2) == (t.mode == 2) && (f.mode == 2 || f.grid_p == t.grid_p);
  }

  const Program &p;
  const Target &target;
  std::vector<Touch> touches;
  std::map<std::pair<int, unsigned>, std::vector<std::pair<int64_t, int64_t>>> engines;
  std::map<int64_t, int64_t> rate;
};

} // namespace

std::set<std::string> brokenRules(const Program &program, const Target &target) {
  return BruteForce(program, target).rules;
}

} // namespace afe::test
