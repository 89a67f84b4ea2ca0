// Loads and unloads one script again and again and tells what each cycle costs.
//
// usage: reload sub|main|own-gil SCRIPT WARM-UP CYCLES
//
// The last line says how many KB of memory and milliseconds a cycle took, as bare.c does.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "blocks.hpp"
#include "memory.h"

namespace {

void Cycle(const char* script) {
  const Block arguments = Pack("lssssls", long{Lib().w_ReserveID()}, script, "HubBot", "OpChat",
                               ".", 1700000000L, "config");
  if (Lib().w_Load(arguments.get()) != 0) throw std::runtime_error("w_Load did not return id 0");
  if (Lib().w_Unload(0) != 1) throw std::runtime_error("w_Unload failed");
}

double NowMs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

void Measure(const char* script, int warm_up, int cycles) {
  w_Tcallback table[W_MAX_CALLBACKS] = {};
  if (Lib().w_Begin(table) != 1) throw std::runtime_error("w_Begin failed");
  for (int i = 0; i < warm_up; ++i) Cycle(script);
  const long before = resident_kb();
  const double start = NowMs();
  for (int i = 0; i < cycles; ++i) Cycle(script);
  std::printf("RESULT %.3f KB %.2f ms\n", static_cast<double>(resident_kb() - before) / cycles,
              (NowMs() - start) / cycles);
  std::fflush(stdout);
  Lib().w_End();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: reload sub|main|own-gil SCRIPT WARM-UP CYCLES\n", stderr);
    return 2;
  }
  setenv("VH_PYTHON_RUNTIME", argv[1], 1);
  try {
    Measure(argv[2], std::atoi(argv[3]), std::atoi(argv[4]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "reload: %s\n", error.what());
    return 1;
  }
  return 0;
}
