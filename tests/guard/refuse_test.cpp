// `# vh: on_error = refuse`: hooks that decide refuse whenever they cannot answer, whatever the
// cause. Each cause is tried in every generation of hub and every runtime, with every hook.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>
#include <tuple>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

// The hooks whose 0 refuses nothing; the 0 of all others does.
const std::set<std::string> kObservers = {"OnCloseConn",  "OnCloseConnEx", "OnPublicBotMessage",
                                          "OnUnLoad",     "OnCtmToHub",    "OnScriptCommand",
                                          "OnUserLogout", "OnTimer"};

bool Decides(int hook) { return kObservers.count(kHooks[hook].name) == 0; }

constexpr const char* kRefuse = "# vh: on_error = refuse\n";

// A script with every hook, which answers as its mood is.
std::string AllHooks(const std::string& header = kRefuse) {
  std::string source = header + EvaluateSource() +
                       "mood = 'good'\n"
                       "def set_mood(new):\n"
                       "    global mood\n"
                       "    mood = new\n"
                       "def answer():\n"
                       "    if mood == 'raises': raise ValueError('on purpose')\n"
                       "    if mood == 'exits': raise SystemExit(0)\n"
                       "    if mood == 'odd': return object()\n"
                       "    if mood == 'stuck':\n"
                       "        while True: pass\n"
                       "    return 1\n"
                       "def rows():\n"
                       "    for script in vh.stats()['scripts']:\n"
                       "        if script['id'] == vh.myid: return script['calls']\n";
  for (const HookRow& hook : kHooks) {
    source += std::string("def ") + hook.name + "(*args): return answer()\n";
  }
  return source;
}

// What a crash leaves behind.
void WriteCrash(const FakeHub& hub, const std::string& path) {
  std::ofstream(hub.config_folder() / "vh_python_crash.txt")
      << "signal SIGSEGV\ncall OnUserLogin\nruntime sub\ntime 1\nscript " << path << "\n";
}

// What hooks answer; those that decide nothing answer 1 to kRefused, and nobody asks them when only
// refusals are left.
enum class Answers { kRefused, kPassed, kOnlyRefused, kNone };

class Refuse : public testing::TestWithParam<std::tuple<Generation, const char*>> {
 protected:
  void SetMood(const char* mood) { hub_.Call(script_, "set_mood", Pack("s", mood).get()); }

  void ExpectAll(Answers answers, const std::string& what) {
    for (int hook = 0; hook < kHookCount; ++hook) Expect(answers, hook, what);
  }
  void Expect(Answers answers, int hook, const std::string& what) {
    const bool may_refuse = answers == Answers::kRefused || answers == Answers::kOnlyRefused;
    const bool refuses = may_refuse && Decides(hook);
    const bool is_there = refuses || answers == Answers::kRefused || answers == Answers::kPassed;
    const std::string expected = refuses ? "l 0" : is_there ? "l 1" : "(null)";
    SampleBlock arguments(kHooks[hook].format);
    EXPECT_EQ(expected, hub_.Hook(script_, hook, arguments.get()))
        << kHooks[hook].name << ": " << what;
    EXPECT_EQ(is_there, Lib().w_HasHook(script_, hook)) << kHooks[hook].name << ": " << what;
  }
  std::string Path() const { return (hub_.config_folder() / "scripts" / "script.py").string(); }
  // The hub's way: the same file again.
  void Reload() {
    EXPECT_EQ(1, Lib().w_Unload(script_));
    script_ = hub_.LoadFile(Path());
  }
  // A login, and what the library sends on its own account at it.
  std::string LogIn(long user_class, const char* nick = "nick") {
    hub_.AnswerTo("GetUserClass", [=](w_Targs*) { return IntResult(user_class); });
    hub_.TakeCalls();
    hub_.Hook(script_, W_OnUserLogin, Pack("s", nick).get());
    return hub_.TakeCalls();
  }

  const ScopedEnvironment runtime_{"VH_PYTHON_RUNTIME", std::get<1>(GetParam())};
  FakeHub hub_{std::get<0>(GetParam())};
  int script_ = -1;
};

// --- exceptions, and answers that are none ---

TEST_P(Refuse, WhatFailsWithoutADeadline) {
  script_ = hub_.Load(AllHooks());
  ExpectAll(Answers::kPassed, "all is well");
  for (const char* mood : {"raises", "exits", "odd"}) {
    SetMood(mood);
    ExpectAll(Answers::kRefused, mood);
    SetMood("good");
    ExpectAll(Answers::kPassed, std::string("no longer ") + mood);
  }
  for (int hook = 0; hook < kHookCount; ++hook) {
    EXPECT_EQ(Decides(hook) ? "l 0" : "l 1", hub_.Hook(script_, hook, nullptr))
        << kHooks[hook].name << " with parameters that cannot be read";
  }
}

TEST_P(Refuse, ExceptionsSuspendNothing) {
  script_ = hub_.Load(AllHooks());
  SetMood("raises");
  for (int round = 0; round < 60; ++round) ExpectAll(Answers::kRefused, "raises");
  EXPECT_EQ("[0, False]", hub_.Evaluate(script_,
                                        "[sum(row['skipped'] for row in rows()), "
                                        "any(row['suspended'] for row in rows())]"));
  SetMood("good");
  ExpectAll(Answers::kPassed, "at once");
}

TEST_P(Refuse, NothingWithoutTheWish) {
  script_ = hub_.Load(AllHooks(""));
  for (const char* mood : {"raises", "exits", "odd"}) {
    SetMood(mood);
    ExpectAll(Answers::kPassed, mood);
  }
  WriteCrash(hub_, Path());
  EXPECT_EQ(1, Lib().w_Unload(script_));
  EXPECT_EQ(-1, hub_.LoadFile(Path())) << "held back";
  EXPECT_EQ(-1, hub_.Load("raise ValueError('on purpose')\n" + AllHooks("")));
}

TEST_P(Refuse, SingleHooks) {
  script_ = hub_.Load(AllHooks("# vh: on_error.OnParsedMsgChat = refuse\n"));
  SetMood("raises");
  for (int hook = 0; hook < kHookCount; ++hook) {
    Expect(hook == W_OnParsedMsgChat ? Answers::kRefused : Answers::kPassed, hook, "one refuses");
  }
  EXPECT_EQ(1, Lib().w_Unload(script_));
  script_ = hub_.Load(AllHooks("# vh: on_error.OnParsedMsgChat = pass\n# vh: on_error = refuse\n"));
  SetMood("raises");
  for (int hook = 0; hook < kHookCount; ++hook) {
    Expect(hook == W_OnParsedMsgChat ? Answers::kPassed : Answers::kRefused, hook, "all but one");
  }
}

// --- deadlines, and what they suspend ---

TEST_P(Refuse, DeadlinesAndSuspension) {
  const ScopedEnvironment limit("VH_PYTHON_HOOK_TIMEOUT", "0.03");
  script_ = hub_.Load(AllHooks());
  SetMood("stuck");
  for (int round = 0; round < 3; ++round) ExpectAll(Answers::kRefused, "past its deadline");
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"OnUserLogin is suspended for 5 s", "it refuses everything"}));
  EXPECT_EQ(1, CountLines(log, {"OnTimer is suspended for 5 s", "it lets everything pass"}));
  // One may be tried again meanwhile, and is late again.
  ExpectAll(Answers::kRefused, "suspended");
  EXPECT_EQ("True", hub_.Evaluate(script_,
                                  "all(row['suspended'] for row in rows() "
                                  "if row['kind'] == 'hook')"));
}

// --- crashes ---

TEST_P(Refuse, HeldBackAfterACrash) {
  hub_.WriteScript(AllHooks(), "script.py");
  WriteCrash(hub_, Path());
  script_ = hub_.LoadFile(Path());
  ASSERT_LE(0, script_) << "a stub has the id";
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"script.py] is held back this time", "SIGSEGV"})) << log;
  EXPECT_EQ(1, CountLines(log, {"script.py] a stub stands in for it", "OnParsedMsgChat"})) << log;
  ExpectAll(Answers::kRefused, "held back");
  Reload();
  ExpectAll(Answers::kPassed, "the second time it is loaded");
}

TEST_P(Refuse, WhoDoesNotWantToBeHeldBackIsNot) {
  hub_.WriteScript(AllHooks("# vh: hold_back = no\n# vh: on_error = refuse\n"), "script.py");
  WriteCrash(hub_, Path());
  script_ = hub_.LoadFile(Path());
  ExpectAll(Answers::kPassed, "it runs");
  EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"script.py] the process got SIGSEGV", "hold_back"}));
  EXPECT_FALSE(std::filesystem::exists(hub_.config_folder() / "vh_python_crash.txt"));
}

// --- reloads ---

// Its own thread of the hub is inside w_Unload and w_Load; events come from what the script asks of
// it.
TEST_P(Refuse, WhileItIsUnloadedAndLoaded) {
  const std::string source = AllHooks() + "vh.mc('top level')\ndef UnLoad(): vh.mc('unload')\n";
  int asked = 0;
  hub_.AnswerTo("mc", [&](w_Targs*) {
    ++asked;
    ExpectAll(Answers::kOnlyRefused, "while it is loaded or unloaded");
    return IntResult(1);
  });
  script_ = 0;  // The id it will have.
  ASSERT_EQ(0, hub_.Load(source));
  ExpectAll(Answers::kPassed, "loaded");
  EXPECT_EQ(1, Lib().w_Unload(script_));
  EXPECT_EQ(2, asked);
  ExpectAll(Answers::kNone, "unloaded");
}

struct BadReload {
  const char* name;
  const char* before;  // the hooks
  const char* after;
};
constexpr BadReload kBadReloads[] = {
    {"a top level that raises", "raise ValueError('on purpose')\n", ""},
    {"a syntax error", "", "\nthis is no Python\n"},
    {"a NUL byte", "", "NUL"},
    {"an import that fails", "import no_such_module\n", ""},
    {"sys.exit", "import sys; sys.exit()\n", ""},
    {"a wrong runtime", "# vh: runtime = fast\n", ""},
    {"a wrong venv", "# vh: venv = no/such/folder\n", ""},
    {"a wrong way to reload", "# vh: reload = never\n", ""},
    {"a hook that is none", "# vh: on_error.OnRhyme = refuse\n", ""},
};

TEST_P(Refuse, AfterAReloadThatFails) {
  for (const BadReload& bad : kBadReloads) {
    script_ = hub_.Load(AllHooks());
    ExpectAll(Answers::kPassed, "loaded");
    const std::string after = std::string(bad.after) == "NUL" ? std::string(1, '\0') : bad.after;
    hub_.WriteScript(kRefuse + (bad.before + AllHooks("")) + after, "script.py");
    Reload();
    ASSERT_LE(0, script_) << bad.name;
    char* json = nullptr;
    EXPECT_EQ(1, Lib().w_LastError(&json)) << "hosts ask why: " << bad.name;
    std::free(json);
    ExpectAll(Answers::kRefused, bad.name);
    EXPECT_EQ("(null)", hub_.Call(script_, "answer")) << bad.name;
    EXPECT_EQ(script_, Lib().w_Find(Path().c_str())) << bad.name;
    hub_.WriteScript(AllHooks(), "script.py");
    Reload();
    ExpectAll(Answers::kPassed, std::string("without ") + bad.name);
    EXPECT_EQ(1, Lib().w_Unload(script_));
  }
}

TEST_P(Refuse, WhenTheFileIsNotThereAnyMore) {
  script_ = hub_.Load(AllHooks());
  std::filesystem::remove(Path());
  Reload();
  ASSERT_LE(0, script_);
  ExpectAll(Answers::kRefused, "no file");
  EXPECT_EQ(1, Lib().w_Unload(script_));
  EXPECT_EQ(-1, hub_.LoadFile((hub_.config_folder() / "no_such.py").string())) << "never there";
}

// What is no file is not waited for, neither to run it nor to see which hooks it has.
TEST_P(Refuse, WhenAPipeIsInThePlaceOfTheFile) {
  script_ = hub_.Load(AllHooks());
  std::filesystem::remove(Path());
  ASSERT_EQ(0, mkfifo(Path().c_str(), 0600));
  alarm(60);
  Reload();
  alarm(0);
  ASSERT_LE(0, script_);
  ExpectAll(Answers::kRefused, "a pipe");
}

// What the hooks are is read from the text: however they come to their names.
TEST_P(Refuse, HooksOfAStubAreReadFromTheText) {
  script_ = hub_.Load(
      "# vh: on_error = refuse\n"
      "# vh: on_error.OnNewBan = refuse\n"
      "if True:\n    def OnParsedMsgChat(nick, message): return 1\n"
      "try:\n    from shop import check as OnUserLogin\nexcept ImportError: pass\n"
      "OnParsedMsgPM = OnOperatorKicks = len\n"
      "async def OnNewConn(ip): pass\n"
      "def setup():\n    global OnNewReg\n    OnNewReg = print\n"
      "class Mine:\n    def OnParsedMsgSearch(self): pass\n"
      "raise ValueError\n");
  const std::set<std::string> there = {"OnParsedMsgChat", "OnUserLogin", "OnParsedMsgPM",
                                       "OnOperatorKicks", "OnNewConn",   "OnNewReg",
                                       "OnNewBan"};
  for (int hook = 0; hook < kHookCount; ++hook) {
    SampleBlock arguments(kHooks[hook].format);
    const bool is_there = there.count(kHooks[hook].name) > 0;
    const std::string answer = hub_.Hook(script_, hook, arguments.get());
    if (hook == W_OnTimer) continue;  // With it the operators' chat hears of the script.
    EXPECT_EQ(is_there ? "l 0" : "(null)", answer) << kHooks[hook].name;
  }
}

// --- settings of the hub ---

TEST_P(Refuse, WhenTheHubsSettingsAreWrong) {
  const struct {
    const char* name;
    const char* value;
    const char* told;
  } settings[] = {
      {"VH_PYTHON_RUNTIME", "mian", "VH_PYTHON_RUNTIME says \"mian\""},
      {"VH_PYTHON_RUNTIME", "su\xff", "VH_PYTHON_RUNTIME is \"su\\xFF\", which is not UTF-8"},
      {"VH_PYTHON_VENV", "/no/such/folder", "VH_PYTHON_VENV is wrong: /no/such/folder is no"},
      {"VH_PYTHON_VENV", "/no/such/\xff", "VH_PYTHON_VENV is wrong: "},
  };
  for (const auto& setting : settings) {
    for (const char* header : {kRefuse, ""}) {
      const ScopedEnvironment wrong(setting.name, setting.value);
      hub_.TakeLog();
      script_ = hub_.Load(AllHooks(header));
      ASSERT_LE(0, script_) << setting.told;
      const std::string log = hub_.TakeLog();
      EXPECT_EQ(1, CountLines(log, {"script.py] the script", "is not loaded", setting.told}))
          << log;
      ExpectAll(*header ? Answers::kRefused : Answers::kPassed, setting.told);
      hub_.TakeCalls();
      EXPECT_EQ(1, Lib().w_Unload(script_));
    }
  }
}

// --- operators ---

TEST_P(Refuse, OperatorsHearOfAStub) {
  script_ = hub_.Load("# vh: runtime = fast\n" + AllHooks());
  EXPECT_EQ("", hub_.TakeCalls()) << "the hub does not know the id yet";
  ASSERT_EQ(1, Lib().w_HasHook(script_, W_OnTimer));
  hub_.Hook(script_, W_OnTimer, Pack("d", 1.0).get());
  std::string calls = hub_.TakeCalls();
  const std::string id = std::to_string(script_);
  EXPECT_EQ(1, CountLines(calls, {(id + " SendToOpChat").c_str(), "Script script.py does not run",
                                  "which is no runtime", "OnUserLogin"}))
      << calls;
  hub_.Hook(script_, W_OnTimer, Pack("d", 2.0).get());
  EXPECT_EQ("", hub_.TakeCalls()) << "once an hour";
  for (int times = 0; times < 2; ++times) {
    calls = LogIn(3, "boss");
    EXPECT_EQ(1, CountLines(calls, {(id + " pm ssss").c_str(), "Script script.py does not run",
                                    "\"boss\" NULL NULL"}))
        << calls;
  }
  EXPECT_EQ(0, CountLines(LogIn(2), {" pm "})) << "no operator";
  hub_.WriteScript(AllHooks(), "script.py");
  Reload();
  hub_.Hook(script_, W_OnTimer, Pack("d", 3.0).get());
  EXPECT_EQ("", LogIn(10)) << "it runs";
}

TEST_P(Refuse, OperatorsHearOfAScriptHeldBackWithoutAStub) {
  hub_.WriteScript("def OnUserLogin(nick): return 0\n", "script.py");
  WriteCrash(hub_, Path());
  EXPECT_EQ(-1, hub_.LoadFile(Path()));
  script_ = hub_.Load("", "other.py");
  const std::string calls = LogIn(5, "boss");
  EXPECT_EQ(1, CountLines(calls, {"SendToOpChat", "script.py does not run: it is held back"}))
      << calls;
  EXPECT_EQ(1, CountLines(calls, {" pm ssss", "script.py does not run: it is held back"})) << calls;
  EXPECT_EQ(1, Lib().w_Unload(script_));
  script_ = hub_.Load("def OnTimer(now): return 1\n", "third.py");
  EXPECT_EQ(1, CountLines(LogIn(5), {" pm ssss", "it is held back"})) << "another one tells it";
  EXPECT_LE(0, hub_.LoadFile(Path()));
  EXPECT_EQ("", LogIn(5)) << "it runs";
}

TEST_P(Refuse, OperatorsNeedNotBeTold) {
  const ScopedEnvironment quiet("VH_PYTHON_TELL_OPERATORS", "0");
  script_ = hub_.Load("# vh: runtime = fast\n" + AllHooks());
  EXPECT_EQ("", LogIn(10));
}

TEST_P(Refuse, AWrongSettingOfTheHubIsToldOnce) {
  const ScopedEnvironment wrong("VH_PYTHON_RUNTIME", "mian");
  script_ = hub_.Load(AllHooks(), "a.py");
  hub_.Load(AllHooks(""), "b.py");
  const std::string calls = LogIn(3);
  EXPECT_EQ(1, CountLines(calls, {"SendToOpChat", "Scripts a.py, b.py do not run"})) << calls;
  EXPECT_EQ(1, CountLines(calls, {" pm ", "Scripts a.py, b.py do not run"})) << calls;
}

// An exception has a text that anybody may have chosen.
TEST_P(Refuse, WhatOperatorsHearEndsNoMessage) {
  script_ = hub_.Load(std::string(kRefuse) + "raise ValueError('a|$Quit b|')\n");
  const std::string calls = LogIn(5);
  EXPECT_EQ(2, CountLines(calls, {"ValueError: a&#124;&#36;Quit b&#124;. "})) << calls;
  EXPECT_EQ(0, CountLines(calls, {"|"})) << calls;
}

// With these an operator mends what refuses all other commands.
TEST_P(Refuse, CommandsThatLoadScriptsPass) {
  script_ = hub_.Load("raise ValueError('on purpose')\n" + AllHooks());
  const auto operators = [&](const char* command) {
    return hub_.Hook(script_, W_OnOperatorCommand, Pack("ss", "op", command).get());
  };
  const auto everybodys = [&](const char* command) {
    return hub_.Hook(script_, W_OnHubCommand, Pack("sslls", "op", command, 5L, 0L, "!").get());
  };
  EXPECT_EQ("l 1", operators("!pyreload script.py"));
  EXPECT_EQ("l 1", everybodys("pyreload script.py"));
  EXPECT_EQ("l 0", operators("!ban nick"));
  EXPECT_EQ("l 0", everybodys("ban pyreload"));
}

TEST_P(Refuse, AnAsyncHookDecidesNothingAndSaysSo) {
  script_ = hub_.Load("# vh: on_error = refuse\nasync def OnUserLogin(nick): return 0\n");
  hub_.TakeLog();
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ("l 1", hub_.Hook(script_, W_OnUserLogin, Pack("s", "nick").get()));
  }
  EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"OnUserLogin is an async def", "decides nothing"}));
}

// --- what users tried ---

constexpr const char* kFilter =
    "import os\n"
    "path = os.path.join(os.path.dirname(__file__), 'lines.txt')\n"
    "def OnParsedMsgChat(nick, message):\n"
    "    with open(path, 'a', encoding='utf-8') as file: file.write(message)\n"
    "    return 0 if 'warez' in message else 1\n"
    "banned = {'evil': 0}\n"
    "def OnUserLogin(nick): return banned['\\udcff' if nick.startswith('\\udcff') else nick]\n";

TEST_P(Refuse, AByteThatIsNoTextDoesNotPassAFilter) {
  script_ = hub_.Load(std::string(kRefuse) + kFilter);
  const auto say = [&](const char* text) {
    return hub_.Hook(script_, W_OnParsedMsgChat, Pack("ss", "nick", text).get());
  };
  EXPECT_EQ("l 1", say("hello"));
  EXPECT_EQ("l 0", say("warez"));
  EXPECT_EQ("l 0", say("warez \xff"));
  EXPECT_EQ("l 1", say("hello again"));
}

// Also where nobody asks for refusal.
TEST_P(Refuse, ManyBadLinesAndLoginsSwitchNothingOff) {
  script_ = hub_.Load(kFilter);
  for (int times = 0; times < 200; ++times) {
    hub_.Hook(script_, W_OnParsedMsgChat, Pack("ss", "nick", "\xff").get());
    hub_.Hook(script_, W_OnUserLogin, Pack("s", "\xff").get());
  }
  EXPECT_EQ("l 0", hub_.Hook(script_, W_OnParsedMsgChat, Pack("ss", "nick", "warez").get()));
  EXPECT_EQ("l 0", hub_.Hook(script_, W_OnUserLogin, Pack("s", "evil").get()));
}

std::vector<std::tuple<Generation, const char*>> Everywhere() {
  std::vector<std::tuple<Generation, const char*>> all;
  for (Generation generation : kGenerations) {
    for (const char* runtime : Runtimes()) all.emplace_back(generation, runtime);
  }
  // What the hub is has to do with the answers only, which are made on this side.
  all.emplace_back(Generation::kPython3, "worker");
  return all;
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Refuse, testing::ValuesIn(Everywhere()), [](const auto& info) {
  std::ostringstream name;
  name << std::get<0>(info.param) << '_' << NameOf(std::get<1>(info.param));
  return name.str();
});

}  // namespace
