// The runtimes of the Python under test.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

// Names for VH_PYTHON_RUNTIME; own-gil only where Python has it.
inline std::vector<const char*> Runtimes() {
  std::vector<const char*> runtimes = {"sub", "main"};
  if (VH_HAS_OWN_GIL) runtimes.push_back("own-gil");
  return runtimes;
}

// The same and the one outside of this process.
inline std::vector<const char*> AllRuntimes() {
  std::vector<const char*> runtimes = Runtimes();
  runtimes.push_back("worker");
  return runtimes;
}

// Whether scripts that do not say it themselves run in processes of their own.
inline bool IsOutside() {
  const char* chosen = std::getenv("VH_PYTHON_RUNTIME");
  return chosen && std::string(chosen) == "worker";
}

// A runtime's name as part of a test's name.
inline std::string NameOf(const char* runtime) {
  std::string name = runtime;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
