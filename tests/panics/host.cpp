// A host for a library whose every point can be told to panic (`inject-panics`): `run.py` drives
// it.
//
//   panics_host points              prints the names of all points, a line each
//   panics_host run TIMES POINT...  lets these points panic so many times while everything is used,
//                                   and then uses everything again; all must work then
//   panics_host values              checks what exported functions answer when they panic
//   panics_host each POINT          has a script call each function of vh, which panics
//   panics_host refuse POINT        calls a hook that is to refuse while the point panics
//
// The log goes to standard output, each record in a line that begins with "LOG ".
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "blocks.hpp"
#include "library.hpp"
#include "points.hpp"
#include "values.hpp"

namespace {

using Clock = std::chrono::steady_clock;

std::size_t armed = 0;

w_Targs* Callback(int, w_Targs*) { return IntResult(1); }

w_Targs* Double(void*, int, w_Targs* args, w_Tfailure*) {
  long value = 0;
  return Lib().w_unpack(args, "l", &value) ? IntResult(2 * value) : nullptr;
}

w_Targs* Arm(int, w_Targs*) {
  ArmPoint(armed, 1);
  return IntResult(1);
}

void Sink(int, int, const char* message, void*) {
  std::string line = std::string("LOG ") + message + "\n";
  for (char& letter : line) {
    if (letter == '\n' && &letter != &line.back()) letter = '~';
  }
  if (write(STDOUT_FILENO, line.data(), line.size()) < 0) _exit(3);
}

std::string LastErrorCode() {
  char* json = nullptr;
  if (!Lib().w_LastError(&json)) return "none";
  const std::string text = json ? json : "";
  std::free(json);
  const std::string key = "\"code\":\"";
  const std::size_t start = text.find(key) + key.size();
  return text.substr(start, text.find('"', start) - start);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// From w_Begin to w_End, with everything between. Nothing in it may end the process, and nothing
// may wait for ever. In a strict round each answer must be right.
class Round {
 public:
  // A script in a process of its own takes a second, so it is there only if it is `outside`.
  Round(const std::filesystem::path& folder, bool strict, bool outside = false)
      : folder_(folder), strict_(strict), outside_(outside) {}

  bool Run() {
    table_.fill(&Callback);
    Expect("w_Begin", Lib().w_Begin(table_.data()) == 1);
    Lib().w_SetLogSink(&Sink, nullptr);
    Lib().w_LogLevel(1);
    Blocks();
    Tables();
    BackEnds();
    for (const std::string& runtime : Runtimes()) Script(runtime);
    if (outside_) Worker();
    Lib().w_SetLogSink(nullptr, nullptr);
    Expect("w_End", Lib().w_End() == 1);
    return ok_;
  }

 private:
  static std::vector<std::string> Runtimes() {
    std::vector<std::string> runtimes = {"sub", "main"};
    if (VH_HAS_OWN_GIL) runtimes.emplace_back("own-gil");
    return runtimes;
  }

  void Expect(const std::string& what, bool right) {
    if (right || !strict_) return;
    std::cout << "WRONG " << what << std::endl;
    ok_ = false;
  }

  void Blocks() {
    long value = 0;
    const Block block = Pack("ls", 7L, "text");
    Expect("w_pack", block != nullptr);
    Expect("w_unpack",
           block && Lib().w_unpack(block.get(), "ls", &value, nullptr) == 1 && value == 7);
    Expect("w_packprint", std::strstr(Lib().w_packprint(block.get()), "text") != nullptr);
    Expect("a wrong format", Lib().w_pack("?") == nullptr);
    Lib().w_free_args(IntResult(1));
    Expect("stringListToJson", Lib().string_list_to_json({"nick"}) == "[\"nick\"]");
  }

  void Tables() {
    Expect("w_HookName", Lib().w_HookName(0) != nullptr);
    Expect("w_CallName", Lib().w_CallName(0) != nullptr);
    Expect("w_GetHook", Lib().w_GetHook(0) == nullptr);
    for (const auto stats : {Lib().w_Stats, Lib().w_StatsText}) {
      char* text = nullptr;
      Expect("w_Stats and w_StatsText", stats(&text) == 1 && text);
      std::free(text);
    }
    Expect("w_Unload of no script", Lib().w_Unload(4000) == 0);
    Expect("w_LastError", LastErrorCode() == "not_found");
  }

  void BackEnds() {
    const std::string path = (folder_ / "back.py").string();
    std::ofstream(path) << "from bridge_runtime import PythonBridge\n"
                           "class Back(PythonBridge):\n"
                           "    def say(self):\n"
                           "        self.send_event('said', 1)\n"
                           "        return 1\n"
                           "Back().run()\n";
    Expect("w_PythonVersion", Lib().w_PythonVersion(nullptr, nullptr) == 1);
    Expect("w_Execute", Lib().w_Execute("return 1", nullptr, nullptr) == 1);
    const int backend = Lib().w_Spawn(path.c_str(), nullptr);
    Expect("w_Spawn", backend > 0);
    Expect("w_BackendFind", Lib().w_BackendFind(path.c_str()) == backend);
    std::atomic<int> heard{0};
    const auto hear = [](void* count, int, const char*, const char*) {
      ++*static_cast<std::atomic<int>*>(count);
    };
    const int handler = Lib().w_BackendOn(backend, "said", hear, &heard, nullptr);
    Expect("w_BackendOn", handler > 0);
    Expect("w_BackendCall", Lib().w_BackendCall(backend, "say", nullptr, 60000, nullptr) == 1);
    for (int tries = 0; heard == 0 && tries < 3000; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    Expect("an event", heard == 1);
    Expect("w_BackendOff", Lib().w_BackendOff(backend, handler) == 1);
    const int call = Lib().w_BackendBegin(backend, "say", nullptr, 60000);
    Expect("w_BackendBegin", call > 0);
    Expect("w_BackendWait", Lib().w_BackendWait(call, nullptr) == 1);
    Expect("w_BackendCancel", Lib().w_BackendCancel(call) == 0);
    Expect("w_BackendTerminate", Lib().w_BackendTerminate(backend) == 1);
    Expect("w_BackendTerminateAll", Lib().w_BackendTerminateAll() == 1);
  }

  int LoadFile(int id, const std::string& path) {
    const Block arguments = Pack("lssssls", long{id}, path.c_str(), "HubBot", "OpChat",
                                 folder_.c_str(), 1700000000L, "config");
    return Lib().w_Load(arguments.get());
  }

  // `timeout` is what a call may take, in seconds.
  int Load(const std::string& runtime, const std::string& timeout, const char* comment = "") {
    const std::string path = (folder_ / (runtime + "-" + timeout + ".py")).string();
    std::ofstream(path) << "# vh: runtime = " << runtime << "\n# vh: timeout = " << timeout << "\n"
                        << comment << ReadFile(VH_PANICS_SCRIPT);
    std::ofstream((folder_ / "beside.py").string()) << "import vh\n";
    const int id = Lib().w_ReserveID();
    Expect("w_RegisterFunctionEx",
           Lib().w_RegisterFunctionEx(id, "double", "l", &Double, nullptr, nullptr) == 1);
    Expect("w_RegisterFunction", Lib().w_RegisterFunction(id, "arm", &Arm) == 1);
    const int loaded = LoadFile(id, path);
    Expect("w_Load for " + runtime, loaded >= 0);
    Expect("w_Find", loaded < 0 || Lib().w_Find(path.c_str()) == loaded);
    if (loaded < 0) std::cout << "NOT LOADED " << runtime << " " << LastErrorCode() << std::endl;
    return loaded;
  }

  void Unload(int id) {
    Expect("w_Unload", Lib().w_Unload(id) == 1);
    Expect("the script is gone", Lib().w_HasHook(id, W_OnTimer) == 0);
  }

  void Script(const std::string& runtime) {
    // Long enough for a busy machine.
    const int id = Load(runtime, "60");
    if (id >= 0) Use(id);
    const int late = Load(runtime, "0.15");
    if (late < 0) return;
    Deadline(late, "late");
    if (!strict_) Deadline(late, "stubborn");
    Unload(late);
  }

  // A script in a process of its own: a thread of it calls while no call waits, and a call ends
  // late.
  void Worker() {
    const std::string path = (folder_ / "outside.py").string();
    std::ofstream(path) << "# vh: runtime = worker\n# vh: timeout = 0.3\n"
                           "import threading, time, vh\n"
                           "asked = []\n"
                           "def ask():\n"
                           "    for _ in range(20):\n"
                           "        time.sleep(0.01)\n"
                           "        asked.append(vh.GetUserIP('nick'))\n"
                           "threading.Thread(target=ask, daemon=True).start()\n"
                           "def thread_has_asked(): return 'ok' if len(asked) == 20 else 'no'\n"
                           "def late():\n"
                           "    try: time.sleep(20)\n"
                           "    except TimeoutError: time.sleep(0.2)\n";
    const int id = LoadFile(Lib().w_ReserveID(), path);
    Expect("w_Load for worker", id >= 0);
    if (id < 0) return;
    WaitForThread(id);
    Deadline(id, "late");
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    Unload(id);
    Replaced();
  }

  // Its process is replaced after some calls.
  void Replaced() {
    const std::string path = (folder_ / "replaced.py").string();
    std::ofstream(path) << "# vh: runtime = worker\n# vh: recycle_calls = 5\n"
                           "def answer(): return 'ok'\n";
    const int id = LoadFile(Lib().w_ReserveID(), path);
    Expect("w_Load for worker", id >= 0);
    for (int call = 0; id >= 0 && call < 50; ++call) {
      Call(id, "answer");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    Unload(id);
  }

  void Use(int id) {
    Expect("w_HasHook", Lib().w_HasHook(id, W_OnTimer) == 1);
    const Block now = Pack("d", 1.0);
    const OwningBlock result(Lib().w_CallHook(id, W_OnTimer, now.get()));
    Expect("w_CallHook", Describe(result.get()) == "l 1");
    Call(id, "answer");
    std::thread([&] { Call(id, "answer"); }).join();
    Call(id, "start_thread");
    WaitForThread(id);
    Call(id, "wait");
    Call(id, "leave_thread");
    Expect("w_UnregisterFunction", Lib().w_UnregisterFunction(id, "arm") == 1);
    Unload(id);
  }

  std::string CallFor(int id, const char* function) {
    const OwningBlock result(Lib().w_CallFunction(id, function, nullptr));
    return Describe(result.get());
  }

  void Call(int id, const char* function) {
    const std::string answer = CallFor(id, function);
    Expect(std::string(function) + ": " + answer, answer == "s \"ok\"");
  }

  // The thread's call and job are answered as the host calls.
  void WaitForThread(int id) {
    const Clock::time_point end = Clock::now() + std::chrono::seconds(strict_ ? 30 : 1);
    while (CallFor(id, "thread_has_asked") != "s \"ok\"") {
      if (Clock::now() > end) return Expect("calls of threads", false);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  void Deadline(int id, const char* function) {
    const OwningBlock result(Lib().w_CallFunction(id, function, nullptr));
    Expect("the deadline of " + std::string(function), !result && LastErrorCode() == "timeout");
  }

  const std::filesystem::path& folder_;
  const bool strict_;
  const bool outside_;
  bool ok_ = true;
  std::array<w_Tcallback, W_MAX_CALLBACKS> table_ = {};

  friend int Each(const std::filesystem::path&, const std::string&);
  friend int Refuse(const std::filesystem::path&, const std::string&);
};

// Some points are reached once a second only, or by luck.
constexpr int kRounds = 5;

// In one piece: the library's log goes to the same place from other threads.
void TellStruck(unsigned count) {
  std::printf("STRUCK %u\n", count);
  std::fflush(stdout);
}

int Run(const std::filesystem::path& folder, const std::vector<std::string>& names,
        unsigned times) {
  const auto concerns_workers = [](const std::string& name) {
    return name == "python-late" || name == "python-replace" ||
           name == "a call of a script in another process" || name == "python-workers";
  };
  const bool outside = std::any_of(names.begin(), names.end(), concerns_workers);
  std::vector<std::size_t> points;
  for (const std::string& name : names) {
    const std::vector<std::size_t> found = FindPoints(name);
    points.insert(points.end(), found.begin(), found.end());
  }
  for (const std::size_t point : points) ArmPoint(point, times);
  for (int round = 0; round < kRounds && Struck(points) < times * points.size(); ++round) {
    Round(folder, false, outside).Run();
  }
  for (const std::size_t point : points) ArmPoint(point, 0);
  TellStruck(Struck(points));
  return Round(folder, true, outside).Run() ? 0 : 1;
}

int Each(const std::filesystem::path& folder, const std::string& name) {
  armed = FindPoints(name).front();
  Round round(folder, true);
  round.table_.fill(&Callback);
  round.Expect("w_Begin", Lib().w_Begin(round.table_.data()) == 1);
  const int id = round.Load("sub", "60");
  round.Call(id, "every_function_fails");
  TellStruck(Struck({armed}));
  round.Expect("w_End", Lib().w_End() == 1);
  return round.ok_ ? 0 : 1;
}

// A filter is not passed because of a fault of the library.
int Refuse(const std::filesystem::path& folder, const std::string& name) {
  Round round(folder, true);
  round.table_.fill(&Callback);
  round.Expect("w_Begin", Lib().w_Begin(round.table_.data()) == 1);
  const int id = round.Load("sub", "60", "# vh: on_error = refuse\n");
  const Block line = Pack("ss", "nick", "text");
  for (const char* expected : {"l 0", "l 1"}) {
    if (expected[2] == '0') ArmPoint(FindPoints(name).front(), 1);
    const OwningBlock result(Lib().w_CallHook(id, W_OnParsedMsgChat, line.get()));
    round.Expect(std::string("w_CallHook answers ") + expected, Describe(result.get()) == expected);
  }
  TellStruck(Struck({FindPoints(name).front()}));
  round.Expect("w_End", Lib().w_End() == 1);
  return round.ok_ ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments == std::vector<std::string>{"points"}) {
    for (const std::string& name : PointNames()) std::cout << name << "\n";
    return 0;
  }
  if (arguments == std::vector<std::string>{"values"}) return CheckFailureValues() ? 0 : 1;
  std::string pattern = (std::filesystem::temp_directory_path() / "vh-panics-XXXXXX").string();
  if (arguments.size() < 2 || !mkdtemp(pattern.data())) {
    std::cerr << "usage: panics_host points | values | run TIMES POINT... | each POINT |\n"
                 "       refuse POINT\n";
    return 2;
  }
  const std::filesystem::path folder = pattern;
  int status = 2;
  if (arguments[0] == "run") {
    const std::vector<std::string> names(arguments.begin() + 2, arguments.end());
    status = Run(folder, names, static_cast<unsigned>(std::stoul(arguments[1])));
  } else if (arguments[0] == "each") {
    status = Each(folder, arguments[1]);
  } else if (arguments[0] == "refuse") {
    status = Refuse(folder, arguments[1]);
  }
  std::filesystem::remove_all(folder);
  return status;
}
