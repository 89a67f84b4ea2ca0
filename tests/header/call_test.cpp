// Typed calls: every type as argument and as result, wrong types, Python's exceptions.
#include <gtest/gtest.h>

#include <atomic>
#include <climits>
#include <cmath>
#include <cstdint>
#include <thread>

#include "host.hpp"

namespace {

constexpr const char* kSource =
    "import vh\n"
    "def show(*args):\n"
    "    return ascii(args)\n"
    "def give(x=None):\n"
    "    return x\n"
    "def value(text):\n"
    "    return eval(text)\n"
    "def process_user(name, points):\n"
    "    return points + len(name)\n"
    "def fail(text='on purpose'):\n"
    "    raise LookupError(text)\n";

class Call : public testing::TestWithParam<bool> {
 protected:
  // What Python makes of arguments.
  template <typename... A>
  std::string Show(const A&... arguments) {
    return host().call<std::string>(script(), "show", arguments...).value();
  }
  // The value of a Python expression.
  template <typename T>
  vh::Result<T> Value(const char* expression) {
    return host().call<T>(script(), "value", expression);
  }
  // The same, which must fail; the error's text.
  template <typename T>
  std::string Refusal(const char* expression) {
    const vh::Result<T> result = Value<T>(expression);
    if (result) return "no failure";
    return result.error().code + ": " + result.error().text();
  }
  vh::Host& host() { return host_.host; }
  int script() const { return host_.script; }

 private:
  ScriptHost host_{kSource, GetParam() ? Python3Callbacks() : nullptr};
};

// Hubs of different generations get lists and tuples in different blocks.
INSTANTIATE_TEST_SUITE_P(Call, Call, testing::Bool(), [](const auto& info) {
  return info.param ? std::string("Python3Hub") : std::string("OtherHub");
});

TEST_P(Call, GivesTheResultOfAFunction) {
  const vh::Result<long> result = host().call<long>(script(), "process_user", "username", 42L);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(50, result.value());
}

TEST_P(Call, PassesIntegers) {
  EXPECT_EQ("(1, -2, 3, 4)", Show(1, -2L, static_cast<short>(3), 4ULL));
  EXPECT_EQ("(9223372036854775807, -9223372036854775808)", Show(LONG_MAX, LONG_MIN));
  const vh::Result<void> result = host().call(script(), "show", 1, ULONG_MAX);
  ASSERT_FALSE(result);
  EXPECT_EQ("invalid", result.error().code);
  EXPECT_EQ("show(): argument 2 is out of range: 18446744073709551615", result.error().message);
}

TEST_P(Call, PassesOtherNumbers) {
  EXPECT_EQ("(1.5, 0.25)", Show(1.5, 0.25F));
  EXPECT_EQ("(inf, nan)", Show(HUGE_VAL, std::nan("")));
  EXPECT_EQ("(True, False)", Show(true, false));
}

TEST_P(Call, PassesText) {
  const char* pointer = "pointer";
  const char* none = nullptr;
  EXPECT_EQ("('literal', 'pointer', None, None)", Show("literal", pointer, none, nullptr));
  EXPECT_EQ("('string', 'vie', '')",
            Show(std::string("string"), std::string_view("view").substr(0, 3), std::string()));
  EXPECT_EQ("(None, 'here')",
            Show(std::optional<std::string>(), std::optional<std::string>("here")));
  EXPECT_EQ("('caf\\xe9', '\\udcff')", Show("caf\xc3\xa9", "\xff"));
  EXPECT_EQ("show(): argument 1 holds a NUL character",
            host().call(script(), "show", std::string("a\0b", 3)).error().message);
}

TEST_P(Call, PassesContainers) {
  using Strings = std::vector<std::string>;
  EXPECT_EQ("(['a', ''], [])", Show(Strings{"a", ""}, Strings{}));
  EXPECT_EQ("([1, 2], [1.5], [True])",
            Show(std::vector<long>{1, 2}, std::vector<double>{1.5}, std::vector<bool>{true}));
  EXPECT_EQ("([['a'], []],)", Show(std::vector<Strings>{{"a"}, {}}));
  EXPECT_EQ("({'a': 1, 'b': 2},)", Show(std::map<std::string, int>{{"b", 2}, {"a", 1}}));
  EXPECT_EQ("({'a': [0.5]},)",
            Show(std::unordered_map<std::string, std::vector<double>>{{"a", {0.5}}}));
  EXPECT_EQ("(None, 5, [None, 1])", Show(std::optional<long>(), std::optional<long>(5),
                                         std::vector<std::optional<long>>{{}, 1}));
  EXPECT_EQ("show(): argument 1 item 1 holds a NUL character",
            host().call(script(), "show", Strings{"a", std::string("\0", 1)}).error().message);
  EXPECT_EQ("show(): argument 1 is no finite number",
            host().call(script(), "show", std::vector<double>{std::nan("")}).error().message);
}

TEST_P(Call, PassesJson) {
  const vh::Json json = {
      {"list", {1, 2.5, "text", true, nullptr, vh::Json::array()}},
      {"map", vh::Json::object()},
  };
  EXPECT_EQ("({'list': [1, 2.5, 'text', True, None, []], 'map': {}},)", Show(json));
  EXPECT_EQ(json, host().call<vh::Json>(script(), "give", json).value());
}

TEST_P(Call, PassesPointers) {
  int here = 0;
  EXPECT_EQ(reinterpret_cast<long>(&here),
            host().call<long>(script(), "give", static_cast<void*>(&here)).value());
  EXPECT_EQ("(None, None)", Show(static_cast<void*>(nullptr), vh::Object{}));
}

TEST_P(Call, GivesIntegers) {
  EXPECT_EQ(-5, Value<long>("-5").value());
  EXPECT_EQ(LONG_MAX, Value<long>("2**63 - 1").value());
  EXPECT_EQ(255, Value<std::uint8_t>("255").value());
  EXPECT_EQ(7u, Value<std::size_t>("7").value());
  EXPECT_EQ(1, Value<int>("True").value());
  EXPECT_EQ("invalid: the result of value() is out of range: 256", Refusal<std::uint8_t>("256"));
  EXPECT_EQ("invalid: the result of value() is out of range: -1", Refusal<std::size_t>("-1"));
  EXPECT_EQ("invalid: the result of value() is out of range: 2147483648", Refusal<int>("2**31"));
  EXPECT_EQ("invalid: the result of value() must be int, not str", Refusal<long>("'5'"));
  EXPECT_EQ("invalid: the result of value() must be int, not float", Refusal<long>("5.0"));
  EXPECT_EQ("invalid: the result of value() must be int, not list", Refusal<long>("[5]"));
  EXPECT_EQ("invalid: the result of value() must be int, not dict", Refusal<long>("{}"));
}

TEST_P(Call, GivesOtherNumbers) {
  EXPECT_EQ(1.5, Value<double>("1.5").value());
  EXPECT_EQ(2.0, Value<double>("2").value());
  EXPECT_EQ(0.5F, Value<float>("0.5").value());
  EXPECT_TRUE(std::isinf(Value<double>("float('inf')").value()));
  EXPECT_TRUE(Value<bool>("True").value());
  EXPECT_FALSE(Value<bool>("0").value());
  EXPECT_EQ("invalid: the result of value() must be float, not str", Refusal<double>("'x'"));
  EXPECT_EQ("invalid: the result of value() must be bool, not int", Refusal<bool>("2"));
}

TEST_P(Call, GivesText) {
  EXPECT_EQ("text", Value<std::string>("'text'").value());
  EXPECT_EQ("", Value<std::string>("''").value());
  EXPECT_EQ("\xff", Value<std::string>("'\\udcff'").value());
  EXPECT_EQ("text", Value<std::optional<std::string>>("'text'").value());
  EXPECT_EQ(std::nullopt, Value<std::optional<std::string>>("None").value());
  EXPECT_EQ(std::nullopt, Value<std::optional<std::vector<long>>>("None").value());
  EXPECT_EQ(0, Value<std::optional<long>>("None").value());
  EXPECT_EQ("invalid: the result of value() must be str, not int", Refusal<std::string>("1"));
  EXPECT_EQ("invalid: the result of value() must be str, not int", Refusal<std::string>("None"));
}

TEST_P(Call, GivesLists) {
  using Strings = std::vector<std::string>;
  using Longs = std::vector<long>;
  EXPECT_EQ((Strings{"a", "b", ""}), Value<Strings>("['a', 'b', '']").value());
  EXPECT_EQ(Strings{}, Value<Strings>("[]").value());
  EXPECT_EQ((Longs{1, 2}), Value<Longs>("[1, 2]").value());
  EXPECT_EQ((Longs{1, 2}), Value<Longs>("(1, 2)").value());
  EXPECT_EQ((Longs{1}), Value<Longs>("(1,)").value());
  EXPECT_EQ(Longs{}, Value<Longs>("()").value());
  EXPECT_EQ((std::vector<double>{1, 2.5}), Value<std::vector<double>>("[1, 2.5]").value());
  EXPECT_EQ((std::vector<Strings>{{"a"}, {}}), Value<std::vector<Strings>>("[['a'], []]").value());
  EXPECT_EQ((std::vector<std::optional<long>>{1, {}}),
            Value<std::vector<std::optional<long>>>("[1, None]").value());
  EXPECT_EQ("invalid: the result of value() item 1 must be int, not str",
            Refusal<Longs>("[1, 'a']"));
  EXPECT_EQ("invalid: the result of value() must be list, not dict", Refusal<Longs>("{'a': 1}"));
  EXPECT_EQ("invalid: the result of value() must be list, not str", Refusal<Strings>("'abc'"));
}

TEST_P(Call, GivesMaps) {
  using Map = std::map<std::string, std::vector<long>>;
  EXPECT_EQ((Map{{"a", {1}}, {"b", {}}}), Value<Map>("{'b': [], 'a': [1]}").value());
  EXPECT_EQ((std::unordered_map<std::string, std::string>{{"k", "v"}}),
            (Value<std::unordered_map<std::string, std::string>>("{'k': 'v'}").value()));
  EXPECT_EQ("invalid: the result of value() item a item 0 must be int, not None",
            Refusal<Map>("{'a': [None]}"));
  EXPECT_EQ("invalid: the result of value() must be dict, not list", Refusal<Map>("[1]"));
}

TEST_P(Call, GivesJson) {
  const auto json = Value<vh::Json>("{'a': [1, 2.5, 'x', True, None, {'b': []}]}").value();
  EXPECT_EQ(R"({"a":[1,2.5,"x",true,null,{"b":[]}]})", json.dump());
  EXPECT_EQ(2.5, json["a"][1].get<double>());
  EXPECT_EQ(vh::Json(5), Value<vh::Json>("5").value());
  EXPECT_EQ(vh::Json("text"), Value<vh::Json>("'text'").value());
  EXPECT_EQ(vh::Json::array({1, "a"}), Value<vh::Json>("(1, 'a')").value());
  EXPECT_EQ(vh::Json::array({"a"}), Value<vh::Json>("['a']").value());
}

// Bytes that are no text: typed values keep them, JSON has no place for them.
TEST_P(Call, KeepsBytesThatAreNoText) {
  using Strings = std::vector<std::string>;
  using Map = std::map<std::string, std::string>;
  EXPECT_EQ((Strings{"\xff", "a"}), Value<Strings>("['\\udcff', 'a']").value());
  EXPECT_EQ((std::vector<Strings>{{"\xe9\xff"}, {"\\udcff"}}),
            Value<std::vector<Strings>>("[['\\udce9\\udcff'], ['\\\\udcff']]").value());
  EXPECT_EQ((Map{{"\xff", "\xe9\xed\xa0\xbd"}}),
            Value<Map>("{'\\udcff': '\\udce9\\ud83d'}").value());
  EXPECT_EQ("({'\\udcff': '\\udce9\\ud83d'},)", Show(Map{{"\xff", "\xe9\xed\xa0\xbd"}}));
  EXPECT_EQ("([['\\udcff']],)", Show(std::vector<Strings>{{"\xff"}}));
  const char* const kRefused =
      R"(invalid: the result of value() holds text that is not UTF-8: "caf\ufffd")";
  for (const char* given : {"'caf\\udce9'", "['caf\\udce9']", "[{'a': 'caf\\udce9'}]",
                            "{'caf\\udce9': 1}", "('caf\\udce9', 1)"}) {
    EXPECT_EQ(kRefused, Refusal<vh::Json>(given)) << given;
  }
  EXPECT_EQ(R"(invalid: the result of value() item b holds text that is not UTF-8: "caf\ufffd")",
            (Refusal<std::map<std::string, vh::Json>>("{'a': 1, 'b': ['caf\\udce9']}")));
  EXPECT_EQ(R"(show(): argument 2 holds text that is not UTF-8: "caf\ufffd")",
            host().call(script(), "show", 1, vh::Json{{"a", "caf\xe9"}}).error().message);
}

TEST_P(Call, RefusesJsonThatPythonWouldReadOtherwise) {
  const auto refusal = [this](const vh::Json& json) {
    const vh::Result<void> result = host().call(script(), "show", json);
    return result ? "no failure" : result.error().code + ": " + result.error().message;
  };
  EXPECT_EQ("invalid: show(): argument 1 is no finite number", refusal(std::nan("")));
  EXPECT_EQ("invalid: show(): argument 1 is out of range: 18446744073709551615",
            refusal({{"a", ~0UL}}));
  EXPECT_EQ("invalid: show(): argument 1 has no JSON form", refusal(vh::Json::binary({1})));
  vh::Json deep;
  for (int i = 0; i < 129; ++i) deep = vh::Json::array({std::move(deep)});
  EXPECT_EQ("invalid: show(): argument 1 is nested deeper than 128 levels", refusal(deep));
  deep = std::move(deep[0]);
  EXPECT_EQ("no failure", refusal(deep));
  EXPECT_EQ(deep, host().call<vh::Json>(script(), "give", deep).value());
  // Two keys of a dict may have one text.
  EXPECT_EQ("invalid: the result of value() has the key \"1\" twice",
            Refusal<vh::Json>("{1: 'a', '1': 'b'}"));
}

TEST_P(Call, GivesNothing) {
  EXPECT_TRUE(host().call(script(), "give"));
  EXPECT_TRUE(host().call<void>(script(), "give", "anything"));
  EXPECT_FALSE(host().call(script(), "fail"));
}

TEST_P(Call, TellsThePythonException) {
  const vh::Result<long> result = host().call<long>(script(), "fail", "no such user");
  ASSERT_FALSE(result);
  EXPECT_EQ("python", result.error().code);
  EXPECT_EQ("LookupError", result.error().type);
  EXPECT_EQ("no such user", result.error().message);
  EXPECT_EQ("LookupError: no such user", result.error().text());
  EXPECT_EQ(0u, result.error().traceback.find("Traceback"));
  EXPECT_NE(std::string::npos, result.error().traceback.find("script.py\", line 11, in fail"));
}

TEST_P(Call, ThrowsTheFailureWhenItsValueIsTaken) {
  try {
    host().call<long>(script(), "fail").value();
    FAIL() << "nothing was thrown";
  } catch (const vh::CallError& error) {
    EXPECT_STREQ("LookupError: on purpose", error.what());
    EXPECT_EQ("python", error.failure().code);
  }
  EXPECT_THROW(host().call(script(), "fail").value(), vh::CallError);
  EXPECT_EQ(7, host().call<long>(script(), "fail").value_or(7));
}

TEST_P(Call, TellsWhatIsNotThere) {
  EXPECT_EQ("not_found", host().call(script(), "missing").error().code);
  EXPECT_EQ("not_found", host().call(99, "show").error().code);
  EXPECT_EQ("invalid", host().call<long>(script(), "value", "object()").error().code);
}

TEST_P(Call, TakesBlocks) {
  const vh::Block arguments = vh::Library::borrow(host().library().pack("sl", "username", 42L));
  const vh::Block result = host().CallPythonFunction(script(), "process_user", arguments.get());
  long points = 0;
  ASSERT_EQ(1, host().library().unpack(result.get(), "l", &points));
  EXPECT_EQ(50, points);
  EXPECT_TRUE(host().CallPythonFunction("script.py", "give", nullptr));
  EXPECT_FALSE(host().CallPythonFunction("script.py", "fail", nullptr));
  EXPECT_EQ("LookupError", host().failure().type);
  EXPECT_FALSE(host().CallPythonFunction("other.py", "give", nullptr));
  EXPECT_EQ("not_found", host().failure().code);
}

// An object of the script: borrowed by the call, given back as it was.
TEST_P(Call, PassesObjectsOfTheScript) {
  const char* const kThing = "globals().setdefault('thing', ['kept'])";
  const char* const kCount = "__import__('sys').getrefcount(thing)";
  const vh::Object thing{reinterpret_cast<struct _object*>(
      Value<long>((std::string("id(") + kThing + ")").c_str()).value())};
  const long before = Value<long>(kCount).value();
  EXPECT_EQ("(['kept'],)", Show(thing));
  EXPECT_EQ(before, Value<long>(kCount).value()) << "the call has given its reference back";
  EXPECT_EQ((std::vector<std::string>{"kept"}),
            host().call<std::vector<std::string>>(script(), "give", thing).value());
}

TEST_P(Call, WorksOnSeveralThreads) {
  std::atomic<int> wrong = 0;
  const auto work = [&](long first) {
    for (long i = first; i < first + 500; ++i) {
      const auto result = host().call<long>("script.py", "process_user", "abc", i);
      if (!result || result.value() != i + 3) ++wrong;
      const auto failure = host().call<long>(script(), "fail", std::to_string(i));
      if (failure || failure.error().message != std::to_string(i)) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  for (long first : {0L, 10000L, 20000L, 30000L}) threads.emplace_back(work, first);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(0, wrong);
}

}  // namespace
