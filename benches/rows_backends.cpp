// Rows of back ends: calls into another process, beside the least that answers JSON over a pipe.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rows.hpp"

extern char** environ;

namespace {

constexpr const char* kParams = "{\"data\":{\"nick\":\"alice\",\"share\":123456789}}";
constexpr int kInFlight = 8;

// A Python process with the ends of its standard input and output.
class Process {
 public:
  explicit Process(std::vector<std::string> arguments) {
    int in[2], out[2];
    if (pipe(in) != 0 || pipe(out) != 0) throw std::runtime_error("no pipes");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    for (const int file : {in[0], in[1], out[0], out[1]}) {
      posix_spawn_file_actions_addclose(&actions, file);
    }
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    const int failed = posix_spawnp(&pid_, words[0], &actions, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    input_ = in[1];
    output_ = out[0];
    if (failed) throw std::runtime_error(arguments[0] + " does not start");
  }
  ~Process() {
    close(input_);
    close(output_);
    waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Writes a line and reads up to the NUL that ends the answer.
  void Ask(const std::string& line) const {
    if (write(input_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      throw std::runtime_error("the pipe took no line");
    }
    char answer[65536];
    ssize_t length = 0;
    do {
      length = read(output_, answer, sizeof answer);
      if (length <= 0) throw std::runtime_error("no answer from the pipe");
    } while (answer[length - 1] != '\0');
  }

 private:
  pid_t pid_ = 0;
  int input_ = -1;
  int output_ = -1;
};

// A back end, until this is gone.
class BackEnd {
 public:
  explicit BackEnd(const Library& lib)
      : lib_(lib), number_(lib.w_Spawn(PathOf("back_end.py").c_str(), nullptr)) {
    if (number_ < 0) throw std::runtime_error("the back end does not start");
  }
  ~BackEnd() { lib_.w_BackendTerminate(number_); }
  BackEnd(const BackEnd&) = delete;
  BackEnd& operator=(const BackEnd&) = delete;

  void Ask() const { std::free(Answer("echo", kParams)); }

  long Pid() const {
    char* const json = Answer("pid", nullptr);
    const long pid = std::atol(json);
    std::free(json);
    return pid;
  }

  // So many calls at once.
  void AskMany() const {
    int calls[kInFlight];
    for (int& call : calls) call = lib_.w_BackendBegin(number_, "echo", kParams, 0);
    for (const int call : calls) {
      char* json = nullptr;
      if (!lib_.w_BackendWait(call, &json)) throw std::runtime_error("a call has no answer");
      std::free(json);
    }
  }

 private:
  char* Answer(const char* method, const char* params) const {
    char* json = nullptr;
    if (!lib_.w_BackendCall(number_, method, params, 0, &json)) {
      throw std::runtime_error("the back end does not answer");
    }
    return json;
  }

  const Library& lib_;
  int number_;
};

Effort Longer(const Effort& effort) {
  Effort longer = effort;
  longer.slice *= 4;
  return longer;
}

// A Python that does nothing but answer JSON.
class BarePipe {
 public:
  void Ask() const { process_.Ask(line_); }

 private:
  const Process process_{{"python3", PathOf("pipe_echo.py")}};
  const std::string line_ = std::string("{\"id\":1,\"cmd\":\"echo\",\"params\":") + kParams + "}\n";
};

using Ask = std::function<void()>;

Work Repeat(const Ask& ask) {
  return [ask](long times) {
    for (long i = 0; i < times; ++i) ask();
  };
}

// What is compared: one call of a back end, or eight that are under way at once, and as many of a
// bare pipe one after the other.
struct Calls {
  explicit Calls(const Host& host) : back_end(host.lib()) {}

  const BackEnd back_end;
  const BarePipe bare;
  const Ask one = [this] { back_end.Ask(); };
  const Ask bare_one = [this] { bare.Ask(); };
  const Ask eight = [this] { back_end.AskMany(); };
  const Ask bare_eight = [this] {
    for (int call = 0; call < kInFlight; ++call) bare.Ask();
  };
};

// The time below which so many percent of the calls stay, of either side. They take turns.
Figures Percentile(int percent, const Ask& ours, const Ask& floor, const Effort& effort) {
  constexpr int kInTurn = 50;
  std::vector<double> times[2];
  const double end = NowNs() + 4 * std::chrono::duration<double, std::nano>(effort.row).count();
  while (NowNs() < end || times[1].size() < 1000) {
    for (int side = 0; side < 2; ++side) {
      for (int call = 0; call < kInTurn; ++call) {
        const double begun = NowNs();
        side == 0 ? ours() : floor();
        times[side].push_back(NowNs() - begun);
      }
    }
  }
  double figures[2];
  for (int side = 0; side < 2; ++side) {
    const auto place = times[side].begin() + times[side].size() * percent / 100;
    std::nth_element(times[side].begin(), place, times[side].end());
    figures[side] = *place;
  }
  return {figures[0], figures[1]};
}

template <const Ask Calls::*ours, const Ask Calls::*floor>
Figures MeasureCalls(Host& host, const Effort& effort, bool) {
  const Calls calls(host);
  return Compare({Repeat(calls.*ours), Repeat(calls.*floor)}, Longer(effort));
}

template <const Ask Calls::*ours, const Ask Calls::*floor, int percent>
Figures MeasurePercentile(Host& host, const Effort& effort, bool) {
  const Calls calls(host);
  return Percentile(percent, calls.*ours, calls.*floor, effort);
}

Figures MeasureHook(Host& host, const Effort& effort, bool) {
  const Script script(host, "worker.py");
  const BarePipe bare;
  const Library& lib = host.lib();
  w_Targs* const line = lib.w_pack("ss", "alice", "hello");
  const Ask hook = [&] { lib.w_free_args(lib.w_CallHook(script.id(), W_OnParsedMsgChat, line)); };
  const Figures figures = Compare({Repeat(hook), Repeat([&] { bare.Ask(); })}, Longer(effort));
  std::free(line);
  return figures;
}

// A host in Bun that calls the same back end: the program, or nothing.
std::string Bun() {
  const char* bun = std::getenv("VH_BUN");
  return bun ? bun : "";
}

Figures MeasureBun(Host& host, const Effort& effort, bool) {
  const BackEnd back_end(host.lib());
  const Process bun({Bun(), PathOf("bun_host.js"), PathOf("back_end.py"), VH_BRIDGE_FOLDER});
  const auto theirs = [&](long times) { bun.Ask(std::to_string(times) + "\n"); };
  return Compare({Repeat([&] { back_end.Ask(); }), theirs}, Longer(effort));
}

// Bytes of memory of a process; what it shares with others counts by its share.
double MemoryOf(long pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("Pss:", 0) == 0) return std::stod(line.substr(4)) * 1024;
  }
  throw std::runtime_error("no memory of process " + std::to_string(pid));
}

Figures MeasureMemory(Host& host, const Effort&, bool) {
  const BackEnd back_end(host.lib());
  const Process bare({"python3", "-c", "print(end='\\0', flush=True); open(0).read()"});
  bare.Ask("");
  return {MemoryOf(back_end.Pid()), MemoryOf(bare.pid())};
}

// From nothing until the back end is ready, beside a Python that does nothing: the shortest of
// each.
Figures MeasureStart(Host& host, const Effort& effort, bool) {
  double ours = 1e18, floor = 1e18;
  for (int round = 0; round < 10 * effort.rounds; ++round) {
    const double begun = NowNs();
    const BackEnd back_end(host.lib());
    const double ready = NowNs();
    Process({"python3", "-c", "pass"});
    ours = std::min(ours, ready - begun);
    floor = std::min(floor, NowNs() - ready);
  }
  return {ours, floor};
}

// A row of times that is measured by a function of its own.
Row Timed(const char* name, Kind kind, double limit, decltype(Row::measure) measure,
          const char* missing = "") {
  return {name, {kind, limit}, Unit::kTime, nullptr, std::move(measure), missing};
}

}  // namespace

std::vector<Row> BackendRows() {
  constexpr auto one = &Calls::one, bare_one = &Calls::bare_one;
  constexpr auto eight = &Calls::eight, bare_eight = &Calls::bare_eight;
  return {
      Timed("back end, a call / bare pipe", Kind::kRatio, 1.15, MeasureCalls<one, bare_one>),
      Timed("back end, p50 / bare pipe", Kind::kRatio, 1.15, MeasurePercentile<one, bare_one, 50>),
      Timed("back end, p99 / bare pipe", Kind::kRatio, 1.15, MeasurePercentile<one, bare_one, 99>),
      Timed("bare pipe / 8 in flight", Kind::kSpeedup, 2, MeasureCalls<eight, bare_eight>),
      Timed("bare pipe / 8 in flight, p50", Kind::kSpeedup, 2,
            MeasurePercentile<eight, bare_eight, 50>),
      Timed("bare pipe / 8 in flight, p99", Kind::kSpeedup, 2,
            MeasurePercentile<eight, bare_eight, 99>),
      Timed("host in Bun / back end, a call", Kind::kSpeedup, 1.3, MeasureBun,
            Bun().empty() ? "no Bun" : ""),
      Timed("hook in a process / bare pipe", Kind::kRatio, 1.5, MeasureHook),
      Timed("back end, ready / python3 -c pass", Kind::kRatio, 1.3, MeasureStart),
      {"idle back end / bare python3", {Kind::kRatio, 1.2}, Unit::kMemory, nullptr, MeasureMemory},
  };
}
