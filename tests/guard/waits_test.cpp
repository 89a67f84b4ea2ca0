// Scripts that wait on the hub's thread: for locks, queues, threads, files, and time. Their deadline ends it,
// whatever they wait for, and what they wait with is otherwise as in plain Python.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// What is allowed for one wait, its deadline of 0.3 s among it, on a busy machine.
constexpr double kInTime = 8;

// Each function waits for ever, most for what another thread of the script keeps.
constexpr const char* kWaits =
    "import asyncio, concurrent.futures, os, queue, select, threading, time\n"
    "never = threading.Event()\n"
    "def start(function):\n"
    "    thread = threading.Thread(target=function, daemon=True)\n"
    "    thread.start()\n"
    "    return thread\n"
    "def held(lock):\n"
    "    taken = threading.Event()\n"
    "    def hold():\n"
    "        with lock:\n"
    "            taken.set()\n"
    "            never.wait()\n"
    "    start(hold)\n"
    "    taken.wait()\n"
    "    return lock\n"
    "def enter(lock):\n"
    "    with lock: pass\n"
    "def twice():\n"
    "    lock = threading.Lock()\n"
    "    lock.acquire()\n"
    "    lock.acquire()\n"
    "def condition(timeout=None, lock=None):\n"
    "    changed = threading.Condition(lock)\n"
    "    with changed: changed.wait(timeout)\n"
    "def kept(lock):\n"
    "    changed = threading.Condition(lock)\n"
    "    def notify():\n"
    "        with changed:\n"
    "            changed.notify()\n"
    "            never.wait()\n"
    "    with changed:\n"
    "        start(notify)\n"
    "        changed.wait()\n"
    "def kept_twice():\n"
    "    lock = threading.RLock()\n"
    "    with lock: kept(lock)\n"
    "def full():\n"
    "    box = queue.Queue(1)\n"
    "    box.put(1)\n"
    "    box.put(2)\n"
    "def undone():\n"
    "    box = queue.Queue()\n"
    "    box.put(1)\n"
    "    box.join()\n"
    "def pool():\n"
    "    with concurrent.futures.ThreadPoolExecutor(1) as pool: pool.submit(never.wait)\n"
    "def pipe():\n"
    "    return os.pipe()[0]\n"
    "def polled(poll, *timeout):\n"
    "    poll.register(pipe(), select.POLLIN)\n"
    "    poll.poll(*timeout)\n"
    "async def executor():\n"
    "    await asyncio.get_running_loop().run_in_executor(None, never.wait)\n"
    "async def blocking():\n"
    "    never.wait()\n"
    "waits = {\n"
    "    'Lock': lambda: held(threading.Lock()).acquire(),\n"
    "    'with Lock': lambda: enter(held(threading.Lock())),\n"
    "    'Lock, timeout': lambda: held(threading.Lock()).acquire(timeout=1000),\n"
    "    'Lock, arguments': lambda: held(threading.Lock()).acquire(1, -1),\n"
    "    'Lock, old name': lambda: held(threading.Lock()).acquire_lock(),\n"
    "    'Lock, twice': twice,\n"
    "    'RLock': lambda: held(threading.RLock()).acquire(),\n"
    "    'with RLock': lambda: enter(held(threading.RLock())),\n"
    "    'RLock, timeout': lambda: held(threading.RLock()).acquire(True, timeout=1000),\n"
    "    'Condition': condition,\n"
    "    'Condition, timeout': lambda: condition(1000),\n"
    "    'Condition of a Lock': lambda: condition(None, threading.Lock()),\n"
    "    'Condition that is kept': lambda: kept(threading.RLock()),\n"
    "    'Condition that is kept, Lock': lambda: kept(threading.Lock()),\n"
    "    'Condition that is kept, twice': kept_twice,\n"
    "    'Event': never.wait,\n"
    "    'Semaphore': lambda: threading.Semaphore(0).acquire(),\n"
    "    'Barrier': lambda: threading.Barrier(2).wait(),\n"
    "    'Queue': lambda: queue.Queue().get(),\n"
    "    'Queue, timeout': lambda: queue.Queue().get(timeout=1000),\n"
    "    'Queue, full': full,\n"
    "    'Queue, undone': undone,\n"
    "    'SimpleQueue': lambda: queue.SimpleQueue().get(),\n"
    "    'SimpleQueue, timeout': lambda: queue.SimpleQueue().get(True, timeout=1000),\n"
    "    'Future': lambda: concurrent.futures.Future().result(),\n"
    "    'Future, wait': lambda: concurrent.futures.wait([concurrent.futures.Future()]),\n"
    "    'Executor': pool,\n"
    "    'Thread': lambda: start(never.wait).join(),\n"
    "    'Thread, timeout': lambda: start(never.wait).join(1000),\n"
    "    'asyncio.run': lambda: asyncio.run(asyncio.sleep(1000)),\n"
    "    'asyncio.run, executor': lambda: asyncio.run(executor()),\n"
    "    'asyncio.run, blocking': lambda: asyncio.run(blocking()),\n"
    "    'select': lambda: select.select([pipe()], [], []),\n"
    "    'select, iterator': lambda: select.select(iter([pipe()]), (), {}, 1000),\n"
    "    'poll': lambda: polled(select.poll()),\n"
    "    'poll, timeout': lambda: polled(select.poll(), 1000000),\n"
    "    'epoll': lambda: polled(select.epoll()),\n"
    "    'epoll, timeout': lambda: polled(select.epoll(), 1000, 5),\n"
    "    'sleep': lambda: time.sleep(1000),\n"
    "}\n"
    "kind, caught = None, None\n"
    "def wait():\n"
    "    global caught\n"
    "    caught = None\n"
    "    if kind is None: return\n"
    "    try:\n"
    "        waits[kind]()\n"
    "        caught = 'nothing'\n"
    "    except BaseException as error:\n"
    "        while error is not None and not isinstance(error, TimeoutError):\n"
    "            error = error.__context__\n"
    "        caught = type(error).__name__\n"
    "        raise\n"
    "def choose(name):\n"
    "    global kind\n"
    "    kind = name or None\n"
    "    return 1\n"
    "def names(): return '|'.join(waits)\n"
    "def timeouts(name):\n"
    "    for script in vh.stats()['scripts']:\n"
    "        for row in script['calls']:\n"
    "            if script['id'] == vh.myid and row['name'] == name: return row['timeouts']\n";

constexpr const char* kHooks =
    "def OnTimer(now): wait()\n"
    "async def OnUserLogin(nick): wait()\n"
    "def OnUserLogout(nick): return 0\n"
    "def ask(): wait()\n";

std::vector<std::string> Split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

// Those that the issue of every script's day is about, for what takes a load and an unload each.
const std::vector<std::string> kCommon = {
    "Lock",   "RLock",         "Condition", "Event", "Queue", "SimpleQueue", "Future", "Thread",
    "asyncio.run", "sleep"};

// A program that waits for ever would keep CI for as long: it is ended instead.
class Waits : public testing::TestWithParam<const char*> {
 protected:
  Waits() { alarm(240); }
  ~Waits() override { alarm(0); }

  std::vector<std::string> Names(int script) {
    const std::string names = hub_.Evaluate(script, "names()");
    return Split(names.substr(1, names.size() - 2), '|');
  }

  void Choose(int script, const std::string& name) {
    ASSERT_EQ("l 1", hub_.Call(script, "choose", Pack("s", name.c_str()).get()));
  }

  // The hook waits, each time in another way; in between it does not, so that it is not suspended.
  void ExpectEndOfAll(int script, int hook, const char* hook_name, w_Targs* arguments) {
    int timeouts = 0;
    for (const std::string& name : Names(script)) {
      SCOPED_TRACE(name);
      Choose(script, name);
      const auto start = Clock::now();
      EXPECT_EQ("l 1", hub_.Hook(script, hook, arguments));
      EXPECT_GT(kInTime, SecondsSince(start));
      EXPECT_LE(0.25, SecondsSince(start));
      EXPECT_EQ("'TimeoutError'", hub_.Evaluate(script, "caught"));
      EXPECT_EQ(std::to_string(++timeouts),
                hub_.Evaluate(script, std::string("timeouts('") + hook_name + "')"));
      Choose(script, "");
      EXPECT_EQ("l 1", hub_.Hook(script, hook, arguments));
      EXPECT_EQ("l 0", hub_.Hook(script, W_OnUserLogout, Pack("s", "nick").get()));
    }
    EXPECT_LT(20, timeouts);
  }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  const ScopedEnvironment limit_{"VH_PYTHON_HOOK_TIMEOUT", "0.3"};
  const ScopedEnvironment load_{"VH_PYTHON_LOAD_WAIT", "0.3"};
  FakeHub hub_;
};

TEST_P(Waits, EndInAHook) {
  const int script = hub_.LoadEvaluating(std::string(kWaits) + kHooks);
  ASSERT_LE(0, script);
  hub_.TakeLog();
  ExpectEndOfAll(script, W_OnTimer, "OnTimer", Pack("d", 1.0).get());
  const std::string log = hub_.TakeLog();
  EXPECT_LE(1, CountLines(log, {"] OnTimer has been running", "interrupted with TimeoutError"}));
  EXPECT_LE(1, CountLines(log, {"'Lock': lambda: held(threading.Lock()).acquire()"})) << "where";
}

// What an `async def` does before its first `await` is part of the hook.
TEST_P(Waits, EndInAnAsyncHook) {
  const int script = hub_.LoadEvaluating(std::string(kWaits) + kHooks);
  ASSERT_LE(0, script);
  ExpectEndOfAll(script, W_OnUserLogin, "OnUserLogin", Pack("s", "nick").get());
}

INSTANTIATE_TEST_SUITE_P(All, Waits, testing::ValuesIn(Runtimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
