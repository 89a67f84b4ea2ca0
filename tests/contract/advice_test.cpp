// What a script's author is told at load though Python does not complain.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "fake_hub.hpp"

namespace {

class Advice : public testing::TestWithParam<const char*> {
 protected:
  // The log of loading a script, which must succeed.
  std::string LogOf(const std::string& source, const std::string& name = "script.py") {
    hub_.TakeLog();
    const int script = hub_.Load(source, name);
    EXPECT_LE(0, script) << source;
    const std::string log = hub_.TakeLog();
    EXPECT_EQ(1, Lib().w_Unload(script));
    hub_.TakeLog();
    return log;
  }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  FakeHub hub_;
};

INSTANTIATE_TEST_SUITE_P(Runtimes, Advice, testing::Values("sub", "main"));

TEST_P(Advice, OnFunctionsThatNearlyHaveTheNameOfAHook) {
  EXPECT_EQ(
      "PY: [0:script.py] has a function OnUserLogn, which the hub does not call: did you mean "
      "OnUserLogin?\n",
      LogOf("def OnUserLogn(nick): pass\n"));
  EXPECT_EQ(1, CountLines(LogOf("def onuserlogin(nick): pass\n"), {"did you mean OnUserLogin?"}));
  EXPECT_EQ(1, CountLines(LogOf("async def on_timer(now): pass\n"), {"did you mean OnTimer?"}));
  EXPECT_EQ(1, CountLines(LogOf("def OnUnload(code): pass\n"), {"did you mean OnUnLoad?"}));
  EXPECT_EQ(1, CountLines(LogOf("def Unload(): pass\n"), {"did you mean UnLoad?"}));
}

TEST_P(Advice, NotOnOtherNames) {
  EXPECT_EQ("", LogOf("def OnUserLogin(nick): pass\n"
                      "def onuserlogin(nick): pass\n"  // A helper: the hook is there.
                      "def UnLoad(): pass\n"
                      "def OnKick(nick): pass\n"
                      "def user_login(nick): pass\n"
                      "def unload(): pass\n"
                      "OnTimr = 5\n"));
}

TEST_P(Advice, OnComments) {
  EXPECT_EQ(
      "PY: [0:script.py] its comment \"# vh: timout = 5\" in line 1 names no setting: did you mean "
      "timeout?\n",
      LogOf("# vh: timout = 5\n"));
  EXPECT_EQ(1, CountLines(LogOf("import vh\n# vh: timeout: 5\n"),
                          {"in line 2 is no setting", "\"# vh: timeout = VALUE\""}));
  EXPECT_EQ(1, CountLines(LogOf(std::string(20, '\n') + "# vh: timeout = 5\n"),
                          {"in line 21 is not read"}));
  EXPECT_EQ(1, CountLines(LogOf("# vh: tell_operators = maybe\n"),
                          {"\"# vh: tell_operators\" is \"maybe\"", "yes is used"}));
  EXPECT_EQ("", LogOf("# vh: Timeout = 5 # seconds\n# vh: tell_operators = NO\n"
                      "# vh: the module of the hub\n"));
}

TEST_P(Advice, ValuesMayBeInAnyCase) {
  EXPECT_EQ("", LogOf("# vh: runtime = Main\n# vh: tell_operators = Yes\n"));
  const ScopedEnvironment chosen("VH_PYTHON_RUNTIME", "MAIN");
  EXPECT_EQ("", LogOf(""));
  hub_.TakeLog();
  EXPECT_LE(0, hub_.Load("# vh: runtime = mian\n")) << "a stub";
  EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"\"mian\"", "did you mean main?"}));
}

TEST_P(Advice, OnFilesThatHideModulesOfPython) {
  const std::string told =
      "logging.py has the name of a module of Python: scripts beside it that "
      "import logging may get this file instead";
  EXPECT_EQ(1, CountLines(LogOf("", "logging.py"), {"PY: [0:logging.py] ", told.c_str()}));
  // A script is told about itself at each load, about what lies beside it once.
  EXPECT_EQ(1, CountLines(LogOf("", "logging.py"), {told.c_str()}));
  EXPECT_EQ("", LogOf("", "chat.py"));
  const std::filesystem::path folder = hub_.WriteScript("", "fine.py").parent_path() / "json";
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "__init__.py").close();
  EXPECT_EQ(1, CountLines(LogOf("", "chat.py"), {"PY: [0:chat.py] ", "/json has the name of"}));
  EXPECT_EQ("", LogOf("", "chat.py"));
}

// What people copy must not be complained of.
TEST_P(Advice, NotOnTheExamples) {
  int examples = 0;
  const std::filesystem::path folder = std::filesystem::path(VH_SUPPORT_FOLDER) / "../../examples";
  for (const auto& entry : std::filesystem::directory_iterator(folder / "scripts")) {
    if (entry.path().extension() != ".py") continue;
    std::ifstream file(entry.path());
    const std::string source((std::istreambuf_iterator<char>(file)), {});
    const std::string name = entry.path().filename();
    hub_.TakeLog();
    // Some want answers of a real hub: that is told as an error of theirs.
    hub_.Load(source, name);
    EXPECT_EQ(0, CountLines(hub_.TakeLog(), {"did you mean"})) << name;
    ++examples;
  }
  EXPECT_LE(5, examples);
}

}  // namespace
