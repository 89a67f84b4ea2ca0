// What only a library with `inject-panics` exports.
#include "points.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <iostream>

#include "library.hpp"

namespace {

struct Functions {
  const char* (*point)(std::size_t index, std::size_t* length);
  void (*arm)(std::size_t index, unsigned times);
  unsigned (*struck)(std::size_t index);
};

template <typename Function>
void LookUp(const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
  if (function) return;
  std::cerr << "the library has no " << name << ": build it with the feature inject-panics\n";
  std::exit(2);
}

const Functions& TheFunctions() {
  static const Functions functions = [] {
    Lib();
    Functions found;
    LookUp("vh_test_point", found.point);
    LookUp("vh_test_arm", found.arm);
    LookUp("vh_test_struck", found.struck);
    return found;
  }();
  return functions;
}

}  // namespace

std::vector<std::string> PointNames() {
  std::vector<std::string> names;
  std::size_t length = 0;
  while (const char* name = TheFunctions().point(names.size(), &length)) {
    names.emplace_back(name, length);
  }
  return names;
}

std::vector<std::size_t> FindPoints(const std::string& name) {
  const std::vector<std::string> names = PointNames();
  std::vector<std::size_t> found;
  for (std::size_t index = 0; index < names.size(); ++index) {
    if (names[index] == name) found.push_back(index);
  }
  if (!found.empty()) return found;
  std::cerr << "there is no point " << name << "\n";
  std::exit(2);
}

void ArmPoint(std::size_t point, unsigned times) { TheFunctions().arm(point, times); }

unsigned Struck(const std::vector<std::size_t>& points) {
  unsigned struck = 0;
  for (const std::size_t point : points) struck += TheFunctions().struck(point);
  return struck;
}
