// Statistics: what w_Stats, w_StatsText and vh.stats() tell of each hook and function.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

// A text the library gave us.
std::string Text(int (*give)(char**)) {
  char* text = nullptr;
  EXPECT_EQ(1, give(&text));
  const std::string copy = text ? text : "(null)";
  std::free(text);
  return copy;
}

// Seconds that this thread computed.
double ProcessorTime() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Reads a row of the statistics in Python: row('OnTimer')['calls'].
constexpr const char* kRow =
    "def row(name, script=None):\n"
    "    for found in vh.stats()['scripts']:\n"
    "        if found['id'] == (vh.myid if script is None else script):\n"
    "            return next((r for r in found['calls'] if r['name'] == name), None)\n";

class Stats : public testing::TestWithParam<const char*> {
 protected:
  std::string Row(const std::string& name, const std::string& field) {
    return hub_.Evaluate(script_, "row('" + name + "')['" + field + "']");
  }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  FakeHub hub_;
  int script_ = hub_.LoadEvaluating(std::string(kRow) +
                                    "import time\n"
                                    "def OnUserLogin(nick):\n"
                                    "    if nick == 'bad': raise ValueError('on purpose')\n"
                                    "    if nick == 'slow': time.sleep(0.05)\n"
                                    "    if nick == 'asks': vh.GetUsersCount(); vh.mc('hello')\n"
                                    "def double(number): return 2 * number\n");
};

TEST_P(Stats, CountsCallsErrorsAndCallsOfVh) {
  for (const char* nick : {"good", "bad", "asks", "good", "bad"}) {
    hub_.Hook(script_, W_OnUserLogin, Pack("s", nick).get());
  }
  EXPECT_EQ("l 42", hub_.Call(script_, "double", Pack("l", 21L).get()));
  EXPECT_EQ("(null)", hub_.Call(script_, "double"));
  EXPECT_EQ("5", Row("OnUserLogin", "calls"));
  EXPECT_EQ("2", Row("OnUserLogin", "errors"));
  EXPECT_EQ("0", Row("OnUserLogin", "timeouts"));
  EXPECT_EQ("2", Row("OnUserLogin", "vh_calls"));
  EXPECT_EQ("'hook'", Row("OnUserLogin", "kind"));
  EXPECT_EQ("'ValueError: on purpose'", Row("OnUserLogin", "last_error']['text"));
  EXPECT_EQ("True", hub_.Evaluate(script_,
                                  "0 <= time.time() - row('OnUserLogin')['last_error']['time'] "
                                  "< 60"));
  EXPECT_EQ("2", Row("double", "calls"));
  EXPECT_EQ("1", Row("double", "errors"));
  EXPECT_EQ("'function'", Row("double", "kind"));
  EXPECT_EQ("None", hub_.Evaluate(script_, "row('OnTimer')")) << "never called";
}

TEST_P(Stats, TellsWhereAndWhatScriptsAre) {
  const std::string find = "next(s for s in vh.stats()['scripts'] if s['id'] == vh.myid)";
  EXPECT_EQ("'script.py'", hub_.Evaluate(script_, find + "['name']"));
  EXPECT_EQ("True", hub_.Evaluate(script_, find + "['path'] == vh.path"));
  EXPECT_EQ("'" + std::string(GetParam()) + "'", hub_.Evaluate(script_, find + "['runtime']"));
  EXPECT_EQ("True", hub_.Evaluate(script_, "0 <= time.time() - " + find + "['loaded'] < 60"));
}

TEST_P(Stats, TellsHowLongCallsTook) {
  for (int call = 0; call < 20; ++call) {
    // A call that does not follow at once upon another is timed exactly.
    if (call == 7) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    hub_.Hook(script_, W_OnUserLogin, Pack("s", call == 7 ? "slow" : "good").get());
  }
  EXPECT_EQ("True", hub_.Evaluate(script_, "0.05 <= row('OnUserLogin')['max'] < 0.5"));
  EXPECT_EQ("True", hub_.Evaluate(script_, "0.05 <= row('OnUserLogin')['total'] < 0.6"));
  EXPECT_EQ("True", hub_.Evaluate(script_, "0 < row('OnUserLogin')['p50'] < 0.02"));
  EXPECT_EQ("True", hub_.Evaluate(script_, "0.02 < row('OnUserLogin')['p99'] < 0.5"));
}

// A slow call is seldom the first one of a tick; none is lost all the same.
TEST_P(Stats, TellsOfSlowCallsAmongFastOnes) {
  const int mixed = hub_.LoadEvaluating(
      "import time\n"
      "calls, took, longest = 0, 0, 0\n"
      "def OnUserLogin(nick):\n"
      "    global calls, took, longest\n"
      "    start = time.perf_counter()\n"
      "    calls += 1\n"
      "    if calls % 11 == 0: time.sleep(0.005)\n"
      "    time_of_call = time.perf_counter() - start\n"
      "    took += time_of_call\n"
      "    longest = max(longest, time_of_call)\n",
      "mixed.py");
  for (int call = 0; call < 440; ++call) {
    hub_.Hook(mixed, W_OnUserLogin, Pack("s", "nick").get());
  }
  const std::string row = "row('OnUserLogin', " + std::to_string(mixed) + ")";
  const double took = std::stod(hub_.Evaluate(mixed, "took"));
  const double longest = std::stod(hub_.Evaluate(mixed, "longest"));
  // A call of a script in another process takes the way there and back, too.
  const double way = std::string(GetParam()) == "worker" ? 0.0005 : 0;
  EXPECT_NEAR(took, std::stod(hub_.Evaluate(script_, row + "['total']")), 0.1 * took + 440 * way);
  EXPECT_NEAR(longest, std::stod(hub_.Evaluate(script_, row + "['max']")),
              0.1 * longest + 10 * way);
  EXPECT_LT(0.005, std::stod(hub_.Evaluate(script_, row + "['p99']")));
  EXPECT_GT(0.001, std::stod(hub_.Evaluate(script_, row + "['p50']")));
}

// Of fast calls only some are timed, which must not be heard of in the numbers.
TEST_P(Stats, EstimatesTheTimeOfFastCalls) {
  constexpr int kCalls = 100000;
  const Block arguments = Pack("l", 21L);
  const auto start = std::chrono::steady_clock::now();
  const double processor = ProcessorTime();
  for (int call = 0; call < kCalls; ++call) {
    Lib().w_free_args(Lib().w_CallFunction(script_, "double", arguments.get()));
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double computed = ProcessorTime() - processor;
  EXPECT_EQ(std::to_string(kCalls), Row("double", "calls"));
  const double total = std::stod(Row("double", "total"));
  // Other programs may use the machine meanwhile.
  EXPECT_LT(0.1 * computed, total);
  EXPECT_GT(1.3 * seconds, total);
}

// They belong to no call of the hub, so the script as a whole has them.
TEST_P(Stats, CountsCallsOfVhByThreadsOfTheScript) {
  const int script = hub_.LoadEvaluating(
      "import threading\n"
      "done = 0\n"
      "def ask():\n"
      "    global done\n"
      "    for _ in range(3): vh.GetUsersCount()\n"
      "    done += 1\n"
      "def start(): threading.Thread(target=ask, daemon=True).start()\n"
      "def counted():\n"
      "    return next(s['thread_vh_calls'] for s in vh.stats()['scripts'] if s['id'] == "
      "vh.myid)\n",
      "threads.py");
  EXPECT_EQ("0", hub_.Evaluate(script, "counted()"));
  for (const char* wanted : {"1", "2"}) {
    EXPECT_EQ("None", hub_.Evaluate(script, "start()"));
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (hub_.Evaluate(script, "done") != wanted && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  EXPECT_EQ("6", hub_.Evaluate(script, "counted()"));
  EXPECT_EQ("None", hub_.Evaluate(script, "vh.GetUsersCount() and None")) << "on the hub's thread";
  EXPECT_EQ("6", hub_.Evaluate(script, "counted()"));
}

TEST_P(Stats, ScriptsSeeEachOther) {
  const int other = hub_.Load("def OnTimer(now): raise LookupError\n", "other.py");
  hub_.Hook(other, W_OnTimer, Pack("d", 1.0).get());
  const std::string row = "row('OnTimer', " + std::to_string(other) + ")";
  EXPECT_EQ("(1, 'LookupError')",
            hub_.Evaluate(script_, "(" + row + "['errors'], " + row + "['last_error']['text'])"));
  EXPECT_EQ(1, Lib().w_Unload(other));
  EXPECT_EQ("None", hub_.Evaluate(script_, row));
}

TEST_P(Stats, AreTheSameInEveryForm) {
  hub_.Hook(script_, W_OnUserLogin, Pack("s", "good").get());
  const std::string json = Text(Lib().w_Stats);
  EXPECT_NE(std::string::npos,
            json.find(R"("name":"OnUserLogin","kind":"hook","suspended":false,"calls":1,)"))
      << json;
  const std::string text = Text(Lib().w_StatsText);
  const std::string labels = "{id=\"" + std::to_string(script_) +
                             "\",script=\"script.py\",call=\"OnUserLogin\",kind=\"hook\"";
  for (const std::string& line :
       {"\nvh_python_calls_total" + labels + "} 1\n", "\nvh_python_errors_total" + labels + "} 0\n",
        "\nvh_python_call_seconds" + labels + ",quantile=\"0.99\"} 0.",
        std::string("# TYPE vh_python_calls_total counter\n")}) {
    EXPECT_NE(std::string::npos, text.find(line)) << line << " in\n" << text;
  }
  EXPECT_EQ("True", hub_.Evaluate(script_, "'vh_python_calls_total{' in vh.stats('prometheus')"));
  EXPECT_EQ("ValueError: stats() argument 1 must be 'dict' or 'prometheus', not \"xml\"",
            hub_.Evaluate(script_, "vh.stats('xml')"));
}

// More functions than have rows of their own (the top level has one too): no call is lost.
TEST_P(Stats, ManyFunctionsShareARow) {
  const int many = hub_.Load("for n in range(100): globals()[f'f{n}'] = lambda: 1\n", "many.py");
  for (int number = 0; number < 100; ++number) {
    EXPECT_EQ("l 1", hub_.Call(many, ("f" + std::to_string(number)).c_str()));
  }
  const std::string calls =
      "[r['calls'] for s in vh.stats()['scripts'] if s['id'] == " + std::to_string(many) +
      " for r in s['calls']]";
  EXPECT_EQ("(True, 101)",
            hub_.Evaluate(script_, "(lambda c: (64 <= len(c) <= 65, sum(c)))(" + calls + ")"));
}

// Names that are no text: each is found again, and shown so that they differ.
TEST_P(Stats, NamesThatAreNoTextHaveOneRowEach) {
  const int odd = hub_.Load(
      "globals()['\\udcff'] = lambda: 1\n"
      "globals()['\\udcfe'] = lambda: 2\n",
      "odd.py");
  for (int call = 0; call < 5; ++call) EXPECT_EQ("l 1", hub_.Call(odd, "\xff"));
  EXPECT_EQ("l 2", hub_.Call(odd, "\xfe"));
  EXPECT_EQ("[('(top level)', 1), ('\\\\xfe', 1), ('\\\\xff', 5)]",
            hub_.Evaluate(script_,
                          "sorted((r['name'], r['calls']) for s in vh.stats()['scripts'] "
                          "if s['id'] == " +
                              std::to_string(odd) + " for r in s['calls'])"));
}

// A hook that is also called by its name is two series.
TEST_P(Stats, PrometheusTellsHooksFromFunctions) {
  hub_.Hook(script_, W_OnUserLogin, Pack("s", "good").get());
  hub_.Call(script_, "OnUserLogin", Pack("s", "good").get());
  const std::string text = Text(Lib().w_StatsText);
  for (const char* kind : {"hook", "function"}) {
    EXPECT_EQ(1, CountLines(text, {"vh_python_calls_total{", "call=\"OnUserLogin\"",
                                   (",kind=\"" + std::string(kind) + "\"} 1").c_str()}))
        << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Stats, testing::ValuesIn(AllRuntimes()),
                         [](const auto& info) { return NameOf(info.param); });

TEST(StatsText, RefusesNull) {
  EXPECT_EQ(0, Lib().w_Stats(nullptr));
  EXPECT_EQ(0, Lib().w_StatsText(nullptr));
  EXPECT_EQ(0u, Text(Lib().w_Stats).find("{\"time\":"));
}

}  // namespace
