// The hub's log: lines on standard error, each with a level.
#pragma once

#include <string>

namespace hub {

// 0 errors and what an owner wants to know, 1 connections that end, 4 every message.
void SetLogLevel(int level);

// Writes `text` when the log level is at least `level`.
void Log(int level, const std::string& text);

inline void LogError(const std::string& text) { Log(0, "error: " + text); }

}  // namespace hub
