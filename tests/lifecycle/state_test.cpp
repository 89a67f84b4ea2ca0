// vh.state: what a script puts there is there again after a reload, whatever comes between.
#include <gtest/gtest.h>

#include <string>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

class State : public testing::TestWithParam<const char*> {
 protected:
  int Load(const std::string& source, const std::string& name = "script.py") {
    const int script = hub_.LoadEvaluating("import vh\n" + source, name);
    EXPECT_LE(0, script) << hub_.TakeLog();
    return script;
  }

  void Unload(int script) { EXPECT_EQ(1, Lib().w_Unload(script)); }

  // What the script of the name finds at its next load, which it leaves as it is.
  std::string FoundBy(const std::string& name = "script.py") {
    const int script = Load("found = repr(vh.state)\n", name);
    const std::string found = hub_.Evaluate(script, "eval(found)");
    Unload(script);
    return found;
  }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  FakeHub hub_;
};

TEST_P(State, OutlivesEachReload) {
  for (int load = 1; load <= 3; ++load) {
    const int script = Load("vh.state['loads'] = vh.state.get('loads', 0) + 1\n");
    EXPECT_EQ(std::to_string(load), hub_.Evaluate(script, "vh.state['loads']"));
    Unload(script);
  }
}

TEST_P(State, HoldsWhatJsonCan) {
  const std::string held = "{'list': [1, -0.5, None, True], 'map': {'nick': '\\u043d'}, 'n': 2}";
  Unload(Load("vh.state.update(" + held + ")\n"));
  EXPECT_EQ("True", hub_.Evaluate(Load(""), "vh.state == " + held));
}

TEST_P(State, HasWhatWasPutThereAtTheGoodbye) {
  Unload(
      Load("@vh.on_unload\n"
           "def first(): vh.state['first callback'] = 1\n"
           "@vh.on_unload\n"
           "def second(): vh.state['second callback'] = 1\n"
           "def UnLoad(): vh.state['UnLoad'] = 1\n"));
  EXPECT_EQ("{'UnLoad': 1, 'second callback': 1, 'first callback': 1}", FoundBy());
}

TEST_P(State, HasNothingThatWasTakenOutAtTheGoodbye) {
  Unload(
      Load("vh.state.update(kept=1, secret=2)\n"
           "@vh.on_unload\n"
           "def forget(): del vh.state['secret']\n"));
  EXPECT_EQ("{'kept': 1}", FoundBy());
}

TEST_P(State, OutlivesReloadsThatFail) {
  Unload(Load("vh.state['kept'] = 7\n"));
  for (const char* broken : {"1 / 0\n", "def broken(:\n", "raise SystemExit\n",
                             "import vh\nvh.state.clear()\nvh.state['half'] = 1\n1 / 0\n",
                             "# vh: runtime = nowhere\n"}) {
    const int script = hub_.Load(broken);
    if (script >= 0) Unload(script);  // A stub.
    EXPECT_EQ("{'kept': 7}", FoundBy()) << "after " << broken;
  }
}

TEST_P(State, OutlivesTheEndOfTheHub) {
  const std::string path = hub_.WriteScript(EvaluateSource(), "script.py").string();
  Unload(Load("vh.state['before'] = 1\n"));
  Load("vh.state['at the end'] = 1\n");
  EXPECT_EQ(1, Lib().w_End());
  w_Tcallback table[W_MAX_CALLBACKS] = {};
  ASSERT_EQ(1, Lib().w_Begin(table));
  hub_.WriteScript("import vh\n" + EvaluateSource(), "script.py");
  EXPECT_EQ("['at the end', 'before']", hub_.Evaluate(hub_.LoadFile(path), "sorted(vh.state)"));
}

TEST_P(State, IsThatOfEachFile) {
  Unload(Load("vh.state['of'] = 'first'\n", "first.py"));
  Unload(Load("vh.state['of'] = 'second'\n", "second.py"));
  EXPECT_EQ("{'of': 'first'}", FoundBy("first.py"));
  EXPECT_EQ("{'of': 'second'}", FoundBy("second.py"));
  EXPECT_EQ("{}", FoundBy("third.py"));
}

TEST_P(State, LosesOnlyWhatJsonCannotHoldAndTellsIt) {
  const int script = Load("vh.state.update(good=1, bad=object(), late=2)\nvh.state[3] = 4\n");
  hub_.TakeLog();
  Unload(script);
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"script.py]", "vh.state['bad'] does not outlive the unload"}))
      << log;
  EXPECT_EQ(1, CountLines(log, {"script.py]", "vh.state[3] does not outlive the unload"})) << log;
  EXPECT_EQ("{'good': 1, 'late': 2}", FoundBy());
}

TEST_P(State, IsAsBeforeWhenItIsNoDictAnyMoreAndThatIsTold) {
  Unload(Load("vh.state['kept'] = 1\n"));
  const int script = Load("vh.state = 5\n");
  hub_.TakeLog();
  Unload(script);
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"script.py]", "vh.state is not kept", "not a dict"})) << log;
  EXPECT_EQ("{'kept': 1}", FoundBy());
}

INSTANTIATE_TEST_SUITE_P(All, State, testing::ValuesIn(AllRuntimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
