// The hub's log: lines on standard error, each with a level.
#pragma once

#include <string>

namespace hub {

// 0 errors and what an owner wants to know, 1 connections that end, 4 every message.
void SetLogLevel(int level);

// Writes `text` as one line when the log level is at least `level`. Users cause most lines, so a
// line that comes again and again is counted instead, and a minute holds so many bytes only.
void Log(int level, const std::string& text);

void LogError(const std::string& text);

// Tells how often lines were repeated, and how many left out; to be called now and then.
void SettleLog();

}  // namespace hub
