// w_Begin and w_End: many times, with every kind of table, in any order.
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <utility>

#include "fake_hub.hpp"

namespace {

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
  const std::string file = std::string(VH_SUPPORT_FOLDER) + "/evaluate.py";
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
  hub.AnswerTo("GetUserClass", [](w_Targs*) { return IntResult(7); });
  const std::string source =
      "import vh\n"
      "def fail(): raise ValueError('an error')\n"
      "def OnParsedMsgPM(*_): return 1.5\n"
      "def OnUserLogin(nick): return vh.GetUserClass(nick) - 7\n";
  // What a level shows of a load, a call of a hook, one of a function that fails, a strange result,
  // and an unload.
  const auto log_at = [&](int level) {
    Lib().w_LogLevel(level);
    hub.TakeLog();
    const int script = hub.LoadEvaluating(source, "levels.py");
    EXPECT_EQ("l 0", hub.Hook(script, W_OnUserLogin, Pack("s", "a_nick").get()));
    hub.Call(script, "fail");
    hub.Hook(script, W_OnParsedMsgPM, Pack("sss", "from", "text", "to").get());
    EXPECT_EQ(1, Lib().w_Unload(script));
    return hub.TakeLog();
  };
  // Each with the lowest level that shows it.
  const std::pair<int, const char*> lines[] = {
      {0, "ValueError: an error"},
      {1, "OnParsedMsgPM returned a value of type float"},
      {2, "loaded from"},
      {2, "vh.GetUserClass(\"a_nick\")"},
      {2, "vh.GetUserClass -> 7"},
      {2, "unloaded"},
      {3, "OnUserLogin(\"a_nick\")"},
      {3, "OnUserLogin -> 0"},
  };
  for (int level = 0; level <= 6; ++level) {
    const std::string log = log_at(level);
    for (const auto& [lowest, line] : lines) {
      EXPECT_EQ(level >= lowest, log.find(line) != std::string::npos)
          << line << " at level " << level << ":\n"
          << log;
    }
    EXPECT_EQ(level >= 3, log.find("OnUserLogin") != std::string::npos) << log;
  }
}

// What a hub's log is like for months: scripts that work write nothing.
TEST(Lifecycle, HealthyScriptsAreSilentAtTheDefaultLevel) {
  for (Generation generation : kGenerations) {
    FakeHub hub(generation);
    hub.AnswerTo("GetNickList", [](w_Targs*) { return JsonResult("[\"nick\"]"); });
    const std::string source =
        "import logging, vh\n"
        "log = logging.getLogger('quiet')\n"
        "def OnUserLogin(nick): return 1 if vh.GetUserClass(nick) else None\n"
        "def OnParsedMsgChat(nick, text):\n"
        "    log.debug('%s', text)\n"
        "    vh.usermc('heard', nick)\n"
        "    return 0\n"
        "async def OnTimer(now=0): vh.GetNickList()\n"
        "def add(a, b): return a + b\n";
    ASSERT_EQ(0, hub.Load(source));
    const Block numbers = Pack("ll", 2L, 3L);
    for (int round = 0; round < 200; ++round) {
      hub.Hook(0, W_OnUserLogin, Pack("s", "nick").get());
      EXPECT_EQ("l 0", hub.Hook(0, W_OnParsedMsgChat, Pack("ss", "nick", "text").get()));
      hub.Hook(0, W_OnTimer, Pack("l", long{round}).get());
      EXPECT_EQ("l 5", hub.Call(0, "add", numbers.get()));
      if (round % 50 == 0) {
        EXPECT_EQ(1, Lib().w_Unload(0));
        ASSERT_EQ(0, hub.Load(source));
      }
    }
    EXPECT_EQ(1, Lib().w_Unload(0));
    EXPECT_EQ("", hub.TakeLog()) << generation;
  }
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
