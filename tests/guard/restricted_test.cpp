// Hosts that may do less than others: the kernel refuses system calls, or hides what threads do.
// Each test changes its process for good, so ctest runs each in one of its own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>

#include "fake_hub.hpp"

namespace {

// From now on the kernel refuses this system call.
void Refuse(int number) {
  sock_filter instructions[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {std::size(instructions), instructions};
  ASSERT_EQ(0, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  // All threads of the library, too.
  ASSERT_EQ(0, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program))
      << errno;
}

bool CanSeeOwnCalls() {
  const std::string file = "/proc/self/task/" + std::to_string(getpid()) + "/syscall";
  const int opened = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened >= 0) close(opened);
  return opened >= 0;
}

// A call that waits for a socket, as Python does for one with a timeout, and would for a minute.
constexpr const char* kWaiting =
    "# vh: timeout = 0.2\n"
    "import socket\n"
    "ours, theirs = socket.socketpair()\n"
    "ours.settimeout(SECONDS)\n"
    "def OnUserLogin(nick):\n"
    "    ours.recv(1)\n";

std::string Waiting(const char* seconds) {
  std::string source = kWaiting;
  return source.replace(source.find("SECONDS"), 7, seconds);
}

// Says that the calls of its own threads cannot be seen, whatever the reason.
constexpr const char* kUnseen = "where scripts wait cannot be seen";

TEST(Restricted, WaitsForSocketsEndWithoutProcessVmReadv) {
  FakeHub hub;
  const int script = hub.Load(Waiting("60"));
  Refuse(SYS_process_vm_readv);
  hub.TakeLog();
  EXPECT_EQ("l 1", hub.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
  const std::string log = hub.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"OnUserLogin", "the socket it waits for is shut down"})) << log;
}

// A kernel that refuses what it gave before: the script is kept until it is sure that nobody is
// inside.
TEST(Restricted, UnloadsWhenMembarrierIsRefusedLater) {
  FakeHub hub;
  const int first = hub.Load("def OnUserLogin(nick): return 0\n", "first.py");
  const int second = hub.Load("def OnUserLogin(nick): return 0\n", "second.py");
  EXPECT_EQ("l 0", hub.Hook(first, W_OnUserLogin, Pack("s", "nick").get()));
  Refuse(SYS_membarrier);
  hub.TakeLog();
  EXPECT_EQ(1, Lib().w_Unload(first));
  EXPECT_EQ("(null)", hub.Hook(first, W_OnUserLogin, Pack("s", "nick").get()));
  EXPECT_EQ("l 0", hub.Hook(second, W_OnUserLogin, Pack("s", "nick").get()));
  EXPECT_EQ(1, Lib().w_Unload(second));
  const std::string log = hub.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"membarrier"})) << log;
  EXPECT_EQ(0, CountLines(log, {"fault of the library"})) << log;
  // Both are gone for good.
  EXPECT_EQ(0, hub.Load("def OnUserLogin(nick): return 0\n", "third.py"));
  EXPECT_EQ(1, hub.Load("def OnUserLogin(nick): return 0\n", "fourth.py"));
  EXPECT_EQ("l 0", hub.Hook(1, W_OnUserLogin, Pack("s", "nick").get()));
  EXPECT_EQ(1, Lib().w_Unload(0));
  EXPECT_EQ(1, Lib().w_Unload(1));
}

// The same for a script that unloads itself, where the last one out has to take it away.
TEST(Restricted, ScriptsUnloadThemselvesWhenMembarrierIsRefusedLater) {
  FakeHub hub;
  hub.AnswerTo("mc", [](w_Targs*) {
    Lib().w_Unload(0);
    return IntResult(1);
  });
  ASSERT_EQ(0, hub.Load("import vh\n"
                        "def OnUserLogin(nick):\n"
                        "    vh.mc('unload me')\n"
                        "    return 0\n"
                        "def UnLoad(): print('it is gone')\n"));
  Refuse(SYS_membarrier);
  EXPECT_EQ("l 0", hub.Hook(0, W_OnUserLogin, Pack("s", "nick").get()));
  EXPECT_EQ(1, Lib().w_End()) << "tries again";
  const std::string log = hub.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"it is gone"})) << log;
}

// Root that has become somebody else, or a process that asked for it.
TEST(Restricted, SaysAtTheStartThatWaitsCannotBeSeen) {
  if (geteuid() == 0) {
    // Root sees everything of its own, unless there is nothing to see.
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", "/proc", "tmpfs", 0, nullptr) != 0) {
      GTEST_SKIP() << "root may not hide /proc here: " << errno;
    }
  } else {
    prctl(PR_SET_DUMPABLE, 0);
  }
  ASSERT_FALSE(CanSeeOwnCalls());
  FakeHub hub;
  const std::string log = hub.TakeLog();
  EXPECT_EQ(1, CountLines(log, {"PY: ", kUnseen})) << log;
  EXPECT_EQ(1, CountLines(log, {"PY: "})) << log;
}

TEST(Restricted, SaysNothingAtTheStartWhereWaitsCanBeSeen) {
  if (!CanSeeOwnCalls()) GTEST_SKIP() << "this system does not tell of system calls";
  FakeHub hub;
  EXPECT_EQ("", hub.TakeLog());
}

TEST(Restricted, SaysOfACallThatItsWaitCannotBeSeen) {
  FakeHub hub;
  const int script = hub.Load(Waiting("3"));
  hub.TakeLog();
  if (geteuid() == 0) {
    // As hubs do that are started by root; the kernel then hides the process by itself.
    for (const auto& path : {hub.config_folder(), hub.config_folder() / "scripts"}) {
      ASSERT_EQ(0, chown(path.c_str(), 65534, 65534));
    }
    ASSERT_EQ(0, setresuid(65534, 65534, 65534));
  } else {
    prctl(PR_SET_DUMPABLE, 0);
  }
  ASSERT_EQ(0, prctl(PR_GET_DUMPABLE));
  if (CanSeeOwnCalls()) GTEST_SKIP() << "this system tells of system calls all the same";
  EXPECT_EQ("l 1", hub.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
  const std::string log = hub.TakeLog();
  EXPECT_LE(1, CountLines(log, {"OnUserLogin has been running", kUnseen})) << log;
}

}  // namespace
