// The unload table: what scripts may leave behind, and how long it takes to be rid of them.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

constexpr double kDeadline = 1.0;
// Ending an interpreter, and a busy machine.
constexpr double kSlack = 3.0;
// How long a released thread may take to end, on a busy machine too.
constexpr double kPatience = 60.0;

// Begins each source, after the number of a pipe in `stuck`: what waits for it stays until the test
// closes its other end. `start` returns when the thread is inside `target`.
const std::string kStart =
    "import os, select, threading, time\n"
    "def start(target, **options):\n"
    "    up = threading.Event()\n"
    "    def run():\n"
    "        up.set()\n"
    "        target()\n"
    "    threading.Thread(target=run, **options).start()\n"
    "    up.wait()\n"
    "    time.sleep(0.02)\n"
    "def tick():\n"
    "    while True:\n"
    "        time.sleep(0.001)\n";

struct Case {
  const char* name;
  const char* source;
  bool is_set_aside;
  // Each of them appears in the log.
  std::vector<const char*> log;
};

std::ostream& operator<<(std::ostream& out, const Case& row) { return out << row.name; }

const Case kCases[] = {
    {"Nothing", "", false, {}},
    {"FinishedThread",
     "thread = threading.Thread(target=int); thread.start(); thread.join()\n",
     false,
     {}},
    {"ThreadAboutToFinish",
     "def work():\n"
     "    time.sleep(0.3)\n"
     "    print('finished by itself', flush=True)\n"
     "start(work)\n",
     false,
     {"finished by itself"}},
    {"NonDaemonThread", "start(tick)\n", false, {}},
    {"DaemonThread", "start(tick, daemon=True)\n", false, {}},
    {"RawLoop", "def spin():\n    while True: pass\nstart(spin, daemon=True)\n", false, {}},
    {"StuckInC",
     "def read(): os.read(stuck, 1)\nstart(read, daemon=True, name='reader')\n",
     true,
     {"1 of its threads did not stop", "thread reader", "in read", "is set aside"}},
    {"StuckInCNonDaemon",
     "def read(): os.read(stuck, 1)\nstart(read, name='reader')\n",
     true,
     {"1 of its threads did not stop", "thread reader", "in read", "is set aside"}},
    {"SwallowsSystemExit",
     "def swallow():\n"
     "    while True:\n"
     "        try:\n"
     "            time.sleep(0.001)\n"
     "            if select.select([stuck], [], [], 0)[0]: break\n"
     "        except BaseException:\n"
     "            pass\n"
     "start(swallow, daemon=True, name='stubborn')\n",
     true,
     {"1 of its threads did not stop", "thread stubborn", "in swallow", "is set aside"}},
    {"SwallowsTwentyTimes",
     "def swallow():\n"
     "    for _ in range(20):\n"
     "        try:\n"
     "            tick()\n"
     "        except SystemExit:\n"
     "            pass\n"
     "start(swallow, daemon=True)\n",
     false,
     {}},
    {"IdleExecutor",
     "from concurrent.futures import ThreadPoolExecutor\n"
     "pool = ThreadPoolExecutor(3)\n"
     "pool.submit(int).result()\n",
     false,
     {}},
    {"BusyExecutor",
     "from concurrent.futures import ThreadPoolExecutor\n"
     "pool = ThreadPoolExecutor(2)\n"
     "for _ in range(5): pool.submit(tick)\n"
     "time.sleep(0.05)\n",
     false,
     {}},
    {"LoopRunsForever",
     "import asyncio\n"
     "def run():\n"
     "    loop = asyncio.new_event_loop()\n"
     "    asyncio.set_event_loop(loop)\n"
     "    loop.run_forever()\n"
     "start(run, daemon=True)\n",
     false,
     {}},
    {"LoopThatComesLater",
     "import asyncio\n"
     "unloads = threading.Event()\n"
     "def run():\n"
     "    unloads.wait()\n"
     "    time.sleep(0.03)\n"
     "    asyncio.new_event_loop().run_forever()\n"
     "start(run, daemon=True)\n"
     "def UnLoad(): unloads.set()\n",
     false,
     {}},
    {"LoopsOneAfterAnother",
     "import asyncio\n"
     "def run():\n"
     "    for _ in range(5):\n"
     "        try:\n"
     "            asyncio.new_event_loop().run_forever()\n"
     "        except SystemExit:\n"
     "            pass\n"
     "start(run, daemon=True)\n",
     false,
     {}},
    {"PendingExecutor",
     "from concurrent.futures import ThreadPoolExecutor\n"
     "pool = ThreadPoolExecutor(2)\n"
     "for _ in range(1000): pool.submit(time.sleep, 0.05)\n",
     false,
     {}},
    {"PendingExecutorThatIsGone",
     "from concurrent.futures import ThreadPoolExecutor\n"
     "pool = ThreadPoolExecutor(2)\n"
     "for _ in range(1000): pool.submit(time.sleep, 0.05)\n"
     "del pool\n",
     false,
     {}},
    {"ExecutorThatIsGivenWorkAtTheEnd",
     "from concurrent.futures import ThreadPoolExecutor\n"
     "pool = ThreadPoolExecutor(1)\n"
     "def UnLoad():\n"
     "    for number in range(20): pool.submit(print, 'saved', number, flush=True)\n",
     false,
     {"saved 19"}},
    {"AsyncioRun",
     "import asyncio\n"
     "async def main():\n"
     "    try:\n"
     "        await asyncio.sleep(1000)\n"
     "    finally:\n"
     "        print('cleaned up', flush=True)\n"
     "start(lambda: asyncio.run(main()), daemon=True)\n",
     false,
     {"cleaned up"}},
    {"OwnLoop",
     "import asyncio\n"
     "async def OnUserLogin(nick):\n"
     "    try:\n"
     "        await asyncio.sleep(1000)\n"
     "    finally:\n"
     "        print('cleaned up', flush=True)\n",
     false,
     {"cleaned up"}},
    {"Timer", "threading.Timer(1000, int).start()\n", false, {}},
    {"WaitsForQueue", "import queue\nstart(lambda: queue.Queue().get())\n", false, {}},
    {"WaitsForSimpleQueueWithTimeouts",
     "import queue\n"
     "def work():\n"
     "    while True:\n"
     "        try:\n"
     "            queue.SimpleQueue().get(timeout=0.05)\n"
     "        except queue.Empty:\n"
     "            pass\n"
     "start(work)\n",
     false,
     {}},
    {"WaitsForEvent", "start(lambda: threading.Event().wait())\n", false, {}},
    {"WaitsForEventWithTimeout", "start(lambda: threading.Event().wait(1000))\n", false, {}},
    {"WaitsForBarrier", "start(lambda: threading.Barrier(2).wait())\n", false, {}},
    {"JoinsAnotherThread",
     "start(tick, daemon=True)\n"
     "other = threading.enumerate()[-1]\n"
     "start(other.join, daemon=True)\n",
     false,
     {}},
    {"ExitFunction",
     "import atexit\n"
     "atexit.register(print, 'exit function ran', flush=True)\n",
     false,
     {"exit function ran"}},
    {"FailingExitFunction",
     "import atexit\n"
     "def broken(): raise ValueError('broken exit function')\n"
     "atexit.register(print, 'the other one ran', flush=True)\n"
     "atexit.register(broken)\n",
     false,
     {"broken exit function", "the other one ran"}},
    {"ExceptionInUnLoad",
     "import vh\n"
     "vh.on_unload(print, 'callback ran', flush=True)\n"
     "def UnLoad(): raise ValueError('broken goodbye')\n",
     false,
     {"UnLoad raised", "ValueError: broken goodbye", "callback ran"}},
    {"ExitInUnLoad", "def UnLoad(): raise SystemExit(3)\n", false, {}},
    {"Order",
     "import atexit, vh\n"
     "steps = []\n"
     "atexit.register(lambda: print('order', *steps, flush=True))\n"
     "vh.on_unload(steps.append, 3)\n"
     "vh.on_unload(steps.append, 2)\n"
     "def UnLoad(): steps.append(1)\n",
     false,
     {"order 1 2 3"}},
    {"ThreadStartedInUnLoad", "def UnLoad(): start(tick)\n", false, {}},
    {"ThreadStartedAtExit", "import atexit\natexit.register(start, tick)\n", false, {}},
};

// What threads of a script wait for.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(0, pipe2(ends_, O_CLOEXEC)); }
  ~Pipe() {
    Release();
    close(ends_[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reading_end() const { return ends_[0]; }
  void Release() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  int ends_[2] = {-1, -1};
};

double Seconds(const std::chrono::steady_clock::duration& time) {
  return std::chrono::duration<double>(time).count();
}

class UnloadTable : public testing::TestWithParam<std::tuple<const char*, Case>> {
 protected:
  const char* runtime() const { return std::get<0>(GetParam()); }
  const Case& row() const { return std::get<1>(GetParam()); }
};

// How many scripts that were set aside are told to have ended. It is looked for at each unload.
int ToldEnds(FakeHub& hub) {
  int told = 0;
  const auto start = std::chrono::steady_clock::now();
  while (told == 0 && Seconds(std::chrono::steady_clock::now() - start) < kPatience) {
    EXPECT_EQ(1, Lib().w_Unload(0));
    told = CountLines(hub.TakeLog(), {"its last thread has ended"});
    EXPECT_EQ(0, hub.Load(""));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return told;
}

TEST_P(UnloadTable, EndsInTime) {
  const ScopedEnvironment deadline("VH_PYTHON_UNLOAD_TIMEOUT", std::to_string(kDeadline).c_str());
  const ScopedEnvironment chosen("VH_PYTHON_RUNTIME", runtime());
  double seconds = 0;
  {
    Pipe stuck;
    FakeHub hub;
    const std::string number = std::to_string(stuck.reading_end());
    ASSERT_EQ(0, hub.Load("stuck = " + number + "\n" + kStart + row().source));
    hub.Hook(0, W_OnUserLogin, Pack("s", "nick").get());
    Lib().w_LogLevel(2);
    hub.TakeLog();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(1, Lib().w_Unload(0));
    seconds = Seconds(std::chrono::steady_clock::now() - start);
    EXPECT_LT(seconds, kDeadline + kSlack);
    const std::string log = hub.TakeLog();
    for (const char* part : row().log) EXPECT_NE(std::string::npos, log.find(part)) << log;
    EXPECT_EQ(row().is_set_aside, CountLines(log, {"is set aside"}) > 0) << log;
    ASSERT_EQ(0, hub.Load("def OnUserLogin(nick): return 0\n")) << "the id is free";
    EXPECT_EQ("l 0", hub.Hook(0, W_OnUserLogin, Pack("s", "nick").get()));
    if (row().is_set_aside) {
      stuck.Release();
      EXPECT_EQ(1, ToldEnds(hub)) << "of a script that was set aside";
    }
  }
  std::printf("%-8s %-32s %-10s %6.0f ms\n", runtime(), row().name,
              row().is_set_aside ? "set aside" : "ended", seconds * 1e3);
}

INSTANTIATE_TEST_SUITE_P(All, UnloadTable,
                         testing::Combine(testing::ValuesIn(Runtimes()), testing::ValuesIn(kCases)),
                         [](const auto& info) {
                           return NameOf(std::get<0>(info.param)) + "_" +
                                  std::get<1>(info.param).name;
                         });

// What the registered function of the next tests does inside a call of the script.
FakeHub* hub_of_test = nullptr;
std::string path_of_script;
int reloaded = -1;

w_Targs* UnloadCaller(int script, w_Targs*) { return IntResult(Lib().w_Unload(script)); }

w_Targs* ReloadCaller(int script, w_Targs*) {
  EXPECT_EQ(1, Lib().w_Unload(script));
  reloaded = hub_of_test->LoadFile(path_of_script);
  return IntResult(reloaded);
}

class UnloadInside : public testing::TestWithParam<const char*> {
 protected:
  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  FakeHub hub_;
};

void ExpectGoodbyeAfterReturn(const std::string& log) {
  const size_t goodbye = log.find("goodbye");
  ASSERT_NE(std::string::npos, goodbye) << log;
  EXPECT_LT(log.find("still here"), goodbye) << log;
}

const std::string kCallsHost =
    "import threading, time, vh\n"
    "def tick():\n"
    "    while True: time.sleep(0.001)\n"
    "threading.Thread(target=tick, daemon=True).start()\n"
    "def UnLoad(): print('goodbye', flush=True)\n"
    "def change():\n"
    "    answer = vh.CallDynamicFunction('change')\n"
    "    print('still here', flush=True)\n"
    "    return answer\n"
    "def alive(): return 'yes'\n";

TEST_P(UnloadInside, WaitsForTheCallToReturn) {
  const int script = hub_.Load(kCallsHost);
  ASSERT_EQ(1, Lib().w_RegisterFunction(script, "change", &UnloadCaller));
  hub_.TakeLog();
  EXPECT_EQ("l 1", hub_.Call(script, "change"));
  ExpectGoodbyeAfterReturn(hub_.TakeLog());
  EXPECT_EQ(0, Lib().w_Unload(script)) << "it is gone";
  EXPECT_EQ(script, hub_.Load("")) << "its id is free";
}

TEST_P(UnloadInside, ReloadWorksToo) {
  hub_of_test = &hub_;
  path_of_script = hub_.WriteScript(kCallsHost, "script.py").string();
  const int script = hub_.LoadFile(path_of_script);
  ASSERT_EQ(1, Lib().w_RegisterFunction(script, "change", &ReloadCaller));
  hub_.TakeLog();
  EXPECT_EQ("l " + std::to_string(script + 1), hub_.Call(script, "change"));
  ExpectGoodbyeAfterReturn(hub_.TakeLog());
  EXPECT_EQ("(null)", hub_.Call(script, "alive"));
  EXPECT_EQ("s \"yes\"", hub_.Call(reloaded, "alive"));
  EXPECT_EQ(script, hub_.Load("")) << "its id is free";
}

INSTANTIATE_TEST_SUITE_P(All, UnloadInside, testing::ValuesIn(Runtimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
