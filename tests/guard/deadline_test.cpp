// Deadlines: a call that takes too long is interrupted, only that call, and the hub goes on.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <ctime>
#include <thread>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Time on a processor: what the thread does, not how busy the machine is.
double SecondsOfThisThread() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// The number of timeouts of a hook or function, told by the script itself.
constexpr const char* kTimeouts =
    "def timeouts(name):\n"
    "    for script in vh.stats()['scripts']:\n"
    "        for row in script['calls']:\n"
    "            if script['id'] == vh.myid and row['name'] == name: return row['timeouts']\n";

constexpr const char* kStuck =
    "# vh: timeout = 0.3\n"
    "import time\n"
    "def spin():\n"
    "    while True:\n"
    "        pass\n"
    "def OnTimer(now): spin()\n"
    "def OnUserLogin(nick): return 0\n"
    "def stuck(): spin()\n"
    "def wait(seconds): time.sleep(seconds)\n"
    "def native(number): sum(range(number))\n";

class Deadline : public testing::TestWithParam<const char*> {
 protected:
  int Load(const std::string& source) { return hub_.LoadEvaluating(source + kTimeouts); }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  const ScopedEnvironment limit_{"VH_PYTHON_HOOK_TIMEOUT", "0.3"};
  FakeHub hub_;
};

TEST_P(Deadline, InterruptsALoopAndTellsWhere) {
  const int script = Load(kStuck);
  hub_.TakeLog();
  const auto start = Clock::now();
  EXPECT_EQ("l 1", hub_.Hook(script, W_OnTimer, Pack("d", 1.0).get()));
  EXPECT_LE(0.25, SecondsSince(start));
  EXPECT_GT(1.5, SecondsSince(start));
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"PY: [", ":script.py] OnTimer", "interrupted with TimeoutError"}))
      << log;
  EXPECT_EQ(1, CountLines(log, {"script.py", "in spin"})) << log;
  EXPECT_EQ(1, CountLines(log, {"PY: "})) << "one block for one event:\n" << log;
  EXPECT_EQ("1", hub_.Evaluate(script, "timeouts('OnTimer')"));
  EXPECT_EQ("(null)", hub_.Call(script, "stuck"));
  EXPECT_EQ("1", hub_.Evaluate(script, "timeouts('stuck')"));
  EXPECT_EQ("l 0", hub_.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
}

TEST_P(Deadline, IsNotMetByCallsThatAreFastEnough) {
  const int script = Load(kStuck);
  hub_.TakeLog();
  EXPECT_EQ("l 0", hub_.Call(script, "wait", Pack("d", 0.1).get()));
  EXPECT_EQ("0", hub_.Evaluate(script, "timeouts('wait')"));
  EXPECT_EQ("", hub_.TakeLog());
}

// The exception must not come late, into a call that has done nothing wrong.
TEST_P(Deadline, NeverHitsTheNextCall) {
  constexpr int kRounds = 25;
  const int script = Load(
      "import time\n"
      "def near(seconds):\n"
      "    end = time.monotonic() + seconds\n"
      "    while time.monotonic() < end: pass\n"
      "    return 1\n"
      "def innocent():\n"
      "    total = 0\n"
      "    for n in range(2000): total += n\n"
      "    return total\n");
  for (int round = 0; round < kRounds; ++round) {
    // Ends within some milliseconds of the deadline, before or after.
    hub_.Call(script, "near", Pack("d", 0.295 + 0.0008 * round).get());
    for (int call = 0; call < 20; ++call) {
      ASSERT_EQ("l 1999000", hub_.Call(script, "innocent")) << "round " << round;
    }
  }
}

// What runs inside of another call has a deadline of its own, and its time is not the other's.
TEST_P(Deadline, InterruptsTheInnerCallOnly) {
  const int outer = Load(
      "def outer(seconds):\n"
      "    import time\n"
      "    first = vh.mc('call the other')\n"
      "    time.sleep(seconds)\n"
      "    return 'outer goes on'\n");
  const int inner = hub_.Load(kStuck, "inner.py");
  hub_.AnswerTo("mc", [&](w_Targs*) {
    EXPECT_EQ("l 1", hub_.Hook(inner, W_OnTimer, Pack("d", 1.0).get()));
    return IntResult(1);
  });
  hub_.TakeLog();
  EXPECT_EQ("s \"outer goes on\"", hub_.Call(outer, "outer", Pack("d", 0.1).get()));
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"inner.py] OnTimer", "interrupted with TimeoutError"})) << log;
  EXPECT_EQ(1, CountLines(log, {"PY: "})) << log;
  EXPECT_EQ("0", hub_.Evaluate(outer, "timeouts('outer')"));
  EXPECT_EQ("(null)", hub_.Call(outer, "outer", Pack("d", 5.0).get())) << "its own time counts";
}

TEST_P(Deadline, InterruptsTheSameScriptInsideOfItself) {
  const int script = Load(
      "def outer():\n"
      "    vh.mc('call me again')\n"
      "    return 'outer goes on'\n"
      "def inner():\n"
      "    while True: pass\n");
  hub_.AnswerTo("mc", [&](w_Targs*) {
    EXPECT_EQ("(null)", hub_.Call(script, "inner"));
    return IntResult(1);
  });
  EXPECT_EQ("s \"outer goes on\"", hub_.Call(script, "outer"));
  EXPECT_EQ("(0, 1)", hub_.Evaluate(script, "(timeouts('outer'), timeouts('inner'))"));
}

// The hub's own function is left alone; the script is interrupted when it comes back.
TEST_P(Deadline, WaitsForTheHub) {
  const int script = Load(
      "def ask():\n"
      "    vh.mc('slow')\n"
      "    while True: pass\n");
  hub_.TakeLog();
  std::string log;
  auto end = Clock::now();
  hub_.AnswerTo("mc", [&](w_Targs*) {
    // Until it is told, which may take a busy machine a while.
    for (int wait = 0; wait < 1000 && log.empty(); ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      log = hub_.TakeLog();
    }
    end = Clock::now();
    return IntResult(1);
  });
  EXPECT_EQ("(null)", hub_.Call(script, "ask"));
  EXPECT_GT(2.4, SecondsSince(end));
  log += hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"] ask has been running", "it waits for the hub"})) << log;
  EXPECT_EQ(1, CountLines(log, {"vh.mc('slow')"})) << "where, " << log;
}

// A script that catches the exception is sent it again.
TEST_P(Deadline, InsistsWhenTheExceptionIsCaught) {
  const int script = Load(
      "def spin():\n"
      "    while True: pass\n"
      "def stubborn():\n"
      "    caught = 0\n"
      "    while caught < 4:\n"
      "        try: spin()\n"
      "        except TimeoutError: caught += 1\n"
      "    return caught\n");
  hub_.TakeLog();
  EXPECT_EQ("l 4", hub_.Call(script, "stubborn"));
  const std::string log = hub_.TakeLog();
  EXPECT_LE(1, CountLines(log, {"] stubborn has been running", "catches the exception"})) << log;
  EXPECT_EQ("1", hub_.Evaluate(script, "timeouts('stubborn')")) << "one call";
}

// An overdue call that comes to a vh function is interrupted there, and not the hub's next call.
TEST_P(Deadline, ArrivesBeforeTheHubIsCalled) {
  const int script = Load(
      "import time\n"
      "def sleepy():\n"
      "    time.sleep(1.5); vh.mc('too late')\n");
  hub_.TakeCalls();
  EXPECT_EQ("(null)", hub_.Call(script, "sleepy"));
  EXPECT_EQ("", hub_.TakeCalls());
}

// Native code that keeps the lock is named at once, while it still runs.
TEST_P(Deadline, NamesNativeCodeThatKeepsTheLock) {
  const int script = Load(kStuck);
  const long few = 200000;
  const double start = SecondsOfThisThread();
  EXPECT_EQ("l 0", hub_.Call(script, "native", Pack("l", few).get()));
  // Long enough whatever else the machine does.
  const long many = static_cast<long>(few * 1.5 / (SecondsOfThisThread() - start));
  hub_.TakeLog();
  std::string seen;
  std::atomic<bool> runs{true};
  std::thread reader([&] {
    while (runs && CountLines(seen, {"native has been running"}) == 0) seen += hub_.TakeLog();
  });
  const auto call = Clock::now();
  hub_.Call(script, "native", Pack("l", many).get());
  const double seconds = SecondsSince(call);
  runs = false;
  reader.join();
  EXPECT_LE(1, CountLines(seen, {":script.py] native has been running", "keeps Python's lock"}))
      << seen;
  EXPECT_GE(2 + std::log2(seconds / 0.1),
            CountLines(seen + hub_.TakeLog(), {"native has been running"}))
      << "at intervals that double, in " << seconds << " s";
  EXPECT_EQ("l 0", hub_.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
}

TEST_P(Deadline, WarnsOfNativeCodeThatWaits) {
  const int script = Load(kStuck);
  hub_.TakeLog();
  hub_.Call(script, "wait", Pack("d", 2.5).get());
  const std::string log = hub_.TakeLog();
  const int warnings = CountLines(log, {":script.py] wait has been running", "native code"});
  EXPECT_LE(2, warnings) << log;
  EXPECT_GE(4, warnings) << "at growing intervals:\n" << log;
  EXPECT_EQ("l 0", hub_.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
}

// A socket that nobody writes to would keep the hub for ever.
TEST_P(Deadline, WakesACallThatWaitsForASocket) {
  const int script = Load(
      "import socket\n"
      "def receive():\n"
      "    here, there = socket.socketpair()\n"
      "    here.recv(1)\n"
      "def accept():\n"
      "    with socket.create_server(('127.0.0.1', 0)) as server: server.accept()\n");
  for (const char* name : {"receive", "accept"}) {
    hub_.TakeLog();
    const auto start = Clock::now();
    EXPECT_EQ("(null)", hub_.Call(script, name));
    EXPECT_GT(1.0, SecondsSince(start));
    EXPECT_EQ(1, CountLines(hub_.TakeLog(), {name, "TimeoutError", "socket", "is shut down"}));
  }
}

// The hub waits for a socket of its own inside of a vh function: that one is left alone.
TEST_P(Deadline, LeavesSocketsOfTheHubAlone) {
  const int script = Load("def ask(): vh.mc('slow')\n");
  hub_.AnswerTo("mc", [](w_Targs*) {
    int sockets[2];
    EXPECT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
    std::thread writer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(800));
      EXPECT_EQ(1, write(sockets[1], "x", 1));
    });
    char byte = 0;
    EXPECT_EQ(1, recv(sockets[0], &byte, 1, 0));
    writer.join();
    close(sockets[0]);
    close(sockets[1]);
    return IntResult(1);
  });
  hub_.Call(script, "ask");
}

TEST_P(Deadline, TheScriptsOwnCommentCounts) {
  const ScopedEnvironment none("VH_PYTHON_HOOK_TIMEOUT", "0");
  const int with = hub_.Load(kStuck, "with.py");
  const int without =
      hub_.Load("import time\ndef OnUserLogin(nick): time.sleep(0.5); return 0\n", "without.py");
  const int wrong = hub_.Load(
      "# vh: timeout = soon\nimport time\ndef OnUserLogin(nick): time.sleep(0.5); return 0\n",
      "wrong.py");
  EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"wrong.py", "\"soon\"", "no number of seconds"}));
  EXPECT_EQ("l 1", hub_.Hook(with, W_OnTimer, Pack("d", 1.0).get()));
  EXPECT_EQ("l 0", hub_.Hook(without, W_OnUserLogin, Pack("s", "nick").get()));
  EXPECT_EQ("l 0", hub_.Hook(wrong, W_OnUserLogin, Pack("s", "nick").get()));
  EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"PY: "}));
}

TEST_P(Deadline, UnLoadHasOneToo) {
  const int script = Load("def UnLoad():\n    while True: pass\n");
  hub_.TakeLog();
  const auto start = Clock::now();
  EXPECT_EQ(1, Lib().w_Unload(script));
  EXPECT_GT(3, SecondsSince(start));
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"] UnLoad", "interrupted with TimeoutError"})) << log;
  EXPECT_EQ(1, CountLines(log, {"in UnLoad"})) << log;
}

// Several threads of the host, each stuck in a script of its own.
TEST_P(Deadline, WatchesEveryThread) {
  constexpr int kThreads = 4;
  std::vector<int> scripts;
  for (int i = 0; i < kThreads; ++i) {
    scripts.push_back(hub_.Load(kStuck, "stuck" + std::to_string(i) + ".py"));
  }
  std::vector<std::thread> threads;
  for (int script : scripts) {
    threads.emplace_back([script] {
      for (int round = 0; round < 3; ++round) {
        w_Targs* result = Lib().w_CallFunction(script, "stuck", nullptr);
        EXPECT_EQ(nullptr, result);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (int script : scripts) {
    EXPECT_EQ("l 0", hub_.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
  }
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Deadline, testing::ValuesIn(Runtimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
