// w_Begin and w_End again and again with scripts of every kind, the library closed and opened
// again, and the end of the process.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

constexpr int kRounds = 50;

TEST(BeginEnd, FiftyTimesWithScriptsOfEveryKind) {
  const char* const kinds[] = {"empty.py", "heavy.py", "threaded.py"};
  for (int round = 0; round < kRounds; ++round) {
    FakeHub hub(kGenerations[round % 3]);
    int kind = round;
    for (const char* runtime : Runtimes()) {
      const ScopedEnvironment chosen("VH_PYTHON_RUNTIME", runtime);
      const std::string file = std::string(VH_LIFECYCLE_SCRIPTS) + "/" + kinds[kind++ % 3];
      ASSERT_LE(0, hub.LoadFile(file)) << "round " << round << ", " << runtime << ", " << file;
    }
    const int script = hub.LoadEvaluating("", "evaluate.py");
    hub.AnswerTo("GetUserHost", [](w_Targs*) { return TextResult("host"); });
    EXPECT_EQ("'host'", hub.Evaluate(script, "vh.GetUserHost('n')")) << "round " << round;
    // Every other round leaves all scripts for w_End to unload.
    if (round % 2) {
      EXPECT_EQ(1, Lib().w_Unload(script));
    }
  }
}

// A copy of the library's functions that can be closed, unlike that of Lib().
class Opened {
 public:
  ~Opened() { dlclose(library_.handle); }
  Opened() = default;
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  const Library* operator->() const { return &library_; }

 private:
  const Library library_ = LoadLibrary(VH_LIBRARY_FILE);
};

std::string WriteScript(const std::string& source) {
  const std::string path = testing::TempDir() + "vh-exit-" + std::to_string(getpid()) + ".py";
  std::ofstream file(path);
  file << source;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
  return path;
}

// From now on the process should end with 7: every step that fails ends it with another number.
void Require(bool condition, int code) {
  if (!condition) std::_Exit(code);
}

// Begins, loads the script and calls its function `answer`. The table must outlive the library's
// use.
void Use(const Opened& library, w_Tcallback* table, const std::string& script) {
  Require(library->w_Begin(table) == 1, 11);
  w_Targs* arguments = library->w_pack("lssssls", long{library->w_ReserveID()}, script.c_str(),
                                       "HubBot", "OpChat", ".", 1700000000L, "config");
  Require(library->w_Load(arguments) == 0, 12);
  w_Targs* answer = library->w_CallFunction(0, "answer", nullptr);
  long number = 0;
  Require(library->w_unpack(answer, "l", &number) == 1 && number == 42, 13);
  library->w_free_args(answer);
  std::free(arguments);
}

const char* const kThreads =
    "import threading, time\n"
    "def tick():\n"
    "    while True: time.sleep(0.001)\n"
    "def spin():\n"
    "    while True: pass\n"
    "for target in (tick, spin, lambda: time.sleep(60)):\n"
    "    threading.Thread(target=target, daemon=True).start()\n"
    "def answer(): return 42\n";

enum class Ending { kEndAndClose, kEndOnly, kNothing };

void UseTwiceAndExit(Ending ending) {
  static w_Tcallback table[W_MAX_CALLBACKS] = {};
  const std::string script = WriteScript(kThreads);
  setenv("VH_PYTHON_UNLOAD_TIMEOUT", "0.3", 1);
  {
    const Opened library;
    Use(library, table, script);
    Require(library->w_End() == 1, 14);
  }
  // Whoever leaves without dlclose does not run the destructor.
  const Opened* library = new Opened;
  Use(*library, table, script);
  if (ending != Ending::kNothing) Require((*library)->w_End() == 1, 15);
  if (ending == Ending::kEndAndClose) delete library;
  std::remove(script.c_str());
  std::exit(7);
}

class ProcessExit : public testing::TestWithParam<const char*> {
 protected:
  ProcessExit() { testing::GTEST_FLAG(death_test_style) = "threadsafe"; }
  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
};

TEST_P(ProcessExit, KeepsTheCodeAfterEndAndClose) {
  EXPECT_EXIT(UseTwiceAndExit(Ending::kEndAndClose), testing::ExitedWithCode(7), "");
}

TEST_P(ProcessExit, KeepsTheCodeAfterEnd) {
  EXPECT_EXIT(UseTwiceAndExit(Ending::kEndOnly), testing::ExitedWithCode(7), "");
}

TEST_P(ProcessExit, KeepsTheCodeWithScriptsStillRunning) {
  EXPECT_EXIT(UseTwiceAndExit(Ending::kNothing), testing::ExitedWithCode(7), "");
}

INSTANTIATE_TEST_SUITE_P(All, ProcessExit, testing::ValuesIn(Runtimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
