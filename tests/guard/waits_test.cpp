// Scripts that wait on the hub's thread: for locks, queues, threads, files, and time. Their
// deadline ends it, whatever they wait for, and what they wait with is otherwise as in plain
// Python.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
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

// For what takes a load and an unload each.
const std::vector<std::string> kCommon = {"Lock",        "RLock",       "Condition", "Event",
                                          "Queue",       "SimpleQueue", "Future",    "Thread",
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
      // Python refuses a loop inside of a loop.
      if (hook == W_OnUserLogin && name.rfind("asyncio.run", 0) == 0) continue;
      SCOPED_TRACE(name);
      Choose(script, name);
      const auto start = Clock::now();
      EXPECT_EQ("l 1", hub_.Hook(script, hook, arguments));
      EXPECT_GT(kInTime, SecondsSince(start));
      EXPECT_LE(0.25, SecondsSince(start));
      // It waits again for the thread of its executor, so that there is no time left to tell.
      if (name != "asyncio.run, executor") {
        EXPECT_EQ("'TimeoutError'", hub_.Evaluate(script, "caught"));
      }
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

// The script is told, and gone in time; the next load of its file works, and so does every reload.
TEST_P(Waits, EndInUnLoad) {
  for (const std::string& name : kCommon) {
    SCOPED_TRACE(name);
    for (int load = 0; load < 2; ++load) {
      const int script = hub_.LoadEvaluating(std::string(kWaits) +
                                             "def UnLoad():\n"
                                             "    try: wait()\n"
                                             "    finally: print('told', caught, flush=True)\n");
      ASSERT_LE(0, script);
      Choose(script, name);
      hub_.TakeLog();
      const auto start = Clock::now();
      EXPECT_EQ(1, Lib().w_Unload(script));
      EXPECT_GT(kInTime, SecondsSince(start));
      const std::string log = hub_.TakeLog();
      EXPECT_EQ(1, CountLines(log, {"] UnLoad has been running", "interrupted with TimeoutError"}))
          << log;
      EXPECT_EQ(1, CountLines(log, {"told TimeoutError"})) << log;
    }
  }
  const int script = hub_.LoadEvaluating(std::string(kWaits) + kHooks);
  EXPECT_EQ("l 0", hub_.Hook(script, W_OnUserLogout, Pack("s", "nick").get()));
}

TEST_P(Waits, EndInUnLoadWhenTheHubEnds) {
  const std::string source = std::string(kWaits) + "def UnLoad(): wait()\n";
  const int script = hub_.LoadEvaluating(source);
  const int other = hub_.LoadEvaluating(source, "other.py");
  Choose(script, "Lock");
  Choose(other, "Thread");
  const auto start = Clock::now();
  Lib().w_End();
  EXPECT_GT(2 * kInTime, SecondsSince(start));
}

// The top level may take as long as it needs, but not wait for ever.
TEST_P(Waits, EndAtTheTopLevel) {
  for (const std::string& name : kCommon) {
    SCOPED_TRACE(name);
    hub_.TakeLog();
    const auto start = Clock::now();
    EXPECT_EQ(-1, hub_.LoadEvaluating(kWaits + ("choose('" + name + "')\nwait()\n")));
    EXPECT_GT(kInTime, SecondsSince(start));
    const std::string log = hub_.TakeLog();
    EXPECT_EQ(1, CountLines(log, {"TimeoutError: the top level of a script has waited 0.3 s"}))
        << log;
  }
}

TEST_P(Waits, AreNoMatterOfOtherScripts) {
  const int first = hub_.LoadEvaluating(std::string(kWaits) + kHooks);
  const int second = hub_.LoadEvaluating(std::string(kWaits) + kHooks, "second.py");
  for (const int script : {first, second, first}) {
    Choose(script, "Lock");
    EXPECT_EQ("(null)", hub_.Call(script, "ask"));
    EXPECT_EQ("'TimeoutError'", hub_.Evaluate(script, "caught"));
  }
  // Only the inner one is late.
  hub_.AnswerTo("mc", [&](w_Targs*) {
    EXPECT_EQ("(null)", hub_.Call(second, "ask"));
    return IntResult(1);
  });
  const int outer = hub_.LoadEvaluating(
      "import threading\n"
      "def outer():\n"
      "    vh.mc('call the other')\n"
      "    return threading.Lock().acquire(timeout=1)\n",
      "outer.py");
  EXPECT_EQ("l 1", hub_.Call(outer, "outer"));
}

TEST_P(Waits, AWrongLimitOfTheTopLevelIsToldOnce) {
  const ScopedEnvironment wrong("VH_PYTHON_LOAD_WAIT", "soon");
  hub_.TakeLog();
  EXPECT_LE(0, hub_.LoadEvaluating("import time\ntime.sleep(0.2)\n"));
  EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"VH_PYTHON_LOAD_WAIT is \"soon\""}));
}

// Catching the exception and waiting again does not help.
TEST_P(Waits, EndWhenTheExceptionIsCaught) {
  const int script = hub_.LoadEvaluating(
      "import threading\n"
      "lock = threading.Lock()\n"
      "lock.acquire()\n"
      "def stubborn():\n"
      "    while True:\n"
      "        try: lock.acquire()\n"
      "        except BaseException: pass\n");
  const auto start = Clock::now();
  EXPECT_EQ("(null)", hub_.Call(script, "stubborn"));
  EXPECT_GT(kInTime, SecondsSince(start));
  EXPECT_EQ("True", hub_.Evaluate(script, "lock.locked()"));
}

class WaitsInTime : public Waits {
  const ScopedEnvironment limit_{"VH_PYTHON_HOOK_TIMEOUT", "30"};
};

// What ends in time is not disturbed, and ends when it should.
TEST_P(WaitsInTime, LastAsLongAsTheyShould) {
  const int script = hub_.LoadEvaluating(
      "import queue, select, threading, time\n"
      "def timed(wait):\n"
      "    start = time.monotonic()\n"
      "    result = wait()\n"
      "    return result, 0.19 < time.monotonic() - start < 5\n"
      "def empty(box):\n"
      "    try: box.get(timeout=0.2)\n"
      "    except queue.Empty: return 'empty'\n"
      "def later(function):\n"
      "    threading.Timer(0.2, function).start()\n"
      "def released(lock):\n"
      "    lock.acquire()\n"
      "    later(lock.release)\n"
      "    return lock.acquire()\n"
      "def put(box):\n"
      "    later(lambda: box.put('put'))\n"
      "    return box.get()\n"
      "taken = threading.Lock()\n"
      "taken.acquire()\n"
      "def joined(*timeout):\n"
      "    thread = threading.Thread(target=time.sleep, args=(0.6,))\n"
      "    thread.start()\n"
      "    return thread.join(*timeout), thread.is_alive()\n"
      "def notified():\n"
      "    changed = threading.Condition()\n"
      "    def notify():\n"
      "        with changed: changed.notify()\n"
      "    with changed, changed:\n"
      "        later(notify)\n"
      "        return changed.wait(), changed._is_owned()\n");
  for (const auto& [wait, result] : {std::pair{"lambda: taken.acquire(True, 0.2)", "False"},
                                     {"lambda: taken.acquire(timeout=0.2)", "False"},
                                     {"lambda: released(threading.Lock())", "True"},
                                     {"lambda: empty(queue.SimpleQueue())", "'empty'"},
                                     {"lambda: empty(queue.Queue())", "'empty'"},
                                     {"lambda: put(queue.SimpleQueue())", "'put'"},
                                     {"lambda: put(queue.Queue())", "'put'"},
                                     {"joined", "(None, False)"},
                                     {"lambda: joined(0.2)", "(None, True)"},
                                     {"notified", "(True, True)"},
                                     {"lambda: threading.Event().wait(0.2)", "False"},
                                     {"lambda: time.sleep(0.2)", "None"},
                                     {"lambda: select.select([], [], [], 0.2)", "([], [], [])"},
                                     {"lambda: select.poll().poll(200)", "[]"},
                                     {"lambda: select.epoll().poll(0.2)", "[]"}}) {
    EXPECT_EQ("(" + std::string(result) + ", True)",
              hub_.Evaluate(script, "timed(" + std::string(wait) + ")"))
        << wait;
  }
}

// What hooks see of all that is what plain Python shows.
constexpr const char* kLooks =
    "import _thread, pickle, queue, select, threading, time, weakref\n"
    "expressions = [\n"
    "    'type(lock), type(lock).__name__, type(lock).__module__, type(rlock)',\n"
    "    'threading.Lock',\n"
    "    'type(threading.Lock), isinstance(lock, _thread.LockType)',\n"
    "    'type(lock).acquire, type(lock).__enter__, lock.acquire.__doc__',\n"
    "    'lock.acquire.__name__, lock.acquire.__text_signature__',\n"
    "    'type(rlock).acquire, type(rlock)._acquire_restore, type(box).get',\n"
    "    'time.sleep, select.select, time.sleep.__doc__',\n"
    "    'lock.acquire(), lock.acquire(False), lock.acquire(timeout=0), lock.locked()',\n"
    "    'lock.acquire(True, -1), lock.acquire(blocking=0), lock.release()',\n"
    "    'lock.acquire(True, -2)', 'lock.acquire(False, 1)', 'lock.acquire(True, 1e300)',\n"
    "    'lock.acquire(True, nan)', 'lock.acquire(True, \"x\")', 'lock.acquire(True, None)',\n"
    "    'lock.acquire(\"x\")', 'lock.acquire(1.5)', 'lock.acquire(True, 1, 2)',\n"
    "    'lock.acquire(True, blocking=True)', 'lock.acquire(block=True)',\n"
    "    'lock.__enter__(), lock.__exit__()', 'type(lock).acquire()', 'type(lock).acquire(3)',\n"
    "    'lock.release()', 'rlock.release()', 'rlock.acquire(\"x\")', 'rlock.acquire(1, -3)',\n"
    "    'rlock.acquire(), rlock.acquire(), rlock._release_save()[0], rlock._is_owned()',\n"
    "    'rlock._acquire_restore((1,))', 'rlock._acquire_restore(1)',\n"
    "    'rlock._acquire_restore((3, threading.get_ident())), rlock._release_save()[0]',\n"
    "    'pickle.dumps(lock)', 'pickle.dumps(rlock)', 'weakref.ref(lock)() is lock',\n"
    "    'box.get(False)', 'box.get(timeout=-1)', 'box.get(True, \"x\")', 'box.get(1, 2, 3)',\n"
    "    'box.get(blocking=True)',\n"
    "    'box.put(5), box.get(), box.put(6), box.get(block=True, timeout=None)',\n"
    "    'time.sleep(-1)', 'time.sleep(\"x\")', 'time.sleep(1e300)', 'time.sleep()',\n"
    "    'time.sleep(nan)', 'time.sleep(None)', 'select.select(1, 2, 3)',\n"
    "    'select.select([], [], [], -1)', 'select.select([\"x\"], [], [])',\n"
    "    'select.select([], [], [], \"x\")', 'select.select([])',\n"
    "    'select.select(iter([]), (), {}, 0.05)', 'select.poll().poll(\"x\")',\n"
    "    'select.poll().poll(1, 2)', 'select.epoll().poll(\"x\")', 'select.epoll().poll(1, 0)',\n"
    "    'select.epoll().poll(timeout=0.05, maxevents=3)',\n"
    "    'threading.Thread().join()',\n"
    "]\n"
    "def look(expression):\n"
    "    names = dict(globals(), lock=threading.Lock(), rlock=threading.RLock())\n"
    "    names.update(box=queue.SimpleQueue(), nan=float('nan'))\n"
    "    try: return repr(eval(expression, names)).partition(' object at ')[0]\n"
    "    except BaseException as error: return type(error).__name__ + ': ' + str(error)\n"
    "def look_at_all(path):\n"
    "    with open(path, 'w') as file:\n"
    "        for expression in expressions: print(expression, look(expression), file=file)\n";

std::string TextOf(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_P(WaitsInTime, LookAsInPlainPython) {
  const int script = hub_.LoadEvaluating(kLooks);
  ASSERT_LE(0, script);
  const std::string folder = hub_.config_folder().string();
  hub_.Evaluate(script, "look_at_all('" + folder + "/hook')");
  std::ofstream(folder + "/plain.py") << kLooks << "look_at_all('" << folder << "/plain')\n";
  const std::string command = std::string(VH_PYTHON_EXECUTABLE) + " '" + folder + "/plain.py'";
  EXPECT_EQ(0, std::system(command.c_str()));
  EXPECT_LT(2000, TextOf(folder + "/plain").size());
  EXPECT_EQ(TextOf(folder + "/plain"), TextOf(folder + "/hook"));
}

// The thread that has the lock waits for the hub's thread, which waits for the lock.
TEST_P(WaitsInTime, AnswerCallsOfThreads) {
  const int script = hub_.LoadEvaluating(
      "import threading\n"
      "lock = threading.Lock()\n"
      "def ask():\n"
      "    taken = threading.Event()\n"
      "    results = []\n"
      "    def work():\n"
      "        with lock:\n"
      "            taken.set()\n"
      "            for _ in range(50): results.append(vh.mc('from the thread'))\n"
      "            results.append(vh.run_in_host(lambda: 'job').result())\n"
      "    thread = threading.Thread(target=work)\n"
      "    thread.start()\n"
      "    taken.wait()\n"
      "    with lock: pass\n"
      "    thread.join()\n"
      "    return str((len(results), results[-1]))\n");
  const auto start = Clock::now();
  EXPECT_EQ("s \"(51, 'job')\"", hub_.Call(script, "ask"));
  EXPECT_GT(kInTime, SecondsSince(start));
}

TEST_P(WaitsInTime, AnswerCallsOfThreadsInUnLoad) {
  const int script = hub_.LoadEvaluating(
      "import threading\n"
      "stop = threading.Event()\n"
      "def work():\n"
      "    stop.wait()\n"
      "    vh.mc('goodbye')\n"
      "    print('the job said', vh.run_in_host(lambda: 'hello').result(), flush=True)\n"
      "thread = threading.Thread(target=work)\n"
      "thread.start()\n"
      "def UnLoad():\n"
      "    stop.set()\n"
      "    thread.join()\n");
  hub_.TakeCalls();
  hub_.TakeLog();
  const auto start = Clock::now();
  EXPECT_EQ(1, Lib().w_Unload(script));
  EXPECT_GT(kInTime, SecondsSince(start));
  EXPECT_EQ(1, CountLines(hub_.TakeCalls(), {"mc", "goodbye"}));
  EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"the job said hello"}));
}

// One that calls the hub again and again comes to its end when UnLoad() waits for it.
TEST_P(WaitsInTime, EndThreadsThatCallForEver) {
  for (const char* goodbye : {"thread.join()", "while thread.is_alive(): pass",
                              "while thread.is_alive(): time.sleep(0.001)"}) {
    const int script = hub_.LoadEvaluating(
        "import threading, time\n"
        "def work():\n"
        "    while True: vh.mc('again')\n"
        "thread = threading.Thread(target=work)\n"
        "thread.start()\n"
        "def UnLoad():\n"
        "    " +
        std::string(goodbye) + "\n");
    const auto start = Clock::now();
    EXPECT_EQ(1, Lib().w_Unload(script));
    EXPECT_GT(kInTime, SecondsSince(start)) << goodbye;
    EXPECT_EQ(0, CountLines(hub_.TakeLog(), {"did not stop"})) << goodbye;
  }
}

INSTANTIATE_TEST_SUITE_P(All, WaitsInTime, testing::ValuesIn(Runtimes()),
                         [](const auto& info) { return NameOf(info.param); });
INSTANTIATE_TEST_SUITE_P(All, Waits, testing::ValuesIn(Runtimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
