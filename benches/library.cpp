// Loads a library under test and looks its symbols up.
#include "library.hpp"

#include <dlfcn.h>

#include <stdexcept>

namespace {

template <typename Function>
void LookUp(void* handle, const std::string& file, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  if (!function) throw std::runtime_error(file + " has no symbol " + name);
}

}  // namespace

Library LoadLibrary(const std::string& file) {
  void* handle = dlopen(file.c_str(), RTLD_LAZY | RTLD_GLOBAL);
  if (!handle) throw std::runtime_error(std::string("cannot load the library: ") + dlerror());
  Library library;
#define VH_BENCH_LOOK_UP(name) LookUp(handle, file, #name, library.name);
  VH_BENCH_FUNCTIONS(VH_BENCH_LOOK_UP)
#undef VH_BENCH_LOOK_UP
  return library;
}
