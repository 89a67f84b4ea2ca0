// `async def` hooks and functions.
#include <gtest/gtest.h>

#include <chrono>
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

INSTANTIATE_TEST_SUITE_P(All, Async, testing::ValuesIn(Runtimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
