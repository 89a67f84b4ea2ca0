// The hub's log: lines on standard error, each with a level.
#include "log.h"

#include <cstdio>

namespace hub {

namespace {
int g_log_level = 0;
}  // namespace

void SetLogLevel(int level) { g_log_level = level; }

void Log(int level, const std::string& text) {
  if (level > g_log_level) return;
  std::fprintf(stderr, "vh_hub: %s\n", text.c_str());
}

}  // namespace hub
