// Errors that come again and again are told once, and hooks that go past their deadline again and
// again are suspended.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

constexpr const char* kBad =
    "mood = 'bad'\n"
    "def OnUserLogin(nick):\n"
    "    if mood == 'bad':\n"
    "        raise ValueError('on purpose')\n"
    "    if mood == 'worse':\n"
    "        raise ValueError('elsewhere')\n"
    "    if mood == 'stuck':\n"
    "        while True: pass\n"
    "    return 0\n"
    "def OnTimer(now): return 0\n"
    "def set_mood(new):\n"
    "    global mood\n"
    "    mood = new\n"
    "def fail(): raise KeyError('key')\n"
    "def row(name):\n"
    "    for script in vh.stats()['scripts']:\n"
    "        for row in script['calls']:\n"
    "            if script['id'] == vh.myid and row['name'] == name: return row\n";

class Breaker : public testing::TestWithParam<const char*> {
 protected:
  std::string Login(int times = 1) {
    std::string result;
    for (int i = 0; i < times; ++i) {
      result = hub_.Hook(script_, W_OnUserLogin, Pack("s", "nick").get());
    }
    return result;
  }
  void SetMood(const char* mood) { hub_.Call(script_, "set_mood", Pack("s", mood).get()); }
  std::string Row(const std::string& field) {
    return hub_.Evaluate(script_, "row('OnUserLogin')['" + field + "']");
  }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  const ScopedEnvironment limit_{"VH_PYTHON_HOOK_TIMEOUT", "0.1"};
  FakeHub hub_;
  int script_ = hub_.LoadEvaluating(kBad);
};

TEST_P(Breaker, TellsEachErrorOnceInFull) {
  hub_.TakeLog();
  EXPECT_EQ("l 1", Login(10));
  std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"PY: [", "OnUserLogin raised"})) << log;
  EXPECT_EQ(1, CountLines(log, {"ValueError: on purpose"})) << log;
  SetMood("worse");
  Login(5);
  log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"ValueError: elsewhere"})) << "another line of code:\n" << log;
  EXPECT_EQ("(null)", hub_.Call(script_, "fail"));
  EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"KeyError: 'key'"})) << "another function";
  EXPECT_EQ("15", Row("errors"));
  EXPECT_EQ(1, Lib().w_Unload(script_));
  log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"OnUserLogin failed 9 more times: ValueError in", "line 13"}))
      << log;
  EXPECT_EQ(1, CountLines(log, {"OnUserLogin failed 4 more times: ValueError in", "line 15"}))
      << log;
}

TEST_P(Breaker, AReloadedScriptStartsAnew) {
  Login(3);
  EXPECT_EQ(1, Lib().w_Unload(script_));
  hub_.TakeLog();
  script_ = hub_.LoadEvaluating(kBad);
  Login();
  EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"ValueError: on purpose"}));
  EXPECT_EQ("1", Row("errors"));
}

// Whoever sends a hook what it does not expect must not switch it off for everybody.
TEST_P(Breaker, ExceptionsSuspendNothing) {
  Login(100);
  hub_.TakeCalls();
  EXPECT_EQ("(100, 0, False)",
            hub_.Evaluate(script_,
                          "tuple(row('OnUserLogin')[k] for k in ['calls', 'skipped', "
                          "'suspended'])"));
  SetMood("good");
  EXPECT_EQ("l 0", Login());
  EXPECT_EQ(0, CountLines(hub_.TakeLog(), {"suspended"}));
  EXPECT_EQ("", hub_.TakeCalls());
}

TEST_P(Breaker, SuspendsAHookAfterThreeTimeouts) {
  SetMood("stuck");
  hub_.TakeLog();
  hub_.TakeCalls();
  Login(2);
  EXPECT_EQ("False", Row("suspended"));
  EXPECT_EQ("l 1", Login());
  EXPECT_EQ("True", Row("suspended"));
  std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"script.py] OnUserLogin is suspended for 5 s", "3 times in a row"}))
      << log;
  const std::string calls = hub_.TakeCalls();
  EXPECT_EQ(1, CountLines(calls, {"SendToOpChat", "Script script.py: OnUserLogin is suspended",
                                  "lets everything pass"}))
      << calls;
  EXPECT_EQ(0u, calls.find(std::to_string(script_) + " SendToOpChat")) << "in the script's name";
  EXPECT_EQ("l 1", Login(100));
  EXPECT_EQ("(3, 3, 100)",
            hub_.Evaluate(script_,
                          "tuple(row('OnUserLogin')[k] for k in ['calls', 'timeouts', "
                          "'skipped'])"));
  EXPECT_EQ("l 0", hub_.Hook(script_, W_OnTimer, Pack("d", 1.0).get())) << "its other hooks go on";
  EXPECT_EQ("", hub_.TakeLog());
}

TEST_P(Breaker, TriesAgainAndRecovers) {
  SetMood("stuck");
  Login(3);
  hub_.TakeLog();
  hub_.TakeCalls();
  std::this_thread::sleep_for(std::chrono::milliseconds(5050));
  EXPECT_EQ("l 1", Login(3));
  std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"OnUserLogin was tried again and failed", "10 s"})) << log;
  EXPECT_EQ("", hub_.TakeCalls()) << "operators know already";
  EXPECT_EQ("4", Row("calls")) << "one try";
  SetMood("good");
  std::this_thread::sleep_for(std::chrono::milliseconds(10050));
  EXPECT_EQ("l 0", Login());
  log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"OnUserLogin was tried again and works"})) << log;
  EXPECT_EQ(1, CountLines(hub_.TakeCalls(), {"SendToOpChat", "OnUserLogin works again"}));
  SetMood("stuck");
  Login(3);
  log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"OnUserLogin is suspended for 20 s"}))
      << "what comes and goes does not begin with 5 s again";
  EXPECT_EQ(1, CountLines(log, {"OnUserLogin has been running for"}))
      << "what went wrong before is told in full again:\n"
      << log;
}

// What raises is in time again.
TEST_P(Breaker, AnExceptionBetweenKeepsItGoing) {
  for (int round = 0; round < 3; ++round) {
    SetMood("stuck");
    Login(2);
    SetMood("bad");
    EXPECT_EQ("l 1", Login());
  }
  EXPECT_EQ("False", Row("suspended"));
}

TEST_P(Breaker, FunctionsAreNotSuspendedByWhatCallersPass) {
  for (int i = 0; i < 100; ++i) hub_.Call(script_, "fail");
  EXPECT_EQ("(100, 0)", hub_.Evaluate(script_, "(row('fail')['errors'], row('fail')['skipped'])"));
}

TEST_P(Breaker, OperatorsNeedNotBeTold) {
  const ScopedEnvironment quiet("VH_PYTHON_TELL_OPERATORS", "0");
  script_ = hub_.LoadEvaluating(kBad, "quiet.py");
  SetMood("stuck");
  hub_.TakeCalls();
  Login(3);
  EXPECT_EQ("True", Row("suspended"));
  EXPECT_EQ("", hub_.TakeCalls());
  script_ = hub_.Load(std::string("# vh: tell_operators = yes\n") + kBad, "loud.py");
  SetMood("stuck");
  hub_.TakeCalls();
  Login(3);
  EXPECT_EQ(1, CountLines(hub_.TakeCalls(), {"SendToOpChat", "loud.py: OnUserLogin"}));
}

// What an async hook raises later is an error of that hook.
TEST_P(Breaker, CountsErrorsOfCoroutines) {
  // The first one imports asyncio.
  const ScopedEnvironment patient("VH_PYTHON_HOOK_TIMEOUT", "10");
  script_ = hub_.LoadEvaluating(std::string(kBad) +
                                "async def OnUserLogin(nick): raise ValueError('later')\n");
  hub_.TakeLog();
  Login(5);
  EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"ValueError: later"}));
  EXPECT_EQ("5", Row("errors"));
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Breaker, testing::ValuesIn(AllRuntimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
