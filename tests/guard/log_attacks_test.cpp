// What users and scripts may try with the log: records that look like others, controls of
// terminals, flooding it so that errors are lost, and passwords in it. Each way into the log is
// tried.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

// Every way in, as a function of the script that takes the attacker's text.
constexpr const char* kWays[] = {"printed",  "to_errors", "logged",  "recorded", "raised",
                                 "threaded", "dropped",   "written", "warned"};
constexpr const char* kScript =
    "import logging, sys, threading, warnings, vh\n"
    "logger = logging.getLogger('attacked'); logger.propagate = False\n"
    "logger.addHandler(vh.log_handler())\n"
    "def printed(text): print(text)\n"
    "def to_errors(text): print(text, file=sys.stderr)\n"
    "def logged(text): vh.log(text)\n"
    "def recorded(text): logger.error('%s', text)\n"
    "def raised(text): raise ValueError(text)\n"
    "def threaded(text):\n"
    "    thread = threading.Thread(target=raised, args=(text,), name=text)\n"
    "    thread.start(); thread.join()\n"
    "class Dropped:\n"
    "    def __init__(self, text): self.text = text\n"
    "    def __del__(self): raise KeyError(self.text)\n"
    "def dropped(text): Dropped(text)\n"
    "def written(text): sys.stdout.buffer.write(text.encode('utf-8', 'surrogateescape') + b'\\n')\n"
    "def warned(text): warnings.warn(text)\n"
    "def OnUserLogin(nick): vh.mc(nick)\n"
    "def shout(): \n"
    "    for n in range(200): print('x' * 1000)\n";

class LogAttacks : public testing::TestWithParam<const char*> {
 protected:
  // What the log says when a text comes in on each way, and as a hook's parameter.
  std::string LogOf(const std::string& text) {
    const int script = hub_.Load(kScript, "attacked.py");
    EXPECT_EQ(0, script);
    hub_.TakeLog();
    Lib().w_LogLevel(3);
    for (const char* way : kWays) hub_.Call(script, way, Pack("s", text.c_str()).get());
    hub_.Hook(script, W_OnUserLogin, Pack("s", text.c_str()).get());
    Lib().w_LogLevel(kDefaultLogLevel);
    const std::string log = hub_.TakeLog();
    EXPECT_EQ(1, Lib().w_Unload(script));
    return log;
  }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  FakeHub hub_;
};

// Bytes that a terminal would obey, and those that are no text.
bool IsPlain(const std::string& log) {
  for (size_t i = 0; i < log.size(); ++i) {
    const auto byte = static_cast<unsigned char>(log[i]);
    if ((byte < 0x20 && byte != '\n') || byte == 0x7F || byte == 0xFF) return false;
    // C1 in UTF-8, and marks of direction: U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to
    // U+2069.
    const auto next = [&](size_t n) {
      return i + n < log.size() ? static_cast<unsigned char>(log[i + n]) : 0u;
    };
    if (byte == 0xC2 && next(1) < 0xA0) return false;
    if (byte == 0xD8 && next(1) == 0x9C) return false;
    if (byte == 0xE2 && next(1) == 0x80 && (next(2) == 0x8E || next(2) == 0x8F)) return false;
    if (byte == 0xE2 && next(1) == 0x80 && next(2) >= 0xA8 && next(2) <= 0xAE) return false;
    if (byte == 0xE2 && next(1) == 0x81 && next(2) >= 0xA6 && next(2) <= 0xA9) return false;
  }
  return true;
}

TEST_P(LogAttacks, ControlsAreWrittenAsEscapes) {
  std::string text = "begin\x7f\xff";
  for (char control = 1; control < 0x20; ++control) text += control;
  for (int control = 0x80; control < 0xA0; ++control) text += {'\xC2', static_cast<char>(control)};
  text += "\xD8\x9C\xE2\x80\x8E\xE2\x80\x8F\xE2\x80\xA8\xE2\x80\xAE\xE2\x81\xA6\xE2\x81\xA9 end";
  const std::string log = LogOf(text);
  EXPECT_TRUE(IsPlain(log)) << log;
  for (const char* shown : {"\\x1b", "\\x7f", "\\r", "\\t", "\\x9b", "\\u202e", "\\u2066"}) {
    EXPECT_LE(7, CountLines(log, {shown})) << shown << log;
  }
  EXPECT_LE(9, CountLines(log, {" end"})) << log;
}

TEST_P(LogAttacks, NothingLooksLikeARecordOfAnotherScript) {
  for (const char* ending : {"\n", "\r\n", "\r", "\v", "\f", "\x1c", "\xC2\x85", "\xE2\x80\xA8"}) {
    const std::string forged = std::string("hello") + ending + "PY: [7:other.py] forged";
    const std::string log = LogOf(forged);
    std::istringstream lines(log);
    int seen = 0;
    for (std::string line; std::getline(lines, line);) {
      seen += line.find("forged") != std::string::npos;
      EXPECT_TRUE(line.rfind("PY: [0:attacked.py] ", 0) == 0 || line.rfind("    ", 0) == 0) << line;
    }
    EXPECT_LE(9, seen) << log;
  }
}

// What a script has begun to print ends where somebody else writes.
TEST_P(LogAttacks, RecordsBeginLines) {
  const int first = hub_.Load("def run(text): print(text, end='')\n", "first.py");
  const int second = hub_.Load(
      "def run(text): print(text)\n"
      "def fail(): raise ValueError('seen')\n",
      "second.py");
  hub_.TakeLog();
  const auto print = [&](int script, const char* text) {
    hub_.Call(script, "run", Pack("s", text).get());
  };
  print(first, "begun");
  hub_.Call(second, "fail");
  print(first, "PY: [1:second.py] forged");
  print(second, "said");
  print(first, "PY: [1:second.py] forged");
  print(first, " on\n");
  std::istringstream lines(hub_.TakeLog());
  std::string all;
  int records = 0;
  for (std::string line; std::getline(lines, line); all += line + "\n") {
    records += line.rfind("PY: [1:second.py] the function fail raised", 0) == 0;
    EXPECT_NE(0u, line.rfind("PY: [1:second.py] forged", 0)) << line;
  }
  EXPECT_EQ(1, records) << all;
  EXPECT_NE(std::string::npos, all.find("PY: [0:first.py] PY: [1:second.py] forged on\n")) << all;
  EXPECT_NE(std::string::npos, all.find("\nPY: [1:second.py] said\n")) << all;
}

TEST_P(LogAttacks, NamesOfScriptsAreEscaped) {
  if (std::string(GetParam()) == "worker") GTEST_SKIP() << "a crash there is not the hub's";
  const std::string name = "a\x1b[2J\nPY: [7:other.py] forged\xE2\x80\xAE.py";
  const int script = hub_.Load(
      "import signal\n"
      "def fail(): raise ValueError\n"
      "def OnUserLogin(nick): signal.raise_signal(signal.SIGSEGV)\n"
      "print('at load')\n",
      name);
  hub_.Call(script, "fail");
  static int handled;
  handled = 0;
  struct sigaction ours = {};
  struct sigaction before = {};
  ours.sa_handler = [](int) { ++handled; };
  // The host's handler is there before the library's.
  EXPECT_EQ(1, Lib().w_End());
  const std::string ended = hub_.TakeLog();
  EXPECT_TRUE(IsPlain(ended)) << ended;
  EXPECT_NE(0u, ended.rfind("PY: [7:", 0)) << ended;
  EXPECT_EQ(std::string::npos, ended.find("\nPY: [7:")) << ended;
  EXPECT_LE(2, CountLines(ended, {"[0:a\\x1b[2J\\nPY: [7:other.py] forged\\u202e.py]"})) << ended;
  sigaction(SIGSEGV, &ours, &before);
  {
    std::array<w_Tcallback, W_MAX_CALLBACKS> table = {};
    ASSERT_EQ(1, Lib().w_Begin(table.data()));
    const int again = hub_.Load(
        "import signal\n"
        "def OnUserLogin(nick): signal.raise_signal(signal.SIGSEGV)\n",
        name);
    hub_.Hook(again, W_OnUserLogin, Pack("s", "nick").get());
  }
  EXPECT_EQ(1, handled);
  const std::string crashed = hub_.TakeLog();
  EXPECT_TRUE(IsPlain(crashed)) << crashed;
  EXPECT_EQ(1, CountLines(crashed, {"PY: [0:a\\x1b", "the process got SIGSEGV"})) << crashed;
  EXPECT_EQ(1, Lib().w_End());
  sigaction(SIGSEGV, &before, nullptr);
  std::array<w_Tcallback, W_MAX_CALLBACKS> table = {};
  ASSERT_EQ(1, Lib().w_Begin(table.data())) << "FakeHub ends it";
}

// A line of a user can be as long as the hub allows, and a script may tell of it on every way.
TEST_P(LogAttacks, ARecordIsAFewKilobytes) {
  for (const std::string& part :
       {std::string("x"), std::string("\xE4\xB8\xAD"), std::string("\x01"), std::string("\n")}) {
    std::string text = "begin ";
    while (text.size() < 150'000) text += part;
    const std::string log = LogOf(text);
    size_t longest = 0;
    size_t record = 0;
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
      // What is printed is no record: each of its lines stands for itself.
      record = line.rfind("PY: ", 0) == 0 ? line.size() : record + line.size() + 1;
      longest = std::max(longest, record);
    }
    EXPECT_GT(9000u, longest);
  }
}

TEST_P(LogAttacks, ErrorsAreToldThoughTheMinuteIsUsedUp) {
  const int script = hub_.Load(kScript, "loud.py");
  hub_.TakeLog();
  hub_.Call(script, "shout");
  const auto heard = [&](const char* way) {
    hub_.TakeLog();
    hub_.Call(script, way, Pack("s", "is it heard?").get());
    return CountLines(hub_.TakeLog(), {"is it heard?"}) > 0;
  };
  EXPECT_FALSE(heard("printed"));
  EXPECT_FALSE(heard("logged"));
  EXPECT_TRUE(heard("recorded"));
  EXPECT_TRUE(heard("raised"));
  EXPECT_TRUE(heard("threaded"));
  EXPECT_TRUE(heard("dropped"));
  // But that has an end, too.
  hub_.TakeLog();
  for (int n = 0; n < 1000; ++n) hub_.Call(script, "recorded", Pack("s", "again and again").get());
  const int lines = CountLines(hub_.TakeLog(), {"again and again"});
  EXPECT_LT(100, lines);
  EXPECT_GT(1000, lines);
}

// No single line uses up the minute either.
TEST_P(LogAttacks, OneLongLineLeavesRoomForOthers) {
  const int script = hub_.Load(kScript, "long.py");
  hub_.TakeLog();
  const std::string text(1'000'000, 'x');
  for (const char* way : {"printed", "logged", "printed"}) {
    hub_.Call(script, way, Pack("s", text.c_str()).get());
    hub_.TakeLog();
    hub_.Call(script, "printed", Pack("s", "still there").get());
    EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"still there"}));
  }
}

struct Record {
  int level;
  std::string message;
};

void Collect(int level, int, const char* message, void* user) {
  static std::mutex lock;
  const std::lock_guard<std::mutex> guard(lock);
  static_cast<std::vector<Record>*>(user)->push_back({level, message});
}

TEST_P(LogAttacks, PasswordsAreMasked) {
  hub_.AnswerTo("GetConfig", [](w_Targs*) { return TextResult("hunter2"); });
  const int script = hub_.Load(
      "import vh\n"
      "def OnParsedMsgMyPass(nick, data): pass\n"
      "def OnParsedMsgAny(nick, data): pass\n"
      "def OnUnknownMsg(nick, data): pass\n"
      "def OnParsedMsgChat(nick, data): pass\n"
      "def OnOperatorCommand(nick, command): pass\n"
      "def OnUserCommand(nick, command): pass\n"
      "def OnHubCommand(*_): pass\n"
      "def OnSetConfig(*_): pass\n"
      "def set_password(*_): return 'done'\n"
      "def call():\n"
      "    vh.AddRegUser('bob', 3, 'hunter2', 'op')\n"
      "    vh.ParseCommand('op', '!reg bob 3 hunter2', 0)\n"
      "    vh.SetConfig('config', 'mysql_passwd', 'hunter2')\n"
      "    vh.GetConfig('config', 'mysql_passwd')\n"
      "    vh.SQL(\"UPDATE reglist SET login_pwd = 'hunter2' WHERE nick = 'bob'\")\n");
  hub_.TakeLog();
  const auto run = [&] {
    const auto hook = [&](int number, const Block& block) {
      hub_.Hook(script, number, block.get());
    };
    hook(W_OnParsedMsgMyPass, Pack("ss", "bob", "hunter2"));
    hook(W_OnParsedMsgMyPass, Pack("ss", "bob", "$MyPass hunter2"));
    hook(W_OnParsedMsgAny, Pack("ss", "bob", "$MyPass hunter2|"));
    hook(W_OnParsedMsgAny, Pack("ss", "bob", "<bob> +passwd hunter2"));
    hook(W_OnUnknownMsg, Pack("ss", "bob", "$MyPass hunter2"));
    hook(W_OnParsedMsgChat, Pack("ss", "bob", "+PASSWD hunter2"));
    hook(W_OnOperatorCommand, Pack("ss", "op", "!reg bob 3 hunter2"));
    hook(W_OnOperatorCommand, Pack("ss", "op", "!regpasswd bob hunter2"));
    hook(W_OnUserCommand, Pack("ss", "bob", "+passwd hunter2"));
    hook(W_OnHubCommand, Pack("sslls", "bob", "passwd hunter2", 1L, 0L, "+"));
    hook(W_OnSetConfig, Pack("sssssl", "op", "config", "mysql_passwd", "hunter2", "hunter2", 1L));
    hub_.Call(script, "set_password", Pack("ss", "bob", "hunter2").get());
    hub_.Call(script, "call");
  };
  for (int level : {2, 3, 6}) {
    Lib().w_LogLevel(level);
    run();
    const std::string log = hub_.TakeLog();
    EXPECT_EQ(0, CountLines(log, {"hunter2"})) << log;
    EXPECT_LE(level == 2 ? 5 : 17, CountLines(log, {"***"})) << log;
    EXPECT_LE(1, CountLines(log, {"vh.AddRegUser(\"bob\", 3, \"***\", \"op\")"})) << log;
    std::vector<Record> records;
    Lib().w_SetLogSink(&Collect, &records);
    run();
    Lib().w_SetLogSink(nullptr, nullptr);
    EXPECT_LE(10u, records.size());
    for (const Record& record : records) {
      EXPECT_EQ(std::string::npos, record.message.find("hunter2")) << record.message;
    }
  }
}

TEST_P(LogAttacks, TheSinkGetsPlainRecordsToo) {
  std::vector<Record> records;
  Lib().w_SetLogSink(&Collect, &records);
  LogOf("text\x1b[2J\nPY: [7:other.py] forged\xE2\x80\xAE");
  LogOf(std::string(100'000, 'y'));
  Lib().w_SetLogSink(nullptr, nullptr);
  size_t forged = 0;
  for (const Record& record : records) {
    EXPECT_TRUE(IsPlain(record.message)) << record.message;
    EXPECT_EQ(std::string::npos, record.message.find("\nPY: ")) << record.message;
    EXPECT_GT(9000u, record.message.size());
    forged += record.message.find("forged") != std::string::npos;
  }
  EXPECT_LE(6u, forged);
}

INSTANTIATE_TEST_SUITE_P(Runtimes, LogAttacks, testing::ValuesIn(AllRuntimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
