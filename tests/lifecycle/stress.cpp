// Eight threads of a host do everything at once with six scripts: hooks, functions, registered
// functions that call back into scripts, loads and unloads, at random. Every answer must be the
// right one, or a refusal at a time when the script was not loaded.
//
// usage: stress [SECONDS [SEED]]
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "blocks.hpp"
#include "runtimes.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kThreads = 8;
constexpr int kScripts = 6;
constexpr int kMaxDepth = 4;
constexpr int kShownProblems = 20;
// Far longer than any call may take: unloads are given half a second.
constexpr auto kPatience = std::chrono::seconds(30);

// A script file that is loaded most of the time.
struct Script {
  std::string path;
  // Grows by one when an unload begins and when the next load is done: even while it is loaded.
  std::atomic<unsigned long> epoch{1};
  std::atomic<int> id{-1};
  // Whether a thread loads or unloads it.
  std::atomic<bool> changing{false};
};

struct Counts {
  std::atomic<long> answered{0}, refused{0}, nested{0}, callbacks{0}, loads{0}, wrong{0};
};

std::array<Script, kScripts> scripts;
Counts counts;
std::array<std::atomic<const char*>, kThreads> doing{};
// Set for w_End: it may answer calls of scripts' threads, and scripts are gone one by one.
std::atomic<bool> ending{false};

// What a thread of the host keeps for itself.
thread_local std::mt19937 dice;
thread_local int depth = 0;
thread_local int thread_number = 0;

int Random(int limit) { return static_cast<int>(dice() % static_cast<unsigned>(limit)); }

void Report(const std::string& problem) {
  if (++counts.wrong > kShownProblems) return;
  std::fprintf(stderr, "stress: %s\n", problem.c_str());
}

// Calls a script and checks the answer. A script that was loaded all the time must have answered.
template <typename Call>
void Check(const char* what, const std::string& expected, Call call) {
  Script& script = scripts[static_cast<size_t>(Random(kScripts))];
  const unsigned long epoch = script.epoch;
  // Asking scripts that are not there is quick: too much of it would drown everything else.
  if (epoch % 2 && Random(100)) return std::this_thread::yield();
  const int id = script.id;
  const bool was_loaded = epoch % 2 == 0;
  const char* outer = doing[static_cast<size_t>(thread_number)].exchange(what);
  const OwningBlock result(call(id));
  doing[static_cast<size_t>(thread_number)] = outer;
  const std::string answer = Describe(result.get());
  if (result && answer == expected) {
    ++counts.answered;
  } else if (!result && (!was_loaded || script.epoch != epoch)) {
    ++counts.refused;
  } else {
    Report(std::string(what) + " of " + script.path + " (id " + std::to_string(id) + ") answered " +
           (result ? answer : "nothing") + " instead of " + expected);
  }
}

void CallHook(int hook, const char* expected, const Block& parameters) {
  Check(Lib().w_HookName(hook), expected,
        [&](int id) { return Lib().w_CallHook(id, hook, parameters.get()); });
}

void CallAdding(const char* function) {
  const long a = Random(1000);
  const long b = Random(1000);
  const Block parameters = Pack("ll", a, b);
  Check(function, "l " + std::to_string(a + b),
        [&](int id) { return Lib().w_CallFunction(id, function, parameters.get()); });
}

void CallEcho() {
  const std::string text(static_cast<size_t>(Random(100)), 'x');
  const Block parameters = Pack("s", text.c_str());
  Check("echo", "s \"" + text + "\"",
        [&](int id) { return Lib().w_CallFunction(id, "echo", parameters.get()); });
}

// The script calls the registered function of the same name, which answers twice the number.
void CallAgain() {
  const long number = Random(1000);
  const Block parameters = Pack("l", number);
  Check("again", "l " + std::to_string(2 * number),
        [&](int id) { return Lib().w_CallFunction(id, "again", parameters.get()); });
}

void Change(Script& script);

void DoSomething() {
  if (!Random(1000)) return Change(scripts[static_cast<size_t>(Random(kScripts))]);
  switch (Random(16)) {
    case 0:
      return CallHook(W_OnTimer, "l 1", Pack("d", 1.5));
    case 1:
      return CallHook(W_OnUserLogout, "l 1", Pack("s", "nick"));
    case 2:
      return CallAdding("add_later");
    case 3:
      // Uses libraries whose C code keeps pointers.
      return CallHook(W_OnSetConfig, "l 1", Pack("sssssl", "nick", "file", "name", "", "", 1L));
    default:
      break;
  }
  switch (Random(5)) {
    case 0:
      return CallHook(W_OnUserLogin, "l 0", Pack("s", "nick"));
    case 1:
      return CallHook(W_OnParsedMsgChat, "ss NULL \"TEXT\"", Pack("ss", "nick", "text"));
    case 2:
      return CallAdding("add");
    case 3:
      return CallEcho();
    default:
      return CallAgain();
  }
}

// The host goes on with its own work inside a call from a script.
void DoSomethingNested() {
  if (ending || depth >= kMaxDepth || Random(2)) return;
  ++depth;
  ++counts.nested;
  DoSomething();
  --depth;
}

w_Targs* Again(int, w_Targs* args) {
  ++counts.callbacks;
  long number = 0;
  if (Lib().w_unpack(args, "l", &number) != 1) Report("again: the argument cannot be read");
  DoSomethingNested();
  return IntResult(2 * number);
}

w_Targs* GetUserClass(int, w_Targs* args) {
  ++counts.callbacks;
  char* nick = nullptr;
  if (Lib().w_unpack(args, "s", &nick) != 1) Report("GetUserClass: the nick cannot be read");
  DoSomethingNested();
  return IntResult(3);
}

int Load(const Script& script) {
  const int id = Lib().w_ReserveID();
  if (Lib().w_RegisterFunction(id, "again", &Again) != 1) Report("w_RegisterFunction failed");
  const Block arguments = Pack("lssssls", long{id}, script.path.c_str(), "HubBot", "OpChat", ".",
                               1700000000L, "config");
  const int loaded = Lib().w_Load(arguments.get());
  if (loaded != id) Report("w_Load of " + script.path + " failed");
  ++counts.loads;
  return loaded;
}

// Unloads a script if it is loaded and loads it again, unless another thread is at it.
void Change(Script& script) {
  if (script.changing.exchange(true)) return;
  const char* outer = doing[static_cast<size_t>(thread_number)].exchange("w_Unload");
  if (script.epoch % 2 == 0) {
    ++script.epoch;
    if (Lib().w_Unload(script.id) != 1) Report("w_Unload of " + script.path + " failed");
  }
  doing[static_cast<size_t>(thread_number)] = "w_Load";
  script.id = Load(script);
  ++script.epoch;
  doing[static_cast<size_t>(thread_number)] = outer;
  script.changing = false;
}

std::string ReadBody() {
  std::ifstream file(VH_LIFECYCLE_SCRIPTS "/stress.py");
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) throw std::runtime_error("cannot read stress.py");
  return text.str();
}

void WriteScripts(const std::filesystem::path& folder) {
  const std::vector<const char*> runtimes = Runtimes();
  for (size_t i = 0; i < kScripts; ++i) {
    scripts[i].path = folder / ("stress" + std::to_string(i) + ".py");
    std::ofstream file(scripts[i].path);
    file << "# vh: runtime = " << runtimes[i / 2 % runtimes.size()]
         << "\nWITH_THREADS = " << (i % 2 ? "True" : "False") << "\n"
         << ReadBody();
    if (!file.flush()) throw std::runtime_error("cannot write " + scripts[i].path);
  }
}

// Ends the process when the threads do not.
void AwaitEnd(const std::atomic<int>& running) {
  const auto deadline = Clock::now() + kPatience;
  while (running > 0) {
    if (Clock::now() > deadline) {
      for (const auto& what : doing) {
        std::fprintf(stderr, "stress: a thread hangs in %s\n", what ? what.load() : "nothing");
      }
      std::_Exit(3);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void RunThreads(std::chrono::seconds time, unsigned seed) {
  const auto end = Clock::now() + time;
  std::atomic<int> running{kThreads};
  std::array<std::thread, kThreads> threads;
  for (int number = 0; number < kThreads; ++number) {
    threads[static_cast<size_t>(number)] = std::thread([&, number] {
      thread_number = number;
      dice.seed(seed + static_cast<unsigned>(number));
      while (Clock::now() < end) DoSomething();
      --running;
    });
  }
  std::this_thread::sleep_until(end);
  AwaitEnd(running);
  for (std::thread& thread : threads) thread.join();
}

void Run(std::chrono::seconds time, unsigned seed) {
  std::string folder = std::filesystem::temp_directory_path() / "vh-stress-XXXXXX";
  if (!mkdtemp(folder.data())) throw std::runtime_error("cannot make the folder " + folder);
  WriteScripts(folder);
  w_Tcallback table[W_MAX_CALLBACKS] = {};
  table[W_GetUserClass] = &GetUserClass;
  if (Lib().w_Begin(table) != 1) throw std::runtime_error("w_Begin failed");
  for (Script& script : scripts) Change(script);
  RunThreads(time, seed);
  ending = true;
  if (Lib().w_End() != 1) Report("w_End failed");
  std::filesystem::remove_all(folder);
}

}  // namespace

int main(int argc, char** argv) {
  const std::chrono::seconds time(argc > 1 ? std::atoi(argv[1]) : 60);
  const unsigned seed = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1;
  setenv("VH_PYTHON_UNLOAD_TIMEOUT", "0.5", 1);
  try {
    Run(time, seed);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stress: %s\n", error.what());
    return 2;
  }
  std::printf(
      "seed %u: %ld calls answered, %ld refused, %ld nested, %ld callbacks, %ld loads, %ld wrong\n",
      seed, counts.answered.load(), counts.refused.load(), counts.nested.load(),
      counts.callbacks.load(), counts.loads.load(), counts.wrong.load());
  return counts.wrong > 0 ? 1 : 0;
}
