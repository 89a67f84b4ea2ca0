// Ownership: everything that crosses the boundary, repeated. Run plainly these tests watch Python's
// objects; valgrind and AddressSanitizer (see check_memory.py) watch the C side.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "fake_hub.hpp"
#include "repetitions.hpp"

namespace {

constexpr int kUsual = 1000;

void Repeat(const std::function<void()>& body) {
  for (int i = Repetitions(kUsual); i > 0; --i) body();
}

constexpr const char* kScript =
    "import sys\n"
    "answer = None\n"
    "def set_answer(text):\n"
    "    global answer\n"
    "    answer = eval(text)\n"
    "def give(*args):\n"
    "    return answer\n"
    "def fail(*args):\n"
    "    raise LookupError('on purpose')\n"
    "OnUserLogin = OnParsedMsgChat = OnParsedMsgMyINFO = OnSetConfig = give\n"
    "OnUserLogout = fail\n";

// Repeats `body` and expects that Python's objects do not become more. The first rounds fill
// caches, and some caches grow once at any time: a leak shows in both of two measurements.
void ExpectNoNewObjects(FakeHub& hub, int script, const std::function<void()>& body) {
  const auto blocks = [&] {
    return std::stol(
        hub.Evaluate(script, "__import__('gc').collect() * 0 + sys.getallocatedblocks()"));
  };
  for (int i = 0; i < 20; ++i) body();
  const auto growth = [&] {
    const long before = blocks();
    Repeat(body);
    return blocks() - before;
  };
  const long first = growth();
  EXPECT_LT(std::min(first, growth()), Repetitions(kUsual) / 4) << "objects of the script leak";
}

class Memory : public testing::TestWithParam<Generation> {};

INSTANTIATE_TEST_SUITE_P(Memory, Memory,
                         testing::Values(Generation::kClassic, Generation::kBidirectional,
                                         Generation::kPython3),
                         testing::PrintToStringParamName());

TEST(Memory, BlocksReleasedInBothWays) {
  const LogCapture log;
  Repeat([] {
    std::free(Lib().w_pack("lsd", 1L, "literal", 2.5));
    Lib().w_free_args(Lib().w_pack("slD", strdup("heap"), 1L, strdup("[1]")));
    EXPECT_EQ(nullptr, Lib().w_pack("l?", 1L));
    long value = 0;
    const Block block = Pack("ls", 1L, "text");
    EXPECT_EQ(0, Lib().w_unpack(block.get(), "ll", &value, &value));
    Lib().w_packprint(block.get());
  });
}

TEST_P(Memory, HookResults) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating(kScript);
  for (const char* answer : {"None", "7", "('data', 0)", "(None, 1)", "'text'", "('nick', 'text')",
                             "('d', None, 's', None, '9')", "2**70", "[1]", "b'x'"}) {
    hub.Call(script, "set_answer", Pack("s", answer).get());
    const Block chat = Pack("ss", "nick", "text");
    const Block info = Pack("ssssss", "n", "d", "t", "s", "m", "9");
    const Block setting = Pack("sssssl", "n", "config", "topic", "new", "old", 1L);
    ExpectNoNewObjects(hub, script, [&] {
      hub.Hook(script, W_OnParsedMsgChat, chat.get());
      hub.Hook(script, W_OnParsedMsgMyINFO, info.get());
      hub.Hook(script, W_OnSetConfig, setting.get());
      hub.Hook(script, W_OnTimer, nullptr);
    });
  }
}

TEST_P(Memory, HooksThatRaise) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating(kScript);
  const Block nick = Pack("s", "nick");
  const auto raise = [&] { hub.Hook(script, W_OnUserLogout, nick.get()); };
  // Python's caches for tracebacks need more than a few to be full.
  for (int rounds = 0; rounds < 3; ++rounds) Repeat(raise);
  ExpectNoNewObjects(hub, script, raise);
}

TEST_P(Memory, FunctionResults) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating(kScript);
  const char* list[] = {"a", "b", nullptr};
  const Block arguments =
      Pack("lsdpLD", 1L, "text", 0.5, nullptr, list, "{\"a\": [1, \"b\", null]}");
  const Block broken = Pack("D", "{");
  for (const char* answer :
       {"None", "7", "1.5", "'text'", "(1, 'a', 2.5, None)", "['a', 'b']", "[1, {'a': b'bytes'}]",
        "{'k': ['v']}", "{'x'}", "object()", "2**70", "[float('nan')]", "{(1,): 2}"}) {
    hub.Call(script, "set_answer", Pack("s", answer).get());
    ExpectNoNewObjects(hub, script, [&] {
      hub.Call(script, "give", arguments.get());
      hub.Call(script, "give", broken.get());
      hub.Call(script, "missing", arguments.get());
    });
  }
}

// Frees strings and block one by one, as hosts may instead of w_free_args.
void FreeOneByOne(w_Targs* result) {
  ASSERT_NE(nullptr, result);
  for (size_t i = 0; result->format[i]; ++i) {
    if (result->args[i].type == 's' || result->args[i].type == 'D') std::free(result->args[i].s);
  }
  std::free(result);
}

TEST(Memory, FunctionResultsFreedOneByOne) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(kScript);
  for (const char* answer : {"7", "'text'", "{'k': 'v'}"}) {
    hub.Call(script, "set_answer", Pack("s", answer).get());
    Repeat([&] { FreeOneByOne(Lib().w_CallFunction(script, "give", nullptr)); });
  }
}

TEST(Memory, HookResultsFreedOneByOne) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(kScript);
  hub.Call(script, "set_answer", Pack("s", "('data', 0)").get());
  const Block nick = Pack("s", "nick");
  Repeat([&] { FreeOneByOne(Lib().w_CallHook(script, W_OnUserLogin, nick.get())); });
}

w_Targs* SqlResult() {
  w_Targs* block = NewBlock("lllp");
  auto** cells = static_cast<char**>(std::calloc(4, sizeof(char*)));
  cells[0] = strdup("one");
  cells[1] = strdup("two");
  cells[3] = strdup("four");
  block->args[0].l = 1;
  block->args[1].l = block->args[2].l = 2;
  block->args[3].p = cells;
  return block;
}

w_Targs* GeoResult(Generation generation) {
  static char keys[4][16] = {"latitude", "longitude", "metro_code", "area_code"};
  w_Targs* block = NewBlock("sdsdslslp");
  for (int i = 0; i < 4; ++i) {
    block->args[2 * i].s = generation == Generation::kClassic ? keys[i] : strdup(keys[i]);
  }
  block->args[8].p = new std::vector<std::string>{"city", std::string(100, 'c'), "host", "h"};
  return block;
}

void AnswerEverything(FakeHub& hub) {
  hub.AnswerTo("GetUserHost", [](w_Targs*) { return TextResult("host"); });
  hub.AnswerTo("GetUserIP", [](w_Targs*) -> w_Targs* { return nullptr; });
  hub.AnswerTo("GetUserCC", [](w_Targs* args) { return args; });
  hub.AnswerTo("GetUserClass", [](w_Targs*) { return TextResult("not a number"); });
  hub.AnswerTo("GetMyINFO", [](w_Targs*) { return TextsResult({"n", "d", "t", "s", "m", "9"}); });
  hub.AnswerTo("GetNickList", [](w_Targs*) { return TextResult("$NickList a$$b$$"); });
  hub.AnswerTo("GetOpList", [](w_Targs*) { return JsonResult("[\"a\", \"b\"]"); });
  hub.AnswerTo("SQL", [](w_Targs*) { return SqlResult(); });
  hub.AnswerTo("GetGeoIP", [&hub](w_Targs*) { return GeoResult(hub.generation()); });
  hub.Withdraw("DelRobot");
}

TEST_P(Memory, HubCalls) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating(kScript);
  AnswerEverything(hub);
  for (const char* call : {"vh.mc('message')",
                           "vh.GetUserHost('n')",
                           "vh.GetUserIP('n')",
                           "vh.GetUserCC('n')",
                           "vh.GetUserClass('n')",
                           "vh.GetMyINFO('n')",
                           "vh.GetNickList()",
                           "vh.GetRawNickList()",
                           "vh.GetOpList()",
                           "vh.GetRawOpList()",
                           "vh.SQL('q')",
                           "vh.GetGeoIP('ip')",
                           "vh.UserRestrictions('n', chat='1')",
                           "vh.DelRobot('n')",
                           "vh.mc(5)",
                           "vh.mc()",
                           "vh.mc('a\\0b')",
                           "vh.StopHub(2**70)",
                           "vh.encode('a$b')",
                           "vh.decode('a&#36;b')"}) {
    ExpectNoNewObjects(hub, script, [&] {
      hub.Evaluate(script, call);
      hub.TakeCalls();
    });
  }
}

w_Targs* Registered(int, w_Targs* args) {
  return std::string(args->format) == "s" ? args : JsonResult("{\"a\": [1]}");
}

TEST_P(Memory, RegisteredFunctions) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating(kScript);
  for (const char* arguments :
       {"'text'", "1, 1.5, None, True", "[1], {'a': 'b'}, (2,)", "object()", "[float('nan')]"}) {
    ExpectNoNewObjects(hub, script, [&] {
      Lib().w_RegisterFunction(script, "function", &Registered);
      hub.Evaluate(script, std::string("vh.CallDynamicFunction('function', ") + arguments + ")");
      Lib().w_UnregisterFunction(script, "function");
    });
  }
}

// Fewer rounds: CPython needs milliseconds for an interpreter, and a second under valgrind.
TEST_P(Memory, ScriptsLoadedAndUnloaded) {
  FakeHub hub(GetParam());
  for (int i = Repetitions(kUsual) / 250; i >= 0; --i) {
    EXPECT_EQ(0, hub.LoadEvaluating(kScript));
    hub.Evaluate(0, "vh.mc('m')");
    Lib().w_RegisterFunction(0, "function", &Registered);
    EXPECT_EQ(1, Lib().w_Unload(0));
    EXPECT_EQ(0, hub.Load(std::string("# vh: runtime = main\n") + kScript, "main.py"));
    EXPECT_EQ(1, Lib().w_Unload(0));
    EXPECT_EQ(-1, hub.Load("raise LookupError\n", "broken.py"));
    EXPECT_EQ(-1, hub.Load("def broken(:\n", "broken.py"));
  }
}

TEST(Memory, ListsOfStringsAsJson) {
  Repeat([] { Lib().string_list_to_json({"nick", "other", std::string(100, 'x')}); });
}

}  // namespace
