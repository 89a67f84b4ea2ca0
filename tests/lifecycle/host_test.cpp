// What belongs to the host: its threads, which come and go, its signals, and its time.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>
#include <vector>

#include "fake_hub.hpp"
#include "memory.h"
#include "runtimes.hpp"

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kHasAddressSanitizer = true;
#elif defined(__has_feature)
constexpr bool kHasAddressSanitizer = __has_feature(address_sanitizer);
#else
constexpr bool kHasAddressSanitizer = false;
#endif

using Clock = std::chrono::steady_clock;

double Milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

class Host : public testing::TestWithParam<const char*> {
 protected:
  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
};

// A forgotten thread state holds 16 KB and more on Python 3.11 and newer.
TEST_P(Host, ThreadsComeAndGo) {
  constexpr int kThreads = 2000;
  FakeHub hub;
  const std::string source = "def OnUserLogin(nick): return 0\n";
  const int first = hub.Load(source, "first.py");
  const int second = hub.Load(source, "second.py");
  const auto call_from_new_threads = [&](int count) {
    for (int i = 0; i < count; ++i) {
      std::thread([&] {
        EXPECT_EQ("l 0", hub.Hook(first, W_OnUserLogin, Pack("s", "nick").get()));
        EXPECT_EQ("l 0", hub.Hook(second, W_OnUserLogin, Pack("s", "nick").get()));
      }).join();
    }
  };
  call_from_new_threads(200);
  const long before = resident_kb();
  call_from_new_threads(kThreads);
  // AddressSanitizer keeps freed memory.
  if (!kHasAddressSanitizer) {
    EXPECT_GT(8 * 1024, resident_kb() - before) << "KB more after " << kThreads << " threads";
  }
  const auto start = Clock::now();
  EXPECT_EQ(1, Lib().w_Unload(first));
  EXPECT_GT(500, Milliseconds(Clock::now() - start)) << "ms for the unload";
}

// A thread that is between two calls keeps its thread state; the script ends all the same.
TEST_P(Host, ThreadsMayOutliveTheScript) {
  FakeHub hub;
  const int script = hub.Load("def OnUserLogin(nick): return 0\n");
  std::atomic<int> stage{0};
  std::thread caller([&] {
    EXPECT_EQ("l 0", hub.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
    stage = 1;
    while (stage < 2) std::this_thread::yield();
    EXPECT_EQ("(null)", hub.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
  });
  while (stage < 1) std::this_thread::yield();
  EXPECT_EQ(1, Lib().w_Unload(script));
  stage = 2;
  caller.join();
}

// C extensions ask Python for the thread state of this thread. It is the script's while that runs,
// and none afterwards, for another thread may delete it.
TEST_P(Host, PyGILStateFollowsTheCalls) {
  FakeHub hub;
  // Python 3.12 has no ctypes in own-gil.
  const int script = hub.LoadEvaluating("try: import ctypes\nexcept ImportError: ctypes = None\n");
  const auto seen =
      reinterpret_cast<void* (*)()>(dlsym(RTLD_DEFAULT, "PyGILState_GetThisThreadState"));
  ASSERT_NE(nullptr, seen);
  std::atomic<int> stage{0};
  std::thread caller([&] {
    const char* question = "ctypes is None or ctypes.pythonapi.PyGILState_Check() == 1";
    EXPECT_EQ("True", hub.Evaluate(script, question));
    EXPECT_EQ(nullptr, seen());
    stage = 1;
    while (stage < 2) std::this_thread::yield();
    EXPECT_EQ(nullptr, seen());
  });
  while (stage < 1) std::this_thread::yield();
  EXPECT_EQ(1, Lib().w_Unload(script));
  EXPECT_EQ(nullptr, seen());
  stage = 2;
  caller.join();
}

volatile std::sig_atomic_t signals_seen = 0;
void CountSignal(int) { signals_seen = signals_seen + 1; }

TEST_P(Host, SignalsStayItsOwn) {
  struct sigaction mine = {};
  struct sigaction before[2] = {};
  mine.sa_handler = &CountSignal;
  const int numbers[] = {SIGINT, SIGTERM};
  for (int i : {0, 1}) ASSERT_EQ(0, sigaction(numbers[i], &mine, &before[i]));
  {
    FakeHub hub;
    const int script = hub.LoadEvaluating("import asyncio, signal, threading\n");
    for (const char* name : {"SIGINT", "SIGTERM", "SIGUSR1"}) {
      const std::string call = std::string("signal.signal(signal.") + name + ", signal.SIG_DFL)";
      // In a process of its own the script may have them.
      if (GetParam() == std::string("worker")) continue;
      EXPECT_EQ(0u, hub.Evaluate(script, call).find("ValueError: ")) << call;
    }
    EXPECT_EQ("'ran'", hub.Evaluate(script, "asyncio.run(asyncio.sleep(0, 'ran'))"));
    signals_seen = 0;
    for (int number : numbers) raise(number);
    EXPECT_EQ(2, signals_seen);
    EXPECT_EQ("1", hub.Evaluate(script, "1")) << "no KeyboardInterrupt in scripts";
  }
  for (int i : {0, 1}) {
    struct sigaction now = {};
    ASSERT_EQ(0, sigaction(numbers[i], &before[i], &now));
    EXPECT_EQ(&CountSignal, now.sa_handler) << "signal " << numbers[i];
  }
}

// The runtime of the script that is called, and of the one that is busy.
class BusyScript : public testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(BusyScript, DoesNotDelayOthers) {
  constexpr int kCalls = 200;
  constexpr double kLimitMs = 50;
  constexpr auto kPause = std::chrono::milliseconds(2);
  const auto [called, busy] = GetParam();
  std::vector<double> times;
  // How much later than asked for the machine wakes a thread: its part in a call that waits.
  std::vector<double> delays;
  {
    FakeHub hub;
    const std::string header = "# vh: runtime = ";
    const int calm = hub.Load(header + called + "\ndef OnUserLogin(nick): return 0\n", "calm.py");
    ASSERT_LE(0, hub.Load(header + busy +
                              "\nimport threading\n"
                              "def spin():\n"
                              "    while True: sum(range(100))\n"
                              "threading.Thread(target=spin, daemon=True).start()\n",
                          "busy.py"));
    for (int call = 0; call < kCalls; ++call) {
      // The hub waits for its clients; meanwhile the busy script takes the lock.
      const auto asleep = Clock::now();
      std::this_thread::sleep_for(kPause);
      const auto start = Clock::now();
      delays.push_back(Milliseconds(start - asleep - kPause));
      ASSERT_EQ("l 0", hub.Hook(calm, W_OnUserLogin, Pack("s", "nick").get()));
      times.push_back(Milliseconds(Clock::now() - start));
    }
  }
  std::sort(times.begin(), times.end());
  std::sort(delays.begin(), delays.end());
  const double p99 = times[kCalls * 99 / 100];
  const double delay = delays[kCalls * 99 / 100];
  std::printf(
      "hook in %-7s beside a busy script in %-7s: p50 %.2f ms, p99 %.2f ms, max %.2f ms; "
      "wakes p99 %.2f ms late\n",
      called, busy, times[kCalls / 2], p99, times.back(), delay);
  // Both threads have to be woken, in turns.
  EXPECT_GT(kLimitMs + 10 * delay, p99);
}

INSTANTIATE_TEST_SUITE_P(
    All, BusyScript, testing::Combine(testing::ValuesIn(Runtimes()), testing::ValuesIn(Runtimes())),
    [](const auto& info) {
      return NameOf(std::get<0>(info.param)) + "_beside_" + NameOf(std::get<1>(info.param));
    });

INSTANTIATE_TEST_SUITE_P(All, Host, testing::ValuesIn(AllRuntimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
