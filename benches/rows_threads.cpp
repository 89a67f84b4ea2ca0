// Rows of several threads: scripts beside each other, and a hook while another script is busy.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <thread>

#include "rows.hpp"

namespace {

constexpr const char* kNeedsOwnGil = "needs Python 3.12";
constexpr int kTimer = 37;

void Call(const Library& lib, int script, const char* function, w_Targs* parameters = nullptr) {
  w_Targs* result = lib.w_CallFunction(script, function, parameters);
  if (!result) throw std::runtime_error(std::string(function) + " did not answer");
  lib.w_free_args(result);
}

// The time of one script's work in either of two threads, against that of one thread alone.
Sides TwoThreads(Host& host, bool) {
  const auto first = std::make_shared<Script>(host, "busy.py", "own-gil");
  const auto second = std::make_shared<Script>(host, "busy.py", "own-gil");
  const auto spin = [lib = host.lib()](int script, long times) {
    w_Targs* parameters = lib.w_pack("l", times * 1000);
    Call(lib, script, "spin", parameters);
    std::free(parameters);
  };
  const auto both = [=](long times) {
    std::thread other([&] { spin(second->id(), times / 2 + 1); });
    spin(first->id(), times / 2 + 1);
    other.join();
  };
  return {both, [=](long times) { spin(first->id(), times); }};
}

Figures MeasureTwoThreads(Host& host, const Effort& effort, bool) {
  Effort longer = effort;
  longer.slice *= 10;
  return Compare(TwoThreads(host, false), longer);
}

double Percentile99(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return times[times.size() * 99 / 100];
}

double CallTimer(const Library& lib, int script) {
  w_Targs* parameters = lib.w_pack("d", 1.0);
  const double start = NowNs();
  w_Targs* result = lib.w_CallHook(script, kTimer, parameters);
  const double time = NowNs() - start;
  lib.w_free_args(result);
  std::free(parameters);
  return time;
}

// p99 of a hook of one script while a thread of another is busy; the best of several rounds.
std::function<Figures(Host&, const Effort&, bool)> Latency(const char* runtime) {
  return [runtime](Host& host, const Effort& effort, bool) {
    const Library& lib = host.lib();
    const Script called(host, "calls.py", runtime);
    const Script busy(host, "busy.py", runtime);
    Call(lib, busy.id(), "start_thread");
    double best = 1e18;
    for (int round = 0; round < effort.rounds; ++round) {
      std::vector<double> times;
      for (int i = 0; i < 300; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        times.push_back(CallTimer(lib, called.id()));
      }
      best = std::min(best, Percentile99(times));
    }
    Call(lib, busy.id(), "stop_thread");
    return Figures{best, std::nullopt};
  };
}

}  // namespace

std::vector<Row> ThreadRows() {
  const char* own_gil = VH_HAS_OWN_GIL ? "" : kNeedsOwnGil;
  const Goal shared = {Kind::kTime, VH_WAKES_OTHERS ? 1.5e6 : 3e6};
  return {
      {"2 busy threads, own-gil / one",
       {Kind::kSpeedup, 1.9},
       Unit::kTime,
       nullptr,
       MeasureTwoThreads,
       own_gil},
      {"p99 beside a busy one, own-gil",
       {Kind::kTime, 20e3},
       Unit::kTime,
       nullptr,
       Latency("own-gil"),
       own_gil},
      {"p99 beside a busy one, sub", shared, Unit::kTime, nullptr, Latency("sub")},
      {"p99 beside a busy one, main", {Kind::kTime, 1.5e6}, Unit::kTime, nullptr, Latency("main")},
  };
}
