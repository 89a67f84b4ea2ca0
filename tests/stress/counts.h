// The two ends of every callback: what the hub called, and what the script counted.
#pragma once

#include <string>

#include "python_plugin.h"
#include "traffic.h"

namespace traffic {

// What the hub called and the script answered.
HookCounts CalledBy(const hub::Script& script);

// Reads and releases the results of the script's get_total_calls() and print_summary(). They throw
// std::runtime_error when the call failed or the result is not what the function gives.
unsigned long ReadTotal(hub::PythonPlugin* plugin, w_Targs* result);
HookCounts ReadSummary(hub::PythonPlugin* plugin, w_Targs* result);

unsigned long Sum(const HookCounts& counts);
void Add(const HookCounts& more, HookCounts* counts);

// Which hooks differ, one line each; empty when none does.
std::string Difference(const hub::PythonPlugin& plugin, const char* left_name,
                       const HookCounts& left, const char* right_name, const HookCounts& right);

}  // namespace traffic
