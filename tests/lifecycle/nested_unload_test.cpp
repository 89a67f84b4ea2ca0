// Unloads that scripts ask for while calls of them are on the stack: their own top level, or a call
// further out. They happen when the outermost of those calls has returned, and nobody waits for it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

FakeHub* hub_of_test = nullptr;
int wanted = -1;

// Unloads the script that the test chose, and says what w_Unload answered.
w_Targs* Unload(int, w_Targs*) { return IntResult(Lib().w_Unload(wanted)); }

// Calls the function `go` of the script whose number it is given.
w_Targs* Pass(int, w_Targs* args) {
  long next = -1;
  EXPECT_EQ(1, Lib().w_unpack(args, "l", &next));
  const OwningBlock result(Lib().w_CallFunction(static_cast<int>(next), "go", nullptr));
  long number = -1;
  EXPECT_EQ(1, Lib().w_unpack(result.get(), "l", &number)) << Describe(result.get());
  return IntResult(number);
}

// Its globals are read after the host has come back: they must still be there.
constexpr const char* kScript =
    "import vh\n"
    "chain = []\n"
    "name = '?'\n"
    "def follow(name_of_script, *scripts):\n"
    "    global name\n"
    "    name = name_of_script\n"
    "    chain.extend(scripts)\n"
    "def go():\n"
    "    if chain: answer = vh.CallDynamicFunction('pass', chain.pop(0))\n"
    "    else: answer = vh.CallDynamicFunction('unload')\n"
    "    print(name, 'goes on with', len(chain), flush=True)\n"
    "    return answer\n"
    "def UnLoad(): print(name, 'says goodbye', flush=True)\n";

class NestedUnload : public testing::TestWithParam<const char*> {
 protected:
  NestedUnload() { hub_of_test = &hub_; }

  int Load(const std::string& name) {
    const int script = hub_.LoadEvaluating(kScript, name + ".py");
    EXPECT_EQ(1, Lib().w_RegisterFunction(script, "unload", &Unload));
    EXPECT_EQ(1, Lib().w_RegisterFunction(script, "pass", &Pass));
    return script;
  }

  // Which scripts a script passes the call to, one after the other.
  void Follow(int script, const std::string& name, const std::vector<int>& scripts) {
    std::string call = "follow('" + name + "'";
    for (int next : scripts) call += ", " + std::to_string(next);
    EXPECT_EQ("None", hub_.Evaluate(script, call + ")"));
  }

  // What is logged while the script passes its call on. An unload that waited for a call of its own
  // thread would wait for its whole time, and say so.
  std::string LogOfGoing(int script) {
    hub_.TakeLog();
    EXPECT_EQ("l 1", hub_.Call(script, "go"));
    const std::string log = hub_.TakeLog();
    EXPECT_EQ(0, CountLines(log, {"is still being called"})) << log;
    return log;
  }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  FakeHub hub_;
};

void ExpectOrder(const std::string& log, const std::vector<std::string>& lines) {
  size_t place = 0;
  for (const std::string& line : lines) {
    place = log.find(line, place);
    ASSERT_NE(std::string::npos, place) << line << " is missing or too early in\n" << log;
    place += line.size();
  }
}

TEST_P(NestedUnload, OfAScriptFurtherOutWaitsForItsCallToReturn) {
  const int outer = Load("outer"), inner = Load("inner");
  Follow(outer, "outer", {inner});
  Follow(inner, "inner", {});
  wanted = outer;
  const std::string log = LogOfGoing(outer);
  ExpectOrder(log, {"inner goes on with 0", "outer goes on with 0", "outer says goodbye"});
  EXPECT_EQ(0, Lib().w_Unload(outer)) << "it is gone";
  EXPECT_EQ("None", hub_.Evaluate(inner, "None")) << "the other one stays";
  EXPECT_EQ(outer, hub_.Load("", "next.py")) << "its id is free";
}

TEST_P(NestedUnload, OfAScriptInBetweenWaitsForThatCallOnly) {
  const int outer = Load("outer"), middle = Load("middle"), inner = Load("inner");
  Follow(outer, "outer", {middle});
  Follow(middle, "middle", {inner});
  Follow(inner, "inner", {});
  wanted = middle;
  const std::string log = LogOfGoing(outer);
  ExpectOrder(log, {"inner goes on with 0", "middle goes on with 0", "middle says goodbye",
                    "outer goes on with 0"});
  EXPECT_EQ(0, Lib().w_Unload(middle)) << "it is gone";
}

// More calls than a thread keeps notes of without counting: the script that goes is among those
// that are counted, and calls of another one took all the notes.
TEST_P(NestedUnload, TenCallsDeepWaitsForTheCallOfAScriptThatCameLast) {
  const int crowd = Load("crowd"), last = Load("last");
  std::vector<int> again(9, crowd);
  again.push_back(last);
  Follow(crowd, "crowd", again);
  Follow(last, "last", {});
  wanted = last;
  const std::string log = LogOfGoing(crowd);
  ExpectOrder(log, {"last goes on with 0", "last says goodbye", "crowd goes on with 0"});
  EXPECT_EQ(10, CountLines(log, {"crowd goes on with 0"})) << log;
  EXPECT_EQ(0, Lib().w_Unload(last)) << "it is gone";
}

TEST_P(NestedUnload, TenCallsDeepWaitsForTheFirstOfThem) {
  const int script = Load("script");
  Follow(script, "script", std::vector<int>(9, script));
  wanted = script;
  const std::string log = LogOfGoing(script);
  EXPECT_EQ(10, CountLines(log, {"script goes on with 0"})) << log;
  EXPECT_LT(log.rfind("script goes on with 0"), log.find("script says goodbye")) << log;
  EXPECT_EQ(0, Lib().w_Unload(script)) << "it is gone";
  EXPECT_EQ(script, hub_.Load("", "next.py")) << "its id is free";
}

// Loads a script whose top level can ask for its unload.
int LoadReserved(FakeHub& hub, const std::string& source) {
  const int id = Lib().w_ReserveID();
  EXPECT_EQ(1, Lib().w_RegisterFunction(id, "unload", &Unload));
  wanted = id;
  const std::string path = hub.WriteScript(source, "script.py").string();
  const Block arguments = Pack("lssssls", long{id}, path.c_str(), "HubBot", "OpChat",
                               hub.config_folder().c_str(), 1700000000L, "config");
  return Lib().w_Load(arguments.get());
}

TEST_P(NestedUnload, InTheScriptsOwnLoadHappensWhenItHasLoaded) {
  hub_.TakeLog();
  EXPECT_EQ(-1,
            LoadReserved(hub_,
                         "import vh\n"
                         "print('unload answers', vh.CallDynamicFunction('unload'), flush=True)\n"
                         "def OnTimer(now): pass\n"
                         "def UnLoad(): print('says goodbye', flush=True)\n"
                         "print('top level ends', flush=True)\n"));
  ExpectOrder(hub_.TakeLog(), {"unload answers 1", "top level ends", "says goodbye"});
  EXPECT_EQ(0, Lib().w_HasHook(wanted, W_OnTimer));
  EXPECT_EQ(-1, Lib().w_Find("script.py"));
  EXPECT_EQ(0, Lib().w_Unload(wanted)) << "it is gone";
  EXPECT_EQ(wanted, hub_.Load("", "next.py")) << "its id is free";
}

TEST_P(NestedUnload, InTheScriptsOwnLoadThatFailsLeavesItsIdFree) {
  EXPECT_EQ(-1, LoadReserved(hub_,
                             "import vh\n"
                             "vh.CallDynamicFunction('unload')\n"
                             "1 / 0\n"));
  EXPECT_EQ(0, Lib().w_Unload(wanted));
  EXPECT_EQ(wanted, hub_.Load("", "next.py"));
}

INSTANTIATE_TEST_SUITE_P(All, NestedUnload, testing::ValuesIn(AllRuntimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
