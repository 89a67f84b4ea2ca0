// `async def` hooks and functions.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

using Clock = std::chrono::steady_clock;

class Async : public testing::TestWithParam<const char*> {
 protected:
  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  FakeHub hub_;
};

TEST_P(Async, FunctionsReturnTheirResult) {
  const int script = hub_.Load(
      "import asyncio\n"
      "async def one(number):\n"
      "    await asyncio.sleep(0.01)\n"
      "    return number\n"
      "async def add(a, b):\n"
      "    return sum(await asyncio.gather(one(a), asyncio.create_task(one(b))))\n");
  for (long round = 0; round < 5; ++round) {
    EXPECT_EQ("l " + std::to_string(round + 2),
              hub_.Call(script, "add", Pack("ll", round, 2L).get()));
  }
}

TEST_P(Async, FailingFunctionsAreLogged) {
  const int script = hub_.Load(
      "import asyncio\n"
      "async def fail():\n"
      "    await asyncio.sleep(0)\n"
      "    raise ValueError('no luck')\n"
      "async def leave():\n"
      "    raise SystemExit(3)\n"
      "async def fine(): return 1\n");
  EXPECT_EQ("(null)", hub_.Call(script, "fail"));
  EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"ValueError: no luck"}));
  EXPECT_EQ("(null)", hub_.Call(script, "leave"));
  EXPECT_EQ("l 1", hub_.Call(script, "fine"));
}

TEST_P(Async, HooksPassOnAtOnceAndFinishLater) {
  const int script = hub_.LoadEvaluating(
      "import asyncio, vh\n"
      "hosts = []\n"
      "async def OnUserLogin(nick):\n"
      "    await asyncio.sleep(0.2)\n"
      "    hosts.append(vh.GetUserHost(nick))\n"
      "    return 0\n");
  hub_.AnswerTo("GetUserHost", [](w_Targs*) { return TextResult("host"); });
  const auto start = Clock::now();
  EXPECT_EQ("l 1", hub_.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
  EXPECT_GT(std::chrono::milliseconds(150), Clock::now() - start) << "the hub does not wait";
  EXPECT_EQ(1, Lib().w_HasHook(script, W_OnTimer)) << "so that the hub calls again";
  EXPECT_EQ("[]", hub_.Evaluate(script, "hosts"));
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  for (int turn = 0; turn < 3; ++turn) hub_.Hook(script, W_OnTimer, Pack("d", 1.0).get());
  EXPECT_EQ("['host']", hub_.Evaluate(script, "hosts"));
}

TEST_P(Async, FailingHooksAreLogged) {
  const int script = hub_.Load(
      "import asyncio\n"
      "async def OnUserLogin(nick):\n"
      "    await asyncio.sleep(0)\n"
      "    raise ValueError('no luck')\n");
  EXPECT_EQ("l 1", hub_.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
  for (int turn = 0; turn < 3; ++turn) hub_.Hook(script, W_OnTimer, Pack("d", 1.0).get());
  EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"ValueError: no luck"}));
}

TEST_P(Async, ThreadsAreAnsweredWhileAFunctionWaitsForThem) {
  hub_.AnswerTo("GetUserHost", [](w_Targs*) { return TextResult("host"); });
  const int script = hub_.Load(
      "import asyncio, vh\n"
      "async def ask():\n"
      "    loop = asyncio.get_running_loop()\n"
      "    return await loop.run_in_executor(None, vh.GetUserHost, 'n')\n");
  EXPECT_EQ("s \"host\"", hub_.Call(script, "ask"));
}

// The function of the script calls the hub, which calls the same script again.
TEST_P(Async, FunctionsMayBeNested) {
  int script = -1;
  hub_.AnswerTo("GetUserHost",
                [&](w_Targs*) { return TextResult(hub_.Call(script, "inner").c_str()); });
  script = hub_.Load(
      "import asyncio, vh\n"
      "async def inner():\n"
      "    await asyncio.sleep(0.01)\n"
      "    return 'inside'\n"
      "async def outer():\n"
      "    await asyncio.sleep(0.01)\n"
      "    answer = vh.GetUserHost('n')\n"
      "    await asyncio.sleep(0.01)\n"
      "    return answer\n");
  EXPECT_EQ("s \"s \"inside\"\"", hub_.Call(script, "outer"));
}

// What can go wrong when two threads find the script's loop free at the same moment.
TEST_P(Async, SeveralThreadsOfTheHostMayCall) {
  const int script = hub_.Load(
      "import asyncio\n"
      "async def OnUserLogin(nick):\n"
      "    await asyncio.sleep(0.0005)\n"
      "async def echo(number):\n"
      "    await asyncio.sleep(0.0005)\n"
      "    return number\n");
  std::vector<std::thread> threads;
  for (long number = 0; number < 4; ++number) {
    threads.emplace_back([&, number] {
      for (int round = 0; round < 200; ++round) {
        EXPECT_EQ("l 1", hub_.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
        EXPECT_EQ("l " + std::to_string(number),
                  hub_.Call(script, "echo", Pack("l", number).get()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(0, CountLines(hub_.TakeLog(), {"raised"}));
}

// What plain Python answers on its main thread, and whether it warns.
const std::string kLoop =
    "import asyncio, sys, warnings\n"
    "def look():\n"
    "    global loop\n"
    "    with warnings.catch_warnings(record=True) as found:\n"
    "        warnings.simplefilter('always')\n"
    "        try:\n"
    "            loop = asyncio.get_event_loop()\n"
    "            answer = loop.run_until_complete(asyncio.sleep(0, 5))\n"
    "            answer = [answer, asyncio.get_event_loop() is loop]\n"
    "        except RuntimeError as error:\n"
    "            answer = str(error).partition(' in thread')[0]\n"
    "    return str([answer, [w.category.__name__ for w in found if issubclass(w.category, "
    "DeprecationWarning)]])\n"
    "first = look()\n"
    "def again(): return first + look()\n";

TEST_P(Async, TheCurrentLoopIsThatOfPlainPython) {
  const std::string path = hub_.WriteScript(kLoop + "print(again())\n", "plain.py").string();
  FILE* pipe = popen((std::string(VH_PYTHON_EXECUTABLE) + " " + path).c_str(), "r");
  char line[4096] = "";
  EXPECT_NE(nullptr, fgets(line, sizeof line, pipe));
  EXPECT_EQ(0, pclose(pipe));
  std::string expected = line;
  expected.pop_back();
  for (int round = 0; round < 2; ++round) {
    const int script = hub_.Load(kLoop);
    std::string answer = hub_.Call(script, "again");
    answer.erase(std::remove(answer.begin(), answer.end(), '\\'), answer.end());
    EXPECT_EQ("s \"" + expected + "\"", answer) << hub_.TakeLog();
    EXPECT_EQ(1, Lib().w_Unload(script));
  }
}

TEST_P(Async, EachScriptHasACurrentLoopOfItsOwn) {
  const std::string source = EvaluateSource() +
                             "import asyncio\n"
                             "asyncio.set_event_loop(asyncio.new_event_loop())\n"
                             "loop = asyncio.get_event_loop_policy().get_event_loop()\n"
                             "def is_own(): return loop is "
                             "asyncio.get_event_loop_policy().get_event_loop()\n";
  const int one = hub_.Load(source, "one.py");
  const int other = hub_.Load(source, "other.py");
  EXPECT_EQ("True", hub_.Evaluate(one, "is_own()"));
  EXPECT_EQ("True", hub_.Evaluate(other, "is_own()"));
  EXPECT_EQ(1, Lib().w_Unload(one));
  EXPECT_EQ("False", hub_.Evaluate(other, "loop.is_closed()"));
  EXPECT_EQ("5", hub_.Evaluate(other, "loop.run_until_complete(asyncio.sleep(0, 5))"));
}

// Its tasks are cancelled, as those of the loop for `async def` hooks.
TEST_P(Async, TheCurrentLoopIsClosedAtUnload) {
  const int script = hub_.Load(
      "import asyncio\n"
      "loop = asyncio.new_event_loop()\n"
      "asyncio.set_event_loop(loop)\n"
      "async def work():\n"
      "    try: await asyncio.sleep(1000)\n"
      "    finally: print('cleaned up', flush=True)\n"
      "task = loop.create_task(work())\n"
      "loop.run_until_complete(asyncio.sleep(0))\n"
      "import atexit\n"
      "atexit.register(lambda: print('closed', loop.is_closed(), flush=True))\n");
  hub_.TakeLog();
  EXPECT_EQ(1, Lib().w_Unload(script));
  const std::string log = hub_.TakeLog();
  EXPECT_LT(log.find("cleaned up"), log.find("closed True")) << log;
  EXPECT_EQ(1, CountLines(log, {"closed True"})) << log;
}

INSTANTIATE_TEST_SUITE_P(All, Async, testing::ValuesIn(AllRuntimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
