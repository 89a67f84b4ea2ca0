// Calls every exported function with random arguments, most of them invalid, and checks that each
// is answered as the contract with the hub says.
//
// usage: random [INVALID_INPUTS [SEED]]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>

#include "caller.hpp"

namespace {

// Every exported symbol must be called here, and nothing else can be.
void CheckSymbols(const Caller& caller) {
  std::ifstream file(VH_SYMBOLS_FILE);
  std::set<std::string> symbols;
  for (std::string line; std::getline(file, line);) symbols.insert(line);
  if (symbols.empty()) throw std::runtime_error("cannot read " VH_SYMBOLS_FILE);
  for (const Caller::Count& count : caller.counts()) symbols.erase(count.symbol);
  for (const std::string& symbol : symbols) {
    throw std::runtime_error("no random calls of " + symbol + ": add them to caller.cpp");
  }
}

void Print(const Caller& caller) {
  for (const Caller::Count& count : caller.counts()) {
    std::printf("%-24.24s %8ld inputs %8ld invalid\n", count.symbol.c_str(), count.inputs,
                count.invalid);
  }
  for (const std::string& problem : caller.problems()) std::printf("WRONG: %s\n", problem.c_str());
}

int Run(long inputs, unsigned seed) {
  // Told first, so that a crash can be repeated.
  std::printf("seed %u\n", seed);
  std::fflush(stdout);
  Caller caller(seed, VH_RANDOM_SCRIPTS);
  CheckSymbols(caller);
  while (caller.invalid() < inputs) caller.Call();
  caller.End();
  const long invalid = caller.invalid();
  const long wrong = caller.wrong();
  caller.StopCatching();
  Print(caller);
  std::printf("seed %u: %ld invalid inputs, %ld wrong\n", seed, invalid, wrong);
  return wrong > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const long inputs = argc > 1 ? std::atol(argv[1]) : 10000;
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  const auto seed = static_cast<unsigned>(argc > 2 ? std::strtoul(argv[2], nullptr, 10)
                                                   : static_cast<unsigned long>(now));
  try {
    return Run(inputs, seed);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "random: %s\n", error.what());
    return 2;
  }
}
