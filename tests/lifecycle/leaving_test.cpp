// What a script may still do when it goes: exit functions, and finalizers of what its globals hold.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

class Leaving : public testing::TestWithParam<const char*> {
 protected:
  std::string LogOfUnload(int script) {
    hub_.TakeLog();
    EXPECT_EQ(1, Lib().w_Unload(script));
    return hub_.TakeLog();
  }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  FakeHub hub_;
};

// Lines of a text that finalizers have printed, sorted: Python promises no order.
std::vector<std::string> Finalized(const std::string& text) {
  std::istringstream lines(text);
  std::vector<std::string> found;
  for (std::string line; std::getline(lines, line);) {
    const size_t start = line.find("fin:");
    if (start != std::string::npos) found.push_back(line.substr(start));
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string OutputOf(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string output;
  std::array<char, 4096> part;
  while (size_t length = fread(part.data(), 1, part.size(), pipe)) {
    output.append(part.data(), length);
  }
  EXPECT_EQ(0, pclose(pipe)) << command;
  return output;
}

const std::string kFinalizers = std::string(VH_LIFECYCLE_SCRIPTS) + "/finalizers.py";

// As it is when plain Python runs the script and ends.
TEST_P(Leaving, FinalizersFindTheGlobals) {
  const auto expected = Finalized(OutputOf(std::string(VH_PYTHON_EXECUTABLE) + " " + kFinalizers));
  ASSERT_LE(15u, expected.size());
  for (int round = 0; round < 3; ++round) {
    const int script = hub_.LoadFile(kFinalizers);
    ASSERT_LE(0, script);
    const std::string log = LogOfUnload(script);
    EXPECT_EQ(expected, Finalized(log)) << log;
    EXPECT_EQ(0, CountLines(log, {"Exception ignored"})) << log;
  }
}

// A library has a function of the script, as callbacks are; Python's collector may be off.
TEST_P(Leaving, FinalizersFindTheGlobalsThatALibraryHolds) {
  for (const char* more : {"import copyreg\ncopyreg.pickle(Noisy, tell)\n",
                           "import gc\ngc.disable()\n", "import gc\ngc.freeze()\n"}) {
    const int script = hub_.Load(
        "constant = 42\n"
        "def tell(name): print('fin:', name, constant, flush=True)\n"
        "class Noisy:\n"
        "    def __del__(self): tell('object')\n"
        "def generate():\n"
        "    try: yield\n"
        "    finally: tell('generator')\n"
        "_noisy = Noisy()\n"
        "several = [Noisy()]\n"
        "generator = generate()\n"
        "next(generator)\n" +
        std::string(more));
    const std::string log = LogOfUnload(script);
    EXPECT_EQ((std::vector<std::string>{"fin: generator 42", "fin: object 42", "fin: object 42"}),
              Finalized(log))
        << more << log;
  }
}

const std::string kAsksAtExit =
    "import atexit, threading, vh\n"
    "@atexit.register\n"
    "def ask(): print('at exit', vh.GetUserHost('n'), vh.myid, flush=True)\n";

TEST_P(Leaving, ExitFunctionsReachTheHub) {
  hub_.AnswerTo("GetUserHost", [](w_Targs*) { return TextResult("host"); });
  const int script = hub_.Load(kAsksAtExit +
                               "@vh.on_unload\n"
                               "def goodbye(): print('on_unload', flush=True)\n"
                               "def UnLoad(): print('UnLoad', flush=True)\n"
                               "def run():\n"
                               "    while True: threading.Event().wait(0.01)\n"
                               "threading.Thread(target=run, daemon=True).start()\n");
  hub_.TakeCalls();
  const std::string log = LogOfUnload(script);
  EXPECT_LT(log.find("UnLoad\n"), log.find("on_unload\n")) << log;
  EXPECT_LT(log.find("on_unload\n"), log.find("at exit host " + std::to_string(script))) << log;
  EXPECT_EQ(1, CountLines(log, {"at exit host"})) << log;
  EXPECT_EQ(std::to_string(script) + " GetUserHost s \"n\"\n", hub_.TakeCalls());
}

TEST_P(Leaving, ExitFunctionsReachTheHubAtItsEnd) {
  const std::string kept = testing::TempDir() + "vh-at-exit-" + std::to_string(getpid());
  {
    FakeHub* outer = &hub_;
    outer->AnswerTo("GetUserHost", [](w_Targs*) { return TextResult("host"); });
    outer->Load(
        "import atexit, vh\n"
        "@atexit.register\n"
        "def ask():\n"
        "    with open('" +
        kept + "', 'w') as file: file.write(vh.GetUserHost('n'))\n");
    Lib().w_End();
  }
  std::ifstream file(kept);
  std::string text;
  std::getline(file, text);
  EXPECT_EQ("host", text);
  std::remove(kept.c_str());
}

// One that does not load is told nothing, but Python runs its exit functions.
TEST_P(Leaving, ExitFunctionsOfAScriptThatDoesNotLoadReachTheHub) {
  hub_.AnswerTo("GetUserHost", [](w_Targs*) { return TextResult("host"); });
  EXPECT_EQ(-1, hub_.Load(kAsksAtExit + "1 / 0\n"));
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"at exit host"})) << log;
}

// Whatever comes after the exit functions is refused.
TEST_P(Leaving, FinalizersDoNotReachTheHub) {
  const int script = hub_.Load(
      "import vh\n"
      "class Asks:\n"
      "    def __del__(self, ask=vh.GetUserHost):\n"
      "        try: ask('n')\n"
      "        except BaseException as error: print('refused:', type(error).__name__, flush=True)\n"
      "asks = Asks()\n");
  hub_.TakeCalls();
  const std::string log = LogOfUnload(script);
  EXPECT_EQ(1, CountLines(log, {"refused: SystemExit"})) << log;
  EXPECT_EQ("", hub_.TakeCalls());
}

// As in plain Python: all registrations of the function go, those of others stay.
TEST_P(Leaving, ExitFunctionsCanBeTakenBack) {
  const int script = hub_.Load(
      "import atexit\n"
      "def twice(*more): print('taken back at load', flush=True)\n"
      "def later(): print('taken back later', flush=True)\n"
      "def stays(): print('this one stays', flush=True)\n"
      "for function in (twice, stays, twice, later): atexit.register(function)\n"
      "atexit.unregister(twice)\n"
      "atexit.unregister(print)\n"
      "def change(): atexit.unregister(later)\n");
  hub_.Call(script, "change");
  const std::string log = LogOfUnload(script);
  EXPECT_EQ(1, CountLines(log, {"this one stays"})) << log;
  EXPECT_EQ(0, CountLines(log, {"taken back"})) << log;
}

TEST_P(Leaving, WorkForTheHostIsRefusedOnceItHasSaidGoodbye) {
  const int script = hub_.Load(
      "import atexit, vh\n"
      "def work(): print('work is done', flush=True)\n"
      "@atexit.register\n"
      "def ask():\n"
      "    future = vh.run_in_host(work)\n"
      "    print('refused:', future.done() and future.exception(0), flush=True)\n");
  const std::string log = LogOfUnload(script);
  EXPECT_EQ(1, CountLines(log, {"refused: the script is being unloaded"})) << log;
  EXPECT_EQ(0, CountLines(log, {"work is done"})) << log;
}

// Whatever a thread has given by then, somebody may wait for: it is told, and nothing of it is done
// for a script that is gone.
TEST_P(Leaving, WorkForTheHostThatNobodyDidIsToldThatTheScriptGoes) {
  const int script = hub_.Load(
      "import threading, vh\n"
      "def work(): print('work is done', flush=True)\n"
      "def give():\n"
      "    global future\n"
      "    future = vh.run_in_host(work)\n"
      "    given.set()\n"
      "    try: print('got', future.result(60), flush=True)\n"
      "    except Exception as error: print('told:', error, flush=True)\n"
      "given = threading.Event()\n"
      "thread = threading.Thread(target=give)\n"
      "@vh.on_unload\n"
      "def last():\n"
      "    thread.start()\n"
      "    while not given.is_set(): pass\n");
  const std::string log = LogOfUnload(script);
  EXPECT_EQ(1,
            CountLines(log, {"told: the script is being unloaded"}) + CountLines(log, {"got None"}))
      << log;
  EXPECT_EQ(CountLines(log, {"got None"}), CountLines(log, {"work is done"})) << log;
}

// A pipe that a thread of a script is stuck in until its other end is closed.
class StuckThread {
 public:
  StuckThread() { EXPECT_EQ(0, pipe2(ends_, O_CLOEXEC)); }
  ~StuckThread() {
    Release();
    close(ends_[0]);
  }
  void Release() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  // Starts it when a script is loaded.
  std::string Source() const {
    return "import os, threading\n"
           "threading.Thread(target=os.read, args=(" +
           std::to_string(ends_[0]) + ", 1), daemon=True).start()\n";
  }

 private:
  int ends_[2] = {-1, -1};
};

// Its id may be another script's by then, and after w_End there is no hub.
// Only an interpreter of the hub's process is kept for threads that are stuck.
class LeavingAside : public Leaving {};

TEST_P(LeavingAside, ExitFunctionsThatComeLateDoNotReachTheHub) {
  const ScopedEnvironment deadline("VH_PYTHON_UNLOAD_TIMEOUT", "0.2");
  StuckThread stuck;
  const int script = hub_.Load(stuck.Source() +
                               "import atexit, vh\n"
                               "@atexit.register\n"
                               "def ask():\n"
                               "    try: vh.GetUserHost('n')\n"
                               "    except BaseException as error:\n"
                               "        print('late:', type(error).__name__, flush=True)\n"
                               "    else: print('late: reached the hub', flush=True)\n");
  hub_.TakeLog();
  EXPECT_EQ(1, Lib().w_Unload(script));
  ASSERT_EQ(1, CountLines(hub_.TakeLog(), {"is set aside"}));
  hub_.TakeCalls();
  stuck.Release();
  std::string log;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (log.find("late:") == std::string::npos && std::chrono::steady_clock::now() < end) {
    ASSERT_EQ(script,
              hub_.Load("", "next.py"));  // The library looks again at each load and unload.
    EXPECT_EQ(1, Lib().w_Unload(script));
    log += hub_.TakeLog();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(1, CountLines(log, {"late: SystemExit"})) << log;
  EXPECT_EQ("", hub_.TakeCalls());
}

INSTANTIATE_TEST_SUITE_P(All, LeavingAside, testing::ValuesIn(Runtimes()),
                         [](const auto& info) { return NameOf(info.param); });
INSTANTIATE_TEST_SUITE_P(All, Leaving, testing::ValuesIn(AllRuntimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
