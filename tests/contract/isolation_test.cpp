// Scripts do not see each other, whichever runtime they run in.
#include <gtest/gtest.h>

#include "fake_hub.hpp"

namespace {

constexpr const char* kMain = "# vh: runtime = main\n";

// Defines the same global and the same hook in every script.
std::string Shared(const std::string& header, const std::string& value) {
  return header + EvaluateSource() + "shared = '" + value +
         "'\n"
         "seen = []\n"
         "def OnUserLogin(nick):\n"
         "    global shared\n"
         "    seen.append((shared, nick))\n"
         "    shared += '+'\n"
         "    return (shared, vh.myid)\n";
}

TEST(Isolation, TwoScriptsInSubAndTwoInMainDoNotMix) {
  FakeHub hub;
  const int scripts[] = {hub.Load(Shared("", "a"), "a.py"), hub.Load(Shared("", "b"), "b.py"),
                         hub.Load(Shared(kMain, "c"), "c.py"),
                         hub.Load(Shared(kMain, "d"), "d.py")};
  const std::string values[] = {"a", "b", "c", "d"};
  const Block nick = Pack("s", "nick");
  for (const char* mark : {"+", "++", "+++"}) {
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ("sl \"" + values[i] + mark + "\" " + std::to_string(i),
                hub.Hook(scripts[i], W_OnUserLogin, nick.get()));
    }
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(i, scripts[i]);
    EXPECT_EQ("(" + std::to_string(i) + ", '" + values[i] + "+++', 3)",
              hub.Evaluate(scripts[i], "(vh.myid, shared, len(seen))"));
  }
}

TEST(Isolation, UnloadingOneLeavesTheOthers) {
  FakeHub hub;
  hub.Load(Shared("", "a"), "a.py");
  hub.Load(Shared("", "b"), "b.py");
  hub.Load(Shared(kMain, "c"), "c.py");
  hub.Load(Shared(kMain, "d"), "d.py");
  const Block nick = Pack("s", "nick");
  ASSERT_EQ(1, Lib().w_Unload(0));
  ASSERT_EQ(1, Lib().w_Unload(2));
  EXPECT_EQ("(null)", hub.Hook(0, W_OnUserLogin, nick.get()));
  EXPECT_EQ("(null)", hub.Hook(2, W_OnUserLogin, nick.get()));
  EXPECT_EQ("sl \"b+\" 1", hub.Hook(1, W_OnUserLogin, nick.get()));
  EXPECT_EQ("sl \"d+\" 3", hub.Hook(3, W_OnUserLogin, nick.get()));
  EXPECT_EQ(0, hub.Load(Shared(kMain, "e"), "e.py")) << "the lowest free id";
  EXPECT_EQ("sl \"e+\" 0", hub.Hook(0, W_OnUserLogin, nick.get()));
  EXPECT_EQ("sl \"d++\" 3", hub.Hook(3, W_OnUserLogin, nick.get()));
}

class IsolationByRuntime : public testing::TestWithParam<const char*> {
 protected:
  std::string header() const { return std::string("# vh: runtime = ") + GetParam() + "\n"; }
};

INSTANTIATE_TEST_SUITE_P(Isolation, IsolationByRuntime, testing::Values("sub", "main"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(IsolationByRuntime, TheSameFileCanBeLoadedTwice) {
  FakeHub hub;
  const std::string file = hub.WriteScript(Shared(header(), "x"), "twice.py").string();
  ASSERT_EQ(0, hub.LoadFile(file));
  ASSERT_EQ(1, hub.LoadFile(file));
  const Block nick = Pack("s", "nick");
  EXPECT_EQ("sl \"x+\" 0", hub.Hook(0, W_OnUserLogin, nick.get()));
  EXPECT_EQ("sl \"x++\" 0", hub.Hook(0, W_OnUserLogin, nick.get()));
  EXPECT_EQ("sl \"x+\" 1", hub.Hook(1, W_OnUserLogin, nick.get()));
}

TEST_P(IsolationByRuntime, AScriptIsTheMainModuleOfItsFile) {
  FakeHub hub;
  const int script = hub.Load(header() + EvaluateSource() + "import sys\n", "named.py");
  const std::string folder = (hub.config_folder() / "scripts").string();
  EXPECT_EQ("'__main__'", hub.Evaluate(script, "__name__"));
  EXPECT_EQ("'" + folder + "/named.py'", hub.Evaluate(script, "__file__"));
  EXPECT_EQ("'" + folder + "'", hub.Evaluate(script, "sys.path[0]"));
}

TEST_P(IsolationByRuntime, ScriptsOfOtherFoldersAlsoFindTheScriptsFolder) {
  FakeHub hub;
  const auto elsewhere = hub.config_folder() / "elsewhere";
  std::filesystem::create_directory(elsewhere);
  hub.WriteScript("value = 'from the scripts folder'\n", "in_scripts.py");
  hub.WriteScript("value = 'beside the script'\n", "../elsewhere/beside.py");
  const std::string file =
      hub.WriteScript(header() + EvaluateSource() + "import beside, in_scripts, sys\n",
                      "../elsewhere/script.py")
          .lexically_normal()
          .string();
  const int script = hub.LoadFile(file);
  ASSERT_EQ(0, script) << hub.TakeLog();
  EXPECT_EQ("('beside the script', 'from the scripts folder')",
            hub.Evaluate(script, "(beside.value, in_scripts.value)"));
  EXPECT_EQ("'" + elsewhere.string() + "'", hub.Evaluate(script, "sys.path[0]"));
}

TEST_P(IsolationByRuntime, HelperModulesImportTheirScriptsVh) {
  FakeHub hub;
  hub.WriteScript("import vh\ndef say(text):\n    return (vh.myid, vh.mc(text))\n", "helper.py");
  const std::string source = header() + EvaluateSource() + "import helper\n";
  ASSERT_EQ(0, hub.Load(source, "first.py")) << hub.TakeLog();
  ASSERT_EQ(1, hub.Load(source, "second.py")) << hub.TakeLog();
  EXPECT_EQ("(0, True)", hub.Evaluate(0, "helper.say('one')"));
  EXPECT_EQ("(1, True)", hub.Evaluate(1, "helper.say('two')"));
  EXPECT_EQ("(0, True)", hub.Evaluate(0, "helper.say('three')"));
  EXPECT_EQ("0 mc ss \"one\" NULL\n1 mc ss \"two\" NULL\n0 mc ss \"three\" NULL\n",
            hub.TakeCalls());
}

TEST_P(IsolationByRuntime, ImportsInsideFunctionsFindTheScriptsVh) {
  FakeHub hub;
  const std::string source =
      header() + EvaluateSource() + "def late():\n    import vh\n    return vh.myid\n";
  hub.Load(source, "first.py");
  hub.Load(source, "second.py");
  EXPECT_EQ("l 1", hub.Call(1, "late"));
  EXPECT_EQ("l 0", hub.Call(0, "late"));
}

TEST_P(IsolationByRuntime, TheEnvironmentChoosesForScriptsThatDoNotSay) {
  const ScopedEnvironment runtime("VH_PYTHON_RUNTIME", GetParam());
  FakeHub hub;
  const std::string source = EvaluateSource() + "import sys\n";
  hub.Load(source, "first.py");
  hub.Load(source, "second.py");
  // `sys.modules` is one dict a interpreter: its address tells whether two scripts share one.
  const bool shared = hub.Evaluate(0, "id(sys.modules)") == hub.Evaluate(1, "id(sys.modules)");
  EXPECT_EQ(GetParam() == std::string("main"), shared);
}

TEST(Isolation, TheHeaderBeatsTheEnvironment) {
  const ScopedEnvironment runtime("VH_PYTHON_RUNTIME", "main");
  FakeHub hub;
  const std::string source = "# vh: runtime = sub\n" + EvaluateSource() + "import sys\n";
  hub.Load(source, "first.py");
  hub.Load(source, "second.py");
  EXPECT_NE(hub.Evaluate(0, "id(sys.modules)"), hub.Evaluate(1, "id(sys.modules)"));
}

TEST(Isolation, AnUnknownRuntimeLeavesAStub) {
  FakeHub hub;
  const int script = hub.Load("# vh: runtime = sideways\ndef f(): return 1\n", "sideways.py");
  EXPECT_EQ(0, script);
  const std::string log = hub.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"PY: ", "sideways.py", "\"sideways\""})) << log;
  EXPECT_EQ(1, CountLines(log, {"PY: ", "sideways.py] a stub stands in for it"})) << log;
  EXPECT_EQ("(null)", hub.Call(script, "f")) << "nothing of it runs";
}

TEST(Isolation, OnlyTheFirstTwentyLinesAreTheHeader) {
  FakeHub hub;
  const std::string late = std::string(25, '\n') + "# vh: runtime = sideways\n";
  EXPECT_EQ(0, hub.Load(late, "late.py")) << hub.TakeLog();
}

}  // namespace
