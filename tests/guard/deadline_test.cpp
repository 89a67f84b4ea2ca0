// Deadlines: a call that takes too long is interrupted, only that call, and the hub goes on.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
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

// Its interpreter waited for it, and none could enter meanwhile.
TEST_P(Deadline, IsThereAfterAReload) {
  const std::string source =
      "# vh: timeout = 0.3\n"
      "import time\n"
      "def late():\n"
      "    end = time.monotonic() + 5\n"
      "    while time.monotonic() < end: pass\n";
  EXPECT_TRUE(Lib().w_Unload(Load(source)));
  const int script = Load(source);
  const auto start = Clock::now();
  EXPECT_EQ("(null)", hub_.Call(script, "late"));
  EXPECT_GT(3.0, SecondsSince(start));
  EXPECT_EQ("1", hub_.Evaluate(script, "timeouts('late')"));
}

TEST_P(Deadline, IsNotMetByCallsThatAreFastEnough) {
  const int script = Load(kStuck);
  hub_.TakeLog();
  EXPECT_EQ("l 0", hub_.Call(script, "wait", Pack("d", 0.1).get()));
  EXPECT_EQ("0", hub_.Evaluate(script, "timeouts('wait')"));
  EXPECT_EQ("", hub_.TakeLog());
}

// A process that is stopped, and a machine that sleeps: that is no time of the script's.
TEST_P(Deadline, DoesNotCountTimeInWhichNothingRuns) {
  const int script = Load(
      "import time\n"
      "def brief():\n"
      "    end = time.thread_time() + 0.002\n"
      "    while time.thread_time() < end: pass\n"
      "    return 1\n");
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    for (int round = 0; round < 3; ++round) {
      usleep(60000);
      kill(parent, SIGSTOP);
      usleep(400000);
      kill(parent, SIGCONT);
    }
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) EXPECT_EQ("l 1", hub_.Call(script, "brief"));
  EXPECT_EQ("0", hub_.Evaluate(script, "timeouts('brief')"));
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
  EXPECT_EQ("s \"outer goes on\"", hub_.Call(outer, "outer", Pack("d", 0.2).get()));
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
  hub_.AnswerTo("mc", [](w_Targs*) {
    std::this_thread::sleep_for(std::chrono::milliseconds(600));
    return IntResult(1);
  });
  hub_.TakeLog();
  const auto start = Clock::now();
  EXPECT_EQ("(null)", hub_.Call(script, "ask"));
  EXPECT_GT(3, SecondsSince(start));
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"] ask has been running", "it waits for the hub"})) << log;
  EXPECT_EQ(1, CountLines(log, {"vh.mc('slow')"})) << "where, " << log;
}

// What the hub's own functions take is not the script's fault, but it is told once.
TEST_P(Deadline, DoesNotCountTheHubsTime) {
  const int script = Load(
      "def OnTimer(now):\n"
      "    vh.mc('slow')\n"
      "    return 0\n");
  hub_.AnswerTo("mc", [](w_Targs*) {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    return IntResult(1);
  });
  hub_.TakeLog();
  for (int call = 0; call < 4; ++call) {
    EXPECT_EQ("l 0", hub_.Hook(script, W_OnTimer, Pack("d", 1.0).get()));
  }
  EXPECT_EQ("0", hub_.Evaluate(script, "timeouts('OnTimer')"));
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"] OnTimer has been running", "it waits for the hub"})) << log;
  EXPECT_EQ(1, CountLines(log, {"vh.mc('slow')"})) << log;
  EXPECT_EQ(0, CountLines(log, {"suspended"})) << log;
}

TEST_P(Deadline, EndsALoopThatCallsTheHubForEver) {
  const int script = Load(
      "def ask():\n"
      "    while True: vh.mc('slow')\n");
  hub_.AnswerTo("mc", [](w_Targs*) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    return IntResult(1);
  });
  EXPECT_EQ("(null)", hub_.Call(script, "ask"));
  EXPECT_EQ("1", hub_.Evaluate(script, "timeouts('ask')"));
}

// Timeouts that come again between calls that work are counted as errors are.
TEST_P(Deadline, IsToldOnceInFull) {
  const int script = Load(
      "def sometimes(stuck):\n"
      "    while stuck: pass\n"
      "    return 1\n");
  hub_.TakeLog();
  for (long stuck : {1, 0, 1, 0, 1}) {
    EXPECT_EQ(stuck ? "(null)" : "l 1", hub_.Call(script, "sometimes", Pack("l", stuck).get()));
  }
  std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"sometimes", "interrupted with TimeoutError"})) << log;
  EXPECT_EQ("3", hub_.Evaluate(script, "timeouts('sometimes')"));
  EXPECT_EQ(1, Lib().w_Unload(script));
  log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"sometimes failed 2 more times: TimeoutError in sometimes of"}))
      << log;
}

// Each line that takes too long is told with its stack.
TEST_P(Deadline, IsToldInFullAtEachLine) {
  const int script = Load(
      "def wait(second):\n"
      "    while not second: pass\n"
      "    while second: pass\n");
  hub_.TakeLog();
  for (long second : {0, 1, 0, 1}) hub_.Call(script, "wait", Pack("l", second).get());
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(2, CountLines(log, {"wait", "interrupted with TimeoutError"})) << log;
  EXPECT_EQ(1, CountLines(log, {"    while not second: pass"})) << log;
  EXPECT_EQ(1, CountLines(log, {"    while second: pass"})) << log;
}

// The same for calls of one function from several lines of the script.
TEST_P(Deadline, IsToldInFullForEachCaller) {
  hub_.WriteScript("def stay():\n    while True: pass\n", "staying.py");
  const int script = Load(
      "import staying\n"
      "def wait(second):\n"
      "    if second: staying.stay()\n"
      "    staying.stay()\n");
  hub_.TakeLog();
  for (long second : {0, 1, 0, 1}) hub_.Call(script, "wait", Pack("l", second).get());
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(2, CountLines(log, {"wait", "interrupted with TimeoutError"})) << log;
}

TEST_P(Deadline, TheErrorSaysWhatWasInterruptedAndWhere) {
  const int script = Load("def loop():\n    while True: pass\n");
  EXPECT_EQ("(null)", hub_.Call(script, "loop"));
  char* json = nullptr;
  ASSERT_EQ(1, Lib().w_LastError(&json));
  const std::string error = json;
  std::free(json);
  EXPECT_NE(std::string::npos, error.find("\"message\":\"loop took longer than its ")) << error;
  EXPECT_NE(std::string::npos, error.find(" s and was interrupted in ")) << error;
  EXPECT_NE(std::string::npos, error.find("script.py, line ")) << error;
}

// Pure Python that catches whatever is sent to it.
constexpr const char* kStubborn =
    "import sys\n"
    "def inside():\n"
    "    while True:\n"
    "        try:\n"
    "            for i in range(1000): x = i\n"
    "        except BaseException: continue\n"
    "def around():\n"
    "    while True:\n"
    "        try:\n"
    "            while True: pass\n"
    "        except BaseException: pass\n"
    "def nested():\n"
    "    while True:\n"
    "        try: around()\n"
    "        except BaseException: pass\n"
    "def suppressed():\n"
    "    import contextlib\n"
    "    while True:\n"
    "        with contextlib.suppress(BaseException):\n"
    "            while True: pass\n"
    "def tools():\n"
    "    monitoring = getattr(sys, 'monitoring', None)\n"
    "    return [tool for tool in range(6) if monitoring and monitoring.get_tool(tool)]\n"
    "def innocent():\n"
    "    caught = 0\n"
    "    for n in range(2000):\n"
    "        try: raise KeyError\n"
    "        except KeyError: caught += 1\n"
    "    return caught\n";

// When catching the exception does not help any more, nothing of what ended the call is left.
TEST_P(Deadline, InsistsWhenTheExceptionIsCaught) {
  const int script = Load(kStubborn);
  for (const char* name : {"inside", "around", "nested", "suppressed"}) {
    const auto start = Clock::now();
    EXPECT_EQ("(null)", hub_.Call(script, name));
    EXPECT_GT(5, SecondsSince(start)) << name;
    EXPECT_EQ("l 2000", hub_.Call(script, "innocent")) << name;
    EXPECT_EQ("(None, [])", hub_.Evaluate(script, "(sys.gettrace(), tools())")) << name;
    EXPECT_EQ("1", hub_.Evaluate(script, "timeouts('" + std::string(name) + "')")) << "one call";
  }
}

TEST_P(Deadline, InsistingLeavesAllElseAlone) {
  const int script =
      Load(kStubborn + std::string("import threading\n"
                                   "def trace(*event): pass\n"
                                   "def trace_all(): sys.settrace(trace)\n"
                                   "def trace_none(): sys.settrace(None)\n"
                                   "steps, failures, ends = 0, [], False\n"
                                   "def other():\n"
                                   "    global steps\n"
                                   "    try:\n"
                                   "        while not ends: steps += innocent()\n"
                                   "    except BaseException as failure: failures.append(failure)\n"
                                   "def start():\n"
                                   "    global thread\n"
                                   "    thread = threading.Thread(target=other)\n"
                                   "    thread.start()\n"
                                   "def end():\n"
                                   "    global ends\n"
                                   "    ends = True\n"
                                   "    thread.join()\n"
                                   "    return str(failures)\n"));
  hub_.Call(script, "start");
  hub_.Call(script, "trace_all");
  EXPECT_EQ("(null)", hub_.Call(script, "inside"));
  EXPECT_EQ("True", hub_.Evaluate(script, "sys.gettrace() is trace"));
  hub_.Call(script, "trace_none");
  EXPECT_EQ("(null)", hub_.Call(script, "around"));
  EXPECT_EQ("None", hub_.Evaluate(script, "sys.gettrace()"));
  EXPECT_EQ("s \"[]\"", hub_.Call(script, "end"));
}

// A call inside of one that is to end is not to end itself.
TEST_P(Deadline, InsistingLeavesInnerCallsAlone) {
  const int outer = Load(std::string("tries = 0\n"
                                     "def outer():\n"
                                     "    global tries\n"
                                     "    while True:\n"
                                     "        try:\n"
                                     "            x = 0\n"
                                     "            while True: len('')\n"
                                     "        except BaseException:\n"
                                     "            tries += 1\n"
                                     "            end = time.monotonic() + 0.15\n"
                                     "            while time.monotonic() < end: pass\n"
                                     "            if tries == 1: vh.mc('call another')\n"
                                     "import time\n") +
                         kStubborn);
  std::string result;
  hub_.AnswerTo("mc", [&](w_Targs*) {
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
    result = hub_.Call(outer, "innocent");
    return IntResult(1);
  });
  EXPECT_EQ("(null)", hub_.Call(outer, "outer"));
  EXPECT_EQ("l 2000", result);
  EXPECT_EQ("(None, [])", hub_.Evaluate(outer, "(sys.gettrace(), tools())"));
}

TEST_P(Deadline, LeavesTimeToCleanUp) {
  const int script = Load(
      "import time\n"
      "done = 0\n"
      "def clean():\n"
      "    global done\n"
      "    try:\n"
      "        x = 0\n"
      "        while True: len('')\n"
      "    finally:\n"
      "        end = time.monotonic() + 0.15\n"
      "        while time.monotonic() < end: pass\n"
      "        done += 1\n");
  EXPECT_EQ("(null)", hub_.Call(script, "clean"));
  EXPECT_EQ("1", hub_.Evaluate(script, "done"));
}

// An overdue call that comes to a vh function is interrupted there, and not the hub's next call.
TEST_P(Deadline, ArrivesBeforeTheHubIsCalled) {
  const int script = Load(
      "import time\n"
      "def sleepy():\n"
      "    time.sleep(0.6); vh.mc('too late')\n");
  hub_.TakeCalls();
  EXPECT_EQ("(null)", hub_.Call(script, "sleepy"));
  EXPECT_EQ("", hub_.TakeCalls());
}

// Native code that keeps the lock is named at once, while it still runs.
TEST_P(Deadline, NamesNativeCodeThatKeepsTheLock) {
  const int script = Load(kStuck);
  const long few = 2000000;
  const auto start = Clock::now();
  EXPECT_EQ("l 0", hub_.Call(script, "native", Pack("l", few).get()));
  const long many = static_cast<long>(few * 4 / SecondsSince(start));
  hub_.TakeLog();
  std::string seen;
  std::atomic<bool> runs{true};
  std::thread reader([&] {
    while (runs && CountLines(seen, {"native has been running"}) == 0) seen += hub_.TakeLog();
  });
  const auto called = Clock::now();
  hub_.Call(script, "native", Pack("l", many).get());
  // Each time twice as late as before.
  const double most = 3 + std::log2(1 + SecondsSince(called) / 0.2);
  runs = false;
  reader.join();
  EXPECT_LE(1, CountLines(seen, {":script.py] native has been running", "keeps Python's lock"}))
      << seen;
  EXPECT_GE(most, CountLines(seen + hub_.TakeLog(), {"native has been running"}));
  EXPECT_EQ("l 0", hub_.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
}

// A pattern that goes through all ways to split a text.
constexpr const char* kPattern =
    "# vh: timeout = 0.1\n"
    "import re, sys, time\n"
    "def split(size):\n"
    "    return re.search('(a+)+$', 'a' * size + 'b')\n";

// How long a text it takes on this machine.
constexpr const char* kSize =
    "size, took = 16, 0\n"
    "while took < 0.4:\n"
    "    before = time.thread_time(); split(size); size += 1\n"
    "    took = time.thread_time() - before\n";

// When a pattern gives Python's lock back, each frame is told at the line where it is then: not
// where the call has come to when its stack is written, for which the lock is given away, because
// `traceback` is imported. Nobody can promise who gets the lock next when several threads want it,
// so there are some tries; without that care hardly one succeeds, and in `sub` none.
TEST_P(Deadline, NamesTheLineOfAPatternThatKeepsTheLock) {
  constexpr int kTries = 8;
  const std::string size = hub_.Evaluate(Load(std::string(kPattern) + kSize), "size");
  const auto is_told = [](const std::string& log) {
    return CountLines(log, {"] OnParsedMsgChat", "such as a pattern of re, keeps"}) >= 1 &&
           CountLines(log, {"        split("}) == 1 &&
           CountLines(log, {"        return re.search('(a+)+$'"}) == 1 &&
           CountLines(log, {"go_on"}) == 0;
  };
  std::string log;
  for (int number = 0; number < kTries && !is_told(log); ++number) {
    const int script = hub_.Load(std::string(kPattern) +
                                     "def go_on():\n"
                                     "    while True: pass\n"
                                     "def OnParsedMsgChat(nick, text):\n"
                                     "    sys.modules.pop('traceback', None)\n"
                                     "    split(" +
                                     size +
                                     ")\n"
                                     "    go_on()\n",
                                 "pattern" + std::to_string(number) + ".py");
    hub_.TakeLog();
    EXPECT_EQ("l 1", hub_.Hook(script, W_OnParsedMsgChat, Pack("ss", "nick", "text").get()));
    log = hub_.TakeLog();
  }
  EXPECT_TRUE(is_told(log)) << log;
}

TEST_P(Deadline, WarnsOfNativeCodeThatWaits) {
  const int script = Load(std::string(kStuck) +
                          "import os\n"
                          "def wait(seconds): os.system(f'sleep {seconds}')\n");
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

// As a hub has it that does nothing about broken connections: the signal ends the process.
class DefaultSigpipe {
 public:
  DefaultSigpipe() : before_(signal(SIGPIPE, SIG_DFL)) {}
  ~DefaultSigpipe() { signal(SIGPIPE, before_); }

 private:
  const sighandler_t before_;
};

// A script that is woken takes leave of the other side; that must not raise SIGPIPE.
TEST_P(Deadline, LeavesAWokenSocketFitForSending) {
  const DefaultSigpipe kills;
  const int script = Load(
      "import socket\n"
      "class Connection:\n"
      "    def __enter__(self):\n"
      "        self.here, self.there = socket.socketpair()\n"
      "        return self.here\n"
      "    def __exit__(self, *error):\n"
      "        self.here.sendall(b'QUIT')\n"
      "        global received\n"
      "        received = self.there.recv(9)\n"
      "def receive():\n"
      "    with Connection() as here: here.recv(1)\n");
  EXPECT_EQ("(null)", hub_.Call(script, "receive"));
  EXPECT_EQ("b'QUIT'", hub_.Evaluate(script, "received"));
}

// Whoever waits to send is woken only where that does not end the process.
TEST_P(Deadline, WakesACallThatSendsWhereSigpipeDoesNotKill) {
  const int script = Load(
      "import socket, threading\n"
      "def send(seconds):\n"
      "    here, there = socket.socketpair()\n"
      "    def drain():\n"
      "        while there.recv(1 << 20): pass\n"
      "    threading.Timer(seconds, drain).start()\n"
      "    with here: here.sendall(bytes(1 << 24))\n"
      "def wait(): [t.join() for t in threading.enumerate() if isinstance(t, threading.Timer)]\n");
  hub_.TakeLog();
  {
    const DefaultSigpipe kills;
    EXPECT_EQ("(null)", hub_.Call(script, "send", Pack("d", 0.9).get()));
    const std::string log = hub_.TakeLog();
    EXPECT_EQ(1, CountLines(log, {"] send", "waits to send", "SIGPIPE"})) << log;
    EXPECT_EQ(0, CountLines(log, {"shut down"})) << log;
  }
  const auto before = signal(SIGPIPE, SIG_IGN);
  const auto start = Clock::now();
  EXPECT_EQ("(null)", hub_.Call(script, "send", Pack("d", 2.0).get()));
  EXPECT_GT(1.8, SecondsSince(start));
  hub_.Call(script, "wait");
  signal(SIGPIPE, before);
}

// Python waits for a socket with a timeout in poll.
TEST_P(Deadline, WakesASocketWithATimeout) {
  const int script = Load(
      "import socket\n"
      "def receive():\n"
      "    here, there = socket.socketpair()\n"
      "    here.settimeout(5)\n"
      "    here.recv(1)\n"
      "def accept():\n"
      "    with socket.create_server(('127.0.0.1', 0)) as server:\n"
      "        server.settimeout(5)\n"
      "        server.accept()\n");
  const DefaultSigpipe kills;
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
  const int huge = hub_.Load(
      "# vh: timeout = 18446744074 # for ever\n"
      "import time\ndef OnUserLogin(nick): time.sleep(0.5); return 0\n",
      "huge.py");
  EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"wrong.py", "\"soon\"", "no number of seconds"}));
  EXPECT_EQ("l 0", hub_.Hook(huge, W_OnUserLogin, Pack("s", "nick").get()));
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
