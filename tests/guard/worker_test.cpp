// Scripts in processes of their own: what becomes of calls that are late, and of processes that
// end.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "fake_hub.hpp"
#include "repetitions.hpp"
#include "waiting.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kHead =
    "# vh: runtime = worker\n"
    "# vh: timeout = 0.3\n"
    "import os, re, time, vh\n";

class Worker : public testing::Test {
 protected:
  int Load(const std::string& source) { return hub_.LoadEvaluating(kHead + source); }

  // How many seconds a call of `function` takes, which must fail.
  double TimeOf(int script, const char* function) {
    const auto start = Clock::now();
    EXPECT_EQ("(null)", hub_.Call(script, function)) << function;
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  // Whether a function answers within some seconds.
  bool Answers(int script, const char* function, const std::string& answer) {
    return Eventually([&] { return hub_.Call(script, function) == answer; });
  }

  // Everything that is logged until `part` comes.
  std::string LogUntil(const std::string& part) {
    std::string log;
    Eventually([&] {
      log += hub_.TakeLog();
      return log.find(part) != std::string::npos;
    });
    return log;
  }

  pid_t PidOf(int script) { return std::stoi(hub_.Evaluate(script, "os.getpid()")); }

  FakeHub hub_;
};

TEST_F(Worker, ALateCallIsEndedByAnException) {
  const int script = Load(
      "def loop():\n    while True: pass\n"
      "def sleep(): time.sleep(60)\n"
      "def one(): return 1\n");
  for (const char* name : {"loop", "sleep"}) {
    // A busy machine may not let the process tell in time where it is, but not each time.
    for (int attempt = 1; attempt <= 3; ++attempt) {
      EXPECT_GT(2.0, TimeOf(script, name)) << "the hub waits for one deadline";
      const std::string log = LogUntil("interrupted with TimeoutError");
      EXPECT_TRUE(Answers(script, "one", "l 1"));
      const bool is_told = CountLines(log, {"script.py", "line", name}) == 1 &&
                           CountLines(log, {name, "interrupted with TimeoutError"}) == 1;
      EXPECT_TRUE(is_told || attempt < 3) << log;
      if (is_told) break;
    }
  }
}

TEST_F(Worker, ALateCallThatCatchesTheExceptionIsSentMore) {
  const int script = Load(
      "def stubborn():\n"
      "    for _ in range(2):\n"
      "        try:\n"
      "            while True: time.sleep(0.001)\n"
      "        except TimeoutError: pass\n"
      "def one(): return 1\n");
  const pid_t pid = PidOf(script);
  EXPECT_GT(2.0, TimeOf(script, "stubborn"));
  EXPECT_TRUE(Answers(script, "one", "l 1"));
  const std::string log = LogUntil("the second step");
  EXPECT_EQ(1, CountLines(log, {"stubborn, which was late, is ended by the second step"})) << log;
  EXPECT_EQ(pid, PidOf(script)) << "its process lives on";
}

TEST_F(Worker, ALateCallInNativeCodeCostsTheProcess) {
  const int script = Load(
      "def native(): re.match('(a+)+$', 'a' * 60 + 'b')\n"
      "def one(): return 1\n");
  const pid_t pid = PidOf(script);
  EXPECT_GT(2.0, TimeOf(script, "native"));
  EXPECT_TRUE(Answers(script, "one", "l 1")) << "it is started again";
  const std::string log = LogUntil("it is started again");
  EXPECT_EQ(1, CountLines(log, {"native, which was late, is ended by the third step", "SIGKILL"}))
      << log;
  EXPECT_NE(pid, PidOf(script));
  EXPECT_EQ(-1, kill(pid, 0)) << "nothing is left of it";
}

TEST_F(Worker, TheCallerHearsHowAProcessDied) {
  const int script = Load(
      "def die():\n"
      "    os.write(2, b'out of luck\\n')\n"
      "    os.kill(os.getpid(), 9)\n"
      "def leave(): os._exit(3)\n"
      "def one(): return 1\n");
  EXPECT_EQ("(null)", hub_.Call(script, "die"));
  char* json = nullptr;
  EXPECT_EQ(1, Lib().w_LastError(&json));
  const std::string error = json;
  std::free(json);
  EXPECT_NE(std::string::npos, error.find("SIGKILL")) << error;
  EXPECT_NE(std::string::npos, error.find("out of luck")) << error;
  EXPECT_EQ("l 1", hub_.Call(script, "one")) << "it is started again at once";
  EXPECT_EQ("(null)", hub_.Call(script, "leave"));
  EXPECT_TRUE(Answers(script, "one", "l 1")) << "and again after a pause";
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"script.py] its process has ended (signal: 9 (SIGKILL))"})) << log;
  EXPECT_EQ(1, CountLines(log, {"script.py] its process has ended (exit status: 3)"})) << log;
}

std::ptrdiff_t OpenFiles() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return std::distance(begin(files), end(files));
}

// Killed in a call, between calls, and stopped so that nothing but a kill ends it.
TEST_F(Worker, HoweverAProcessEndsTheHubLivesAndNothingIsLeft) {
  const std::string source =
      "def die(): os.kill(os.getpid(), 9)\n"
      "def stop(): os.kill(os.getpid(), 19)\n"
      "def one(): return 1\n";
  EXPECT_EQ(1, Lib().w_Unload(Load(source)));
  const std::ptrdiff_t files = OpenFiles();
  for (int round = 0; round < Repetitions(5); ++round) {
    const int script = Load(source);
    std::vector<pid_t> pids = {PidOf(script)};
    EXPECT_EQ("(null)", hub_.Call(script, "die"));
    pids.push_back(PidOf(script));
    kill(pids.back(), SIGKILL);
    EXPECT_TRUE(Answers(script, "one", "l 1")) << "it is started again";
    pids.push_back(PidOf(script));
    const auto start = Clock::now();
    EXPECT_EQ("(null)", hub_.Call(script, "stop"));
    EXPECT_GT(std::chrono::seconds(3), Clock::now() - start);
    EXPECT_EQ(1, Lib().w_Unload(script));
    for (const pid_t pid : pids) {
      EXPECT_TRUE(Eventually([&] { return kill(pid, 0) == -1; })) << pid << " is left";
    }
  }
  EXPECT_TRUE(Eventually([&] { return OpenFiles() == files; })) << OpenFiles() - files;
}

TEST_F(Worker, AHookOfADeadProcessDoesWhatOnErrorSays) {
  const int refuses = Load("# vh: on_error = refuse\ndef OnUserLogin(nick): os._exit(1)\n");
  EXPECT_EQ("l 0", hub_.Hook(refuses, W_OnUserLogin, Pack("s", "nick").get()));
  const int passes = hub_.Load(std::string(kHead) + "def OnUserLogin(nick): os._exit(1)\n", "b.py");
  EXPECT_EQ("l 1", hub_.Hook(passes, W_OnUserLogin, Pack("s", "nick").get()));
}

TEST_F(Worker, AsyncHooksAreNotWaitedForAndKeepTheirOrder) {
  const int script = Load(
      "# vh: async_hooks = OnUserLogin\n"
      "seen = []\n"
      "def OnUserLogin(nick):\n"
      "    time.sleep(0.02)\n"
      "    seen.append(nick)\n"
      "    return 0\n");
  for (const char* nick : {"a", "b", "c"}) {
    EXPECT_EQ("l 1", hub_.Hook(script, W_OnUserLogin, Pack("s", nick).get()));
  }
  EXPECT_EQ("['a', 'b', 'c']", hub_.Evaluate(script, "seen"));
  EXPECT_EQ(-1, Lib().w_Find("none.py"));
  const int wrong = hub_.Load(
      "# vh: runtime = worker\n# vh: on_error = refuse\n# vh: async_hooks = OnUserLogin\n"
      "def OnUserLogin(nick): pass\n",
      "wrong.py");
  EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"wrong.py is not loaded", "must be waited for"}));
  EXPECT_EQ("l 0", hub_.Hook(wrong, W_OnUserLogin, Pack("s", "nick").get())) << "a stub refuses";
}

TEST_F(Worker, HooksThatComeAndGoLaterReachTheHost) {
  const int script = Load("def hear(nick): return 0\n");
  EXPECT_EQ(0, Lib().w_HasHook(script, W_OnUserLogin));
  hub_.Evaluate(script, "globals().update(OnUserLogin=hear)");
  EXPECT_EQ(1, Lib().w_HasHook(script, W_OnUserLogin));
  EXPECT_EQ("l 0", hub_.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
  hub_.Evaluate(script, "globals().pop('OnUserLogin')");
  EXPECT_EQ(0, Lib().w_HasHook(script, W_OnUserLogin));
}

TEST_F(Worker, ThreadsAndJobsReachTheHub) {
  hub_.AnswerTo("GetUserIP", [](w_Targs*) { return TextsResult({"ip"}); });
  const int script = Load(
      "import threading\n"
      "got = []\n"
      "def ask():\n"
      "    got.append(vh.GetUserIP('nick'))\n"
      "    got.append(vh.run_in_host(lambda: vh.GetUserIP('job')).result(30))\n"
      "threading.Thread(target=ask).start()\n");
  EXPECT_TRUE(Eventually([&] { return hub_.Evaluate(script, "len(got)") == "2"; }));
  EXPECT_EQ("['ip', 'ip']", hub_.Evaluate(script, "got"));
}

TEST_F(Worker, NothingIsLeftAfterTheUnload) {
  for (int times = 0; times < 3; ++times) {
    const int script = Load("import atexit\natexit.register(print, 'at exit')\n");
    const pid_t pid = PidOf(script);
    EXPECT_EQ(1, Lib().w_Unload(script));
    EXPECT_EQ(-1, kill(pid, 0));
    EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"script.py] at exit"}));
  }
}

// Calls a function until the script has been in so many processes; each call must be answered.
class Recycling : public Worker {
 protected:
  // With time for a busy machine.
  int Load(const std::string& source, const std::string& name = "script.py") {
    return hub_.LoadEvaluating(
        "# vh: runtime = worker\n# vh: timeout = 60\nimport os, vh\n" + source, name);
  }

  std::set<std::string> PidsOf(int script, std::size_t count) {
    std::set<std::string> pids;
    EXPECT_TRUE(Eventually([&] {
      const std::string pid = hub_.Call(script, "pid");
      EXPECT_EQ("l", pid.substr(0, 1)) << pid;
      pids.insert(pid.substr(2));
      return pids.size() >= count;
    }));
    return pids;
  }

  static bool IsThere(const std::string& pid) { return kill(std::stoi(pid), 0) == 0; }
};

TEST_F(Recycling, AfterSoManyCallsNoneIsLostAndTheStateStays) {
  Lib().w_LogLevel(2);
  const int script = Load(
      "# vh: recycle_calls = 20\n"
      "def pid():\n"
      "    vh.state['calls'] = vh.state.get('calls', 0) + 1\n"
      "    return os.getpid()\n"
      "def calls(): return vh.state['calls']\n"
      "def UnLoad(): print('it leaves')\n");
  hub_.TakeLog();
  int calls = 0;
  std::set<std::string> pids;
  EXPECT_TRUE(Eventually([&] {
    pids.insert(hub_.Call(script, "pid").substr(2));
    ++calls;
    return pids.size() > 3;
  }));
  EXPECT_EQ("l " + std::to_string(calls), hub_.Call(script, "calls"));
  EXPECT_LT(60, calls) << "not before there were so many";
  const std::string log = hub_.TakeLog();
  EXPECT_LE(3, CountLines(log, {"its process is replaced after 20 calls"})) << log;
  EXPECT_LE(3, CountLines(log, {"script.py] it leaves"})) << log;
  EXPECT_EQ(1, Lib().w_Unload(script));
  for (const std::string& pid : pids) EXPECT_FALSE(IsThere(pid)) << pid;
  Lib().w_LogLevel(0);
}

TEST_F(Recycling, ByMemoryAndByAge) {
  const int young = Load("# vh: recycle_age = 0.2\ndef pid(): return os.getpid()\n");
  EXPECT_EQ(3u, PidsOf(young, 3).size());
  const int big =
      Load("# vh: recycle_memory = 150\ndef pid(): return os.getpid()\ndata = []\n", "big.py");
  const auto end = Clock::now() + std::chrono::seconds(2);
  const pid_t pid = PidOf(big);
  while (Clock::now() < end) EXPECT_EQ(pid, PidOf(big)) << "it does not take so much";
  hub_.Evaluate(big, "data.append(b'x' * (200 << 20)) or 1");
  EXPECT_EQ(2u, PidsOf(big, 2).size());
  EXPECT_EQ("0", hub_.Evaluate(big, "len(data)"));
  EXPECT_EQ(1, Lib().w_Unload(young));
  EXPECT_EQ("", hub_.TakeLog()) << "all is as it should be";
}

TEST_F(Recycling, UnderCallsOfManyThreads) {
  const int script = Load("# vh: recycle_calls = 20\ndef pid(): return os.getpid()\n");
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] { EXPECT_EQ(3u, PidsOf(script, 3).size()); });
  }
  for (std::thread& thread : threads) thread.join();
}

// The hub calls the script while the script calls the hub, and so it does while the script leaves.
TEST_F(Recycling, InsideOfCallsItStays) {
  int script = -1;
  bool is_over = false;
  hub_.AnswerTo("GetUserIP", [&](w_Targs*) {
    // At the end the script is unloaded for good, and answers nothing.
    for (int call = 0; call < 30 && !is_over; ++call) {
      EXPECT_EQ("l 1", hub_.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
    }
    return TextsResult({"ip"});
  });
  script = Load(
      "# vh: recycle_calls = 20\n"
      "def OnUserLogin(nick): return 1\n"
      "def UnLoad(): vh.GetUserIP('nick')\n"
      "def pid():\n"
      "    before = os.getpid()\n"
      "    vh.GetUserIP('nick')\n"
      "    return before if before == os.getpid() else 'moved'\n");
  EXPECT_EQ(3u, PidsOf(script, 3).size());
  is_over = true;
  EXPECT_EQ(1, Lib().w_Unload(script));
}

TEST_F(Recycling, ThreadsOfTheScriptEndWithItsProcess) {
  hub_.AnswerTo("GetUserIP", [](w_Targs*) { return TextsResult({"ip"}); });
  const int script = Load(
      "# vh: recycle_calls = 20\n"
      "import threading\n"
      "answers = set()\n"
      "def ask():\n"
      "    while True: answers.add(vh.GetUserIP('nick'))\n"
      "threading.Thread(target=ask).start()\n"
      "def pid(): return os.getpid()\n");
  EXPECT_EQ(4u, PidsOf(script, 4).size());
  EXPECT_TRUE(Eventually([&] { return hub_.Evaluate(script, "answers") == "{'ip'}"; }));
  EXPECT_EQ(1, Lib().w_Unload(script));
  EXPECT_EQ("", hub_.TakeLog()) << "nobody hears of threads that end";
}

TEST_F(Recycling, ALoadThatFailsInTheNextProcessIsToldAndTriedAgain) {
  const int script = Load(
      "# vh: recycle_calls = 20\n"
      "vh.state['loads'] = vh.state.get('loads', 0) + 1\n"
      "if vh.state['loads'] == 2:\n"
      "    vh.state['loads'] = 3\n"
      "    raise ValueError('not this time')\n"
      "def pid(): return os.getpid()\n");
  const pid_t first = PidOf(script);
  std::string log;
  EXPECT_TRUE(Eventually([&] {
    hub_.Call(script, "pid");
    log += hub_.TakeLog();
    return log.find("not loaded in its next process") != std::string::npos;
  }));
  EXPECT_EQ(1, CountLines(log, {"ValueError: not this time"})) << log;
  EXPECT_NE("l " + std::to_string(first), hub_.Call(script, "pid"));
}

}  // namespace
