// Loads the library under test and looks all its symbols up.
#include "library.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>

namespace {

constexpr const char* kStringListToJson =
    "_ZN9nVerliHub13nPythonPlugin16stringListToJsonERKSt6vectorINSt7__cxx1112basic_"
    "stringIcSt11char_"
    "traitsIcESaIcEEESaIS7_EE";

std::string LibraryFile() {
  const char* chosen = std::getenv("VH_LIBRARY");
  return chosen ? chosen : VH_LIBRARY_FILE;
}

void* Open(const std::string& file) {
  void* handle = dlopen(file.c_str(), RTLD_LAZY | RTLD_GLOBAL);
  if (!handle) throw std::runtime_error(std::string("cannot load the library: ") + dlerror());
  return handle;
}

template <typename Function>
void LookUp(void* handle, const std::string& file, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  if (!function) throw std::runtime_error(file + " has no symbol " + name);
}

Library LoadAll() {
  const std::string file = LibraryFile();
  void* handle = Open(file);
  Library library;
#define VH_LOOK_UP(name) LookUp(handle, file, #name, library.name);
  VH_FUNCTIONS(VH_LOOK_UP)
#undef VH_LOOK_UP
  LookUp(handle, file, kStringListToJson, library.string_list_to_json);
  return library;
}

}  // namespace

const Library& Lib() {
  static const Library library = LoadAll();
  return library;
}
