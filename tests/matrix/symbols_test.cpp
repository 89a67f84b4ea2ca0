// Every symbol of the library, called in hubs of every generation.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdarg>
#include <cstdlib>
#include <string>
#include <thread>

#include "fake_hub.hpp"
#include "library.hpp"

namespace {

w_Targs* PackList(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  w_Targs* block = Lib().w_vapack(format, arguments);
  va_end(arguments);
  return block;
}

w_Targs* Answer42(int, w_Targs*) { return Lib().w_pack("l", 42L); }

class Symbols : public testing::TestWithParam<Generation> {};

TEST_P(Symbols, BlocksAreBuiltReadPrintedAndFreed) {
  FakeHub hub(GetParam());
  w_Targs* block = PackList("ld", 7L, 1.5);
  ASSERT_NE(nullptr, block);
  long number = 0;
  double fraction = 0;
  EXPECT_EQ(1, Lib().w_unpack(block, "ld", &number, &fraction));
  EXPECT_EQ(7, number);
  EXPECT_EQ(1.5, fraction);
  EXPECT_NE(std::string::npos, std::string(Lib().w_packprint(block)).find('7'));
  Lib().w_free_args(block);
}

TEST_P(Symbols, HooksAndCallbacksHaveNames) {
  FakeHub hub(GetParam());
  EXPECT_STREQ("OnParsedMsgChat", Lib().w_HookName(W_OnParsedMsgChat));
  EXPECT_STREQ("SQL", Lib().w_CallName(hub.SlotOf("SQL")));
  EXPECT_EQ(nullptr, Lib().w_GetHook(W_OnParsedMsgChat));
}

TEST_P(Symbols, AScriptLoadsAnswersAndUnloads) {
  FakeHub hub(GetParam());
  Lib().w_LogLevel(0);
  const int script = hub.Load("def OnTimer(now): return 0\ndef twice(number): return 2 * number\n");
  ASSERT_GE(script, 0);
  EXPECT_EQ(script, Lib().w_Find("script.py"));
  EXPECT_EQ(1, Lib().w_HasHook(script, W_OnTimer));
  EXPECT_EQ(0, Lib().w_HasHook(script, W_OnParsedMsgChat));
  EXPECT_EQ("l 0", hub.Hook(script, W_OnTimer, Pack("d", 1.0).get()));
  EXPECT_EQ("l 42", hub.Call(script, "twice", Pack("l", 21L).get()));
  EXPECT_EQ(1, Lib().w_Unload(script));
  EXPECT_EQ(0, Lib().w_Unload(script));
}

TEST_P(Symbols, HostFunctionsComeAndGo) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating();
  ASSERT_GE(script, 0);
  EXPECT_EQ(1, Lib().w_RegisterFunction(script, "answer", Answer42));
  EXPECT_EQ("42", hub.Evaluate(script, "vh.CallDynamicFunction('answer')"));
  EXPECT_EQ(1, Lib().w_UnregisterFunction(script, "answer"));
  EXPECT_EQ(0, Lib().w_UnregisterFunction(script, "answer"));
}

w_Targs* AnswerWithData(void* user, int, w_Targs*, w_Tfailure*) {
  return Lib().w_pack("l", *static_cast<long*>(user));
}

TEST_P(Symbols, HostFunctionsMayHaveData) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating();
  ASSERT_GE(script, 0);
  static long number = 43;
  EXPECT_EQ(
      1, Lib().w_RegisterFunctionEx(script, "answer", nullptr, AnswerWithData, &number, nullptr));
  EXPECT_EQ("43", hub.Evaluate(script, "vh.CallDynamicFunction('answer')"));
}

TEST_P(Symbols, AFailedCallTellsWhy) {
  FakeHub hub(GetParam());
  EXPECT_EQ("(null)", hub.Call(7, "nothing"));
  char* json = nullptr;
  ASSERT_EQ(1, Lib().w_LastError(&json));
  EXPECT_NE(std::string::npos, std::string(json).find("not_found")) << json;
  std::free(json);
}

void CountRecord(int, int, const char*, void* count) { ++*static_cast<int*>(count); }

TEST_P(Symbols, TheLogAndStatisticsCanBeRead) {
  FakeHub hub(GetParam());
  static int records = 0;
  const int before = records;
  Lib().w_SetLogSink(CountRecord, &records);
  const int script = hub.Load("def fail(): raise ValueError\n");
  EXPECT_EQ("(null)", hub.Call(script, "fail"));
  Lib().w_SetLogSink(nullptr, nullptr);
  EXPECT_LT(before, records);
  char* text = nullptr;
  ASSERT_EQ(1, Lib().w_Stats(&text));
  EXPECT_NE(std::string::npos, std::string(text).find("fail")) << text;
  std::free(text);
  ASSERT_EQ(1, Lib().w_StatsText(&text));
  EXPECT_NE(std::string::npos, std::string(text).find("fail")) << text;
  std::free(text);
}

// The answer of a function that gives JSON text through its last argument.
template <typename Call>
std::string Answer(Call call) {
  char* json = nullptr;
  if (call(&json) != 1) return "failed";
  const std::string text = json ? json : "NULL";
  std::free(json);
  return text;
}

void CountEvent(void* count, int, const char*, const char*) {
  ++*static_cast<std::atomic<int>*>(count);
}

TEST_P(Symbols, BackEndsAnswer) {
  FakeHub hub(GetParam());
  const auto version = [](char** text) { return Lib().w_PythonVersion(nullptr, text); };
  EXPECT_EQ(0u, Answer(version).find("Python 3."));
  EXPECT_EQ("[3]", Answer([](char** json) {
              return Lib().w_Execute("return [1 + x]", "{\"params\": {\"x\": 2}}", json);
            }));
  const std::string script = hub.WriteScript(
                                    "from bridge_runtime import PythonBridge\n"
                                    "class Back(PythonBridge):\n"
                                    "    def say(self, text):\n"
                                    "        self.send_event('said', text)\n"
                                    "        return len(text)\n"
                                    "    def wait(self):\n"
                                    "        import time\n"
                                    "        time.sleep(600)\n"
                                    "Back().run()\n",
                                    "back.py")
                                 .string();
  const int backend = Lib().w_Spawn(script.c_str(), nullptr);
  ASSERT_LT(0, backend);
  EXPECT_EQ(backend, Lib().w_BackendFind(script.c_str()));
  std::atomic<int> events{0};
  const int handler = Lib().w_BackendOn(backend, "said", CountEvent, &events, nullptr);
  ASSERT_LT(0, handler);
  EXPECT_EQ("5", Answer([&](char** json) {
              return Lib().w_BackendCall(backend, "say", "{\"text\": \"hello\"}", 60000, json);
            }));
  while (events != 1) std::this_thread::yield();
  EXPECT_EQ(1, Lib().w_BackendOff(backend, handler));
  const int call = Lib().w_BackendBegin(backend, "wait", nullptr, 60000);
  ASSERT_LT(0, call);
  EXPECT_EQ(1, Lib().w_BackendCancel(call));
  EXPECT_EQ(0, Lib().w_BackendWait(call, nullptr));
  EXPECT_EQ(1, Lib().w_BackendTerminate(backend));
  EXPECT_EQ(1, Lib().w_BackendTerminateAll());
  EXPECT_EQ(-1, Lib().w_BackendFind(script.c_str()));
}

// Only python3 hubs import it; the others' lists are texts.
TEST(StringList, BecomesJson) {
  FakeHub hub(Generation::kPython3);
  EXPECT_EQ("[\"a\",\"b\"]", Lib().string_list_to_json({"a", "b"}));
}

INSTANTIATE_TEST_SUITE_P(Generations, Symbols, testing::ValuesIn(kGenerations),
                         testing::PrintToStringParamName());

}  // namespace
