// How often each hook and function was called, read from the library's statistics.
#pragma once

#include <map>
#include <string>
#include <utility>

// Calls by script and name, with those that were not made because the hook is suspended.
using CallCounts = std::map<std::pair<int, std::string>, long>;

// Of w_Stats and of w_StatsText. Throws std::runtime_error telling what is no such text.
CallCounts CountsOfJson(const std::string& json);
CallCounts CountsOfMetrics(const std::string& text);
// What differs, or nothing.
std::string Difference(const CallCounts& expected, const CallCounts& found);
