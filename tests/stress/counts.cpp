// The two ends of every callback: what the hub called, and what the script counted.
#include "counts.h"

#include <cstdio>
#include <cstring>
#include <numeric>
#include <stdexcept>

#include "transcript.h"

namespace traffic {

namespace {

int HookNumber(const hub::PythonPlugin& plugin, const std::string& name) {
  for (int hook = 0; hook < W_MAX_HOOKS; ++hook) {
    const char* known = plugin.library().hook_name(hook);
    if (known && name == known) return hook;
  }
  throw std::runtime_error("the script counted " + name + ", which is no hook");
}

std::runtime_error Unexpected(const char* function, const w_Targs* result) {
  return std::runtime_error(std::string(function) + "() answered " + hub::FormatBlock(result));
}

}  // namespace

HookCounts CalledBy(const hub::Script& script) {
  HookCounts counts;
  for (size_t hook = 0; hook < counts.size(); ++hook) counts[hook] = script.answers[hook];
  return counts;
}

unsigned long ReadTotal(hub::PythonPlugin* plugin, w_Targs* result) {
  long total = -1;
  if (!result || !plugin->library().unpack(result, "l", &total) || total < 0) {
    throw Unexpected("get_total_calls", result);
  }
  plugin->ReleaseResult(result);
  return static_cast<unsigned long>(total);
}

HookCounts ReadSummary(hub::PythonPlugin* plugin, w_Targs* result) {
  char* json = nullptr;
  if (!result || !plugin->library().unpack(result, "D", &json)) {
    throw Unexpected("print_summary", result);
  }
  // One flat map of names and numbers: {"OnTimer":3,"OnUserLogin":2}
  HookCounts counts{};
  char name[64];
  unsigned long count = 0;
  for (const char* at = std::strchr(json, '"'); at; at = std::strchr(at, '"')) {
    if (std::sscanf(at, "\"%63[^\"]\": %lu", name, &count) != 2) {
      throw Unexpected("print_summary", result);
    }
    counts.at(static_cast<size_t>(HookNumber(*plugin, name))) = count;
    at += std::strlen(name) + 2;
  }
  plugin->ReleaseResult(result);
  return counts;
}

unsigned long Sum(const HookCounts& counts) {
  return std::accumulate(counts.begin(), counts.end(), 0ul);
}

void Add(const HookCounts& more, HookCounts* counts) {
  for (size_t hook = 0; hook < counts->size(); ++hook) (*counts)[hook] += more[hook];
}

std::string Difference(const hub::PythonPlugin& plugin, const char* left_name,
                       const HookCounts& left, const char* right_name, const HookCounts& right) {
  std::string text;
  for (size_t hook = 0; hook < left.size(); ++hook) {
    if (left[hook] == right[hook]) continue;
    const char* name = plugin.library().hook_name(static_cast<int>(hook));
    text += std::string(name ? name : "unknown hook") + ": " + left_name + ' ' +
            std::to_string(left[hook]) + ", " + right_name + ' ' + std::to_string(right[hook]) +
            '\n';
  }
  return text;
}

}  // namespace traffic
