// Crash reports: who was running, the script held back once, and the host's handlers in their
// right. Crashes that end the process are in tests/clients/test_crash.py.
#include <gtest/gtest.h>

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

TEST(CrashHandlers, PassInformationOn) {
  const HostHandlers handlers(true);
  FakeHub hub;
  const int script = hub.Load(kCrash);
  hub.Hook(script, W_OnUserLogin, Pack("s", "SIGSEGV").get());
  EXPECT_EQ(1, handled);
}

}  // namespace
