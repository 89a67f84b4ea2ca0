// The hub's log: lines on standard error, each with a level.
#include "log.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <mutex>

#include "log_text.h"

namespace hub {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSameLine{10};  // how long a line is not written again
constexpr std::chrono::minutes kBudgetTime{1};

int g_log_level = 0;

void Write(const std::string& line) { std::fprintf(stderr, "vh_hub: %s\n", line.c_str()); }

// How many bytes of lines of one kind a minute may hold.
struct Budget {
  size_t most;
  size_t used = 0;
  unsigned long left_out = 0;
};

struct Recent {
  std::string line;
  Clock::time_point since;
  unsigned long again = 0;
};

// What was written lately. Errors do not share with what users cause, nor with the messages that
// an owner asked to see.
class Limits {
 public:
  enum Kind { kError, kUsual, kMessages };

  void Put(Kind kind, const std::string& line) {
    Settle();
    for (Recent& recent : recent_) {
      if (recent.line != line) continue;
      ++recent.again;
      return;
    }
    Recent& oldest = recent_[next_++ % recent_.size()];
    Tell(&oldest);
    oldest = {line, Clock::now(), 0};
    Spend(kind, line);
  }

  void Settle() {
    const auto now = Clock::now();
    for (Recent& recent : recent_) {
      if (!recent.line.empty() && now - recent.since > kSameLine) Tell(&recent);
    }
    if (now - since_ < kBudgetTime) return;
    since_ = now;
    for (Budget& budget : budgets_) {
      if (budget.left_out > 0) {
        Write(std::to_string(budget.left_out) + " lines were left out: there were too many");
      }
      budget.used = budget.left_out = 0;
    }
  }

 private:
  static void Tell(Recent* recent) {
    if (recent->again > 0) {
      Write("(" + std::to_string(recent->again) + " times more: " + recent->line.substr(0, 80) +
            ')');
    }
    *recent = {};
  }

  void Spend(Kind kind, const std::string& line) {
    Budget& budget = budgets_[kind];
    if (budget.used > budget.most) {
      ++budget.left_out;
      return;
    }
    budget.used += line.size();
    Write(line);
  }

  std::array<Recent, 16> recent_{};
  size_t next_ = 0;
  Clock::time_point since_ = Clock::now();
  Budget budgets_[3] = {{128 * 1024}, {256 * 1024}, {16 * 1024 * 1024}};
};

std::mutex g_mutex;
Limits g_limits;

void Put(Limits::Kind kind, const std::string& text) {
  const std::string line = Printable(text);
  // A crash inside may log again, and must not wait for itself.
  const std::unique_lock<std::mutex> lock(g_mutex, std::try_to_lock);
  lock ? g_limits.Put(kind, line) : Write(line);
}

}  // namespace

void SetLogLevel(int level) { g_log_level = level; }

void Log(int level, const std::string& text) {
  if (level > g_log_level) return;
  Put(level >= 4 ? Limits::kMessages : Limits::kUsual, text);
}

void SettleLog() {
  const std::lock_guard<std::mutex> lock(g_mutex);
  g_limits.Settle();
}

void LogError(const std::string& text) { Put(Limits::kError, "error: " + text); }

}  // namespace hub
