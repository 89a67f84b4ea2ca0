// 200,000 messages of clients through the hub's treatment of messages into scripts that count every
// hook: by 1, 4 and 16 scripts, from 1 and 4 threads, and what that leaves in memory.
//
// A hub belongs to one thread, as Verlihub does. So each thread has a hub of its own, with its own
// users and database, and all of them send their events through the one plugin: what runs at the
// same time is the library and the scripts.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "counts.h"
#include "crowd.h"
#include "memory.h"

namespace {

using traffic::HookCounts;

constexpr size_t kMessages = 200000;
constexpr size_t kClients = 16;
constexpr unsigned long kSeed = 20251213;
// Events for the timer, which no client sends.
constexpr size_t kStepsBetweenTimers = 1000;
constexpr long kAllowedGrowthKb = 100;

size_t FromEnvironment(const char* name, size_t otherwise) {
  const char* value = std::getenv(name);
  return value ? std::stoul(value) : otherwise;
}

// The library built by CMake, unless VH_LIBRARY names another.
std::string LibraryFile() {
  const char* file = std::getenv("VH_LIBRARY");
  return file ? file : VH_LIBRARY_FILE;
}

// A folder with copies of the counting script, removed at the end.
class ScriptsFolder {
 public:
  explicit ScriptsFolder(size_t scripts) {
    std::string name = (std::filesystem::temp_directory_path() / "vh-stress-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("cannot make a folder like " + name);
    folder_ = name;
    for (size_t i = 0; i < scripts; ++i) {
      const std::string file = "counting_" + std::to_string(i + 1) + ".py";
      std::filesystem::copy_file(VH_COUNTING_SCRIPT, folder_ / file);
    }
  }
  ~ScriptsFolder() { std::filesystem::remove_all(folder_); }
  ScriptsFolder(const ScriptsFolder&) = delete;
  ScriptsFolder& operator=(const ScriptsFolder&) = delete;

  std::string path() const { return folder_.string(); }

 private:
  std::filesystem::path folder_;
};

// Hubs that send every hook.
hub::Habits AllHooks() {
  hub::Habits habits;
  habits.any_ex = false;
  return habits;
}

// After a change of settings the library asks the hub for its encoding, on the thread of the next
// event. The hub's callbacks are for one thread only, so several change no setting.
bool ChangesNoSetting(const traffic::Kind& kind) { return !traffic::Reaches(kind, W_OnSetConfig); }

// The hubs of all threads, and the plugin that they share. The plugin belongs to the first.
class Stress {
 public:
  Stress(hub::Generation generation, size_t scripts, size_t threads) : folder_(scripts) {
    for (size_t i = 0; i < threads; ++i) {
      hubs_.push_back(std::make_unique<hub::Hub>(folder_.path(), ":memory:"));
      traffic::Prepare(hubs_.back().get());
    }
    plugin_ = std::make_unique<hub::PythonPlugin>(
        hubs_.front().get(),
        hub::PythonPlugin::Settings{LibraryFile(), folder_.path(), generation, "", 0, AllHooks()});
    plugin_->Start();
    if (plugin_->scripts().size() != scripts) throw std::runtime_error("a script did not load");
    for (const auto& each : hubs_) {
      each->AttachScripts(plugin_.get());
      crowds_.push_back(std::make_unique<traffic::Crowd>(each.get(), kClients));
    }
    for (size_t i = 0; i < threads; ++i) {
      traffic::Traffic traffic(kSeed + i, kClients, threads == 1 ? nullptr : ChangesNoSetting);
      steps_.push_back(traffic.Take(kMessages / threads));
    }
  }

  ~Stress() {
    crowds_.clear();
    for (const auto& each : hubs_) each->AttachScripts(nullptr);
    plugin_.reset();
  }

  // Sends everything once, each thread its part. Returns seconds.
  double Run() {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::exception_ptr> errors(hubs_.size());
    std::vector<std::thread> threads;
    for (size_t i = 1; i < hubs_.size(); ++i) {
      threads.emplace_back([this, i, &errors] { RunPart(i, &errors[i]); });
    }
    RunPart(0, &errors[0]);
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& error : errors) {
      if (error) std::rethrow_exception(error);
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  hub::PythonPlugin& plugin() { return *plugin_; }

  unsigned long messages() const {
    unsigned long sum = 0;
    for (const auto& crowd : crowds_) sum += crowd->messages();
    return sum;
  }

  // What each script must have been called for.
  HookCounts Expected() const {
    HookCounts sum{};
    for (const auto& crowd : crowds_) traffic::Add(crowd->expected(), &sum);
    sum[W_OnTimer] = timers_;
    return sum;
  }

 private:
  void RunPart(size_t part, std::exception_ptr* error) {
    try {
      size_t done = 0;
      crowds_[part]->Enter();
      for (const traffic::Step& step : steps_[part]) {
        crowds_[part]->Do(step);
        // The plugin's queue of script commands belongs to the first thread.
        if (part == 0 && ++done % kStepsBetweenTimers == 0) {
          hubs_[0]->Tick(hub::Hub::Now());
          ++timers_;
        }
      }
      crowds_[part]->Leave();
    } catch (...) {
      *error = std::current_exception();
    }
  }

  ScriptsFolder folder_;
  std::vector<std::unique_ptr<hub::Hub>> hubs_;
  std::unique_ptr<hub::PythonPlugin> plugin_;
  std::vector<std::unique_ptr<traffic::Crowd>> crowds_;
  std::vector<std::vector<traffic::Step>> steps_;
  unsigned long timers_ = 0;
};

void CheckEveryHookWasReached(const hub::PythonPlugin& plugin, size_t threads,
                              const HookCounts& called) {
  for (int hook = 0; hook < W_MAX_HOOKS; ++hook) {
    const char* name = plugin.library().hook_name(hook);
    // OnUnLoad comes when the hub stops; the script is gone then.
    if (!name || hook == W_OnUnLoad) continue;
    if (threads > 1 && (hook == W_OnSetConfig || hook == W_OnScriptCommand)) continue;
    EXPECT_GT(called[static_cast<size_t>(hook)], 0u) << name << " was never called";
  }
}

// Expected by the messages, called by the hub, counted by the script: all the same.
void CheckScript(Stress* stress, const hub::Script& script) {
  hub::PythonPlugin& plugin = stress->plugin();
  const HookCounts called = traffic::CalledBy(script);
  EXPECT_EQ("", traffic::Difference(plugin, "expected", stress->Expected(), "called", called));
  const auto call = [&](const auto& which, const char* function) {
    return plugin.CallPythonFunction(which, function, nullptr);
  };
  const unsigned long total = traffic::ReadTotal(&plugin, call(script.id, "get_total_calls"));
  EXPECT_GT(total, 0u);
  EXPECT_EQ(total, traffic::Sum(called));
  EXPECT_EQ(total, traffic::ReadTotal(&plugin, call(script.path, "get_total_calls")));
  EXPECT_EQ(total, traffic::ReadTotal(&plugin, call(script.file_name, "get_total_calls")));
  for (const std::string& which : {script.path, script.file_name}) {
    const HookCounts counted = traffic::ReadSummary(&plugin, call(which, "print_summary"));
    EXPECT_EQ("", traffic::Difference(plugin, "called", called, "counted", counted));
  }
  const HookCounts by_id = traffic::ReadSummary(&plugin, call(script.id, "print_summary"));
  EXPECT_EQ("", traffic::Difference(plugin, "called", called, "counted", by_id));
}

class StressTest : public testing::TestWithParam<std::pair<size_t, size_t>> {};

TEST_P(StressTest, EveryCallbackIsCountedAtBothEnds) {
  const auto [scripts, threads] = GetParam();
  Stress stress(hub::Generation::kPython3, scripts, threads);
  const double seconds = stress.Run();
  const auto messages = static_cast<double>(stress.messages());
  const auto callbacks = static_cast<double>(traffic::Sum(stress.Expected()) * scripts);
  EXPECT_GE(messages, kMessages);
  CheckEveryHookWasReached(stress.plugin(), threads,
                           traffic::CalledBy(*stress.plugin().scripts().front()));
  for (const auto& script : stress.plugin().scripts()) CheckScript(&stress, *script);
  std::printf("[ %2zu scripts, %zu threads ] %.0f messages/s, %.0f callbacks/s\n", scripts, threads,
              messages / seconds, callbacks / seconds);
}

INSTANTIATE_TEST_SUITE_P(
    Scripts, StressTest,
    testing::Values(std::pair<size_t, size_t>{1, 1}, std::pair<size_t, size_t>{4, 1},
                    std::pair<size_t, size_t>{16, 1}, std::pair<size_t, size_t>{1, 4},
                    std::pair<size_t, size_t>{4, 4}, std::pair<size_t, size_t>{16, 4}),
    [](const auto& test) {
      return std::to_string(test.param.first) + "scripts" + std::to_string(test.param.second) +
             "threads";
    });

class StressMemory : public testing::TestWithParam<hub::Generation> {};

// VH_STRESS_MESSAGES: over how many messages memory is watched, a million unless told.
TEST_P(StressMemory, StaysWithinAHundredKilobytes) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer keeps freed memory";
#endif
  const size_t watched = FromEnvironment("VH_STRESS_MESSAGES", 1000000);
  Stress stress(GetParam(), 1, 1);
  // Fills every cache and pool, those of the threads that look in once a second too.
  for (int i = 0; i < 3; ++i) stress.Run();
  const unsigned long first = stress.messages();
  const long before = resident_kb();
  while (stress.messages() - first < watched) {
    stress.Run();
    std::printf("after %lu messages: %+ld KB\n", stress.messages() - first, resident_kb() - before);
  }
  EXPECT_LT(resident_kb() - before, kAllowedGrowthKb);
  const HookCounts called = traffic::CalledBy(*stress.plugin().scripts().front());
  EXPECT_EQ("",
            traffic::Difference(stress.plugin(), "expected", stress.Expected(), "called", called));
}

INSTANTIATE_TEST_SUITE_P(Generations, StressMemory,
                         testing::Values(hub::Generation::kClassic, hub::Generation::kBidirectional,
                                         hub::Generation::kPython3),
                         [](const auto& test) {
                           switch (test.param) {
                             case hub::Generation::kClassic:
                               return "classic";
                             case hub::Generation::kBidirectional:
                               return "bidirectional";
                             default:
                               return "python3";
                           }
                         });

}  // namespace
