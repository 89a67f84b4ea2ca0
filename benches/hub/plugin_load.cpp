// Sends the traffic's events through the plugin class, without the hub's own treatment of messages,
// to scripts that count them; then asks the first script three times by name. Prints one JSON
// object.
//
// Every callback is counted at both ends. Counts that differ end the program with an error.
#include <time.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "counts.h"
#include "events.h"
#include "hub.h"
#include "traffic.h"

namespace {

constexpr size_t kClients = 16;
constexpr unsigned long kSeed = 1;
constexpr int kRounds = 3;
// A hub's messages come fresh from its sockets: the few made here stay in the processor's caches,
// and are sent as often as it takes.
constexpr size_t kDifferentMessages = 10000;

struct Result {
  unsigned long messages = 0;
  double seconds = 0;
  double cpu_seconds = 0;  // of this thread, which is less when the machine is busy otherwise
};

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Sends the steps as often as it takes for so many messages, and adds up what was sent.
Result RunRound(hub::PythonPlugin* plugin, hub::Session* session,
                const std::vector<traffic::Step>& steps, size_t messages,
                traffic::HookCounts* sent) {
  Result result;
  const double cpu_start = CpuSeconds();
  const auto start = std::chrono::steady_clock::now();
  while (result.messages < messages) {
    for (const traffic::Step& step : steps) {
      load::Fire(plugin, session, step);
      traffic::Add(step.kind->hooks, sent);
      result.messages += step.messages;
    }
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.cpu_seconds = CpuSeconds() - cpu_start;
  return result;
}

void MustBeEqual(const std::string& script, const std::string& difference) {
  if (!difference.empty()) throw std::runtime_error(script + ": counts differ:\n" + difference);
}

// Sent by us, called by the plugin, counted by each script.
void CheckCounts(hub::PythonPlugin* plugin, const traffic::HookCounts& sent) {
  for (const auto& script : plugin->scripts()) {
    const auto called = traffic::CalledBy(*script);
    const auto counted =
        traffic::ReadSummary(plugin, plugin->CallPythonFunction(script->id, "get_counts", nullptr));
    MustBeEqual(script->file_name, traffic::Difference(*plugin, "sent", sent, "called", called));
    MustBeEqual(script->file_name,
                traffic::Difference(*plugin, "called", called, "counted", counted));
  }
}

// The three calls by name, each way to name a script once. Returns microseconds for all.
double CallByName(hub::PythonPlugin* plugin, unsigned long total) {
  const hub::Script& script = *plugin->scripts().front();
  const auto start = std::chrono::steady_clock::now();
  w_Targs* by_id = plugin->CallPythonFunction(script.id, "get_total_calls", nullptr);
  w_Targs* by_path = plugin->CallPythonFunction(script.path, "get_counts", nullptr);
  w_Targs* by_file_name = plugin->CallPythonFunction(script.file_name, "get_total_calls", nullptr);
  const auto end = std::chrono::steady_clock::now();
  if (traffic::ReadTotal(plugin, by_id) != total ||
      traffic::ReadTotal(plugin, by_file_name) != total ||
      traffic::Sum(traffic::ReadSummary(plugin, by_path)) != total) {
    throw std::runtime_error("the script's total differs from what the hub called");
  }
  return std::chrono::duration<double, std::micro>(end - start).count();
}

void Run(const std::string& library, const std::string& scripts_dir, size_t messages) {
  hub::Hub hub(scripts_dir, ":memory:");
  hub::PythonPlugin plugin(
      &hub, hub::PythonPlugin::Settings{library, scripts_dir, hub::Generation::kPython3, "", 0});
  plugin.Start();
  if (plugin.scripts().empty()) throw std::runtime_error("no script loaded from " + scripts_dir);
  std::vector<hub::Session*> ending;
  hub::Session session("192.0.2.1", 50000, 1 << 20, &ending);
  const auto steps = traffic::Traffic(kSeed, kClients).Take(kDifferentMessages);

  traffic::HookCounts sent{};
  Result best;
  for (int round = 0; round < kRounds; ++round) {
    const Result result = RunRound(&plugin, &session, steps, messages, &sent);
    if (round == 0 || result.seconds < best.seconds) best = result;
  }
  CheckCounts(&plugin, sent);
  const double by_name = CallByName(&plugin, traffic::Sum(sent));
  std::printf(
      "{\"scripts\": %zu, \"messages\": %lu, \"callbacks\": %lu, \"seconds\": %.6f, "
      "\"cpu_seconds\": %.6f, "
      "\"by_name_us\": %.1f}\n",
      plugin.scripts().size(), best.messages,
      traffic::Sum(sent) / kRounds * plugin.scripts().size(), best.seconds, best.cpu_seconds,
      by_name);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s LIBRARY SCRIPTS_FOLDER MESSAGES\n", argv[0]);
    return 2;
  }
  try {
    Run(argv[1], argv[2], std::stoul(argv[3]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
}
