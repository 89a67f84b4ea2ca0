// Calls from several threads of the host at once, and from threads that scripts start.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include "fake_hub.hpp"

namespace {

constexpr int kThreads = 4;
constexpr int kCalls = 200;

const std::string kCounting =
    "calls = 0\n"
    "def OnUserLogin(nick):\n"
    "    global calls\n"
    "    calls += 1\n"
    "    return 0\n";

TEST(Threads, OfTheHostMayCallTheSameScripts) {
  FakeHub hub;
  const int scripts[] = {
      hub.LoadEvaluating(kCounting, "first.py"), hub.LoadEvaluating(kCounting, "second.py"),
      hub.Load("# vh: runtime = main\n" + EvaluateSource() + kCounting, "third.py")};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      const Block nick = Pack("s", "nick");
      for (int call = 0; call < kCalls; ++call) {
        for (int script : scripts) {
          const OwningBlock result(Lib().w_CallHook(script, W_OnUserLogin, nick.get()));
          if (Describe(result.get()) != "l 0") ++wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(0, wrong);
  for (int script : scripts) {
    EXPECT_EQ(std::to_string(kThreads * kCalls), hub.Evaluate(script, "calls"));
    EXPECT_EQ(1, Lib().w_Unload(script));
  }
}

// A hub is not made for calls from threads it does not know: they are carried to the thread that
// enters the library or waits in a call, and while none does, they end with an error.
TEST(Threads, OfAScriptDoNotReachTheHub) {
  for (const char* runtime : {"sub", "main"}) {
    const ScopedEnvironment chosen("VH_PYTHON_RUNTIME", runtime);
    const ScopedEnvironment patience("VH_PYTHON_CALL_TIMEOUT", "0.2");
    FakeHub hub;
    const int script = hub.LoadEvaluating(
        "import threading\n"
        "outcomes = []\n"
        "def ask():\n"
        "    outcomes.append(evaluate(\"vh.GetUserHost('n')\"))\n"
        "def start():\n"
        "    threads = [threading.Thread(target=ask) for _ in range(3)]\n"
        "    for thread in threads: thread.start()\n"
        "    while len(outcomes) < 3: pass\n");
    EXPECT_EQ("l 0", hub.Call(script, "start")) << runtime;
    EXPECT_EQ("[True, True, True]",
              hub.Evaluate(script, "[text.startswith('TimeoutError: ') for text in outcomes]"))
        << runtime;
    EXPECT_EQ("", hub.TakeCalls());
    EXPECT_EQ(1, Lib().w_Unload(script));
  }
}

// Whether the process has a thread with this number of the kernel.
bool IsThere(const std::string& thread) {
  return std::filesystem::exists("/proc/self/task/" + thread);
}

TEST(Threads, DaemonsOfAScriptDoNotOutliveIt) {
  for (const char* runtime : {"sub", "main"}) {
    const ScopedEnvironment chosen("VH_PYTHON_RUNTIME", runtime);
    FakeHub hub;
    const int script = hub.LoadEvaluating(
        "import threading, time\n"
        "def tick():\n"
        "    global thread\n"
        "    thread = threading.get_native_id()\n"
        "    started.set()\n"
        "    while True: time.sleep(0.001)\n"
        "started = threading.Event()\n"
        "threading.Thread(target=tick, daemon=True).start()\n"
        "started.wait()\n");
    const std::string thread = hub.Evaluate(script, "thread");
    ASSERT_TRUE(IsThere(thread)) << thread;
    hub.TakeLog();
    EXPECT_EQ(1, Lib().w_Unload(script));
    const std::string log = hub.TakeLog();
    EXPECT_EQ(0, CountLines(log, {"is set aside"})) << log;
    // Python does not run in it any more; the kernel takes a moment to end it.
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (IsThere(thread) && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_FALSE(IsThere(thread)) << runtime;
    EXPECT_EQ(script, hub.LoadEvaluating(kCounting));
    EXPECT_EQ("l 0", hub.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
  }
}

}  // namespace
