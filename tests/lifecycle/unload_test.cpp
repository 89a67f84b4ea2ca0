// The unload table: what scripts may leave behind, and how long it takes to be rid of them.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
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
// How often a busy machine may keep what is asked to end from doing so.
constexpr int kAttempts = 10;

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
    "        time.sleep(0.001)\n"
    // Tells how `work` has ended: by itself, by an exception, or by force. That comes again and
    // again.
    "def tell(work, *arguments):\n"
    "    def telling():\n"
    "        ended = 'ended by force'\n"
    "        try:\n"
    "            work(*arguments)\n"
    "            ended = 'ended by itself'\n"
    "        except BaseException as error:\n"
    "            if not isinstance(error, SystemExit): ended = f'ended by {type(error).__name__}'\n"
    "            raise\n"
    "        finally:\n"
    "            while True:\n"
    "                try:\n"
    "                    print(ended + '\\n', end='', flush=True)\n"
    "                    break\n"
    "                except SystemExit:\n"
    "                    pass\n"
    "    return telling\n";

struct Case {
  const char* name;
  const char* source;
  bool is_set_aside;
  // Each of them appears in the log: how what was left has ended, too.
  std::vector<const char*> log;
  // None of them does: what has an end of its own is asked for that, and not forced. A busy machine
  // may not let it come to that in time, but not each time.
  std::vector<const char*> not_log = {};
};

std::ostream& operator<<(std::ostream& out, const Case& row) { return out << row.name; }

const Case kCases[] = {
    {"Nothing", "", false, {}},
    {"FinishedThread",
     "thread = threading.Thread(target=int); thread.start(); thread.join()\n",
     false,
     {}},
    // As a thread does that gets SystemExit when it is about to leave.
    {"FinishedThreadThatIsListed",
     "import atexit\n"
     "thread = threading.Thread(target=int); thread.start(); thread.join()\n"
     "threading._active[1] = thread\n"
     "atexit.register(threading._active.pop, 1)\n",
     false,
     {}},
    {"ThreadAboutToFinish",
     "def work():\n"
     "    time.sleep(0.3)\n"
     "    print('finished by itself', flush=True)\n"
     "start(work)\n",
     false,
     {"finished by itself"}},
    {"NonDaemonThread", "start(tell(tick))\n", false, {"ended by force"}},
    {"DaemonThread", "start(tell(tick), daemon=True)\n", false, {"ended by force"}},
    {"DaemonThreadThatHearsOfTheUnload",
     "unloads = threading.Event()\n"
     "start(tell(unloads.wait), daemon=True)\n"
     "def UnLoad(): unloads.set()\n",
     false,
     {"ended by itself"},
     {"by force"}},
    {"RawLoop",
     "def spin():\n    while True: pass\nstart(tell(spin), daemon=True)\n",
     false,
     {"ended by force"}},
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
     "start(tell(swallow), daemon=True)\n",
     false,
     {"ended by itself"}},
    {"IdleExecutor",
     "from concurrent.futures import ThreadPoolExecutor\n"
     "class Pool(ThreadPoolExecutor):\n"
     "    def shutdown(self, wait=True, **more):\n"
     "        print('asked to shut down, waiting:', wait, flush=True)\n"
     "        super().shutdown(wait, **more)\n"
     "pool = Pool(3)\n"
     "pool.submit(int).result()\n",
     false,
     {"asked to shut down, waiting: False"}},
    {"BusyExecutor",
     "from concurrent.futures import ThreadPoolExecutor\n"
     "pool = ThreadPoolExecutor(2)\n"
     "for _ in range(5): pool.submit(tell(tick))\n"
     "time.sleep(0.05)\n",
     false,
     {"ended by force"}},
    {"LoopRunsForever",
     "import asyncio\n"
     "def run():\n"
     "    loop = asyncio.new_event_loop()\n"
     "    asyncio.set_event_loop(loop)\n"
     "    loop.run_forever()\n"
     "start(tell(run), daemon=True)\n",
     false,
     {"ended by itself"},
     {"by force"}},
    {"LoopThatComesLater",
     "import asyncio\n"
     "unloads = threading.Event()\n"
     "def run():\n"
     "    unloads.wait()\n"
     "    time.sleep(0.03)\n"
     "    asyncio.new_event_loop().run_forever()\n"
     "start(tell(run), daemon=True)\n"
     "def UnLoad(): unloads.set()\n",
     false,
     {"ended by "}},
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
     "start(tell(lambda: asyncio.run(main())), daemon=True)\n",
     false,
     {"cleaned up", "ended by "},
     {"by force"}},
    {"OwnLoop",
     "import asyncio\n"
     "async def OnUserLogin(nick):\n"
     "    try:\n"
     "        await asyncio.sleep(1000)\n"
     "    finally:\n"
     "        print('cleaned up', flush=True)\n",
     false,
     {"cleaned up"}},
    {"Timer",
     "class Timer(threading.Timer):\n"
     "    def run(self): tell(super().run)()\n"
     "Timer(1000, print, ['the timer went off']).start()\n",
     false,
     {"ended by itself"},
     {"by force", "went off"}},
    {"DaemonTimer",
     "class Timer(threading.Timer):\n"
     "    def run(self): tell(super().run)()\n"
     "timer = Timer(1000, print, ['the timer went off'])\n"
     "timer.daemon = True\n"
     "timer.start()\n",
     false,
     {"ended by itself"},
     {"by force", "went off"}},
    {"WaitsForQueue", "import queue\nstart(tell(queue.Queue().get))\n", false, {"ended by force"}},
    {"WaitsForSimpleQueueWithTimeouts",
     "import queue\n"
     "def work():\n"
     "    while True:\n"
     "        try:\n"
     "            queue.SimpleQueue().get(timeout=0.05)\n"
     "        except queue.Empty:\n"
     "            pass\n"
     "start(tell(work))\n",
     false,
     {"ended by force"}},
    {"WaitsForEvent", "start(tell(threading.Event().wait))\n", false, {"ended by force"}},
    {"WaitsForEventWithTimeout",
     "start(tell(threading.Event().wait, 1000))\n",
     false,
     {"ended by force"}},
    {"WaitsForBarrier", "start(tell(threading.Barrier(2).wait))\n", false, {"ended by force"}},
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
    {"ThreadStartedInUnLoad", "def UnLoad(): start(tell(tick))\n", false, {"ended by force"}},
    {"ThreadStartedAtExit",
     "import atexit\natexit.register(start, tell(tick))\n",
     false,
     {"ended by force"}},
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

bool HasAny(const std::string& text, const std::vector<const char*>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const char* part) { return text.find(part) != std::string::npos; });
}

const std::vector<const char*> kNothing;

TEST_P(UnloadTable, EndsInTime) {
  const ScopedEnvironment deadline("VH_PYTHON_UNLOAD_TIMEOUT", std::to_string(kDeadline).c_str());
  const ScopedEnvironment chosen("VH_PYTHON_RUNTIME", runtime());
  double seconds = 0;
  std::string log;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
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
    log = hub.TakeLog();
    const bool is_forced = HasAny(log, row().not_log);
    if (is_forced && attempt + 1 < kAttempts) continue;
    EXPECT_FALSE(is_forced) << log;
    EXPECT_LT(seconds, kDeadline + kSlack);
    // Nothing has to be kept of another process.
    const bool is_set_aside = row().is_set_aside && runtime() != std::string("worker");
    for (const char* part : row().is_set_aside == is_set_aside ? row().log : kNothing) {
      EXPECT_NE(std::string::npos, log.find(part)) << part << " is missing in\n" << log;
    }
    EXPECT_EQ(is_set_aside, CountLines(log, {"is set aside"}) > 0) << log;
    ASSERT_EQ(0, hub.Load("def OnUserLogin(nick): return 0\n")) << "the id is free";
    EXPECT_EQ("l 0", hub.Hook(0, W_OnUserLogin, Pack("s", "nick").get()));
    if (is_set_aside) {
      stuck.Release();
      EXPECT_EQ(1, ToldEnds(hub)) << "of a script that was set aside";
    }
    break;
  }
  std::printf("%-8s %-32s %-10s %6.0f ms\n", runtime(), row().name,
              row().is_set_aside ? "set aside" : "ended", seconds * 1e3);
}

INSTANTIATE_TEST_SUITE_P(
    All, UnloadTable, testing::Combine(testing::ValuesIn(AllRuntimes()), testing::ValuesIn(kCases)),
    [](const auto& info) {
      return NameOf(std::get<0>(info.param)) + "_" + std::get<1>(info.param).name;
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

INSTANTIATE_TEST_SUITE_P(All, UnloadInside, testing::ValuesIn(AllRuntimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
