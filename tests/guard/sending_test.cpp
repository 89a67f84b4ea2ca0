// Exceptions that are sent to threads: they reach the right thread, and leave no lock of the import
// system taken.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

class Sending : public testing::TestWithParam<const char*> {
 protected:
  // Calls a function that goes on until it is interrupted, as often; never 3 times in a row, so
  // that it is not suspended.
  void Interrupt(int script, int times) {
    for (int i = 0; i < times; ++i) {
      if (i % 2 == 0) hub_.Call(script, "work", Pack("l", 0L).get());
      EXPECT_EQ("(null)", hub_.Call(script, "work", Pack("l", 1L).get())) << i;
    }
  }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  FakeHub hub_;
};

// Modules are imported again and again, and interrupted anywhere in that. Afterwards another thread
// must be able to import all of them: a lock that stayed taken is still the first thread's.
TEST_P(Sending, LeavesNoLockOfTheImportSystemTaken) {
  hub_.WriteScript("from part_c import value\n", "part_a.py");
  hub_.WriteScript("import part_a, part_c\n", "part_b.py");
  hub_.WriteScript("value = 1\n", "part_c.py");
  const int script = hub_.Load(
      "# vh: timeout = 0.02\n"
      "import sys, threading\n"
      "names = ['part_a', 'part_b', 'part_c', 'missing_a', 'missing_b']\n"
      "def load():\n"
      "    for name in names: sys.modules.pop(name, None)\n"
      "    for name in names:\n"
      "        try: __import__(name)\n"
      "        except ImportError: pass\n"
      "def work(on):\n"
      "    while on: load()\n"
      "    return 1\n"
      "outcome = []\n"
      "def check():\n"
      "    load()\n"
      "    outcome.append('free')\n"
      "def start_check():\n"
      "    outcome.clear()\n"
      "    threading.Thread(target=check, daemon=True).start()\n"
      "    return 1\n"
      "def result(): return str(outcome)\n");
  ASSERT_LE(0, script) << hub_.TakeLog();
  for (int round = 0; round < 2; ++round) {
    Interrupt(script, 100);
    hub_.Call(script, "start_check");
    std::string found;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (found != "s \"['free']\"" && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      found = hub_.Call(script, "result");
    }
    ASSERT_EQ("s \"['free']\"", found) << round;
  }
}

// A thread that has not begun bears the number of the thread that makes it, up to Python 3.11.
TEST_P(Sending, ReachesTheThreadAndNotOneItStarts) {
  const int script = hub_.LoadEvaluating(
      "# vh: timeout = 0.02\n"
      "import _thread, sys, threading\n"
      "struck = []\n"
      "sys.unraisablehook = lambda failure: struck.append(failure.exc_type.__name__)\n"
      "threading.excepthook = lambda failure: struck.append(failure.exc_type.__name__)\n"
      "def born(): pass\n"
      "def work(on):\n"
      "    while on:\n"
      "        try: _thread.start_new_thread(born, ())\n"
      "        except RuntimeError: pass  # There are too many at this moment.\n"
      "    return 1\n");
  ASSERT_LE(0, script) << hub_.TakeLog();
  Interrupt(script, 500);
  EXPECT_EQ("[]", hub_.Evaluate(script, "struck[:5]"));
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Sending, testing::ValuesIn(Runtimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
