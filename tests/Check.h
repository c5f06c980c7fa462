// A test case is a function led by a sentence; CHECK reports file and line of what does not hold.
// A test executable is made of such cases and a TEST_MAIN.
#pragma once

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace afe::test {

struct Case {
  const char *sentence;
  void (*run)();
};
inline std::vector<Case> &cases() {
  static std::vector<Case> list;
  return list;
}
inline int &failures() {
  static int count = 0;
  return count;
}
inline bool report(bool ok, const char *file, int line, const std::string &what) {
  if (!ok) {
    ++failures();
    std::printf("%s:%d: %s\n", file, line, what.c_str());
  }
  return ok;
}
struct Registration {
  Registration(const char *sentence, void (*run)()) { cases().push_back({sentence, run}); }
};

/// Runs all cases, or those whose sentence contains argv[1]; the exit status says whether all hold.
inline int runAll(int argc, char **argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  for (const Case &c : cases()) {
    if (argc > 1 && !std::strstr(c.sentence, argv[1]))
      continue;
    int before = failures();
    c.run();
    std::printf("%s: %s\n", failures() == before ? "ok" : "FAILED", c.sentence);
  }
  return failures() ? 1 : 0;
}

} // namespace afe::test

#define AFE_CAT2(a, b) a##b
#define AFE_CAT(a, b) AFE_CAT2(a, b)
#define TEST(sentence)                                                                             \
  static void AFE_CAT(testCase, __LINE__)();                                                       \
  static afe::test::Registration AFE_CAT(registration, __LINE__)(sentence,                         \
                                                                 &AFE_CAT(testCase, __LINE__));    \
  static void AFE_CAT(testCase, __LINE__)()
#define CHECK(condition) afe::test::report((condition), __FILE__, __LINE__, #condition)
#define CHECK_MESSAGE(condition, message)                                                          \
  afe::test::report((condition), __FILE__, __LINE__, std::string(#condition) + ": " + (message))
