// What a script runs beside its hooks and functions is guarded like them: coroutines, callbacks and
// exit functions of an unload, finalizers.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

using Clock = std::chrono::steady_clock;

class BesideCalls : public testing::TestWithParam<const char*> {
 protected:
  // How long an unload took, in seconds.
  double Unload(const std::string& source) {
    const int script = hub_.Load("import vh\n" + source);
    hub_.TakeLog();
    const auto start = Clock::now();
    EXPECT_TRUE(Lib().w_Unload(script));
    return std::chrono::duration<double>(Clock::now() - start).count();
  }
  std::string Timer(int script) { return hub_.Hook(script, W_OnTimer, Pack("d", 1.0).get()); }
  std::string Login(int script) {
    return hub_.Hook(script, W_OnUserLogin, Pack("s", "nick").get());
  }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  const ScopedEnvironment limit_{"VH_PYTHON_HOOK_TIMEOUT", "0.3"};
  FakeHub hub_;
};

TEST_P(BesideCalls, ALoopingCoroutineIsInterruptedThoughTheScriptHasNoTimer) {
  const int script = hub_.Load(
      "import asyncio\n"
      "async def OnUserLogin(nick):\n"
      "    await asyncio.sleep(0)\n"
      "    await asyncio.sleep(0.02)\n"
      "    while True: pass\n");
  EXPECT_EQ("l 1", Login(script));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  hub_.TakeLog();
  EXPECT_EQ("(null)", Timer(script)) << "the script has no OnTimer; the hub calls it all the same";
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"] (coroutines) has been running", "interrupted"})) << log;
  EXPECT_LE(1, CountLines(log, {"script.py", "in OnUserLogin"})) << log;
}

TEST_P(BesideCalls, CoroutinesGoOnWhenTheHookBesideThemFails) {
  const int script = hub_.LoadEvaluating(
      "import asyncio\n"
      "steps = 0\n"
      "async def OnUserLogin(nick):\n"
      "    global steps\n"
      "    for _ in range(60):\n"
      "        steps += 1\n"
      "        await asyncio.sleep(0.001)\n"
      "def OnTimer(now): raise ValueError('on purpose')\n");
  EXPECT_EQ("l 1", Login(script));
  for (int i = 0; i < 120; ++i) {
    Timer(script);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ("60", hub_.Evaluate(script, "steps")) << "also while OnTimer fails";
}

TEST_P(BesideCalls, AnAsyncHookThatOnlyFailsIsNotSuspended) {
  const int script = hub_.Load(
      "async def OnUserLogin(nick):\n"
      "    if nick == 'nick': raise ValueError('on purpose')\n"
      "    vh.mc('works')\n"
      "import vh\n");
  hub_.TakeLog();
  for (int i = 0; i < 60; ++i) Login(script);
  hub_.TakeCalls();
  hub_.Hook(script, W_OnUserLogin, Pack("s", "good").get());
  EXPECT_EQ(1, CountLines(hub_.TakeCalls(), {"mc", "works"}));
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"ValueError: on purpose"})) << log;
  EXPECT_EQ(0, CountLines(log, {"suspended"})) << log;
}

TEST_P(BesideCalls, AnUnloadIsNotHeldUpByCallbacks) {
  const double took = Unload(
      "def spin():\n"
      "    while True: pass\n"
      "vh.on_unload(spin)\n");
  EXPECT_GT(1.5, took);
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"] vh.on_unload has been running", "interrupted"})) << log;
}

TEST_P(BesideCalls, AnUnloadIsNotHeldUpByExitFunctions) {
  const double took = Unload(
      "import atexit\n"
      "def spin():\n"
      "    while True: pass\n"
      "atexit.register(spin)\n");
  EXPECT_GT(1.5, took);
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"] (exit functions) has been running", "interrupted"})) << log;
}

TEST_P(BesideCalls, AnUnloadIsNotHeldUpByFinalizers) {
  const double took = Unload(
      "class Kept:\n"
      "    def __del__(self):\n"
      "        while True: pass\n"
      "kept = Kept()\n");
  EXPECT_GT(1.5, took);
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"] (finalizers) has been running", "interrupted"})) << log;
}

// A hook that holds up the hub past its deadline decides nothing any more.
TEST_P(BesideCalls, AResultThatComesTooLateIsNotUsed) {
  const int script = hub_.Load(
      "import time\n"
      "def late():\n"
      "    try: time.sleep(1.2)\n"
      "    except TimeoutError: pass\n"
      "    return 0\n"
      "def OnUserLogin(nick): return late()\n");
  hub_.TakeLog();
  EXPECT_EQ("l 1", Login(script));
  EXPECT_EQ("(null)", hub_.Call(script, "late"));
  char* error = nullptr;
  EXPECT_EQ(1, Lib().w_LastError(&error));
  EXPECT_NE(std::string::npos, std::string(error).find("\"code\":\"timeout\"")) << error;
  std::free(error);
}

// Loading may take as long as it needs, but nobody is left to guess what the hub waits for.
TEST(BesideCallsLoading, IsToldOfWhenItTakesLong) {
  FakeHub hub;
  const int script = hub.Load(
      "import time\n"
      "end = time.monotonic() + 5.5\n"
      "while time.monotonic() < end: pass\n");
  EXPECT_LE(0, script);
  const std::string log = hub.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"] (top level) has been running for 5.", "the hub waits"})) << log;
  EXPECT_EQ(1, CountLines(log, {"script.py", "line 3", "<module>"})) << log;
}

INSTANTIATE_TEST_SUITE_P(Runtimes, BesideCalls, testing::ValuesIn(AllRuntimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
