// What a C++ block that drives the hub of legacy_host stands in, as surroundings.cpp is for others.
#include <cstdlib>
#include <iostream>

#include "hub.h"
#include "python_plugin.h"

namespace {

[[maybe_unused]] void Expect(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "not so: " << what << '\n';
  std::exit(1);
}

#define EXPECT(condition) Expect(condition, #condition)

}  // namespace

int main() {
  const std::string library_file = std::getenv("VH_LIBRARY"), scripts_dir = ".";
  try {
@BLOCK@
@PROBE@
  } catch (const std::exception& error) {
    std::cerr << "it throws: " << error.what() << '\n';
    return 1;
  }
}
