// w_RegisterFunction and vh.CallDynamicFunction: C functions a host offers to one script.
#include <gtest/gtest.h>

#include <climits>
#include <string>
#include <utility>

#include "fake_hub.hpp"

namespace {

// What the registered functions saw and what they answer; reset by the fixture.
std::string received;
Answer answer;

w_Targs* Function(int script, w_Targs* args) {
  received += std::to_string(script) + " " + Describe(args) + "\n";
  return answer ? answer(args) : nullptr;
}

w_Targs* OtherFunction(int, w_Targs*) { return TextResult("other"); }

class RegisteredFunctions : public testing::Test {
 protected:
  RegisteredFunctions() {
    received.clear();
    answer = nullptr;
    other_ = hub_.LoadEvaluating("", "other.py");
    script_ = hub_.LoadEvaluating(
        "class Index:\n    def __index__(self): return 5\n"
        "cycle = []\ncycle.append(cycle)\n"
        // Python 3.15 has one that is no dict.
        "import builtins\nfrozendict = getattr(builtins, 'frozendict', dict)\n");
    EXPECT_EQ(1, Lib().w_RegisterFunction(script_, "function", &Function));
  }

  std::string Evaluate(const std::string& arguments) {
    return hub_.Evaluate(script_, "vh.CallDynamicFunction(" + arguments + ")");
  }

  FakeHub hub_;
  int other_;
  int script_;
};

TEST_F(RegisteredFunctions, ReceiveEveryKindOfArgument) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"", ""},
      {", None", "s NULL"},
      {", True, False, 7, -2**63", "llll 1 0 7 -9223372036854775808"},
      {", 1.5, 'text', ''", "dss 1.5 \"text\" \"\""},
      {", [1, 'a', None]", "D [1,\"a\",null]"},
      {", ['a', 'b']", "D [\"a\",\"b\"]"},
      {", (1, 2)", "D [1,2]"},
      {", {'a': {'b': [True]}}", "D {\"a\":{\"b\":[true]}}"},
      {", {'x'}", "D [\"x\"]"},
      {", frozendict({'a': frozendict(b=[1])})", "D {\"a\":{\"b\":[1]}}"},
      {", [], {}, ()", "DDD [] {} []"},
      {", *range(20)", "llllllllllllllllllll 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19"},
  };
  for (const auto& [arguments, block] : cases) {
    EXPECT_EQ("None", Evaluate("'function'" + std::string(arguments)));
    EXPECT_EQ("1 " + std::string(block) + "\n", std::exchange(received, "")) << arguments;
  }
}

TEST_F(RegisteredFunctions, RefuseOtherArguments) {
  struct Refusal {
    const char* arguments;
    const char* error;
    const char* name;  // Of the function the error is about.
  };
  const Refusal refusals[] = {
      {"'function', object()", "TypeError: ", "function() argument 1"},
      {"'function', 1, b'bytes'", "TypeError: ", "function() argument 2"},
      {"'function', 1j", "TypeError: ", "complex"},
      {"'function', [float('nan')]", "TypeError: ", "function() argument 1"},
      {"'function', cycle", "TypeError: ", "function() argument 1"},
      {"'function', 2**63", "OverflowError: ", "function() argument 1"},
      {"'function', 'a\\0b'", "ValueError: ", "function() argument 1"},
      {"", "TypeError: ", "CallDynamicFunction"},
      {"5", "TypeError: ", "CallDynamicFunction"},
      {"None", "TypeError: ", "CallDynamicFunction"}};
  for (const auto& [arguments, error, name] : refusals) {
    const std::string text = Evaluate(arguments);
    EXPECT_EQ(0u, text.find(error)) << arguments << ": " << text;
    EXPECT_NE(std::string::npos, text.find(name)) << arguments << ": " << text;
  }
  EXPECT_EQ("", received);
}

w_Targs* TabResult() {
  w_Targs* block = NewBlock("tab");
  block->args[0].type = 'l';
  block->args[0].l = 5;
  block->args[1].type = 's';
  block->args[1].s = strdup("text");
  block->args[3].type = 'd';
  block->args[3].d = 1.5;
  return block;
}

w_Targs* ListResult() {
  w_Targs* block = NewBlock("L");
  block->args[0].L = static_cast<char**>(std::calloc(3, sizeof(char*)));
  block->args[0].L[0] = strdup("a");
  block->args[0].L[1] = strdup("b");
  return block;
}

w_Targs* PointerResult(void* pointer) {
  w_Targs* block = NewBlock("p");
  block->args[0].p = pointer;
  return block;
}

w_Targs* MixedResult() {
  w_Targs* block = NewBlock("lsD");
  block->args[0].l = 7;
  block->args[1].s = strdup("text");
  block->args[2].s = strdup("[1]");
  return block;
}

TEST_F(RegisteredFunctions, ReturnEveryKindOfResult) {
  const std::vector<std::pair<Answer, const char*>> cases = {
      {[](w_Targs*) { return IntResult(-7); }, "-7"},
      {[](w_Targs*) { return IntResult(0xffffffffL); }, "4294967295"},
      {[](w_Targs*) { return IntResult(LONG_MAX); }, "9223372036854775807"},
      {[](w_Targs*) { return FloatResult(0.5); }, "0.5"},
      {[](w_Targs*) { return TextResult("text"); }, "'text'"},
      {[](w_Targs*) { return TextResult(nullptr); }, "None"},
      {[](w_Targs*) { return JsonResult("{\"a\": [1, null]}"); }, "{'a': [1, None]}"},
      {[](w_Targs*) { return ListResult(); }, "['a', 'b']"},
      {[](w_Targs*) { return PointerResult(reinterpret_cast<void*>(16)); }, "16"},
      {[](w_Targs*) { return PointerResult(nullptr); }, "None"},
      {[](w_Targs*) { return MixedResult(); }, "(7, 'text', [1])"},
      {[](w_Targs*) { return NewBlock(""); }, "None"},
      {[](w_Targs*) -> w_Targs* { return nullptr; }, "None"},
  };
  for (const auto& [one, python] : cases) {
    answer = one;
    EXPECT_EQ(python, Evaluate("'function'"));
  }
}

TEST_F(RegisteredFunctions, ReturnTabResultsByTheirTypes) {
  answer = [](w_Targs*) { return TabResult(); };
  EXPECT_EQ("(5, 'text', None, 1.5)",
            hub_.Evaluate(script_, "vh.CallDynamicFunction('function')[:4]"));
}

TEST_F(RegisteredFunctions, MayReturnTheirOwnArguments) {
  answer = [](w_Targs* args) { return args; };
  EXPECT_EQ("'text'", Evaluate("'function', 'text'"));
  EXPECT_EQ("(1, 'a', [2])", Evaluate("'function', 1, 'a', [2]"));
}

TEST_F(RegisteredFunctions, UnknownNamesAreNameErrors) {
  for (const char* name : {"missing", "", "Function", "function "}) {
    const std::string text = Evaluate("'" + std::string(name) + "'");
    EXPECT_EQ(0u, text.find("NameError: ")) << text;
    EXPECT_NE(std::string::npos, text.find(name)) << text;
  }
}

TEST_F(RegisteredFunctions, BelongToOneScript) {
  EXPECT_EQ(0u, hub_.Evaluate(other_, "vh.CallDynamicFunction('function')").find("NameError: "));
}

TEST_F(RegisteredFunctions, AreThereWhileTheScriptLoads) {
  answer = [](w_Targs*) { return IntResult(42); };
  const auto path =
      hub_.WriteScript(EvaluateSource() + "early = vh.CallDynamicFunction('early')\n", "early.py");
  const int id = Lib().w_ReserveID();
  ASSERT_EQ(1, Lib().w_RegisterFunction(id, "early", &Function));
  const std::string file = path.string();
  const Block arguments = Pack("lssssls", long{id}, file.c_str(), "b", "o", "c", 0L, "n");
  ASSERT_EQ(id, Lib().w_Load(arguments.get())) << hub_.TakeLog();
  EXPECT_EQ("42", hub_.Evaluate(id, "early"));
}

TEST_F(RegisteredFunctions, AreReplacedByTheNextOfTheirName) {
  EXPECT_EQ(1, Lib().w_RegisterFunction(script_, "function", &OtherFunction));
  EXPECT_EQ("'other'", Evaluate("'function'"));
  EXPECT_EQ("", received);
}

TEST_F(RegisteredFunctions, CanBeTakenBack) {
  EXPECT_EQ(1, Lib().w_UnregisterFunction(script_, "function"));
  EXPECT_EQ(0u, Evaluate("'function'").find("NameError: "));
  EXPECT_EQ(0, Lib().w_UnregisterFunction(script_, "function"));
  EXPECT_EQ(1, Lib().w_RegisterFunction(script_, "function", &OtherFunction));
  EXPECT_EQ("'other'", Evaluate("'function'"));
}

TEST_F(RegisteredFunctions, AreGoneAfterUnload) {
  Lib().w_Unload(script_);
  EXPECT_EQ(0, Lib().w_UnregisterFunction(script_, "function"));
  ASSERT_EQ(script_, hub_.LoadEvaluating());
  EXPECT_EQ(0u, Evaluate("'function'").find("NameError: "));
}

TEST_F(RegisteredFunctions, NeedAnIdANameAndAFunction) {
  for (int script : {INT_MIN, -1, 2, 1000, INT_MAX}) {
    EXPECT_EQ(0, Lib().w_RegisterFunction(script, "function", &Function)) << script;
    EXPECT_EQ(0, Lib().w_UnregisterFunction(script, "function")) << script;
  }
  EXPECT_EQ(0, Lib().w_RegisterFunction(script_, nullptr, &Function));
  EXPECT_EQ(0, Lib().w_RegisterFunction(script_, "other", nullptr));
  EXPECT_EQ(0, Lib().w_UnregisterFunction(script_, nullptr));
  EXPECT_EQ(0, Lib().w_UnregisterFunction(script_, "missing"));
}

TEST_F(RegisteredFunctions, MayCallTheScriptAgain) {
  answer = [this](w_Targs*) { return TextResult(hub_.Evaluate(script_, "'inner'").c_str()); };
  EXPECT_EQ("\"'inner'\"", Evaluate("'function'"));
}

}  // namespace
