// w_CallFunction: arguments of every letter, results of both mappings, failures.
#include <gtest/gtest.h>

#include <climits>
#include <cstdint>

#include "fake_hub.hpp"

namespace {

constexpr const char* kSource =
    "seen = None\n"
    "def value(text):\n"
    "    return eval(text)\n"
    "def show(*args):\n"
    "    return ascii(args)\n"
    "def give(x):\n"
    "    return x\n"
    "def fail():\n"
    "    raise LookupError('on purpose')\n"
    "class Thing:\n"
    "    def method(self):\n"
    "        return 'method'\n"
    "thing = Thing()\n"
    "number = 5\n"
    "cycle = []\n"
    "cycle.append(cycle)\n"
    "deep = 1\n"
    "for _ in range(200):\n"
    "    deep = [deep]\n"
    // Python 3.15 has one that is no dict.
    "import builtins\n"
    "frozendict = getattr(builtins, 'frozendict', dict)\n"
    "frozen = frozendict(a=[frozendict(b=None)])\n"
    "level = 'end'\n"
    "for _ in range(100):\n"
    "    level = [level]\n";

// A Python value and the block it becomes.
struct Row {
  const char* python;
  const char* bidirectional;
  const char* python3;
};

constexpr const char* kFailure = "(null)";

constexpr Row kRows[] = {
    {"0", "l 0", "l 0"},
    {"-5", "l -5", "l -5"},
    {"2**63 - 1", "l 9223372036854775807", "l 9223372036854775807"},
    {"-2**63", "l -9223372036854775808", "l -9223372036854775808"},
    {"2**63", kFailure, kFailure},
    {"-2**63 - 1", kFailure, kFailure},
    {"True", "l 1", "l 1"},
    {"False", "l 0", "l 0"},
    {"None", "l 0", "l 0"},
    {"1.5", "d 1.5", "d 1.5"},
    {"float('inf')", "d inf", "d inf"},
    {"'text'", "s \"text\"", "s \"text\""},
    {"''", "s \"\"", "s \"\""},
    {"()", "tab", "D []"},
    {"(1, 'a', 2.5)", "tab l 1, s \"a\", d 2.5", "D [1,\"a\",2.5]"},
    {"(1, None, [2], 'a')", "tab l 1, -, -, s \"a\"", "D [1,null,[2],\"a\"]"},
    {"(True, {'a': 1}, 3)", "tab l 1, -, l 3", "D [true,{\"a\":1},3]"},
    {"tuple(range(12))", "tab l 0, l 1, l 2, l 3, l 4, l 5, l 6, l 7, l 8, l 9",
     "D [0,1,2,3,4,5,6,7,8,9,10,11]"},
    {"['a', 'b', '']", "L [\"a\",\"b\",\"\"]", "D [\"a\",\"b\",\"\"]"},
    {"['a', 1]", "D [\"a\",1]", "D [\"a\",1]"},
    {"[1, 2.5, None, True, False]", "D [1,2.5,null,true,false]", "D [1,2.5,null,true,false]"},
    {"{}", "D {}", "D {}"},
    {"{'a': [1, {'b': None}], 'c': 'd'}", "D {\"a\":[1,{\"b\":null}],\"c\":\"d\"}",
     "D {\"a\":[1,{\"b\":null}],\"c\":\"d\"}"},
    {"frozen", "D {\"a\":[{\"b\":null}]}", "D {\"a\":[{\"b\":null}]}"},
    {"{1: 'int'}", "D {\"1\":\"int\"}", "D {\"1\":\"int\"}"},
    {"{1.5: 'float'}", "D {\"1.5\":\"float\"}", "D {\"1.5\":\"float\"}"},
    {"{True: 'bool'}", "D {\"true\":\"bool\"}", "D {\"true\":\"bool\"}"},
    {"{None: 'none'}", "D {\"null\":\"none\"}", "D {\"null\":\"none\"}"},
    {"{(1, 2): 'tuple'}", kFailure, kFailure},
    {"{'a'}", "D [\"a\"]", "D [\"a\"]"},
    {"set()", "D []", "D []"},
    {"frozenset({7})", "D [7]", "D [7]"},
    {"[(1, 'a')]", "D [[1,\"a\"]]", "D [[1,\"a\"]]"},
    {"['quote\"', 'back\\\\slash', 'line\\n', 1]",
     "D [\"quote\\\"\",\"back\\\\slash\",\"line\\n\",1]",
     "D [\"quote\\\"\",\"back\\\\slash\",\"line\\n\",1]"},
    {"[b'bytes\\xff']", "D [{\"$bytes\":\"Ynl0ZXP/\"}]", "D [{\"$bytes\":\"Ynl0ZXP/\"}]"},
    {"['\\udcff', 1]", "D [\"\\udcff\",1]", "D [\"\\udcff\",1]"},
    {"[2**63 - 1]", "D [9223372036854775807]", "D [9223372036854775807]"},
    {"[2**64]", kFailure, kFailure},
    {"[float('nan')]", kFailure, kFailure},
    {"{'a': float('inf')}", kFailure, kFailure},
    {"[-float('inf')]", kFailure, kFailure},
    {"cycle", kFailure, kFailure},
    {"deep", kFailure, kFailure},
    {"[object()]", kFailure, kFailure},
    {"b'bytes'", kFailure, kFailure},
    {"object()", kFailure, kFailure},
    {"1j", kFailure, kFailure},
    {"show", kFailure, kFailure},
    {"'a\\0b'", kFailure, kFailure},
};

class CallFunctionByGeneration : public testing::TestWithParam<Generation> {};

INSTANTIATE_TEST_SUITE_P(CallFunction, CallFunctionByGeneration,
                         testing::Values(Generation::kClassic, Generation::kBidirectional,
                                         Generation::kPython3, Generation::kUnknown),
                         testing::PrintToStringParamName());

TEST_P(CallFunctionByGeneration, TurnsEveryResultIntoItsBlock) {
  FakeHub hub(GetParam());
  const int script = hub.Load(kSource, "values.py");
  for (const Row& row : kRows) {
    hub.TakeLog();
    const std::string expected =
        GetParam() == Generation::kPython3 ? row.python3 : row.bidirectional;
    EXPECT_EQ(expected, hub.Call(script, "value", Pack("s", row.python).get())) << row.python;
    const std::string log = hub.TakeLog();
    EXPECT_EQ(expected == kFailure ? 1 : 0, CountLines(log, {"PY: ", "values.py", "value"}))
        << row.python << "\n"
        << log;
  }
}

TEST_P(CallFunctionByGeneration, GivesEachStringAnAllocationOfItsOwn) {
  FakeHub hub(GetParam());
  const int script = hub.Load(kSource);
  const Block text = Pack("s", "'text'");
  w_Targs* result = Lib().w_CallFunction(script, "value", text.get());
  ASSERT_EQ("s \"text\"", Describe(result));
  EXPECT_FALSE(IsInside(result, result->args[0].s));
  std::free(result->args[0].s);
  std::free(result);
  const Block json = Pack("s", "{'a': 1}");
  result = Lib().w_CallFunction(script, "value", json.get());
  ASSERT_EQ("D {\"a\":1}", Describe(result));
  EXPECT_FALSE(IsInside(result, result->args[0].s));
  std::free(result->args[0].s);
  std::free(result);
}

TEST(CallFunction, EnvironmentChoosesTheMapping) {
  const ScopedEnvironment python3("VH_PYTHON_GENERATION", "python3");
  FakeHub hub(Generation::kUnknown);
  const int script = hub.Load(kSource);
  EXPECT_EQ("D [1]", hub.Call(script, "value", Pack("s", "(1,)").get()));
}

TEST(CallFunction, NamesTheTypeItCannotReturn) {
  FakeHub hub;
  const int script = hub.Load(kSource, "values.py");
  hub.TakeLog();
  EXPECT_EQ(kFailure, hub.Call(script, "value", Pack("s", "thing").get()));
  const std::string log = hub.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"PY: ", "values.py", "value", "Thing"})) << log;
}

TEST(CallFunction, TakesArgumentsOfEveryLetter) {
  FakeHub hub;
  const int script = hub.Load(kSource);
  const char* list[] = {"a", "b", nullptr};
  EXPECT_EQ("s \"(-5, 'text', 0.25, 4096, ['a', 'b'], {'k': [1, None, True, 1.5, 'v']})\"",
            hub.Call(script, "show",
                     Pack("lsdpLD", -5L, "text", 0.25, reinterpret_cast<void*>(4096), list,
                          "{\"k\": [1, null, true, 1.5, \"v\"]}")
                         .get()));
}

TEST(CallFunction, TakesJsonOfEveryKind) {
  FakeHub hub;
  const int script = hub.Load(kSource);
  const std::vector<std::pair<const char*, const char*>> texts = {
      {"null", "(None,)"},
      {"true", "(True,)"},
      {"-7", "(-7,)"},
      {"1e3", "(1000.0,)"},
      {"\"text\"", "('text',)"},
      {"[]", "([],)"},
      {" {\"a\" : {} } ", "({'a': {}},)"},
      {"\"\\u20ac\\ud83d\\ude00\"", "('\\u20ac\\U0001f600',)"},
      {"\"\xe2\x82\xac\"", "('\\u20ac',)"},
      {"\"\xff\"", "('\\udcff',)"},
      {"9223372036854775807", "(9223372036854775807,)"},
      {"{\"$bytes\": \"Ynl0ZXP/\"}", "(b'bytes\\xff',)"},
  };
  for (const auto& [json, python] : texts) {
    EXPECT_EQ("s \"" + std::string(python) + "\"", hub.Call(script, "show", Pack("D", json).get()))
        << json;
  }
}

// Where the number of digits does not say whether one fits, its value does.
TEST(CallFunction, TakesIntegersOf64BitsAndRefusesLongerOnes) {
  FakeHub hub;
  const int script = hub.Load(kSource);
  for (const std::string number :
       {"999999999999999999", "1000000000000000000", "9223372036854775806", "9223372036854775807",
        "-999999999999999999", "-1000000000000000000", "-9223372036854775807",
        "-9223372036854775808"}) {
    const std::string json = "[" + number + "]";
    EXPECT_EQ("s \"([" + number + "],)\"", hub.Call(script, "show", Pack("D", json.c_str()).get()));
  }
  for (const std::string number :
       {"9223372036854775808", "9223372036854775809", "9999999999999999999", "-9223372036854775809",
        "-9999999999999999999", "10000000000000000000", "18446744073709551616",
        "18446744073709551617", "-18446744073709551615", "100000000000000000000000000"}) {
    const std::string json = "[" + number + "]";
    hub.TakeLog();
    EXPECT_EQ("(null)", hub.Call(script, "show", Pack("D", json.c_str()).get())) << number;
    const std::string log = hub.TakeLog();
    EXPECT_EQ(1, CountLines(log, {"this integer does not fit 64 bits, at byte"})) << log;
  }
}

TEST(CallFunction, TakesNullForEveryPointer) {
  FakeHub hub;
  const int script = hub.Load(kSource);
  EXPECT_EQ("s \"(None, None)\"", hub.Call(script, "show", Pack("sp", nullptr, nullptr).get()));
  for (const char* letter : {"D", "L", "O"}) {
    EXPECT_EQ("s \"(None,)\"", hub.Call(script, "show", Pack(letter, nullptr).get())) << letter;
  }
}

TEST(CallFunction, LeavesTheCallersBlockAlone) {
  FakeHub hub;
  const int script = hub.Load(kSource);
  const char* list[] = {"a", nullptr};
  const Block arguments = Pack("lsLD", 1L, "text", list, "[1]");
  const std::string before = Describe(arguments.get());
  hub.Call(script, "show", arguments.get());
  EXPECT_EQ(before, Describe(arguments.get()));
}

TEST(CallFunction, PassesObjectsOfTheScript) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(
      "import sys\nkept = ['kept']\nreceived = None\n"
      "def receive(x):\n    global received\n    received = x\n");
  const std::string count = hub.Evaluate(script, "sys.getrefcount(kept)");
  const auto address = std::stoull(hub.Evaluate(script, "id(kept)"));
  const Block arguments = Pack("O", reinterpret_cast<void*>(static_cast<uintptr_t>(address)));
  EXPECT_EQ("l 0", hub.Call(script, "receive", arguments.get()));
  EXPECT_EQ("True", hub.Evaluate(script, "received is kept"));
  hub.Evaluate(script, "globals().__setitem__('received', None)");
  EXPECT_EQ(count, hub.Evaluate(script, "sys.getrefcount(kept)")) << "the reference is borrowed";
}

TEST(CallFunction, AcceptsNullParams) {
  FakeHub hub;
  const int script = hub.Load(kSource);
  EXPECT_EQ("s \"()\"", hub.Call(script, "show", nullptr));
  EXPECT_EQ("s \"()\"", hub.Call(script, "show", Pack("").get()));
}

TEST(CallFunction, RefusesJsonThatIsNone) {
  FakeHub hub;
  const int script = hub.Load(kSource, "values.py");
  for (const char* json :
       {"", "{", "{a: 1}", "nul", "[1,]", "\"open", "NaN", "{} {}", "'text'", "\xff"}) {
    hub.TakeLog();
    EXPECT_EQ(kFailure, hub.Call(script, "show", Pack("D", json).get())) << json;
    const std::string log = hub.TakeLog();
    EXPECT_EQ(1, CountLines(log, {"PY: ", "values.py", "show", "JSON"})) << json << "\n" << log;
  }
}

TEST(CallFunction, RefusesJsonNestedTooDeep) {
  FakeHub hub;
  const int script = hub.Load(kSource);
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  EXPECT_EQ(kFailure, hub.Call(script, "show", Pack("D", deep.c_str()).get()));
  const std::string deepest(1000000, '[');
  EXPECT_EQ(kFailure, hub.Call(script, "show", Pack("D", deepest.c_str()).get()));
  const std::string fine = std::string(100, '[') + "\"end\"" + std::string(100, ']');
  EXPECT_EQ("D " + fine, hub.Call(script, "value", Pack("s", "level").get()));
  EXPECT_EQ("D " + fine, hub.Call(script, "give", Pack("D", fine.c_str()).get()));
}

TEST(CallFunction, FindsOnlyCallablesOfTheScript) {
  FakeHub hub;
  const int script = hub.Load(kSource, "values.py");
  for (const char* name : {"missing", "number", "thing.method", "Thing.method", "", " show", "len",
                           "show()", "\xff\xfe", "__name__"}) {
    hub.TakeLog();
    EXPECT_EQ(kFailure, hub.Call(script, name)) << name;
    const std::string log = hub.TakeLog();
    EXPECT_EQ(1, CountLines(log, {"PY: ", "values.py"})) << name << "\n" << log;
  }
  EXPECT_EQ(kFailure, hub.Call(script, nullptr));
  const std::string endless(1000000, 'x');
  EXPECT_EQ(kFailure, hub.Call(script, endless.c_str()));
}

TEST(CallFunction, LogsTheTracebackWhenTheFunctionRaises) {
  FakeHub hub;
  const int script = hub.Load(kSource, "values.py");
  hub.TakeLog();
  EXPECT_EQ(kFailure, hub.Call(script, "fail"));
  const std::string log = hub.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"PY: ", "values.py", "fail"})) << log;
  for (const char* part : {"Traceback", "line 9", "LookupError: on purpose"}) {
    EXPECT_NE(std::string::npos, log.find(part)) << "no " << part << " in:\n" << log;
  }
  EXPECT_EQ(kFailure, hub.Call(script, "give")) << "a missing argument";
  EXPECT_NE(std::string::npos, hub.TakeLog().find("TypeError"));
  EXPECT_EQ("l 7", hub.Call(script, "give", Pack("l", 7L).get()));
}

TEST(CallFunction, NeedsALoadedScript) {
  FakeHub hub;
  const int gone = hub.Load(kSource);
  Lib().w_Unload(gone);
  const int reserved = Lib().w_ReserveID();
  for (int script : {INT_MIN, -1, reserved, gone, 7, 1000, INT_MAX}) {
    EXPECT_EQ(kFailure, hub.Call(script, "show")) << script;
  }
}

TEST(CallFunction, FindsWhatTheScriptDefinesLater) {
  FakeHub hub;
  const int script = hub.LoadEvaluating();
  EXPECT_EQ(kFailure, hub.Call(script, "late"));
  hub.Evaluate(script, "globals().__setitem__('late', lambda: 'here')");
  EXPECT_EQ("s \"here\"", hub.Call(script, "late"));
}

TEST(CallFunction, RefusesMalformedBlocks) {
  FakeHub hub;
  const int script = hub.Load(kSource);
  const Block block = Pack("ll", 1L, 2L);
  block->args[1].type = 's';
  EXPECT_EQ(kFailure, hub.Call(script, "show", block.get())) << "an element of another type";
  block->format = "l?";
  EXPECT_EQ(kFailure, hub.Call(script, "show", block.get())) << "an unknown letter";
  block->format = nullptr;
  EXPECT_EQ(kFailure, hub.Call(script, "show", block.get())) << "no format";
  EXPECT_EQ("s \"()\"", hub.Call(script, "show"));
}

}  // namespace
