// vh calls from threads of scripts, carried to the host's thread, and vh.run_in_host.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <thread>

#include "fake_hub.hpp"
#include "runtimes.hpp"
#include "waiting.hpp"

namespace {

using Clock = std::chrono::steady_clock;
const std::string kAsking =
    "import asyncio, threading, time\n"
    "import vh\n"
    "outcomes = []\n"
    "def ask():\n"
    "    outcomes.append(evaluate(\"vh.GetUserHost('n')\"))\n"
    "def start(target=ask):\n"
    "    threading.Thread(target=target, daemon=True).start()\n";

class ScriptThreads : public testing::TestWithParam<const char*> {
 protected:
  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
};

TEST_P(ScriptThreads, AreAnsweredOnTheThreadOfTheHost) {
  FakeHub hub;
  const auto host_thread = std::this_thread::get_id();
  std::thread::id answering_thread;
  hub.AnswerTo("GetUserHost", [&](w_Targs*) {
    answering_thread = std::this_thread::get_id();
    return TextResult("host");
  });
  const int script = hub.LoadEvaluating(kAsking + "start()\n");
  EXPECT_TRUE(Eventually([&] { return hub.Evaluate(script, "outcomes") == "[\"'host'\"]"; }))
      << hub.Evaluate(script, "outcomes");
  EXPECT_EQ(host_thread, answering_thread);
  EXPECT_EQ(std::to_string(script) + " GetUserHost s \"n\"\n", hub.TakeCalls());
}

TEST_P(ScriptThreads, AreAnsweredAtCallsIntoOtherScripts) {
  FakeHub hub;
  hub.AnswerTo("GetUserHost", [](w_Targs*) { return TextResult("host"); });
  hub.LoadEvaluating(kAsking + "start()\n");
  const int other = hub.Load("def OnTimer(now): return 1\n", "other.py");
  EXPECT_TRUE(Eventually([&] {
    hub.Hook(other, W_OnTimer, Pack("d", 1.0).get());
    return !hub.TakeCalls().empty();
  }));
}

TEST_P(ScriptThreads, ManyAreAnswered) {
  FakeHub hub;
  hub.AnswerTo("GetUserHost", [](w_Targs*) { return TextResult("host"); });
  const int script = hub.LoadEvaluating(kAsking +
                                        "def ask_often():\n"
                                        "    for _ in range(10): ask()\n"
                                        "for _ in range(20): start(ask_often)\n");
  EXPECT_TRUE(Eventually([&] { return hub.Evaluate(script, "len(outcomes)") == "200"; }));
  EXPECT_EQ("{\"'host'\"}", hub.Evaluate(script, "set(outcomes)"));
}

TEST_P(ScriptThreads, CanBeJoinedInUnLoadWhileTheyCall) {
  FakeHub hub;
  hub.AnswerTo("GetUserHost", [](w_Targs*) { return TextResult("host"); });
  hub.LoadEvaluating(kAsking +
                     "import vh\n"
                     "def ask_forever():\n"
                     "    while True: vh.GetUserHost('n')\n"
                     "thread = threading.Thread(target=ask_forever)\n"
                     "thread.start()\n"
                     "def UnLoad():\n"
                     "    thread.join(8)\n"
                     "    print('joined', not thread.is_alive(), flush=True)\n");
  hub.TakeLog();
  const auto start = Clock::now();
  EXPECT_EQ(1, Lib().w_Unload(0));
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(4));
  const std::string log = hub.TakeLog();
  EXPECT_NE(std::string::npos, log.find("joined True")) << log;
}

TEST_P(ScriptThreads, AreToldWhenTheHostDoesNotCall) {
  const ScopedEnvironment wait("VH_PYTHON_CALL_TIMEOUT", "0.2");
  FakeHub hub;
  const std::string told = testing::TempDir() + "vh-told-" + std::to_string(getpid());
  // While the script is being loaded, the host is there.
  const int script = hub.LoadEvaluating(kAsking +
                                        "def ask_later():\n"
                                        "    ask()\n"
                                        "    open('" +
                                        told +
                                        "', 'w').close()\n"
                                        "threading.Timer(0.1, ask_later).start()\n");
  EXPECT_TRUE(Eventually([&] { return std::ifstream(told).good(); }));
  std::remove(told.c_str());
  hub.TakeCalls();
  EXPECT_EQ("True", hub.Evaluate(script,
                                 "outcomes and outcomes[0].startswith('TimeoutError: GetUserHost()"
                                 "')"))
      << hub.Evaluate(script, "outcomes");
  EXPECT_EQ("", hub.TakeCalls());
}

// Those of another process end with it.
class ScriptThreadsHere : public ScriptThreads {};

// The thread is stuck in C when the hub ends, and asks afterwards.
TEST_P(ScriptThreadsHere, DoNotReachTheHostAfterItsEnd) {
  const ScopedEnvironment deadline("VH_PYTHON_UNLOAD_TIMEOUT", "0.2");
  const std::string outcome = testing::TempDir() + "vh-after-end-" + std::to_string(getpid());
  {
    FakeHub hub;
    ASSERT_EQ(0, hub.Load("import threading, time, vh\n"
                          "def ask():\n"
                          "    try:\n"
                          "        time.sleep(0.6)\n"
                          "    finally:\n"
                          "        try:\n"
                          "            result = vh.GetUserHost('n')\n"
                          "        except BaseException as error:\n"
                          "            result = type(error).__name__\n"
                          "        with open('" +
                          outcome +
                          "', 'w') as file: print(result, file=file)\n"
                          "threading.Thread(target=ask, daemon=True).start()\n"
                          "time.sleep(0.05)\n"));
  }
  FakeHub next;
  std::string text;
  EXPECT_TRUE(Eventually([&] { return bool(std::getline(std::ifstream(outcome), text)); }));
  EXPECT_TRUE(text == "SystemExit" || text == "RuntimeError") << text;
  EXPECT_EQ("", next.TakeCalls());
  std::remove(outcome.c_str());
}

// Those that wait for the host when the script is unloaded do not delay it.
TEST_P(ScriptThreads, AreReleasedByAnUnload) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(kAsking + "for _ in range(5): start()\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto start = Clock::now();
  EXPECT_EQ(1, Lib().w_Unload(script));
  EXPECT_GT(std::chrono::seconds(1), Clock::now() - start);
  EXPECT_EQ(0, CountLines(hub.TakeLog(), {"is set aside"}));
}

TEST_P(ScriptThreads, MakeProgressWhileTheHostIsIdle) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(
      "import threading, time\n"
      "ticks = 0\n"
      "def tick():\n"
      "    global ticks\n"
      "    while True:\n"
      "        ticks += 1\n"
      "        time.sleep(0.001)\n"
      "threading.Thread(target=tick, daemon=True).start()\n");
  // A busy machine takes its time, but a thread that runs only while the hub calls comes one step
  // further at each look.
  const int before = std::stoi(hub.Evaluate(script, "ticks"));
  int after = before;
  for (int look = 0; look < 20 && after <= before + 50; ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    after = std::stoi(hub.Evaluate(script, "ticks"));
  }
  EXPECT_LT(before + 50, after);
}

const std::string kJobs =
    "async def later(value):\n"
    "    await asyncio.sleep(0.01)\n"
    "    return value, vh.GetUserHost('n')\n"
    "def hand_over(*work):\n"
    "    futures = [vh.run_in_host(item) for item in work]\n"
    "    for future in futures:\n"
    "        try:\n"
    "            outcomes.append(future.result(5))\n"
    "        except Exception as error:\n"
    "            outcomes.append(repr(error))\n";

TEST_P(ScriptThreads, RunCallablesAndCoroutinesInTheHost) {
  FakeHub hub;
  hub.AnswerTo("GetUserHost", [](w_Targs*) { return TextResult("host"); });
  const int script = hub.LoadEvaluating(
      kAsking + kJobs +
      "start(lambda: hand_over(lambda: vh.GetUserHost('n'), later(5), lambda: 1 / 0))\n");
  EXPECT_TRUE(Eventually([&] {
    if (Lib().w_HasHook(script, W_OnTimer)) hub.Hook(script, W_OnTimer, Pack("d", 1.0).get());
    return hub.Evaluate(script, "len(outcomes)") == "3";
  })) << hub.Evaluate(script, "outcomes");
  EXPECT_EQ("['host', (5, 'host'), \"ZeroDivisionError('division by zero')\"]",
            hub.Evaluate(script, "outcomes"));
}

// The hub calls no other function than the timer's, which the script itself does not have.
TEST_P(ScriptThreads, RunInTheHostWithTheTimer) {
  FakeHub hub;
  hub.AnswerTo("GetUserHost", [](w_Targs*) { return TextResult("host"); });
  const int script =
      hub.LoadEvaluating(kAsking + kJobs + "start(lambda: hand_over(later(5)))\n", "worker.py");
  EXPECT_TRUE(Eventually([&] {
    if (Lib().w_HasHook(script, W_OnTimer)) hub.Hook(script, W_OnTimer, Pack("d", 1.0).get());
    return !hub.TakeCalls().empty();
  }));
}

// The top level waits, so its thread answers the request, but the script cannot be entered yet.
TEST_P(ScriptThreads, RunInTheHostWhatTheTopLevelGave) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(
      "import threading, vh\n"
      "done = []\n"
      "given = threading.Thread(target=lambda: vh.run_in_host(lambda: done.append('job')))\n"
      "given.start()\n"
      "given.join()\n"
      "threading.Event().wait(0.3)\n");
  EXPECT_EQ("['job']", hub.Evaluate(script, "done"));
}

TEST_P(ScriptThreads, RunInTheHostAtOnceInsideACall) {
  FakeHub hub;
  const int script = hub.LoadEvaluating("import vh\n");
  EXPECT_EQ("[True, 5]",
            hub.Evaluate(script, "[f := vh.run_in_host(lambda: 5)] and [f.done(), f.result(0)]"));
}

// A host that does not call for hours must not lose its memory to what a script gives it meanwhile.
TEST_P(ScriptThreads, AreToldWhenTooMuchWaitsForTheHost) {
  auto wait = std::make_unique<ScopedEnvironment>("VH_PYTHON_CALL_TIMEOUT", "0.2");
  FakeHub hub;
  const int script =
      hub.LoadEvaluating(kAsking +
                         "import os\n"
                         "given, refusal = 0, None\n"
                         "def flood():\n"
                         "    global given, refusal\n"
                         "    while not os.path.exists(flag + '.go'): time.sleep(0.001)\n"
                         "    while refusal is None and given < 100000:\n"
                         "        try:\n"
                         "            vh.run_in_host(int)\n"
                         "            given += 1\n"
                         "        except RuntimeError as error:\n"
                         "            refusal = str(error)\n"
                         "    try: vh.GetUserHost('n')\n"
                         "    except Exception as error: refusal = refusal, str(error)\n"
                         "    open(flag + '.done', 'w').close()\n"
                         "def begin(path):\n"
                         "    global flag\n"
                         "    flag = path\n"
                         "    start(flood)\n");
  const std::string flag = (hub.config_folder() / "flood").string();
  EXPECT_EQ("None", hub.Evaluate(script, "begin('" + flag + "')"));
  // From here on the host is idle: it does not call the library.
  std::ofstream(flag + ".go").flush();
  ASSERT_TRUE(Eventually([&] { return std::ifstream(flag + ".done").good(); }));
  EXPECT_EQ(
      "(1024, ('run_in_host(): too many calls from threads wait for the hub', 'GetUserHost(): too "
      "many calls from threads wait for the hub'))",
      hub.Evaluate(script, "(given, refusal)"));
  // What waited was done meanwhile, so there is room again.
  wait.reset();
  hub.AnswerTo("GetUserHost", [](w_Targs*) { return TextResult("host"); });
  hub.Call(script, "start");
  EXPECT_TRUE(Eventually([&] { return hub.Evaluate(script, "outcomes") == "[\"'host'\"]"; }))
      << hub.Evaluate(script, "outcomes");
}

INSTANTIATE_TEST_SUITE_P(All, ScriptThreadsHere, testing::ValuesIn(Runtimes()),
                         [](const auto& info) { return NameOf(info.param); });
INSTANTIATE_TEST_SUITE_P(All, ScriptThreads, testing::ValuesIn(AllRuntimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
