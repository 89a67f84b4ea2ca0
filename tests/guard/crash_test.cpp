// Crash reports: who was running, the script held back once, and the host's handlers in their
// right. Crashes that end the process are in tests/clients/test_crash.py.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <setjmp.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

volatile std::sig_atomic_t handled = 0;
void CountPlain(int) { handled = handled + 1; }
void CountWithInfo(int, siginfo_t* info, void* context) {
  if (info && context) handled = handled + 1;
}

// A handler of the host for all five signals, for one scope.
class HostHandlers {
 public:
  explicit HostHandlers(bool with_info) {
    struct sigaction mine = {};
    if (with_info) {
      mine.sa_sigaction = &CountWithInfo;
      mine.sa_flags = SA_SIGINFO;
    } else {
      mine.sa_handler = &CountPlain;
    }
    for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &mine, &before_[i]);
    handled = 0;
  }
  ~HostHandlers() {
    for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }

 private:
  struct sigaction before_[std::size(kSignals)];
};

bool AreTheHosts() {
  for (int signal : kSignals) {
    struct sigaction now = {};
    sigaction(signal, nullptr, &now);
    if (now.sa_handler != &CountPlain) return false;
  }
  return true;
}

constexpr const char* kCrash =
    "import signal\n"
    "def OnUserLogin(nick): signal.raise_signal(getattr(signal, nick))\n"
    "def OnTimer(now): vh.mc('crash in the hub')\n";

class Crash : public testing::TestWithParam<const char*> {
 protected:
  std::filesystem::path Note() const { return hub_->config_folder() / "vh_python_crash.txt"; }
  std::string NoteText() const {
    std::ostringstream text;
    text << std::ifstream(Note()).rdbuf();
    return text.str();
  }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  const HostHandlers handlers_{false};
  std::unique_ptr<FakeHub> hub_ = std::make_unique<FakeHub>();
};

TEST_P(Crash, TellsWhoWasRunningAndCallsTheHost) {
  const int script = hub_->LoadEvaluating(kCrash);
  const std::string label = "PY: [" + std::to_string(script) + ":script.py]";
  for (const char* name : {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT"}) {
    hub_->TakeLog();
    handled = 0;
    hub_->Hook(script, W_OnUserLogin, Pack("s", name).get());
    EXPECT_EQ(1, handled) << name;
    const std::string log = hub_->TakeLog();
    EXPECT_EQ(1, CountLines(log, {label.c_str(), name, "in OnUserLogin (runtime ", GetParam()}))
        << log;
    const std::string note = NoteText();
    EXPECT_EQ(0u, note.find(std::string("signal ") + name + "\ncall OnUserLogin\nruntime "))
        << note;
  }
}

TEST_P(Crash, HoldsTheScriptBackOnce) {
  const int script = hub_->LoadEvaluating(kCrash);
  const std::string path = (hub_->config_folder() / "scripts" / "script.py").string();
  hub_->Hook(script, W_OnUserLogin, Pack("s", "SIGSEGV").get());
  EXPECT_EQ(1, Lib().w_Unload(script));
  EXPECT_LE(0, hub_->Load("def OnTimer(now): return 0\n", "other.py")) << "another script";
  hub_->TakeLog();
  EXPECT_EQ(-1, hub_->LoadFile(path));
  const std::string log = hub_->TakeLog();
  EXPECT_EQ(1, CountLines(log, {"script.py] is held back this time", "SIGSEGV", "OnUserLogin"}))
      << log;
  EXPECT_EQ(1, CountLines(log, {"PY: "})) << log;
  char* json = nullptr;
  EXPECT_EQ(1, Lib().w_LastError(&json)) << "hosts ask why";
  const std::string error = json ? json : "";
  std::free(json);
  EXPECT_EQ(0u, error.find("{\"code\":\"unavailable\",")) << error;
  EXPECT_NE(std::string::npos, error.find("held back")) << error;
  EXPECT_LE(0, hub_->LoadFile(path)) << "the second time it is loaded";
  EXPECT_FALSE(std::filesystem::exists(Note()));
}

TEST_P(Crash, AtTheTopLevelToo) {
  EXPECT_LE(0, hub_->Load("import signal\nsignal.raise_signal(signal.SIGSEGV)\n"));
  EXPECT_EQ(1, CountLines(hub_->TakeLog(), {"script.py] the process got SIGSEGV in (top level)"}));
}

// In a thread that the script started; in the main interpreter it is one of those that live there.
TEST_P(Crash, InAThreadOfTheScript) {
  const int script = hub_->LoadEvaluating(
      "import signal, threading\n"
      "def crash():\n"
      "    thread = threading.Thread(target=signal.raise_signal, args=(signal.SIGSEGV,))\n"
      "    thread.start(); thread.join()\n");
  hub_->TakeLog();
  hub_->Call(script, "crash");
  EXPECT_EQ(1, handled);
  std::string log = hub_->TakeLog();
  EXPECT_EQ(1, CountLines(log, {"script.py] the process got SIGSEGV in a thread of its own"}))
      << log;
  EXPECT_EQ(0u, NoteText().find("signal SIGSEGV\ncall (its own thread)\nruntime "));
  std::filesystem::remove(Note());
  hub_->Load("", "other.py");
  hub_->TakeLog();
  hub_->Call(script, "crash");
  log = hub_->TakeLog();
  if (std::string(GetParam()) == "main") {
    EXPECT_EQ(1, CountLines(log, {"one of these scripts started: [", ":script.py]", ":other.py]"}))
        << log;
    EXPECT_FALSE(std::filesystem::exists(Note()));
  } else {
    EXPECT_EQ(1, CountLines(log, {"script.py] the process got SIGSEGV in a thread of its own"}))
        << log;
  }
}

TEST_P(Crash, InTheHubIsNotTheScriptsFault) {
  const int script = hub_->LoadEvaluating(kCrash);
  hub_->AnswerTo("mc", [](w_Targs*) {
    raise(SIGSEGV);
    return IntResult(1);
  });
  hub_->TakeLog();
  hub_->Hook(script, W_OnTimer, Pack("d", 1.0).get());
  EXPECT_EQ(1, handled);
  EXPECT_EQ(1, CountLines(hub_->TakeLog(), {"SIGSEGV in OnTimer", "in a function of the hub"}));
  EXPECT_FALSE(std::filesystem::exists(Note()));
}

TEST_P(Crash, OutsideOfScriptsIsTheHostsAlone) {
  hub_->LoadEvaluating(kCrash);
  hub_->TakeLog();
  raise(SIGSEGV);
  std::thread([] { raise(SIGSEGV); }).join();
  EXPECT_EQ(2, handled);
  EXPECT_EQ("", hub_->TakeLog());
  EXPECT_FALSE(std::filesystem::exists(Note()));
}

// Without a configuration folder that can be written the file lies beside the script.
TEST_P(Crash, WritesBesideTheScriptWhenItMust) {
  const std::filesystem::path path = hub_->WriteScript(kCrash, "script.py");
  const std::string text = path.string();
  const auto load = [&] {
    const int id = Lib().w_ReserveID();
    return Lib().w_Load(Pack("lssssls", static_cast<long>(id), text.c_str(), "bot", "op",
                             "/no/such/folder", 0L, "config")
                            .get());
  };
  const int script = load();
  ASSERT_LE(0, script);
  hub_->Hook(script, W_OnUserLogin, Pack("s", "SIGSEGV").get());
  EXPECT_TRUE(std::filesystem::exists(path.parent_path() / "vh_python_crash.txt"));
  EXPECT_EQ(-1, load());
  EXPECT_LE(0, load());
}

TEST_P(Crash, HoldsNothingBackWhenSwitchedOff) {
  hub_.reset();
  const ScopedEnvironment off("VH_PYTHON_CRASH_REPORT", "0");
  hub_ = std::make_unique<FakeHub>();
  const std::string path = hub_->WriteScript(kCrash, "script.py").string();
  std::ofstream(Note()) << "signal SIGSEGV\ncall OnTimer\nruntime sub\ntime 1\nscript " << path
                        << "\n";
  EXPECT_LE(0, hub_->LoadFile(path));
  EXPECT_TRUE(std::filesystem::exists(Note())) << "of no concern now";
}

TEST_P(Crash, HandlersAreTheHostsBeforeAndAfter) {
  EXPECT_FALSE(AreTheHosts());
  hub_.reset();
  EXPECT_TRUE(AreTheHosts());
  {
    const ScopedEnvironment off("VH_PYTHON_CRASH_REPORT", "0");
    hub_ = std::make_unique<FakeHub>();
    EXPECT_TRUE(AreTheHosts());
    const int script = hub_->LoadEvaluating(kCrash);
    hub_->TakeLog();
    hub_->Hook(script, W_OnUserLogin, Pack("s", "SIGSEGV").get());
    EXPECT_EQ(1, handled);
    EXPECT_EQ("", hub_->TakeLog());
    hub_.reset();
  }
  EXPECT_TRUE(AreTheHosts());
}

// A handler that somebody puts before ours, and that calls ours, must find it for ever; and ours
// must not be put there twice, or the two would call each other without end.
TEST_P(Crash, SurvivesAHandlerPutBeforeIt) {
  static struct sigaction ours;
  struct sigaction theirs = {};
  theirs.sa_flags = SA_SIGINFO;
  theirs.sa_sigaction = [](int signal, siginfo_t* info, void* context) {
    ours.sa_sigaction(signal, info, context);
  };
  sigaction(SIGSEGV, &theirs, &ours);
  hub_.reset();
  raise(SIGSEGV);
  EXPECT_EQ(1, handled);
  hub_ = std::make_unique<FakeHub>();
  raise(SIGSEGV);
  EXPECT_EQ(2, handled);
  sigaction(SIGSEGV, &ours, nullptr);
  hub_.reset();
  EXPECT_TRUE(AreTheHosts());
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Crash, testing::ValuesIn(Runtimes()),
                         [](const auto& info) { return NameOf(info.param); });

// A handler of the host for SIGSEGV with flags and a mask, for one scope. It notes what it finds.
class SpecialHandler {
 public:
  static inline bool blocks_itself, blocks_another;
  static inline stack_t stack;

  explicit SpecialHandler(int flags) {
    struct sigaction mine = {};
    mine.sa_flags = flags;
    sigaddset(&mine.sa_mask, SIGUSR2);
    mine.sa_handler = [](int) {
      handled = handled + 1;
      sigset_t blocked;
      pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
      blocks_itself = sigismember(&blocked, SIGSEGV) == 1;
      blocks_another = sigismember(&blocked, SIGUSR2) == 1;
      sigaltstack(nullptr, &stack);
    };
    sigaction(SIGSEGV, &mine, &before_);
    handled = 0;
  }
  ~SpecialHandler() { sigaction(SIGSEGV, &before_, nullptr); }

 private:
  struct sigaction before_;
};

sighandler_t CurrentHandler() {
  struct sigaction now = {};
  sigaction(SIGSEGV, nullptr, &now);
  return now.sa_handler;
}

void CrashIn(FakeHub& hub) {
  hub.Hook(hub.Load(kCrash), W_OnUserLogin, Pack("s", "SIGSEGV").get());
}

TEST(CrashHandlers, RunWithTheirMask) {
  const SpecialHandler handler(0);
  FakeHub hub;
  CrashIn(hub);
  EXPECT_EQ(1, handled);
  EXPECT_TRUE(SpecialHandler::blocks_itself);
  EXPECT_TRUE(SpecialHandler::blocks_another);
}

TEST(CrashHandlers, MayBeInterruptedByTheirOwnSignal) {
  const SpecialHandler handler(SA_NODEFER);
  FakeHub hub;
  CrashIn(hub);
  EXPECT_EQ(1, handled);
  EXPECT_FALSE(SpecialHandler::blocks_itself);
  EXPECT_TRUE(SpecialHandler::blocks_another);
}

// SA_RESETHAND: called once; the next signal has its default effect. Such a handler that returns,
// or raises the signal again, would otherwise be called for ever.
TEST(CrashHandlers, AreCalledOnceIfTheyWantIt) {
  const SpecialHandler handler(SA_RESETHAND);
  {
    FakeHub hub;
    CrashIn(hub);
    EXPECT_EQ(1, handled);
  }
  EXPECT_EQ(SIG_DFL, CurrentHandler());
  const SpecialHandler again(SA_RESETHAND);
  FakeHub hub;
  CrashIn(hub);
  EXPECT_EQ(1, handled) << "installed anew by the next w_Begin";
}

TEST(CrashHandlers, HaveARoomyStack) {
  const SpecialHandler handler(0);
  FakeHub hub;
  // A thread of its own, which has no such stack from elsewhere.
  std::thread([&] { CrashIn(hub); }).join();
  ASSERT_EQ(1, handled);
  const stack_t& stack = SpecialHandler::stack;
  EXPECT_EQ(SS_ONSTACK, stack.ss_flags);
  EXPECT_LE(256u * 1024, stack.ss_size);
}

// What is installed for a signal now.
struct sigaction Current(int signal) {
  struct sigaction now = {};
  sigaction(signal, nullptr, &now);
  return now;
}

// Whether it lies in the library.
bool IsTheLibrarys(const struct sigaction& action) {
  Dl_info ours = {}, found = {};
  return dladdr(reinterpret_cast<void*>(Lib().w_Begin), &ours) &&
         dladdr(reinterpret_cast<void*>(action.sa_handler), &found) &&
         std::string(ours.dli_fname) == found.dli_fname;
}

// Waits until the library's handler is there again, with all its flags: it looks now and then, on a
// thread of its own, which a busy machine may keep waiting.
void AwaitTheLibrarys(int signal) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (;;) {
    const struct sigaction now = Current(signal);
    if (IsTheLibrarys(now) && now.sa_flags & SA_SIGINFO && now.sa_flags & SA_ONSTACK) return;
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "no handler for " << signal;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void Install(int signal, sighandler_t handler, int flags = 0) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(signal, &action, nullptr);
}

void CountOther(int) { handled = handled + 100; }

// The habit of real hubs: they install their handlers when the plugins are loaded.
class CrashHandlersReplaced : public testing::Test {
 protected:
  // How often a crash in the script is told of.
  int Told(const char* signal) {
    hub_.TakeLog();
    hub_.Hook(script_, W_OnUserLogin, Pack("s", signal).get());
    return CountLines(hub_.TakeLog(), {"script.py] the process got ", signal});
  }

  const HostHandlers before_{false};
  FakeHub hub_;
  const int script_ = hub_.LoadEvaluating(kCrash);
};

TEST_F(CrashHandlersReplaced, AreThereAgain) {
  for (int signal : kSignals) Install(signal, &CountOther);
  for (int signal : kSignals) ASSERT_NO_FATAL_FAILURE(AwaitTheLibrarys(signal));
  for (const char* name : {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT"}) {
    handled = 0;
    EXPECT_EQ(1, Told(name)) << name;
    EXPECT_EQ(100, handled) << "the one that is there now has its turn, and no other: " << name;
  }
}

template <int kNumber>
void Note(int) {
  handled = handled * 1000 + kNumber;
}

// More different ones than the library remembers.
TEST_F(CrashHandlersReplaced, AsOftenAsTheyAreReplaced) {
  constexpr sighandler_t kMany[] = {Note<1>, Note<2>, Note<3>, Note<4>,  Note<5>,  Note<6>,
                                    Note<7>, Note<8>, Note<9>, Note<10>, Note<11>, Note<12>};
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < std::size(kMany); ++i) {
      Install(SIGSEGV, kMany[i], i % 2 ? SA_RESETHAND : SA_NODEFER);
      ASSERT_NO_FATAL_FAILURE(AwaitTheLibrarys(SIGSEGV));
      handled = 0;
      EXPECT_EQ(1, Told("SIGSEGV")) << round << ' ' << i;
      EXPECT_EQ(static_cast<int>(i) + 1, handled) << round;
      // One that wants to be called once has left the default, before which ours is put too.
      ASSERT_NO_FATAL_FAILURE(AwaitTheLibrarys(SIGSEGV));
    }
  }
}

TEST_F(CrashHandlersReplaced, LeaveTheHostItsLastHandler) {
  Install(SIGSEGV, &CountOther, SA_NODEFER);
  ASSERT_NO_FATAL_FAILURE(AwaitTheLibrarys(SIGSEGV));
  EXPECT_EQ(1, Lib().w_End());
  EXPECT_EQ(reinterpret_cast<void*>(&CountOther),
            reinterpret_cast<void*>(Current(SIGSEGV).sa_handler));
  EXPECT_EQ(SA_NODEFER, Current(SIGSEGV).sa_flags & SA_NODEFER);
}

// A host that puts a handler of its own there for a while, and then what it found.
TEST_F(CrashHandlersReplaced, MayBePutBack) {
  for (const bool by_signal : {false, true}) {
    struct sigaction found = Current(SIGSEGV), other = {};
    other.sa_handler = &CountOther;
    sigaction(SIGSEGV, &other, &found);
    ASSERT_NO_FATAL_FAILURE(AwaitTheLibrarys(SIGSEGV));
    handled = 0;
    EXPECT_EQ(1, Told("SIGSEGV"));
    EXPECT_EQ(100, handled);
    if (by_signal) {
      // It knows of no flags.
      ::signal(SIGSEGV, found.sa_handler);
    } else {
      sigaction(SIGSEGV, &found, nullptr);
    }
    ASSERT_NO_FATAL_FAILURE(AwaitTheLibrarys(SIGSEGV));
    handled = 0;
    EXPECT_EQ(1, Told("SIGSEGV"));
    EXPECT_EQ(1, handled) << "the host's first handler is not lost";
  }
}

// Handlers that call what was there before them, as libraries' do.
struct sigaction chained;
int chained_calls;

void ChainInFull(int signal, siginfo_t* info, void* context) {
  if (++chained_calls < 10) chained.sa_sigaction(signal, info, context);
}

// What is in the registers of the other arguments then, is not to be relied on.
void ChainByNumber(int signal) {
  if (++chained_calls >= 10) return;
  char above[64] = "junk";
  const auto before =
      reinterpret_cast<void (*)(int, void*, void*)>(reinterpret_cast<void*>(chained.sa_handler));
  before(signal, above, above + 8);
}

TEST_F(CrashHandlersReplaced, MayBeCalledByTheNewOnes) {
  for (const bool in_full : {true, false}) {
    struct sigaction chain = {};
    if (in_full) {
      chain.sa_sigaction = &ChainInFull;
      chain.sa_flags = SA_SIGINFO;
    } else {
      chain.sa_handler = &ChainByNumber;
    }
    const struct sigaction found = Current(SIGSEGV);
    sigaction(SIGSEGV, &chain, &chained);
    for (const bool is_back : {false, true}) {
      if (is_back) {
        ASSERT_NO_FATAL_FAILURE(AwaitTheLibrarys(SIGSEGV));
      }
      handled = chained_calls = 0;
      EXPECT_EQ(1, Told("SIGSEGV")) << "told once";
      EXPECT_EQ(1, chained_calls);
      EXPECT_EQ(1, handled) << "and the host's first one is reached";
    }
    sigaction(SIGSEGV, &found, nullptr);
  }
}

// One that installs itself again keeps ours as what was before it: the two would call each other
// for ever.
TEST_F(CrashHandlersReplaced, MayBeReplacedByTheSameAgain) {
  struct sigaction chain = {};
  chain.sa_sigaction = &ChainInFull;
  chain.sa_flags = SA_SIGINFO;
  for (int round = 0; round < 3; ++round) {
    sigaction(SIGSEGV, &chain, &chained);
    ASSERT_NO_FATAL_FAILURE(AwaitTheLibrarys(SIGSEGV));
  }
  handled = chained_calls = 0;
  EXPECT_EQ(1, Told("SIGSEGV"));
  EXPECT_EQ(1, chained_calls);
  EXPECT_EQ(1, handled) << "what was there at first ends the chain";
}

// A handler may leave by longjmp, time after time.
sigjmp_buf left;

TEST_F(CrashHandlersReplaced, MayBeLeft) {
  Install(SIGSEGV, [](int) { siglongjmp(left, 1); });
  ASSERT_NO_FATAL_FAILURE(AwaitTheLibrarys(SIGSEGV));
  hub_.AnswerTo("mc", [](w_Targs*) {
    if (sigsetjmp(left, 1) == 0) raise(SIGSEGV);
    return IntResult(1);
  });
  for (int round = 0; round < 3; ++round) {
    hub_.TakeLog();
    hub_.Hook(script_, W_OnTimer, Pack("d", 1.0).get());
    EXPECT_EQ(1, CountLines(hub_.TakeLog(), {"SIGSEGV in OnTimer", "in a function of the hub"}))
        << round;
  }
}

// Some signals mean nothing to the host when somebody sends them: then nobody crashed.
TEST_F(CrashHandlersReplaced, DoNotExplainWhatIsIgnored) {
  Install(SIGFPE, SIG_IGN);
  ASSERT_NO_FATAL_FAILURE(AwaitTheLibrarys(SIGFPE));
  EXPECT_EQ(0, Told("SIGFPE"));
  EXPECT_FALSE(std::filesystem::exists(hub_.config_folder() / "vh_python_crash.txt"));
}

// Also when the host ignored them before the library was there.
TEST(CrashHandlers, LeaveIgnoredWhatTheHostIgnored) {
  const HostHandlers before(false);
  for (int signal : kSignals) Install(signal, SIG_IGN);
  {
    FakeHub hub;
    const int script = hub.LoadEvaluating(kCrash);
    for (int signal : kSignals) {
      ASSERT_NO_FATAL_FAILURE(AwaitTheLibrarys(signal));
      raise(signal);
    }
    for (const char* signal : {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT"}) {
      hub.Hook(script, W_OnUserLogin, Pack("s", signal).get());
    }
    EXPECT_EQ(0, CountLines(hub.TakeLog(), {"the process got"}));
  }
  for (int signal : kSignals) EXPECT_EQ(SIG_IGN, Current(signal).sa_handler) << signal;
  EXPECT_EQ(0, handled);
}

// What happens in a handler of the host is no new crash: real hubs tell the scripts that they end.
TEST_F(CrashHandlersReplaced, ExplainTheFirstCrashOnly) {
  static FakeHub* hub;
  static int other;
  hub = &hub_;
  other = hub_.Load("import signal\ndef OnUnLoad(code): signal.raise_signal(signal.SIGABRT)\n",
                    "other.py");
  Install(SIGSEGV, [](int) { hub->Hook(other, W_OnUnLoad, Pack("l", 9L).get()); });
  ASSERT_NO_FATAL_FAILURE(AwaitTheLibrarys(SIGSEGV));
  hub_.TakeLog();
  hub_.Hook(script_, W_OnUserLogin, Pack("s", "SIGSEGV").get());
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"the process got"})) << log;
  EXPECT_EQ(1, CountLines(log, {"script.py] the process got SIGSEGV"})) << log;
  std::ostringstream note;
  note << std::ifstream(hub_.config_folder() / "vh_python_crash.txt").rdbuf();
  EXPECT_EQ(0u, note.str().find("signal SIGSEGV\n")) << note.str();
  EXPECT_EQ(1, handled) << "but the host's handler for the second has its turn";
}

// On the main thread the stack stays, so that what lies below it can be looked at.
TEST(CrashHandlers, CannotWriteBelowTheirStack) {
  const SpecialHandler handler(0);
  FakeHub hub;
  CrashIn(hub);
  stack_t stack;
  sigaltstack(nullptr, &stack);
  int ends[2];
  ASSERT_EQ(0, pipe(ends));
  char* const bottom = static_cast<char*>(stack.ss_sp);
  EXPECT_EQ(1, write(ends[1], bottom, 1));
  EXPECT_EQ(-1, write(ends[1], bottom - 1, 1));
  EXPECT_EQ(EFAULT, errno);
  close(ends[0]);
  close(ends[1]);
}

// A stack for signals that a host made for its thread, as large as they usually are: 8 KB, or what
// the kernel needs for itself and half of that. Below it lies a page that cannot be written.
class UsualSignalStack {
 public:
  UsualSignalStack() {
    stack_t mine = {};
    mine.ss_sp = memory_ + kPage;
    mine.ss_size = kSize;
    mprotect(memory_, kPage, PROT_NONE);
    sigaltstack(&mine, &before_);
  }
  ~UsualSignalStack() {
    sigaltstack(&before_, nullptr);
    munmap(memory_, kPage + kSize);
  }

 private:
  const size_t kPage = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t kSize = std::max<size_t>(8192, getauxval(AT_MINSIGSTKSZ) + 4096);
  stack_t before_ = {};
  char* const memory_ = static_cast<char*>(
      mmap(nullptr, kPage + kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
};

TEST(CrashHandlers, NeedLittleOfTheHostsStack) {
  const SpecialHandler handler(SA_ONSTACK);
  FakeHub hub;
  const int script = hub.Load(kCrash);
  hub.TakeLog();
  std::thread([&] {
    const UsualSignalStack stack;
    hub.Hook(script, W_OnUserLogin, Pack("s", "SIGSEGV").get());
  }).join();
  EXPECT_EQ(1, handled);
  EXPECT_EQ(1, CountLines(hub.TakeLog(), {"script.py] the process got SIGSEGV in OnUserLogin"}));
  EXPECT_TRUE(std::filesystem::exists(hub.config_folder() / "vh_python_crash.txt"));
}

TEST(CrashHandlers, PassInformationOn) {
  const HostHandlers handlers(true);
  FakeHub hub;
  const int script = hub.Load(kCrash);
  hub.Hook(script, W_OnUserLogin, Pack("s", "SIGSEGV").get());
  EXPECT_EQ(1, handled);
}

}  // namespace
