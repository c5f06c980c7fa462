// Issues layers for the parts of a batch in turn, in the order of the planner's time.

#include "Scheduling/Emitter.h"
#include "Scheduling/GroupEmitter.h"
#include "Scheduling/Stagger.h"

#include <algorithm>

namespace afe::sched {

namespace {

/// A part on its way through the layers.
struct Part {
  Network view;
  int64_t start = 0;  ///< of its first group
  size_t current = 0; ///< its group
  std::unique_ptr<GroupEmitter> group;
  int64_t nextStep = 0;

  bool done(const std::vector<GroupTime> &groups) const { return current == groups.size(); }
  /// When its next step is due, in the planner's time.
  int64_t due(const std::vector<GroupTime> &groups) const {
    const GroupTime &time = groups[current];
    return start + time.start + (group ? time.cycles * nextStep / group->steps : 0);
  }
};

} // namespace

bool Emitter::emitStaggered() {
  const Stagger &stagger = plan.stagger;
  std::vector<GroupTime> groups = groupTimes(plan.mappings, stagger.first, stagger.end);
  std::vector<int64_t> partsBehind(groups.size(), 0);
  std::vector<Part> parts(stagger.parts);
  for (int64_t p = 0; p < stagger.parts; ++p)
    parts[p].view = partOf(network, stagger, p), parts[p].start = p * stagger.lag;
  groupsAtOnce = stagger.parts;
  for (;;) {
    Part *next = nullptr;
    for (Part &part : parts)
      if (!part.done(groups) && (!next || part.due(groups) < next->due(groups)))
        next = &part;
    if (!next)
      break;
    const GroupTime &time = groups[next->current];
    layer = time.first;
    if (!next->group) {
      next->group = groupEmitter(next->view, time.first);
      if (!next->group || !next->group->begin())
        return false;
      next->nextStep = 0;
    }
    if (next->nextStep < next->group->steps && !next->group->step(next->nextStep++))
      return false;
    if (next->nextStep < next->group->steps)
      continue;
    next->group.reset();
    if (++partsBehind[next->current] == stagger.parts)
      retireGroup(time.first, time.end);
    ++next->current;
  }
  kept.clear();
  groupsAtOnce = 1;
  return true;
}

} // namespace afe::sched
