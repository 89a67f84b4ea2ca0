// w_RegisterFunctionEx: data, formats, failures, and when the data is given back.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>

#include "fake_hub.hpp"
#include "log_capture.hpp"
#include "runtimes.hpp"

namespace {

// The data of one function: what it does, and how often it was given back.
struct Data {
  std::function<w_Targs*(w_Targs*, w_Tfailure*)> run = [](w_Targs*, w_Tfailure*) {
    return IntResult(7);
  };
  int released = 0;
  int script = -1;
};

w_Targs* RunData(void* user, int script, w_Targs* args, w_Tfailure* failure) {
  auto* data = static_cast<Data*>(user);
  data->script = script;
  return data->run(args, failure);
}

void Release(void* user) { ++static_cast<Data*>(user)->released; }

class OwningFunctions : public testing::Test {
 protected:
  int Register(const char* format, Data* data, const char* name = "function") {
    return Lib().w_RegisterFunctionEx(script_, name, format, &RunData, data, &Release);
  }
  std::string Evaluate(const std::string& arguments) {
    return hub_.Evaluate(script_, "vh.CallDynamicFunction('function'" + arguments + ")");
  }

  Data data_;
  std::string received_;
  FakeHub hub_;
  int script_ = hub_.LoadEvaluating("import vh, threading\nthing = object()\n");
};

TEST_F(OwningFunctions, GetTheirDataAndTheScript) {
  ASSERT_EQ(1, Register(nullptr, &data_));
  EXPECT_EQ("7", Evaluate(""));
  EXPECT_EQ(script_, data_.script);
}

TEST_F(OwningFunctions, GetWhatTheirFormatSays) {
  data_.run = [this](w_Targs* args, w_Tfailure*) {
    received_ = Describe(args);
    return IntResult(1);
  };
  struct Row {
    const char* format;
    const char* arguments;
    const char* block;
  };
  const Row rows[] = {
      {"", "", ""},
      {"l", ", -5", "l -5"},
      {"l", ", True", "l 1"},
      {"d", ", 1.5", "d 1.5"},
      {"d", ", 2", "d 2"},
      {"s", ", 'text'", "s \"text\""},
      {"s", ", None", "s NULL"},
      {"p", ", 16", "p 0x10"},
      {"L", ", ['a', 'b']", "L [\"a\",\"b\"]"},
      {"L", ", ()", "L []"},
      {"D", ", {'a': [1, None]}", "D {\"a\":[1,null]}"},
      {"D", ", 'text'", "D \"text\""},
      {"D", ", None", "D null"},
      {"lsd", ", 1, 'two', 3.5", "lsd 1 \"two\" 3.5"},
  };
  for (const Row& row : rows) {
    ASSERT_EQ(1, Register(row.format, &data_));
    received_.clear();
    EXPECT_EQ("1", Evaluate(row.arguments)) << row.format << row.arguments;
    EXPECT_EQ(row.block, received_) << row.format << row.arguments;
  }
}

TEST_F(OwningFunctions, AreNotCalledWithWrongArguments) {
  data_.run = [](w_Targs*, w_Tfailure*) -> w_Targs* {
    ADD_FAILURE() << "called";
    return nullptr;
  };
  struct Row {
    const char* format;
    const char* arguments;
    const char* error;
  };
  const Row rows[] = {
      {"l", "", "TypeError: function() takes exactly 1 arguments (0 given)"},
      {"", ", 1", "TypeError: function() takes exactly 0 arguments (1 given)"},
      {"l", ", 'a'", "TypeError: function() argument 1 must be int, not str"},
      {"l", ", 1.0", "TypeError: function() argument 1 must be int, not float"},
      {"l", ", None", "TypeError: function() argument 1 must be int, not NoneType"},
      {"l", ", 2**63", "OverflowError: function() argument 1: an integer does not fit 64 bits"},
      {"d", ", '1'", "TypeError: function() argument 1 must be float, not str"},
      {"ls", ", 1, 2", "TypeError: function() argument 2 must be str, not int"},
      {"s", ", b'x'", "TypeError: function() argument 1 must be str, not bytes"},
      {"s", ", 'a\\0b'", "ValueError: function() argument 1: a str holds a NUL character"},
      {"p", ", 'a'", "TypeError: function() argument 1 must be int or None, not str"},
      {"L", ", 'ab'", "TypeError: function() argument 1 must be list of str, not str"},
      {"L", ", ['a', 1]", "TypeError: function() argument 1 must be list of str, not list"},
      {"L", ", ['a\\0b']", "ValueError: function() argument 1: a str holds a NUL character"},
      {"D", ", object()", "TypeError: function() argument 1 is no JSON: "},
      {"D", ", float('nan')", "TypeError: function() argument 1 is no JSON: "},
  };
  for (const Row& row : rows) {
    ASSERT_EQ(1, Register(row.format, &data_));
    const std::string error = Evaluate(row.arguments);
    EXPECT_EQ(0u, error.find(row.error)) << row.format << row.arguments << ": " << error;
  }
}

// What a script gets for an object that it would pass to the host from another process.
constexpr const char* kNoObject =
    "TypeError: function() argument 1 is an object of the host's own Python, which a script in "
    "another process cannot give";

TEST_F(OwningFunctions, PassObjectsThrough) {
  data_.run = [](w_Targs* args, w_Tfailure*) {
    w_Targs* result = NewBlock("O");
    result->args[0].O = args->args[0].O;
    return result;
  };
  ASSERT_EQ(1, Register("O", &data_));
  if (IsOutside()) {
    EXPECT_EQ(kNoObject, Evaluate(", thing"));
    return;
  }
  for (const char* object : {"thing", "None", "5", "[thing]", "Exception"}) {
    const std::string call = std::string("vh.CallDynamicFunction('function', ") + object + ")";
    EXPECT_EQ(hub_.Evaluate(script_, object), hub_.Evaluate(script_, call)) << object;
  }
  EXPECT_EQ("True", hub_.Evaluate(script_, "vh.CallDynamicFunction('function', thing) is thing"));
  const char* const kCount = "__import__('sys').getrefcount(thing)";
  const std::string before = hub_.Evaluate(script_, kCount);
  for (int i = 0; i < 100; ++i) Evaluate(", thing");
  EXPECT_EQ(before, hub_.Evaluate(script_, kCount)) << "references are borrowed";
}

TEST_F(OwningFunctions, FailWithTheExceptionTheyName) {
  const char* exception = nullptr;
  const char* message = nullptr;
  data_.run = [&](w_Targs*, w_Tfailure* failure) -> w_Targs* {
    if (exception) failure->exception = strdup(exception);
    if (message) failure->message = strdup(message);
    return nullptr;
  };
  ASSERT_EQ(1, Register(nullptr, &data_));
  EXPECT_EQ("RuntimeError: function() failed", Evaluate(""));
  message = "why";
  EXPECT_EQ("RuntimeError: why", Evaluate(""));
  exception = "ValueError";
  EXPECT_EQ("ValueError: why", Evaluate(""));
  for (const char* other : {"SystemExit", "KeyboardInterrupt", "len", "Nothing", "", "__name__"}) {
    exception = other;
    EXPECT_EQ("RuntimeError: " + std::string(other) + ": why", Evaluate("")) << other;
  }
}

TEST_F(OwningFunctions, MayThrow) {
  data_.run = [](w_Targs*, w_Tfailure*) -> w_Targs* { throw std::logic_error("thrown"); };
  ASSERT_EQ(1, Register(nullptr, &data_));
  EXPECT_EQ("RuntimeError: thrown", Evaluate(""));
}

TEST_F(OwningFunctions, MayThrowWhenTheirDataIsGivenBack) {
  const auto release = [](void*) { throw std::logic_error("thrown at release"); };
  int data = 0;
  LogCapture log;
  EXPECT_EQ(0, Lib().w_RegisterFunctionEx(script_, "f", nullptr, nullptr, &data, release));
  ASSERT_EQ(1, Lib().w_RegisterFunctionEx(script_, "f", nullptr, &RunData, &data, release));
  EXPECT_EQ(1, Lib().w_UnregisterFunction(script_, "f"));
  EXPECT_EQ(2, CountLines(log.Take(), {"release function", "thrown at release"}));
}

TEST_F(OwningFunctions, GiveTheirDataBackOnce) {
  Data first, second, third, fourth;
  ASSERT_EQ(1, Register(nullptr, &first));
  ASSERT_EQ(1, Register(nullptr, &second));
  EXPECT_EQ(1, first.released) << "replaced";
  ASSERT_EQ(1, Lib().w_UnregisterFunction(script_, "function"));
  EXPECT_EQ(1, second.released) << "taken back";
  ASSERT_EQ(1, Register(nullptr, &third));
  const int reserved = Lib().w_ReserveID();
  ASSERT_EQ(1, Lib().w_RegisterFunctionEx(reserved, "f", nullptr, &RunData, &fourth, &Release));
  EXPECT_EQ(0, third.released + fourth.released);
  Lib().w_Unload(script_);
  EXPECT_EQ(1, third.released) << "unloaded";
  Lib().w_Unload(reserved);
  EXPECT_EQ(1, fourth.released) << "never loaded";
  EXPECT_EQ(1, first.released);
}

TEST_F(OwningFunctions, GiveTheirDataBackWhenTheScriptDoesNotLoad) {
  const int id = Lib().w_ReserveID();
  ASSERT_EQ(1, Lib().w_RegisterFunctionEx(id, "f", nullptr, &RunData, &data_, &Release));
  const Block arguments = Pack("lssssls", long{id}, "/no/such/file.py", "b", "o", "c", 0L, "n");
  EXPECT_EQ(-1, Lib().w_Load(arguments.get()));
  EXPECT_EQ(1, data_.released);
}

// It keeps the script's interpreter and what is known of the script, but not what the host gave.
TEST_F(OwningFunctions, GiveTheirDataBackThoughAThreadOfTheScriptIsStuck) {
  const ScopedEnvironment patience("VH_PYTHON_UNLOAD_TIMEOUT", "0.1");
  const int id = Lib().w_ReserveID();
  ASSERT_EQ(1, Lib().w_RegisterFunctionEx(id, "f", nullptr, &RunData, &data_, &Release));
  const std::string source =
      "import threading, time\n"
      "threading.Thread(target=time.sleep, args=(1,), daemon=True).start()\n"
      "raise ValueError\n";
  const std::string path = hub_.WriteScript(source, "stuck.py");
  const Block arguments = Pack("lssssls", long{id}, path.c_str(), "b", "o", "c", 0L, "n");
  hub_.TakeLog();
  EXPECT_EQ(-1, Lib().w_Load(arguments.get()));
  EXPECT_EQ(1, data_.released);
  const bool has_told = hub_.TakeLog().find("1 of its threads did not stop") != std::string::npos;
  EXPECT_EQ(!IsOutside(), has_told) << "a thread of another process ends with it";
}

TEST_F(OwningFunctions, GiveTheirDataBackWhenTheyAreRefused) {
  EXPECT_EQ(0, Register("lx", &data_));
  EXPECT_EQ(1, data_.released);
  EXPECT_EQ(0, Register("l|s", &data_));
  EXPECT_EQ(0, Register(nullptr, &data_, ""));
  EXPECT_EQ(0, Register(nullptr, &data_, nullptr));
  EXPECT_EQ(4, data_.released);
  EXPECT_EQ(0, Lib().w_RegisterFunctionEx(99, "f", nullptr, &RunData, &data_, &Release));
  EXPECT_EQ(0, Lib().w_RegisterFunctionEx(script_, "f", nullptr, nullptr, &data_, &Release));
  EXPECT_EQ(6, data_.released);
  EXPECT_EQ(0, Lib().w_RegisterFunctionEx(script_, "f", nullptr, nullptr, nullptr, nullptr));
}

TEST_F(OwningFunctions, KeepTheirDataDuringTheirLastCall) {
  data_.run = [this](w_Targs*, w_Tfailure*) {
    EXPECT_EQ(1, Lib().w_UnregisterFunction(script_, "function"));
    EXPECT_EQ(0, data_.released) << "still running";
    return IntResult(3);
  };
  ASSERT_EQ(1, Register(nullptr, &data_));
  EXPECT_EQ("3", Evaluate(""));
  EXPECT_EQ(1, data_.released);
}

// The object travels with a call that a thread of the script makes.
TEST_F(OwningFunctions, AnswerThreadsOfTheScript) {
  const int script = hub_.LoadEvaluating(
      "import vh, threading\n"
      "answer = None\n"
      "def ask():\n"
      "    global answer\n"
      "    answer = evaluate(\"vh.CallDynamicFunction('function', [object]) == [object]\")\n"
      "def start():\n"
      "    global thread\n"
      "    thread = threading.Thread(target=ask)\n"
      "    thread.start()\n"
      "def is_done():\n"
      "    thread.join(0.01)\n"
      "    return not thread.is_alive()\n");
  data_.run = [](w_Targs* args, w_Tfailure*) {
    w_Targs* result = NewBlock("O");
    result->args[0].O = args->args[0].O;
    return result;
  };
  ASSERT_EQ(1, Lib().w_RegisterFunctionEx(script, "function", "O", &RunData, &data_, &Release));
  hub_.Call(script, "start");
  for (int i = 0; i < 500 && hub_.Call(script, "is_done") != "l 1"; ++i) {
  }
  const std::string answer = IsOutside() ? '"' + std::string(kNoObject) + '"' : "'True'";
  EXPECT_EQ(answer, hub_.Evaluate(script, "answer"));
}

}  // namespace
