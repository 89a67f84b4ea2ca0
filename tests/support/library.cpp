// Loads a library and looks its symbols up.
#include "library.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>
#include <type_traits>

// A program that always names a file has no other.
#ifndef VH_LIBRARY_FILE
#define VH_LIBRARY_FILE "libvh_python_wrapper.so"
#endif

namespace {

constexpr const char* kStringListToJson =
    "_ZN9nVerliHub13nPythonPlugin16stringListToJsonERKSt6vectorINSt7__cxx1112basic_"
    "stringIcSt11char_"
    "traitsIcESaIcEEESaIS7_EE";

std::string FileUnderTest() {
  const char* chosen = std::getenv("VH_LIBRARY");
  return chosen ? chosen : VH_LIBRARY_FILE;
}

}  // namespace

Library LoadLibrary(const std::string& file, Needs needs) {
  Library library;
  library.handle = dlopen(file.c_str(), RTLD_LAZY | RTLD_GLOBAL);
  if (!library.handle)
    throw std::runtime_error(std::string("cannot load the library: ") + dlerror());
  const auto look_up = [&](const char* name, auto& function, bool is_needed) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(library.handle, name));
    if (!function && is_needed) throw std::runtime_error(file + " has no symbol " + name);
  };
  const bool needs_all = needs == Needs::kEverything;
#define VH_LOOK_UP(name) look_up(#name, library.name, true);
  VH_HUB_FUNCTIONS(VH_LOOK_UP)
#undef VH_LOOK_UP
#define VH_LOOK_UP(name) look_up(#name, library.name, needs_all);
  VH_NEWER_FUNCTIONS(VH_LOOK_UP)
#undef VH_LOOK_UP
  look_up(kStringListToJson, library.string_list_to_json, needs_all);
  return library;
}

const Library& Lib() {
  static const Library library = LoadLibrary(FileUnderTest());
  return library;
}
