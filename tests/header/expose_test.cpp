// Exposed C++ callables: every parameter and result type, wrong arguments, exceptions both ways.
#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <stdexcept>
#include <thread>

#include "host.hpp"

namespace {

constexpr const char* kSource =
    "import vh, threading\n"
    "class Thing:\n"
    "    pass\n"
    "thing = Thing()\n"
    "def call(*args):\n"
    "    return vh.CallDynamicFunction('function', *args)\n"
    "def evaluate(text):\n"
    "    try:\n"
    "        return ascii(eval(text))\n"
    "    except Exception as error:\n"
    "        return f'{type(error).__name__}: {error}'\n"
    "def fail():\n"
    "    raise KeyError('inner')\n";

long FreeFunction(long number) { return number * 2; }

// Counts how many copies of it there are.
struct Counted {
  explicit Counted(int* count) : count(count) { ++*count; }
  Counted(const Counted& other) : Counted(other.count) {}
  ~Counted() { --*count; }
  int* count;
};

class Expose : public testing::Test {
 protected:
  template <typename F>
  void Offer(F function) {
    host().expose(script(), "function", std::move(function)).value();
  }
  // What Python says of an expression, or the exception that it raises.
  std::string Evaluate(const std::string& expression) {
    return host().call<std::string>(script(), "evaluate", expression).value();
  }
  vh::Host& host() { return host_.host; }
  int script() const { return host_.script; }

 private:
  ScriptHost host_{kSource};
};

TEST_F(Expose, TakesAnyCallable) {
  Offer([](long number) { return number + 1; });
  EXPECT_EQ("6", Evaluate("call(5)"));
  Offer(&FreeFunction);
  EXPECT_EQ("10", Evaluate("call(5)"));
  Offer(FreeFunction);
  EXPECT_EQ("10", Evaluate("call(5)"));
  Offer(std::function<long(long)>([](long number) { return -number; }));
  EXPECT_EQ("-5", Evaluate("call(5)"));
  long sum = 0;
  Offer([&sum, calls = 0](long number) mutable {
    sum += number;
    return ++calls;
  });
  EXPECT_EQ("(1, 2)", Evaluate("(call(3), call(4))"));
  EXPECT_EQ(7, sum);
}

TEST_F(Expose, TakesParametersOfEveryType) {
  Offer([](long l, double d, std::string s) {
    EXPECT_EQ(-1, l);
    EXPECT_EQ(0.5, d);
    EXPECT_EQ("text", s);
  });
  EXPECT_EQ("None", Evaluate("call(-1, 0.5, 'text')"));
  Offer([](int i, unsigned u, bool b, float f) {
    EXPECT_EQ(-1, i);
    EXPECT_EQ(1u, u);
    EXPECT_TRUE(b);
    EXPECT_EQ(2.0F, f);
  });
  EXPECT_EQ("None", Evaluate("call(-1, 1, True, 2)"));
  Offer([](const std::string& s, std::string_view v, const char* c) {
    EXPECT_EQ("a", s);
    EXPECT_EQ("b", v);
    EXPECT_EQ(nullptr, c);
  });
  EXPECT_EQ("None", Evaluate("call('a', 'b', None)"));
  Offer([](std::optional<std::string> none, std::optional<long> number,
           std::optional<long> no_number) {
    EXPECT_FALSE(none);
    EXPECT_EQ(5, number);
    EXPECT_FALSE(no_number);
  });
  EXPECT_EQ("None", Evaluate("call(None, 5, None)"));
  Offer([](const std::vector<std::string>& texts, std::vector<long> numbers,
           std::map<std::string, std::vector<double>> map) {
    EXPECT_EQ((std::vector<std::string>{"a", ""}), texts);
    EXPECT_EQ((std::vector<long>{1, 2}), numbers);
    EXPECT_EQ((std::map<std::string, std::vector<double>>{{"k", {1, 2.5}}}), map);
  });
  EXPECT_EQ("None", Evaluate("call(['a', ''], (1, 2), {'k': [1, 2.5]})"));
  Offer([](vh::Json json, void* pointer) {
    EXPECT_EQ(R"({"a":[null,true]})", json.dump());
    EXPECT_EQ(reinterpret_cast<void*>(16), pointer);
  });
  EXPECT_EQ("None", Evaluate("call({'a': [None, True]}, 16)"));
}

TEST_F(Expose, GivesResultsOfEveryType) {
  Offer([] { return 7L; });
  EXPECT_EQ("7", Evaluate("call()"));
  Offer([] { return static_cast<unsigned char>(200); });
  EXPECT_EQ("200", Evaluate("call()"));
  Offer([] { return 0.5; });
  EXPECT_EQ("0.5", Evaluate("call()"));
  Offer([] { return true; });
  EXPECT_EQ("True", Evaluate("call()"));
  Offer([] { return std::string("caf\xc3\xa9"); });
  EXPECT_EQ("'caf\\xe9'", Evaluate("call()"));
  Offer([]() -> const char* { return "literal"; });
  EXPECT_EQ("'literal'", Evaluate("call()"));
  Offer([]() -> const char* { return nullptr; });
  EXPECT_EQ("None", Evaluate("call()"));
  Offer([] { return std::optional<std::string>(); });
  EXPECT_EQ("None", Evaluate("call()"));
  Offer([] { return std::optional<long>(5); });
  EXPECT_EQ("5", Evaluate("call()"));
  Offer([] { return std::vector<std::string>{"a", ""}; });
  EXPECT_EQ("['a', '']", Evaluate("call()"));
  Offer([] { return std::vector<double>{1, 2.5}; });
  EXPECT_EQ("[1.0, 2.5]", Evaluate("call()"));
  Offer([] { return std::map<std::string, long>{{"a", 1}}; });
  EXPECT_EQ("{'a': 1}", Evaluate("call()"));
  Offer([] { return vh::Json::parse(R"([null, {"b": false}])"); });
  EXPECT_EQ("[None, {'b': False}]", Evaluate("call()"));
  Offer([] {});
  EXPECT_EQ("None", Evaluate("call()"));
}

TEST_F(Expose, ChecksArguments) {
  int calls = 0;
  Offer([&](long, std::string) { ++calls; });
  EXPECT_EQ("TypeError: function() takes exactly 2 arguments (1 given)", Evaluate("call(1)"));
  EXPECT_EQ("TypeError: function() takes exactly 2 arguments (3 given)", Evaluate("call(1, 2, 3)"));
  EXPECT_EQ("TypeError: function() argument 1 must be int, not str", Evaluate("call('a', 'b')"));
  EXPECT_EQ("TypeError: function() argument 1 must be int, not float", Evaluate("call(1.0, 'b')"));
  EXPECT_EQ("TypeError: function() argument 2 must be str, not None", Evaluate("call(1, None)"));
  Offer([&](double) { ++calls; });
  EXPECT_EQ("TypeError: function() argument 1 must be float, not str", Evaluate("call('1')"));
  Offer([&](bool) { ++calls; });
  EXPECT_EQ("TypeError: function() argument 1 must be bool, not str", Evaluate("call('1')"));
  Offer([&](unsigned char) { ++calls; });
  EXPECT_EQ("TypeError: function() argument 1 is out of range: 256", Evaluate("call(256)"));
  Offer([&](std::vector<long>) { ++calls; });
  EXPECT_EQ("TypeError: function() argument 1 must be list, not dict", Evaluate("call({})"));
  EXPECT_EQ("TypeError: function() argument 1 item 1 must be int, not str",
            Evaluate("call([1, 'a'])"));
  Offer([&](std::vector<std::string>) { ++calls; });
  EXPECT_EQ("TypeError: function() argument 1 must be list of str, not list",
            Evaluate("call([1])"));
  Offer([&](std::map<std::string, long>) { ++calls; });
  EXPECT_EQ("TypeError: function() argument 1 item k must be int, not None",
            Evaluate("call({'k': None})"));
  Offer([&](std::string_view) { ++calls; });
  EXPECT_EQ("TypeError: function() argument 1 must be str, not None", Evaluate("call(None)"));
  EXPECT_EQ(0, calls);
}

TEST_F(Expose, TurnsExceptionsIntoPythons) {
  struct Odd {};
  Offer([](long which) {
    switch (which) {
      case 0:
        throw std::runtime_error("run");
      case 1:
        throw std::invalid_argument("argument");
      case 2:
        throw std::domain_error("domain");
      case 3:
        throw std::out_of_range("range");
      case 4:
        throw std::overflow_error("over");
      case 5:
        throw std::bad_alloc();
      case 6:
        throw Odd();
      default:
        throw vh::ConversionError("type");
    }
  });
  EXPECT_EQ("RuntimeError: run", Evaluate("call(0)"));
  EXPECT_EQ("ValueError: argument", Evaluate("call(1)"));
  EXPECT_EQ("ValueError: domain", Evaluate("call(2)"));
  EXPECT_EQ("IndexError: range", Evaluate("call(3)"));
  EXPECT_EQ("OverflowError: over", Evaluate("call(4)"));
  EXPECT_EQ("MemoryError: std::bad_alloc", Evaluate("call(5)"));
  EXPECT_EQ("RuntimeError: the function threw something that is no std::exception",
            Evaluate("call(6)"));
  EXPECT_EQ("TypeError: type", Evaluate("call(7)"));
}

// What nlohmann/json throws inside of a callable stays there too.
TEST_F(Expose, TurnsExceptionsOfJsonIntoPythons) {
  Offer([](const vh::Json& json) { return json.at("key").get<std::string>(); });
  EXPECT_EQ("'text'", Evaluate("call({'key': 'text'})"));
  EXPECT_EQ(0u, Evaluate("call({})").find("IndexError: [json.exception.out_of_range.403]"));
  EXPECT_EQ(0u, Evaluate("call([])").find("TypeError: [json.exception.type_error.304]"));
  EXPECT_EQ(0u, Evaluate("call({'key': 1})").find("TypeError: [json.exception.type_error.302]"));
  Offer([](const std::string& text) { return vh::Json::parse(text); });
  EXPECT_EQ("[1]", Evaluate("call('[1]')"));
  EXPECT_EQ(0u, Evaluate("call('[1')").find("ValueError: [json.exception.parse_error.101]"));
  Offer([](const std::string& text) { return vh::parse_json(text); });
  EXPECT_EQ("TypeError: has the key \"a\" twice", Evaluate("call('{\"a\": 1, \"a\": 2}')"));
}

TEST_F(Expose, NamesTextThatJsonCannotHold) {
  Offer([](const vh::Json&) {});
  for (const char* given : {"['caf\\udce9']", "{'caf\\udce9': 1}"}) {
    EXPECT_EQ(R"(TypeError: function() argument 1 holds text that is not UTF-8: "caf\ufffd")",
              Evaluate(std::string("call(") + given + ")"));
  }
  Offer([] { return vh::Json{{"a", "caf\xe9"}}; });
  EXPECT_EQ(R"(TypeError: the result of function() holds text that is not UTF-8: "caf\ufffd")",
            Evaluate("call()"));
  // Typed parameters and results hold it.
  using Map = std::map<std::string, std::string>;
  Offer([](const Map& map) {
    EXPECT_EQ((Map{{"caf\xe9", "\xff"}}), map);
    return map;
  });
  EXPECT_EQ("{'caf\\udce9': '\\udcff'}", Evaluate("call({'caf\\udce9': '\\udcff'})"));
}

TEST_F(Expose, RefusesResultsThatCannotBePassed) {
  Offer([] { return std::string("a\0b", 3); });
  EXPECT_EQ("TypeError: the result of function() holds a NUL character", Evaluate("call()"));
  Offer([] { return std::numeric_limits<unsigned long>::max(); });
  EXPECT_EQ("TypeError: the result of function() is out of range: 18446744073709551615",
            Evaluate("call()"));
}

// C++ calls Python, which calls C++, which calls Python, which raises: through every layer.
TEST_F(Expose, PassesExceptionsThroughAllLayers) {
  Offer([this] { host().call(script(), "fail").value(); });
  EXPECT_EQ("KeyError: \"'inner'\"", Evaluate("call()"));
  const vh::Result<void> result = host().call(script(), "call");
  ASSERT_FALSE(result);
  EXPECT_EQ("KeyError", result.error().type);
  EXPECT_NE(std::string::npos, result.error().traceback.find("in call"));
}

TEST_F(Expose, PassesObjectsThrough) {
  Offer([](vh::Object object) { return object; });
  for (const char* object : {"thing", "None", "5", "'text'", "[thing]", "{}", "call"}) {
    EXPECT_EQ("True",
              Evaluate(std::string("call(") + object + ") is not 0 and call(thing) is thing"))
        << object;
    EXPECT_EQ(Evaluate(object), Evaluate(std::string("call(") + object + ")"));
  }
  const char* const kCount = "__import__('sys').getrefcount(thing)";
  const std::string before = Evaluate(kCount);
  for (int i = 0; i < 100; ++i) Evaluate("call(thing)");
  EXPECT_EQ(before, Evaluate(kCount)) << "references are borrowed";
  Offer([this](vh::Object object) {
    return host().call<long>(script(), "evaluate", object).error().text();
  });
  EXPECT_EQ(0u, Evaluate("call(thing)").find("'the result of evaluate() must be int"))
      << Evaluate("call(thing)");
  Offer([] { return vh::Object(); });
  EXPECT_EQ("None", Evaluate("call()"));
}

TEST_F(Expose, MayCallTheScriptAgain) {
  Offer([this](long depth) -> long {
    return depth == 0 ? 0 : 1 + host().call<long>(script(), "call", depth - 1).value();
  });
  EXPECT_EQ("20", Evaluate("call(20)"));
}

TEST_F(Expose, ReplacesAndTakesBack) {
  int first = 0, second = 0;
  Offer([counted = Counted(&first)] { return *counted.count; });
  EXPECT_EQ("1", Evaluate("call()")) << "one copy is kept";
  Offer([counted = Counted(&second)] {});
  EXPECT_EQ(0, first);
  host().unexpose(script(), "function").value();
  EXPECT_EQ(0, second);
  EXPECT_EQ(0u, Evaluate("call()").find("NameError"));
  EXPECT_EQ("not_found", host().unexpose(script(), "function").error().code);
  Offer([counted = Counted(&first)] {});
  host().unload(script()).value();
  EXPECT_EQ(0, first) << "unloaded";
}

TEST_F(Expose, NeedsAScriptAndAName) {
  int count = 0;
  EXPECT_EQ("not_found", host().expose(99, "f", [c = Counted(&count)] {}).error().code);
  EXPECT_EQ("invalid", host().expose(script(), "", [c = Counted(&count)] {}).error().code);
  EXPECT_EQ(0, count);
}

TEST_F(Expose, IsThereWhileTheScriptLoads) {
  const int id = host().reserve().value();
  host().expose(id, "early", [] { return 42; }).value();
  const Folder folder;
  const std::string path = folder.Write("early.py",
                                        "import vh\nearly = vh.CallDynamicFunction('early')\n"
                                        "def get():\n    return early\n");
  ASSERT_TRUE(host().load(id, path));
  EXPECT_EQ(42, host().call<int>(id, "get").value());
}

TEST_F(Expose, WorksOnSeveralThreads) {
  std::atomic<long> sum = 0;
  Offer([&](long number) { sum += number; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int n = 0; n < 500; ++n) EXPECT_TRUE(host().call(script(), "call", 1));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(2000, sum);
}

}  // namespace
