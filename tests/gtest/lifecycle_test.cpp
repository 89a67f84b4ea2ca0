// w_Begin and w_End: many times, with every kind of table, in any order.
#include <gtest/gtest.h>

#include <array>
#include <csignal>

#include "fake_hub.hpp"

namespace {

TEST(Lifecycle, BeginsAndEndsTwentyTimes) {
  for (int round = 0; round < 20; ++round) {
    FakeHub hub(kGenerations[round % 3]);
    EXPECT_EQ(0, hub.LoadEvaluating("", "sub.py"));
    EXPECT_EQ(1, hub.Load("# vh: runtime = main\n" + EvaluateSource(), "main.py"));
    hub.AnswerTo("GetUserHost", [](w_Targs*) { return TextResult("host"); });
    for (int script : {0, 1}) {
      EXPECT_EQ("'host'", hub.Evaluate(script, "vh.GetUserHost('n')")) << "round " << round;
    }
    // Every other round leaves the scripts for w_End to unload.
    if (round % 2) {
      EXPECT_EQ(1, Lib().w_Unload(0));
    }
  }
}

TEST(Lifecycle, EndUnloadsWhatIsLoaded) {
  FakeHub hub;
  const int script = hub.Load("def UnLoad(): print('unloaded by the end')\n");
  hub.TakeLog();
  EXPECT_EQ(1, Lib().w_End());
  EXPECT_EQ(1, CountLines(hub.TakeLog(), {"unloaded by the end"}));
  EXPECT_EQ(0, Lib().w_Unload(script));
}

TEST(Lifecycle, ATableMayHaveNothing) {
  LogCapture log;
  w_Tcallback table[W_MAX_CALLBACKS] = {};
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(1, Lib().w_Begin(table));
    EXPECT_STREQ("GetIPCity", Lib().w_CallName(22)) << "the published numbers";
    EXPECT_EQ(1, Lib().w_End());
  }
}

TEST(Lifecycle, ATableMayBeSparse) {
  for (Generation generation : kGenerations) {
    FakeHub hub(generation);
    for (const char* callback : {"SendToOpChat", "GetNickList", "Ban", "StopHub"}) {
      hub.Withdraw(callback);
    }
    const int script = hub.LoadEvaluating();
    EXPECT_EQ("True", hub.Evaluate(script, "vh.mc('m')"));
    EXPECT_EQ(std::to_string(script) + " mc ss \"m\" NULL\n", hub.TakeCalls());
    EXPECT_EQ(0u, hub.Evaluate(script, "vh.StopHub(1)").find("NotImplementedError"));
  }
}

w_Targs* AnswerLate(int script, w_Targs*) {
  return TextResult(("late " + std::to_string(script)).c_str());
}

TEST(Lifecycle, SlotsMayBeFilledAfterBegin) {
  LogCapture log;
  w_Tcallback table[W_MAX_CALLBACKS] = {};
  ASSERT_EQ(1, Lib().w_Begin(table));
  const std::string file = std::string(VH_SCRIPTS_FOLDER) + "/evaluate.py";
  const Block arguments =
      Pack("lssssls", long{Lib().w_ReserveID()}, file.c_str(), "b", "o", "c", 0L, "n");
  ASSERT_EQ(0, Lib().w_Load(arguments.get())) << log.Take();
  table[W_GetUserHost] = &AnswerLate;
  const Block expression = Pack("s", "vh.GetUserHost('n')");
  const OwningBlock result(Lib().w_CallFunction(0, "evaluate", expression.get()));
  EXPECT_EQ("s \"'late 0'\"", Describe(result.get()));
  EXPECT_EQ(1, Lib().w_End());
}

TEST(Lifecycle, NothingWorksOutsideBeginAndEnd) {
  LogCapture log;
  Lib().w_End();
  EXPECT_EQ(1, Lib().w_End()) << "a second end is harmless";
  EXPECT_EQ(0, Lib().w_HasHook(0, W_OnTimer));
  EXPECT_EQ(nullptr, Lib().w_CallHook(0, W_OnTimer, nullptr));
  EXPECT_EQ(nullptr, Lib().w_CallFunction(0, "f", nullptr));
  EXPECT_EQ(0, Lib().w_Unload(0));
  EXPECT_EQ(0, Lib().w_RegisterFunction(0, "f", &AnswerLate));
  EXPECT_EQ(-1, Lib().w_Load(nullptr));
  const Block block = Pack("l", 1L);
  EXPECT_EQ("l 1", Describe(block.get())) << "blocks need no Python";
}

TEST(Lifecycle, BeginNeedsATable) {
  LogCapture log;
  EXPECT_EQ(0, Lib().w_Begin(nullptr));
  EXPECT_EQ(1, CountLines(log.Take(), {"PY: ", "w_Begin"}));
}

TEST(Lifecycle, ScriptsCanBeReloadedManyTimes) {
  FakeHub hub;
  for (int round = 0; round < 50; ++round) {
    ASSERT_EQ(0, hub.LoadEvaluating("import json, re, threading\n"));
    EXPECT_EQ("'[1]'", hub.Evaluate(0, "json.dumps([1])"));
    ASSERT_EQ(1, Lib().w_Unload(0));
  }
}

TEST(Lifecycle, LogLevelsShowMoreAndMore) {
  FakeHub hub;
  const int script = hub.LoadEvaluating("def OnUserLogin(nick): return 1\n", "levels.py");
  const auto log_at = [&](int level) {
    Lib().w_LogLevel(level);
    hub.TakeLog();
    hub.Hook(script, W_OnUserLogin, Pack("s", "a_nick").get());
    hub.Evaluate(script, "vh.mc('a_message')");
    return hub.TakeLog();
  };
  EXPECT_EQ("", log_at(0));
  const std::string one = log_at(1);
  EXPECT_LE(1, CountLines(one, {"PY: ", "OnUserLogin"})) << one;
  EXPECT_EQ(0, CountLines(one, {"a_nick"})) << one;
  const std::string two = log_at(2);
  EXPECT_LE(1, CountLines(two, {"PY: ", "a_nick"})) << two;
  for (int level : {3, 4, 5, 6}) {
    const std::string more = log_at(level);
    EXPECT_LE(1, CountLines(more, {"PY: ", "a_nick"})) << more;
    EXPECT_LE(1, CountLines(more, {"PY: ", "mc"})) << more;
  }
  EXPECT_EQ("", log_at(0));
}

constexpr std::array kSignals = {SIGINT, SIGPIPE, SIGTERM};

using Handler = void (*)(int);

std::array<Handler, kSignals.size()> Handlers() {
  std::array<Handler, kSignals.size()> handlers{};
  for (size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction action = {};
    if (sigaction(kSignals[i], nullptr, &action) == 0) handlers[i] = action.sa_handler;
  }
  return handlers;
}

// As the program was started, before any test loaded the library.
const auto kHandlersAtStart = Handlers();

TEST(Lifecycle, SignalsStayTheHosts) {
  FakeHub hub;
  hub.Load("import asyncio, subprocess, signal\n", "sub.py");
  EXPECT_EQ(kHandlersAtStart, Handlers());
  // CPython takes SIGINT when `signal` is first imported in the main interpreter.
  hub.Load("# vh: runtime = main\nimport asyncio, subprocess, signal\n", "main.py");
  EXPECT_EQ(kHandlersAtStart, Handlers());
}

}  // namespace
