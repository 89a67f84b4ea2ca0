// Rows of back ends: calls into another process, beside the least that answers JSON over a pipe.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
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
    if (failed) throw std::runtime_error("python3 does not start");
  }
  ~Process() {
    close(input_);
    close(output_);
    waitpid(pid_, nullptr, 0);
  }
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

  void Ask() const {
    char* json = nullptr;
    if (!lib_.w_BackendCall(number_, "echo", kParams, 0, &json)) {
      throw std::runtime_error("the back end does not answer");
    }
    std::free(json);
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
  const Library& lib_;
  int number_;
};

Effort Longer(const Effort& effort) {
  Effort longer = effort;
  longer.slice *= 4;
  return longer;
}

Figures MeasureEcho(Host& host, const Effort& effort, bool) {
  const BackEnd back_end(host.lib());
  const Process bare({"python3", PathOf("pipe_echo.py")});
  const std::string line = std::string("{\"id\":1,\"cmd\":\"echo\",\"params\":") + kParams + "}\n";
  const auto ours = [&](long times) {
    for (long i = 0; i < times; ++i) back_end.Ask();
  };
  const auto floor = [&](long times) {
    for (long i = 0; i < times; ++i) bare.Ask(line);
  };
  return Compare({ours, floor}, Longer(effort));
}

Figures MeasureInFlight(Host& host, const Effort& effort, bool) {
  const BackEnd back_end(host.lib());
  const auto many = [&](long times) {
    for (long i = 0; i < times; i += kInFlight) back_end.AskMany();
  };
  const auto one = [&](long times) {
    for (long i = 0; i < times; ++i) back_end.Ask();
  };
  return Compare({many, one}, Longer(effort));
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

}  // namespace

std::vector<Row> BackendRows() {
  return {
      {"back end, a call / bare pipe", {Kind::kRatio, 1.15}, Unit::kTime, nullptr, MeasureEcho},
      {"back end, 8 in flight / one", {Kind::kSpeedup, 2}, Unit::kTime, nullptr, MeasureInFlight},
      {"back end, ready / python3 -c pass",
       {Kind::kRatio, 1.3},
       Unit::kTime,
       nullptr,
       MeasureStart},
  };
}
