// w_LastError: the error of this thread's last call, for every kind of failure.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>

#include "fake_hub.hpp"

namespace {

constexpr const char* kSource =
    "def works():\n"
    "    return 1\n"
    "def give(x):\n"
    "    return x\n"
    "def fail(*args):\n"
    "    raise LookupError('on \"purpose\"\\n\\0\\x80')\n"
    "def leave():\n"
    "    raise SystemExit(3)\n"
    "def unusable():\n"
    "    return object()\n"
    "class Silent(Exception):\n"
    "    def __str__(self):\n"
    "        raise ValueError\n"
    "def fail_silently():\n"
    "    raise Silent\n"
    "number = 5\n"
    "def OnUserLogin(nick):\n"
    "    raise KeyError(nick)\n"
    "def OnUserLogout(nick):\n"
    "    return 0\n";

// The JSON text, or "" when there is no error.
std::string LastError() {
  char* json = reinterpret_cast<char*>(1);
  const int failed = Lib().w_LastError(&json);
  const std::string text = json ? json : "";
  EXPECT_EQ(failed, json ? 1 : 0);
  std::free(json);
  return text;
}

// An error without an exception: its code, and a part of its message.
testing::AssertionResult IsError(const std::string& code, const std::string& part) {
  const std::string json = LastError();
  const std::string start = "{\"code\":\"" + code + "\",\"type\":null,\"message\":\"";
  const std::string end = ",\"traceback\":null}";
  if (json.rfind(start, 0) == 0 && json.find(part) != std::string::npos &&
      json.size() > end.size() && json.substr(json.size() - end.size()) == end) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "expected " << code << ", " << part << ", got " << json;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class LastErrors : public testing::Test {
 protected:
  FakeHub hub_;
  int script_ = hub_.Load(kSource, "values.py");
};

TEST_F(LastErrors, TellsTheExceptionOfAFunction) {
  EXPECT_EQ("(null)", hub_.Call(script_, "fail"));
  const std::string json = LastError();
  EXPECT_EQ(0u, json.find("{\"code\":\"python\",\"type\":\"LookupError\",\"message\":"
                          "\"on \\\"purpose\\\"\\n\\u0000\xc2\x80\",\"traceback\":\"Traceback"))
      << json;
  EXPECT_TRUE(Contains(json, "values.py")) << json;
  EXPECT_TRUE(Contains(json, "line 6, in fail")) << json;
  EXPECT_EQ(json, LastError()) << "asking does not forget it";
}

TEST_F(LastErrors, TellsExceptionsOfEveryKind) {
  hub_.Call(script_, "leave");
  EXPECT_TRUE(Contains(LastError(), "\"type\":\"SystemExit\",\"message\":\"3\"")) << LastError();
  hub_.Call(script_, "give");
  EXPECT_TRUE(Contains(LastError(), "\"type\":\"TypeError\"")) << LastError();
  hub_.Call(script_, "fail_silently");
  EXPECT_TRUE(Contains(LastError(), "\"type\":\"Silent\"")) << LastError();
}

TEST_F(LastErrors, IsForgottenByTheNextCall) {
  hub_.Call(script_, "fail");
  EXPECT_NE("", LastError());
  hub_.Call(script_, "works");
  EXPECT_EQ("", LastError());
  hub_.Call(script_, "fail");
  Lib().w_ReserveID();
  EXPECT_EQ("", LastError());
}

// The script is unloaded all the same.
TEST_F(LastErrors, TellsWhatUnLoadRaised) {
  const int other = hub_.Load("def UnLoad(): raise LookupError('bye')\n", "leaving.py");
  EXPECT_EQ(1, Lib().w_Unload(other));
  EXPECT_EQ(0u,
            LastError().find("{\"code\":\"python\",\"type\":\"LookupError\",\"message\":\"bye\""))
      << LastError();
  EXPECT_EQ(1, Lib().w_Unload(script_));
  EXPECT_EQ("", LastError());
}

TEST_F(LastErrors, StaysWhileBlocksAreHandled) {
  hub_.Call(script_, "fail");
  long value = 0;
  const Block block = Pack("l", 1L);
  Lib().w_unpack(block.get(), "s", &value);
  Lib().w_packprint(block.get());
  Lib().w_HasHook(script_, W_OnTimer);
  Lib().w_LogLevel(0);
  EXPECT_NE("", LastError());
}

TEST_F(LastErrors, TellsWhyAFunctionWasNotCalled) {
  Lib().w_CallFunction(script_, nullptr, nullptr);
  EXPECT_TRUE(IsError("invalid", "name"));
  hub_.Call(script_ + 1, "works");
  EXPECT_TRUE(IsError("not_found", "script"));
  hub_.Call(script_, "missing");
  EXPECT_TRUE(IsError("not_found", "missing"));
  hub_.Call(script_, "number");
  EXPECT_TRUE(IsError("not_found", "int"));
  hub_.Call(script_, "unusable");
  EXPECT_TRUE(IsError("invalid", "object"));
  hub_.Call(script_, "give", Pack("D", "{").get());
  EXPECT_TRUE(IsError("invalid", "JSON"));
  const Block block = Pack("l", 1L);
  block->format = "?";
  hub_.Call(script_, "give", block.get());
  EXPECT_TRUE(IsError("invalid", "?"));
}

TEST_F(LastErrors, TellsWhatAHookRaised) {
  EXPECT_EQ("l 1", hub_.Hook(script_, W_OnUserLogin, Pack("s", "nick").get()));
  EXPECT_TRUE(Contains(LastError(), "\"type\":\"KeyError\",\"message\":\"'nick'\"")) << LastError();
  EXPECT_EQ("l 0", hub_.Hook(script_, W_OnUserLogout, Pack("s", "nick").get()));
  EXPECT_EQ("", LastError());
  EXPECT_EQ("(null)", hub_.Hook(script_, W_OnTimer, nullptr));
  EXPECT_EQ("", LastError()) << "no such hook is no error";
}

TEST_F(LastErrors, TellsWhyAScriptIsNotLoaded) {
  EXPECT_EQ(-1, hub_.LoadFile("/no/such/file.py"));
  EXPECT_TRUE(IsError("not_found", "/no/such/file.py"));
  EXPECT_EQ(-1, hub_.Load("raise LookupError('at load')\n"));
  EXPECT_TRUE(Contains(LastError(), "\"type\":\"LookupError\",\"message\":\"at load\""));
  EXPECT_EQ(-1, hub_.Load("def broken(:\n"));
  EXPECT_TRUE(Contains(LastError(), "\"type\":\"SyntaxError\"")) << LastError();
  const int stub = hub_.Load("# vh: runtime = nowhere\n");
  EXPECT_LE(0, stub) << "a stub has the id";
  EXPECT_TRUE(IsError("unavailable", "nowhere"));
  EXPECT_EQ(1, Lib().w_Unload(stub));
  EXPECT_EQ(-1, Lib().w_Load(nullptr));
  EXPECT_TRUE(IsError("invalid", "lssssls"));
  EXPECT_EQ(-1, Lib().w_Load(Pack("lssssls", 99L, "p", "b", "o", "c", 0L, "n").get()));
  EXPECT_TRUE(IsError("invalid", "99"));
}

TEST_F(LastErrors, TellsWhatElseFails) {
  EXPECT_EQ(0, Lib().w_Unload(99));
  EXPECT_TRUE(IsError("not_found", "99"));
  EXPECT_EQ(0, Lib().w_RegisterFunction(script_, "f", nullptr));
  EXPECT_TRUE(IsError("invalid", "function"));
  EXPECT_EQ(0, Lib().w_UnregisterFunction(script_, "f"));
  EXPECT_TRUE(IsError("not_found", "f"));
  EXPECT_EQ(1, Lib().w_Unload(script_));
  EXPECT_EQ("", LastError());
}

TEST(LastError, TellsWhyTheLibraryDoesNotBegin) {
  EXPECT_EQ(0, Lib().w_Begin(nullptr));
  EXPECT_TRUE(IsError("invalid", "NULL"));
  EXPECT_EQ(-1, Lib().w_Load(Pack("lssssls", 0L, "p", "b", "o", "c", 0L, "n").get()));
  EXPECT_TRUE(IsError("unavailable", "w_Begin"));
}

// Found by random calls: w_End looked at the id that is free, and forgot the error.
TEST(LastError, StaysWhenTheHubEnds) {
  {
    FakeHub hub;
    const int free = hub.Load(kSource, "free.py");
    hub.Load("def UnLoad(): raise KeyError\n", "script.py");
    Lib().w_Unload(free);
    Lib().w_CallFunction(99, "missing", nullptr);
  }
  EXPECT_TRUE(IsError("not_found", "w_CallFunction(99"));
}

TEST_F(LastErrors, BelongsToItsThread) {
  hub_.Call(script_, "fail");
  std::thread([this] {
    EXPECT_EQ("", LastError());
    hub_.Call(script_, "missing");
    EXPECT_TRUE(IsError("not_found", "missing"));
  }).join();
  EXPECT_TRUE(Contains(LastError(), "LookupError"));
}

TEST_F(LastErrors, AcceptsNull) {
  hub_.Call(script_, "works");
  EXPECT_EQ(0, Lib().w_LastError(nullptr));
  hub_.Call(script_, "fail");
  EXPECT_EQ(1, Lib().w_LastError(nullptr));
}

// A script calls the hub, and the hub calls a function that fails.
TEST_F(LastErrors, BelongsToTheCallThatFailed) {
  const int outer = hub_.Load(
      "import vh\n"
      "def outer(fails):\n"
      "    vh.mc('message')\n"
      "    return 1 // (1 - fails)\n",
      "outer.py");
  std::string inner;
  hub_.AnswerTo("mc", [&](w_Targs*) {
    EXPECT_EQ("", LastError()) << "the outer call began without one";
    hub_.Call(script_, "fail");
    inner = LastError();
    return IntResult(1);
  });
  EXPECT_EQ("l 1", hub_.Call(outer, "outer", Pack("l", 0L).get()));
  EXPECT_TRUE(Contains(inner, "LookupError")) << inner;
  EXPECT_EQ("", LastError()) << "the outer call did not fail";
  EXPECT_EQ("(null)", hub_.Call(outer, "outer", Pack("l", 1L).get()));
  EXPECT_TRUE(Contains(LastError(), "ZeroDivisionError")) << LastError();
}

}  // namespace
