// Hooks: numbers and names, arguments, every result shape for every hook and generation.
#include <gtest/gtest.h>

#include <climits>

#include "fake_hub.hpp"

namespace {

// A script with all 41 hooks: each keeps its arguments in `seen` and evaluates `answer`.
std::string AllHooks() {
  std::string source =
      "seen = None\n"
      "answer = 'None'\n"
      "def set_answer(text):\n"
      "    global answer\n"
      "    answer = text\n"
      "def fail():\n"
      "    raise LookupError('on purpose')\n";
  for (const HookRow& hook : kHooks) {
    source += std::string("def ") + hook.name +
              "(*args):\n"
              "    global seen\n"
              "    seen = args\n"
              "    return eval(answer)\n";
  }
  return source;
}

// A script's return value and the block it becomes, in a common, the chat and a MyINFO hook.
struct Shape {
  const char* python;
  const char* common;
  const char* chat;
  const char* my_info;
};

constexpr const char* kPassOn = "l 1";

constexpr Shape kShapes[] = {
    {"None", kPassOn, kPassOn, kPassOn},
    {"fail()", kPassOn, kPassOn, kPassOn},
    {"True", "l 1", "l 1", "l 1"},
    {"False", "l 0", "l 0", "l 0"},
    {"0", "l 0", "l 0", "l 0"},
    {"1", "l 1", "l 1", "l 1"},
    {"-2", "l -2", "l -2", "l -2"},
    {"2**63-1", "l 9223372036854775807", "l 9223372036854775807", "l 9223372036854775807"},
    {"-2**63", "l -9223372036854775808", "l -9223372036854775808", "l -9223372036854775808"},
    {"2**63", kPassOn, kPassOn, kPassOn},
    {"('data', 0)", "sl \"data\" 0", "sl \"data\" 0", "sl \"data\" 0"},
    {"('', 1)", "sl \"\" 1", "sl \"\" 1", "sl \"\" 1"},
    {"('data', True)", "sl \"data\" 1", "sl \"data\" 1", "sl \"data\" 1"},
    {"(None, 0)", "sl NULL 0", "sl NULL 0", "sl NULL 0"},
    {"(None, 7)", "sl NULL 7", "sl NULL 7", "sl NULL 7"},
    {"('data', 2**64)", kPassOn, kPassOn, kPassOn},
    {"'text'", kPassOn, "ss NULL \"text\"", kPassOn},
    {"''", kPassOn, "ss NULL \"\"", kPassOn},
    {"('nick', 'text')", kPassOn, "ss \"nick\" \"text\"", kPassOn},
    {"(None, 'text')", kPassOn, "ss NULL \"text\"", kPassOn},
    {"('nick', None)", kPassOn, "ss \"nick\" NULL", kPassOn},
    {"(None, None)", kPassOn, "ss NULL NULL", kPassOn},
    {"('d', 't', 's', 'm', '9')", kPassOn, kPassOn, "sssss \"d\" \"t\" \"s\" \"m\" \"9\""},
    {"('d', None, '', None, '9')", kPassOn, kPassOn, "sssss \"d\" NULL \"\" NULL \"9\""},
    {"(None,) * 5", kPassOn, kPassOn, "sssss NULL NULL NULL NULL NULL"},
    {"('d', 't', 's', 'm', 9)", kPassOn, kPassOn, kPassOn},
    {"('d', 't', 's', 'm')", kPassOn, kPassOn, kPassOn},
    {"('n', 'd', 't', 's', 'm', '9')", kPassOn, kPassOn, kPassOn},
    {"()", kPassOn, kPassOn, kPassOn},
    {"('a',)", kPassOn, kPassOn, kPassOn},
    {"(1,)", kPassOn, kPassOn, kPassOn},
    {"(1, 2)", kPassOn, kPassOn, kPassOn},
    {"(1, 'a')", kPassOn, kPassOn, kPassOn},
    {"('a', 1.5)", kPassOn, kPassOn, kPassOn},
    {"('a', 'b', 'c')", kPassOn, kPassOn, kPassOn},
    {"0.0", kPassOn, kPassOn, kPassOn},
    {"float('nan')", kPassOn, kPassOn, kPassOn},
    {"[]", kPassOn, kPassOn, kPassOn},
    {"['data', 0]", kPassOn, kPassOn, kPassOn},
    {"{}", kPassOn, kPassOn, kPassOn},
    {"{'a': 1}", kPassOn, kPassOn, kPassOn},
    {"set()", kPassOn, kPassOn, kPassOn},
    {"b'text'", kPassOn, kPassOn, kPassOn},
    {"object()", kPassOn, kPassOn, kPassOn},
};

const char* Expected(const Shape& shape, const std::string& hook) {
  if (hook == "OnParsedMsgChat") return shape.chat;
  if (hook == "OnParsedMsgMyINFO" || hook == "OnFirstMyINFO") return shape.my_info;
  return shape.common;
}

class HooksByGeneration : public testing::TestWithParam<Generation> {};

INSTANTIATE_TEST_SUITE_P(Hooks, HooksByGeneration,
                         testing::Values(Generation::kClassic, Generation::kBidirectional,
                                         Generation::kPython3, Generation::kUnknown),
                         testing::PrintToStringParamName());

TEST_P(HooksByGeneration, TurnEveryResultShapeIntoItsBlock) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating(AllHooks());
  ASSERT_EQ(0, script);
  for (const Shape& shape : kShapes) {
    ASSERT_EQ("l 0", hub.Call(script, "set_answer", Pack("s", shape.python).get()));
    for (int hook = 0; hook < kHookCount; ++hook) {
      SampleBlock arguments(kHooks[hook].format);
      EXPECT_EQ(Expected(shape, kHooks[hook].name), hub.Hook(script, hook, arguments.get()))
          << kHooks[hook].name << " returned " << shape.python;
    }
  }
}

TEST_P(HooksByGeneration, GiveTheScriptItsArguments) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating(AllHooks());
  for (int hook = 0; hook < kHookCount; ++hook) {
    SampleBlock arguments(kHooks[hook].format);
    hub.Hook(script, hook, arguments.get());
    EXPECT_EQ(arguments.python(), hub.Evaluate(script, "seen")) << kHooks[hook].name;
  }
}

TEST_P(HooksByGeneration, PutStringsWhereTheHubReleasesThem) {
  FakeHub hub(GetParam());
  const int script = hub.Load(
      "def OnUserLogin(nick): return ('first', 0)\n"
      "def OnParsedMsgChat(nick, text): return ('nick', 'text')\n");
  const bool inside =
      GetParam() == Generation::kClassic || GetParam() == Generation::kBidirectional;
  for (const char* hook : {"OnUserLogin", "OnParsedMsgChat"}) {
    SampleBlock arguments(kHooks[HookNumber(hook)].format);
    w_Targs* result = Lib().w_CallHook(script, HookNumber(hook), arguments.get());
    ASSERT_NE(nullptr, result);
    for (size_t i = 0; result->format[i]; ++i) {
      if (result->args[i].type != 's') continue;
      EXPECT_EQ(inside, IsInside(result, result->args[i].s)) << hook << " value " << i;
    }
    hub.ReleaseHookResult(result);
  }
}

TEST(Hooks, AcceptNullTexts) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(AllHooks());
  EXPECT_EQ("l 1", hub.Hook(script, W_OnCloseConnEx, Pack("sls", nullptr, 3L, nullptr).get()));
  EXPECT_EQ("(None, 3, None)", hub.Evaluate(script, "seen"));
}

TEST(Hooks, TakeAsManyArgumentsAsTheBlockHas) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(AllHooks());
  EXPECT_EQ("l 1", hub.Hook(script, W_OnUserLogin, Pack("ssd", "nick", "more", 0.5).get()));
  EXPECT_EQ("('nick', 'more', 0.5)", hub.Evaluate(script, "seen"));
  EXPECT_EQ("l 1", hub.Hook(script, W_OnUserLogin, Pack("").get()));
  EXPECT_EQ("()", hub.Evaluate(script, "seen"));
}

TEST(Hooks, ReadASignLostIntAsNegative) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(AllHooks());
  hub.Hook(script, W_OnCloseConnEx, Pack("sls", "ip", 0xffffffffL, "nick").get());
  EXPECT_EQ("('ip', -1, 'nick')", hub.Evaluate(script, "seen"));
  hub.Hook(script, W_OnCloseConnEx, Pack("sls", "ip", 0x100000000L, "nick").get());
  EXPECT_EQ("('ip', 4294967296, 'nick')", hub.Evaluate(script, "seen"));
}

TEST(Hooks, SurviveNullParams) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(AllHooks());
  for (int hook = 0; hook < kHookCount; ++hook) {
    EXPECT_EQ("l 1", hub.Hook(script, hook, nullptr)) << kHooks[hook].name;
  }
  EXPECT_EQ("l 1", hub.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
  EXPECT_EQ("('nick',)", hub.Evaluate(script, "seen"));
}

TEST(Hooks, NumbersAndNamesAgree) {
  for (int hook = 0; hook < kHookCount; ++hook) {
    EXPECT_STREQ(kHooks[hook].name, Lib().w_HookName(hook)) << hook;
  }
  for (int hook : {INT_MIN, -1, kHookCount, 99, 100, INT_MAX}) {
    EXPECT_EQ(nullptr, Lib().w_HookName(hook)) << hook;
  }
}

TEST(Hooks, GetHookIsAlwaysNull) {
  for (int hook : {INT_MIN, -1, 0, kHookCount, INT_MAX}) EXPECT_EQ(nullptr, Lib().w_GetHook(hook));
}

TEST(Hooks, OutOfRangeNumbersNameNothing) {
  FakeHub hub;
  const int script = hub.Load(AllHooks());
  const Block arguments = Pack("s", "nick");
  for (int hook : {INT_MIN, -1, kHookCount, 99, 100, INT_MAX}) {
    EXPECT_EQ(0, Lib().w_HasHook(script, hook)) << hook;
    EXPECT_EQ(nullptr, Lib().w_CallHook(script, hook, arguments.get())) << hook;
    EXPECT_EQ(nullptr, Lib().w_CallHook(script, hook, nullptr)) << hook;
  }
}

TEST(Hooks, OfUnknownScriptsDoNotExist) {
  FakeHub hub;
  const int gone = hub.Load(AllHooks());
  ASSERT_EQ(1, Lib().w_Unload(gone));
  const int reserved = Lib().w_ReserveID();
  const Block arguments = Pack("s", "nick");
  for (int script : {INT_MIN, -1, reserved, gone, 5, 1000, INT_MAX}) {
    EXPECT_EQ(0, Lib().w_HasHook(script, W_OnUserLogin)) << script;
    EXPECT_EQ(nullptr, Lib().w_CallHook(script, W_OnUserLogin, arguments.get())) << script;
  }
}

TEST(Hooks, ExistWhenTheScriptDefinesThem) {
  FakeHub hub;
  const int script = hub.Load("def OnUserLogin(nick): pass\nOnUserLogout = 5\n");
  EXPECT_EQ(1, Lib().w_HasHook(script, W_OnUserLogin));
  EXPECT_EQ(0, Lib().w_HasHook(script, W_OnUserLogout)) << "not callable";
  EXPECT_EQ(0, Lib().w_HasHook(script, W_OnTimer));
  EXPECT_EQ("(null)", hub.Hook(script, W_OnTimer, Pack("d", 1.5).get()));
}

TEST(Hooks, NameScriptAndHookWhenAScriptRaises) {
  FakeHub hub;
  const int script =
      hub.Load("def OnUserLogin(nick):\n    raise LookupError('on purpose')\n", "raising.py");
  hub.TakeLog();
  EXPECT_EQ("l 1", hub.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
  const std::string log = hub.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"PY: ", "raising.py", "OnUserLogin"})) << log;
  for (const char* part : {"Traceback", "line 2", "LookupError: on purpose"}) {
    EXPECT_NE(std::string::npos, log.find(part)) << "no " << part << " in:\n" << log;
  }
}

TEST(Hooks, LogAnUnexpectedResultOncePerScriptAndHook) {
  FakeHub hub;
  const char* source = "def OnUserLogin(nick): return 'text'\ndef OnUserLogout(nick): return 1.5\n";
  const int first = hub.Load(source, "first.py");
  const int second = hub.Load(source, "second.py");
  hub.TakeLog();
  const Block arguments = Pack("s", "nick");
  for (int repetition = 0; repetition < 3; ++repetition) {
    for (int script : {first, second}) {
      EXPECT_EQ("l 1", hub.Hook(script, W_OnUserLogin, arguments.get()));
      EXPECT_EQ("l 1", hub.Hook(script, W_OnUserLogout, arguments.get()));
    }
  }
  const std::string log = hub.TakeLog();
  for (const char* script : {"first.py", "second.py"}) {
    EXPECT_EQ(1, CountLines(log, {"PY: ", script, "OnUserLogin", "str"})) << log;
    EXPECT_EQ(1, CountLines(log, {"PY: ", script, "OnUserLogout", "float"})) << log;
  }
}

struct TimerCase {
  const char* name;
  const char* source;
  const char* seen;
};

void PrintTo(const TimerCase& timer, std::ostream* out) { *out << timer.name; }

class HooksTimer : public testing::TestWithParam<TimerCase> {};

INSTANTIATE_TEST_SUITE_P(
    Hooks, HooksTimer,
    testing::Values(
        TimerCase{"None", "def OnTimer():\n    seen.append('old')\n", "['old']"},
        TimerCase{"One", "def OnTimer(now):\n    seen.append(now)\n", "[12.5]"},
        TimerCase{"Default", "def OnTimer(now=0):\n    seen.append(now)\n", "[12.5]"},
        TimerCase{"Any", "def OnTimer(*args):\n    seen.append(args)\n", "[(12.5,)]"},
        TimerCase{"Lambda", "OnTimer = lambda: seen.append('old')\n", "['old']"},
        TimerCase{"LambdaOne", "OnTimer = lambda now: seen.append(now)\n", "[12.5]"},
        TimerCase{"Method",
                  "class C:\n    def tick(self):\n        seen.append('old')\n"
                  "OnTimer = C().tick\n",
                  "['old']"},
        TimerCase{"MethodOne",
                  "class C:\n    def tick(self, now):\n        seen.append(now)\n"
                  "OnTimer = C().tick\n",
                  "[12.5]"},
        TimerCase{"Object",
                  "class C:\n    def __call__(self):\n        seen.append('old')\nOnTimer = C()\n",
                  "['old']"},
        TimerCase{"Partial",
                  "import functools\ndef tick(name, now):\n    seen.append((name, now))\n"
                  "OnTimer = functools.partial(tick, 'p')\n",
                  "[('p', 12.5)]"},
        TimerCase{"Builtin", "OnTimer = seen.append\n", "[12.5]"}),
    testing::PrintToStringParamName());

TEST_P(HooksTimer, CallsWithWhatTheFunctionAccepts) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(std::string("seen = []\n") + GetParam().source);
  EXPECT_EQ("l 1", hub.Hook(script, W_OnTimer, Pack("d", 12.5).get())) << hub.TakeLog();
  EXPECT_EQ(GetParam().seen, hub.Evaluate(script, "seen"));
}

TEST(Hooks, TimerErrorInsideAnOldScriptIsNotTakenForItsSignature) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(
      "calls = 0\ndef OnTimer():\n    global calls\n    calls += 1\n    len()\n");
  EXPECT_EQ("l 1", hub.Hook(script, W_OnTimer, Pack("d", 12.5).get()));
  EXPECT_EQ("1", hub.Evaluate(script, "calls"));
}

TEST(Hooks, ScriptCommandsRenameTheBots) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(
      "seen = []\n"
      "def OnScriptCommand(*args): seen.append((vh.botname, vh.opchatname))\n");
  const int silent = hub.LoadEvaluating("", "silent.py");
  EXPECT_EQ("('HubBot', 'OpChat')", hub.Evaluate(script, "(vh.botname, vh.opchatname)"));
  const auto send = [&](const char* command, const char* data, const char* plugin,
                        const char* from) {
    for (int id : {script, silent}) {
      hub.Hook(id, W_OnScriptCommand, Pack("ssss", command, data, plugin, from).get());
    }
  };
  send("_hub_security_change", "NewBot", "", "");
  send("_opchat_name_change", "NewOps", "", "");
  send("_hub_security_change", "Forged", "plugin", "");
  send("_opchat_name_change", "Forged", "", "script");
  EXPECT_EQ(
      "[('NewBot', 'OpChat'), ('NewBot', 'NewOps'), ('NewBot', 'NewOps'), ('NewBot', 'NewOps')]",
      hub.Evaluate(script, "seen"));
}

// Found by tests/random: the answer was that of a script that has the hook.
TEST(Hooks, UnreadableScriptCommandsDoNotConcernScriptsWithoutTheHook) {
  FakeHub hub;
  const int script = hub.LoadEvaluating("", "silent.py");
  EXPECT_EQ("(null)", hub.Hook(script, W_OnScriptCommand, nullptr));
  EXPECT_EQ("", hub.TakeLog());
}

TEST(Hooks, UnLoadIsCalledAtUnload) {
  FakeHub hub;
  const int script = hub.Load(
      "def UnLoad(): print('bye from UnLoad')\ndef OnUnLoad(code): print('hub stops', code)\n");
  hub.TakeLog();
  EXPECT_EQ(1, Lib().w_Unload(script));
  const std::string log = hub.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"bye from UnLoad"})) << log;
  EXPECT_EQ(0, CountLines(log, {"hub stops"})) << log;
}

TEST(Hooks, UnLoadThatRaisesIsLogged) {
  FakeHub hub;
  const int script = hub.Load("def UnLoad(): raise LookupError('on purpose')\n", "raising.py");
  hub.TakeLog();
  EXPECT_EQ(1, Lib().w_Unload(script));
  const std::string log = hub.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"PY: ", "raising.py", "UnLoad"})) << log;
  EXPECT_EQ(0, Lib().w_Unload(script)) << "it is gone nevertheless";
}

}  // namespace
