// The log: what scripts print and log, how much of it, and who gets the records.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

class Logs : public testing::TestWithParam<const char*> {
 protected:
  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  FakeHub hub_;
};

// Each line has the script's label; a line that is written in pieces has it once.
TEST_P(Logs, PrintsAppearAtOnceWithTheScriptsLabel) {
  const int script = hub_.LoadEvaluating("import sys, os\n");
  hub_.TakeLog();
  hub_.Evaluate(script, "print('from print: \\u00e4\\u4e2d')");
  EXPECT_EQ("PY: [0:script.py] from print: \xc3\xa4\xe4\xb8\xad\n", hub_.TakeLog());
  hub_.Evaluate(script, "print('no end', end='')");
  EXPECT_EQ("PY: [0:script.py] no end", hub_.TakeLog());
  hub_.Evaluate(script, "print(' yet', 1, end=' end\\ntwo\\n\\nthree')");
  EXPECT_EQ(" yet 1 end\nPY: [0:script.py] two\nPY: [0:script.py] \nPY: [0:script.py] three",
            hub_.TakeLog());
  hub_.Evaluate(script, "print()");
  EXPECT_EQ("\n", hub_.TakeLog());
  hub_.Evaluate(script, "sys.stdout.buffer.write(b'\\xff bytes\\n')");
  EXPECT_EQ("PY: [0:script.py] \\xff bytes\n", hub_.TakeLog());
  hub_.Evaluate(script, "print('to errors', file=sys.stderr)");
  EXPECT_EQ("PY: [0:script.py] to errors\n", hub_.TakeLog());
  EXPECT_EQ("(1, 2, 'utf-8', False)",
            hub_.Evaluate(script,
                          "(sys.stdout.fileno(), sys.stderr.fileno(), "
                          "sys.stdout.encoding.lower(), sys.stdout.isatty())"));
}

// What Python itself tells of a script is a record of the log, with the script's label.
TEST_P(Logs, UncaughtExceptionsAndWarningsHaveTheScriptsLabel) {
  const int script = hub_.LoadEvaluating(
      "import threading, warnings\n"
      "class Failing:\n"
      "    def __del__(self): raise ValueError('in a finalizer')\n"
      "def fail(): raise KeyError('in a thread')\n"
      "def run():\n"
      "    thread = threading.Thread(target=fail, name='mine'); thread.start(); thread.join()\n");
  const auto log_of = [&](const char* expression) {
    hub_.TakeLog();
    hub_.Evaluate(script, expression);
    return hub_.TakeLog();
  };
  std::string log = log_of("run()");
  EXPECT_EQ(0u, log.find("PY: [0:script.py] Exception in thread mine:\n    Traceback")) << log;
  EXPECT_EQ(1, CountLines(log, {"KeyError: 'in a thread'"})) << log;
  log = log_of("Failing() and None");
  EXPECT_EQ(0u, log.find("PY: [0:script.py] Exception ignored ")) << log;
  EXPECT_EQ(1, CountLines(log, {"ValueError: in a finalizer"})) << log;
  log = log_of("warnings.warn('mind this')");
  EXPECT_EQ(1, CountLines(log, {"PY: [0:script.py] ", "UserWarning: mind this"})) << log;
}

TEST_P(Logs, TooMuchOutputIsDroppedAndTold) {
  const int loud = hub_.LoadEvaluating(
      "import threading\n"
      "def shout():\n"
      "    for n in range(1000): print('x' * 7999)\n"
      "def shout_in_a_thread():\n"
      "    thread = threading.Thread(target=shout); thread.start(); thread.join()\n",
      "loud.py");
  const int calm = hub_.LoadEvaluating("", "calm.py");
  hub_.TakeLog();
  hub_.Call(loud, "shout");
  hub_.Call(loud, "shout_in_a_thread");
  hub_.Evaluate(loud, "vh.log('one line more')");
  const std::string log = hub_.TakeLog();
  EXPECT_GT(140 * 1024u, log.size());
  EXPECT_LT(100 * 1024u, log.size());
  EXPECT_EQ(1, CountLines(log, {"loud.py] writes more than 128 KiB a minute"}));
  EXPECT_EQ(CountLines(log, {"PY: [0:loud.py] xxx"}) + 1, CountLines(log, {"PY: "}));
  hub_.Evaluate(calm, "print('heard')");
  EXPECT_EQ("PY: [1:calm.py] heard\n", hub_.TakeLog());
  EXPECT_EQ(1, Lib().w_Unload(loud));
  const std::string end = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(end, {"loud.py]", "bytes that it wrote were dropped"})) << end;
  const size_t number = end.find("] ");
  ASSERT_NE(std::string::npos, number);
  const long dropped = std::stol(end.substr(number + 2));
  EXPECT_NEAR(2 * 1000 * 8000.0 - 128 * 1024, dropped, 15000);
}

// What fits is written, the rest is cut off, and what follows is dropped.
TEST_P(Logs, TheLastLineOfAMinuteIsCut) {
  const int script = hub_.LoadEvaluating(
      "def shout():\n"
      "    print(('\u00e4' * 1000 + '\\n') * 100)\n"
      "    print('small')\n");
  hub_.TakeLog();
  hub_.Call(script, "shout");
  const std::string log = hub_.TakeLog();
  const size_t end = log.find("\xe2\x80\xa6\n");
  ASSERT_NE(std::string::npos, end);
  EXPECT_EQ(128u * 1024, end) << "a whole number of characters";
  EXPECT_EQ(0u, log.find("PY: [0:script.py] writes more than 128 KiB a minute", end) - end - 4);
  EXPECT_EQ(0, CountLines(log, {"small"}));
}

// A line is a few KiB, however it is written.
TEST_P(Logs, LongLinesAreCut) {
  const int script = hub_.LoadEvaluating(
      "def shout():\n"
      "    for n in range(10): print('\u00e4' * 1000, end='')\n"
      "    print('\u00e4')\n"
      "    print('small')\n");
  hub_.TakeLog();
  hub_.Call(script, "shout");
  const std::string log = hub_.TakeLog();
  const std::string label = "PY: [0:script.py] ";
  const size_t end = log.find("\xe2\x80\xa6 (");
  EXPECT_EQ(label.size() + 8 * 1024, end);
  EXPECT_EQ(end + 4, log.find("(11810 more bytes)\n" + label + "small\n")) << log.substr(8200);
}

// Each line counts with what the log writes around it.
TEST_P(Logs, EmptyLinesCountToo) {
  const int script = hub_.LoadEvaluating(
      "def shout():\n"
      "    for n in range(20000): vh.log('')\n");
  hub_.TakeLog();
  hub_.Call(script, "shout");
  const std::string log = hub_.TakeLog();
  EXPECT_GT(130u * 1024, log.size());
  EXPECT_LT(120u * 1024, log.size());
  const int other = hub_.LoadEvaluating("def one(): vh.log('x' * 300000)\n", "other.py");
  hub_.TakeLog();
  hub_.Call(other, "one");
  const std::string cut = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(cut, {"PY: [1:other.py] xxx", "\xe2\x80\xa6 (2918", " bytes left out)"}));
  EXPECT_EQ(1, CountLines(cut, {"PY: [1:other.py] "}));
}

// The text of an exception may be of any length; the log and w_LastError tell its beginning.
TEST_P(Logs, LongExceptionsAreCut) {
  const int script = hub_.LoadEvaluating(
      "def fail(): raise ValueError('\u00e4' * 1000000)\n"
      "class Broken(Exception):\n"
      "    def __str__(self): raise RuntimeError('no')\n"
      "def fail_oddly(): raise Broken\n");
  hub_.TakeLog();
  EXPECT_EQ("(null)", hub_.Call(script, "fail"));
  char* json = nullptr;
  EXPECT_EQ(1, Lib().w_LastError(&json));
  const std::string error = json ? json : "";
  std::free(json);
  EXPECT_GT(40 * 1024u, error.size());
  EXPECT_NE(std::string::npos, error.find(" (1983616 more bytes)")) << error.substr(0, 300);
  const std::string log = hub_.TakeLog();
  EXPECT_GT(9 * 1024u, log.size());
  EXPECT_EQ(1,
            CountLines(log, {"ValueError: \xc3\xa4\xc3\xa4", " bytes left out)", " more bytes)"}));
  EXPECT_EQ("(null)", hub_.Call(script, "fail_oddly"));
}

TEST_P(Logs, TheLimitCanBeSet) {
  const ScopedEnvironment none("VH_PYTHON_OUTPUT_LIMIT", "0");
  const int script = hub_.LoadEvaluating("def shout(): print('x' * 1000000)\n");
  hub_.TakeLog();
  hub_.Call(script, "shout");
  EXPECT_EQ(1000001u + sizeof("PY: [0:script.py] ") - 1, hub_.TakeLog().size());
}

TEST_P(Logs, ScriptsLogByLevel) {
  const int script = hub_.LoadEvaluating("import logging\n");
  hub_.TakeLog();
  const auto logged = [&] {
    hub_.Evaluate(script, "[vh.log(f'level {n}', n) for n in (50, 40, 30, 20, 10, 5)]");
    hub_.Evaluate(script, "vh.log('always')");
    const std::string log = hub_.TakeLog();
    EXPECT_EQ(1, CountLines(log, {"PY: [0:script.py] always"})) << log;
    return CountLines(log, {"PY: [0:script.py] level "});
  };
  for (int level : {0, 1, 2, 3}) {
    Lib().w_LogLevel(level);
    EXPECT_EQ(3 + level, logged());
  }
  Lib().w_LogLevel(kDefaultLogLevel);
  EXPECT_EQ("TypeError: log() argument 1 (message) must be str or a LogRecord, not int",
            hub_.Evaluate(script, "vh.log(1)"));
}

TEST_P(Logs, PythonsLoggingLandsThere) {
  const int script = hub_.LoadEvaluating(
      "import logging\n"
      "logger = logging.getLogger('mine')\n"
      "logger.propagate = False\n"
      "def use(handler):\n"
      "    logger.handlers[:] = [handler]\n"
      "def plain():\n"
      "    handler = logging.Handler()\n"
      "    handler.emit = vh.log\n"
      "    return handler\n"
      "def failing():\n"
      "    try: 1 / 0\n"
      "    except ZeroDivisionError: logger.exception('it failed: %s', 'badly')\n");
  const auto log_of = [&](const char* expression) {
    hub_.TakeLog();
    hub_.Evaluate(script, expression);
    return hub_.TakeLog();
  };
  log_of("use(vh.log_handler())");
  EXPECT_EQ("PY: [0:script.py] disk 90 % full\n", log_of("logger.warning('disk %d %% full', 90)"));
  EXPECT_EQ("", log_of("logger.info('quiet')"));
  const std::string log = log_of("failing()");
  EXPECT_EQ(0u, log.find("PY: [0:script.py] it failed: badly\n    Traceback")) << log;
  EXPECT_EQ(1, CountLines(log, {"ZeroDivisionError"}));
  log_of("use(plain())");
  EXPECT_EQ("PY: [0:script.py] plain text\n", log_of("logger.error('plain %s', 'text')"));
  EXPECT_EQ(1, CountLines(log_of("failing()"), {"ZeroDivisionError"}));
}

TEST_P(Logs, OsExitIsRefusedInSubInterpreters) {
  const int script = hub_.LoadEvaluating("import os\n");
  if (std::string(GetParam()) == "main") GTEST_SKIP() << "children of a fork need it there";
  EXPECT_EQ("RuntimeError: os._exit would end the hub: a script ends when it is unloaded",
            hub_.Evaluate(script, "os._exit(3)"));
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Logs, testing::ValuesIn(Runtimes()),
                         [](const auto& info) { return NameOf(info.param); });

// A record, as a host's sink gets it.
struct Record {
  int level;
  int script;
  std::string message;
};

void Collect(int level, int script, const char* message, void* user) {
  static std::mutex lock;
  const std::lock_guard<std::mutex> guard(lock);
  static_cast<std::vector<Record>*>(user)->push_back({level, script, message});
}

TEST(LogSink, GetsTheRecordsInsteadOfTheOutput) {
  std::vector<Record> records;
  FakeHub hub;
  const int script = hub.LoadEvaluating("def fail(): raise ValueError('on purpose')\n");
  hub.TakeLog();
  Lib().w_SetLogSink(&Collect, &records);
  hub.Call(script, "fail");
  hub.Evaluate(script, "vh.log('to the host')");
  Lib().w_LogLevel(3);
  hub.Evaluate(script, "1");
  Lib().w_LogLevel(kDefaultLogLevel);
  Lib().w_pack("?");
  EXPECT_EQ("", hub.TakeLog());
  Lib().w_SetLogSink(nullptr, nullptr);
  ASSERT_LE(4u, records.size());
  EXPECT_EQ(0, records[0].level);
  EXPECT_EQ(script, records[0].script);
  EXPECT_EQ(0u, records[0].message.find("the function fail raised an exception\n    Traceback"));
  EXPECT_EQ("to the host", records[1].message);
  EXPECT_EQ(3, records[2].level) << "a call of evaluate";
  EXPECT_EQ(-1, records.back().script);
  const size_t count = records.size();
  hub.Evaluate(script, "vh.log('printed again')");
  EXPECT_EQ(count, records.size());
  EXPECT_EQ("PY: [0:script.py] printed again\n", hub.TakeLog());
}

// A sink that takes a lock of the host, which another thread holds while it calls scripts.
TEST(LogSink, MayTakeLocksOfTheHost) {
  static std::mutex lock;
  static int count;
  count = 0;
  FakeHub hub;
  const int script = hub.Load(
      "import vh\n"
      "def many():\n"
      "    for n in range(1000): vh.log('hello', 40)\n");
  const int other = hub.Load("def ok(): return 5\n", "other.py");
  Lib().w_SetLogSink(
      [](int, int, const char*, void*) {
        const std::lock_guard<std::mutex> guard(lock);
        ++count;
      },
      nullptr);
  std::atomic<bool> stop{false};
  std::thread caller([&] {
    while (!stop) {
      const std::lock_guard<std::mutex> guard(lock);
      Lib().w_free_args(Lib().w_CallFunction(other, "ok", nullptr));
    }
  });
  Lib().w_free_args(Lib().w_CallFunction(script, "many", nullptr));
  stop = true;
  caller.join();
  Lib().w_SetLogSink(nullptr, nullptr);
  EXPECT_EQ(1000, count);
}

// Records come in order, and all of them before the sink is taken away or the library ends.
TEST(LogSink, GetsAllRecordsInOrderBeforeTheEnd) {
  std::vector<Record> records;
  const auto slow = [](int level, int script, const char* message, void* user) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    Collect(level, script, message, user);
  };
  {
    FakeHub hub;
    const int script = hub.Load(
        "import vh\n"
        "def many():\n"
        "    for n in range(200): vh.log(str(n), 40)\n");
    Lib().w_SetLogSink(slow, &records);
    Lib().w_free_args(Lib().w_CallFunction(script, "many", nullptr));
  }
  ASSERT_EQ(200u, records.size());
  for (size_t n = 0; n < records.size(); ++n) EXPECT_EQ(std::to_string(n), records[n].message);
  Lib().w_free_args(Lib().w_pack("?"));
  Lib().w_SetLogSink(nullptr, nullptr);
  ASSERT_EQ(201u, records.size());
  EXPECT_EQ(-1, records.back().script);
}

// A sink whose first record waits until it is let go.
class StandingSink {
 public:
  StandingSink() : held_(lock_) { Lib().w_SetLogSink(&Take, this); }
  StandingSink(const StandingSink&) = delete;
  StandingSink& operator=(const StandingSink&) = delete;

  // Takes the sink away, and gives what it was given.
  std::vector<Record> LetGo() {
    held_.unlock();
    Lib().w_SetLogSink(nullptr, nullptr);
    return records_;
  }

 private:
  static void Take(int level, int script, const char* message, void* user) {
    auto* sink = static_cast<StandingSink*>(user);
    const std::lock_guard<std::mutex> guard(sink->lock_);
    Collect(level, script, message, &sink->records_);
  }

  std::mutex lock_;
  std::unique_lock<std::mutex> held_;
  std::vector<Record> records_;
};

// One that stands still keeps nobody waiting; what is too much for the queue is told.
TEST(LogSink, ThatStandsStillLosesTheOldestRecords) {
  FakeHub hub;
  hub.TakeLog();
  StandingSink sink;
  for (int n = 0; n < 5000; ++n) Lib().w_CallFunction(n + 10000, "none", nullptr);
  const std::vector<Record> records = sink.LetGo();
  ASSERT_LE(4097u, records.size());
  ASSERT_GE(4098u, records.size());
  EXPECT_NE(std::string::npos, records.back().message.find("w_CallFunction(14999,"));
  size_t dropped = 0;
  // Two when the sink's thread came so late that some were dropped before its first call.
  size_t notices = 0;
  for (const Record& record : records) {
    if (record.message.find("records of the log were dropped") == std::string::npos) continue;
    EXPECT_EQ(0, record.level);
    dropped += std::stoul(record.message);
    ++notices;
  }
  EXPECT_LE(1u, notices);
  EXPECT_EQ(5000u, dropped + records.size() - notices);
  EXPECT_EQ("", hub.TakeLog());
}

// Few records can be much memory: long ones are counted by their bytes.
TEST(LogSink, ThatStandsStillLosesTheOldestBytes) {
  constexpr size_t kMostBytes = 8 << 20;
  constexpr int kLong = 2000;
  const ScopedEnvironment unlimited("VH_PYTHON_OUTPUT_LIMIT", "0");
  FakeHub hub;
  const int script = hub.Load(
      "import vh\n"
      "def flood(count):\n"
      "    for n in range(count): vh.log('long ' * 1500 + str(n))\n");
  hub.TakeLog();
  StandingSink sink;
  EXPECT_EQ("l 0", hub.Call(script, "flood", Pack("l", long{kLong}).get()));
  const std::vector<Record> records = sink.LetGo();
  size_t bytes = 0, longest = 0, dropped = 0, notices = 0;
  for (const Record& record : records) {
    bytes += record.message.size();
    longest = std::max(longest, record.message.size());
    if (record.message.find("records of the log were dropped") == std::string::npos) continue;
    dropped += std::stoul(record.message);
    ++notices;
  }
  ASSERT_LT(kMostBytes / kLong, longest) << "the records are too short to show anything";
  // The sink had one already, and what tells of the others comes on top.
  EXPECT_GT(kMostBytes + (notices + 1) * longest, bytes);
  EXPECT_LT(kMostBytes / 2, bytes);
  EXPECT_EQ(size_t{kLong}, dropped + records.size() - notices);
  EXPECT_NE(std::string::npos, records.back().message.find("long 1999"));
}

TEST(LogSink, ThatThrowsIsToldAndItsRecordsPrinted) {
  FakeHub hub;
  const int script = hub.LoadEvaluating();
  hub.TakeLog();
  Lib().w_SetLogSink([](int, int, const char*, void*) { throw std::runtime_error("sink full"); },
                     nullptr);
  hub.Evaluate(script, "[vh.log(f'record {n}') for n in range(3)]");
  Lib().w_SetLogSink(nullptr, nullptr);
  const std::string log = hub.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"PY: the log sink", "exception (sink full)"})) << log;
  for (const char* record : {"record 0", "record 1", "record 2"}) {
    EXPECT_EQ(1, CountLines(log, {"PY: [0:script.py] ", record})) << log;
  }
  EXPECT_EQ(4, CountLines(log, {"PY: "})) << log;
  EXPECT_EQ("2", hub.Evaluate(script, "1 + 1"));
}

// A sink may call scripts, which may log, and may take itself away.
TEST(LogSink, MayCallTheLibrary) {
  static int script, calls;
  calls = 0;
  FakeHub hub;
  script = hub.Load("import vh\ndef heard():\n    vh.log('from the sink')\n    return 1\n");
  hub.TakeLog();
  Lib().w_SetLogSink(
      [](int, int, const char*, void*) {
        ++calls;
        Lib().w_free_args(Lib().w_CallFunction(script, "heard", nullptr));
        Lib().w_SetLogSink(nullptr, nullptr);
      },
      nullptr);
  Lib().w_CallFunction(script, "nobody", nullptr);
  std::string log;
  for (int wait = 0; wait < 100 && log.empty(); ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    log = hub.TakeLog();
  }
  EXPECT_EQ("PY: [0:script.py] from the sink\n", log);
  Lib().w_SetLogSink(nullptr, nullptr);
  EXPECT_EQ(1, calls);
}

// The watchdog goes on with its work while the sink waits for a script.
TEST(LogSink, DoesNotHinderTheWatchdog) {
  static std::atomic<bool> go;
  go = false;
  FakeHub hub;
  const int script = hub.LoadEvaluating(
      "# vh: timeout = 0.1\n"
      "def loop():\n    while True: pass\n");
  Lib().w_SetLogSink(
      [](int, int, const char*, void*) {
        while (!go) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      },
      nullptr);
  const auto start = std::chrono::steady_clock::now();
  Lib().w_CallFunction(script, "loop", nullptr);
  Lib().w_CallFunction(script, "loop", nullptr);
  EXPECT_GT(std::chrono::seconds(2), std::chrono::steady_clock::now() - start);
  go = true;
  Lib().w_SetLogSink(nullptr, nullptr);
}

// Shows the log for log_filter_test.py, which runs it with a filter.
TEST(LogFilter, Show) {
  const char* level = std::getenv("VH_TEST_LOG_LEVEL");
  if (!level) GTEST_SKIP() << "run by log_filter_test.py";
  std::string log;
  {
    FakeHub hub;
    Lib().w_LogLevel(std::atoi(level));
    const int script = hub.LoadEvaluating("");
    hub.Evaluate(script, "[vh.log(f'level {n}', n) for n in (30, 20, 10)]");
    log = hub.TakeLog();
  }
  std::printf("%s", log.c_str());
}

// Takes memory from the system itself: what allocators keep of earlier tests would be used again.
constexpr const char* kTake =
    "import mmap\n"
    "kept = []\n"
    "def take(megabytes):\n"
    "    pages = mmap.mmap(-1, megabytes * 2**20)\n"
    "    for place in range(0, len(pages), 4096): pages[place] = 1\n"
    "    kept.append(pages)\n";

// The process's own size is all that is known.
TEST(MemoryOfScripts, IsToldWhenItGrows) {
  const ScopedEnvironment warn("VH_PYTHON_MEMORY_WARN", "100");
  FakeHub hub;
  const int calm = hub.LoadEvaluating("def OnTimer(now): return 1\n", "calm.py");
  const int greedy = hub.Load(kTake, "greedy.py");
  hub.TakeLog();
  hub.Call(greedy, "take", Pack("l", 150L).get());
  hub.Hook(calm, W_OnTimer, Pack("d", 1.0).get());
  std::string log;
  for (int wait = 0; wait < 40 && log.empty(); ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    log += hub.TakeLog();
  }
  EXPECT_EQ(1, CountLines(log, {"greedy.py] takes about 1", "VH_PYTHON_MEMORY_WARN"})) << log;
  EXPECT_EQ(1, CountLines(log, {"PY: "})) << log;
  const std::string memory = "{s['name']: s['memory'] for s in vh.stats()['scripts']}";
  EXPECT_EQ("True", hub.Evaluate(calm, "100e6 < " + memory + "['greedy.py'] < 250e6"));
  EXPECT_EQ("True", hub.Evaluate(calm, "abs(" + memory + "['calm.py']) < 50e6"));
}

// What a script's calls in quick turns take is put down to it, and not to one that only computes.
TEST(MemoryOfScripts, BelongsToWhoTookIt) {
  FakeHub hub;
  const int busy = hub.LoadEvaluating(
      "import time\n"
      "def OnTimer(now):\n"
      "    end = time.time() + 0.05\n"
      "    while time.time() < end: pass\n",
      "busy.py");
  const int greedy = hub.Load(std::string(kTake) + "def OnTimer(now): take(20)\n", "greedy.py");
  for (int turn = 0; turn < 10; ++turn) {
    hub.Hook(busy, W_OnTimer, Pack("d", 1.0).get());
    hub.Hook(greedy, W_OnTimer, Pack("d", 1.0).get());
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::string memory = "{s['name']: s['memory'] for s in vh.stats()['scripts']}";
  EXPECT_EQ("True", hub.Evaluate(busy, "120e6 < " + memory + "['greedy.py'] < 230e6"));
  EXPECT_EQ("True", hub.Evaluate(busy, "0 <= " + memory + "['busy.py'] < 100e6"));
}

// Growth while a script loads is counted once, and what an unload gives back is nobody's loss.
TEST(MemoryOfScripts, OfLoadingIsCountedOnce) {
  const ScopedEnvironment warn("VH_PYTHON_MEMORY_WARN", "150");
  FakeHub hub;
  const int calm = hub.LoadEvaluating("def OnTimer(now): return 1\n", "calm.py");
  const std::string memory = "{s['name']: s['memory'] for s in vh.stats()['scripts']}";
  hub.TakeLog();
  const int large =
      hub.Load(std::string(kTake) + "import time\ntake(100)\ntime.sleep(0.1)\n", "large.py");
  hub.Hook(calm, W_OnTimer, Pack("d", 1.0).get());
  EXPECT_EQ("True", hub.Evaluate(calm, "90e6 < " + memory + "['large.py'] < 140e6"));
  EXPECT_EQ("True", hub.Evaluate(calm, "0 <= " + memory + "['calm.py'] < 30e6"));
  const std::string before = hub.Evaluate(calm, memory + "['calm.py']");
  EXPECT_EQ(1, Lib().w_Unload(large));
  hub.Hook(calm, W_OnTimer, Pack("d", 1.0).get());
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ("True", hub.Evaluate(calm, memory + "['calm.py'] > " + before + " - 5e6"));
  EXPECT_EQ("", hub.TakeLog());
}

}  // namespace
