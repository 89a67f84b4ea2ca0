// libvh_python_wrapper.so, reached by dlopen and dlsym only, with the habits of one hub generation.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "vh_python_wrapper.h"

namespace hub {

enum class Generation { kClassic, kBidirectional, kPython3 };

struct LibraryError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class WrapperLibrary {
 public:
  // Opens the file and looks its functions up. Throws LibraryError naming what is missing.
  WrapperLibrary(const std::string& file, Generation generation);
  ~WrapperLibrary();
  WrapperLibrary(const WrapperLibrary&) = delete;
  WrapperLibrary& operator=(const WrapperLibrary&) = delete;

  // The twelve names every generation needs.
  int (*begin)(w_Tcallback*) = nullptr;
  int (*end)() = nullptr;
  int (*reserve_id)() = nullptr;
  int (*load)(w_Targs*) = nullptr;
  int (*unload)(int) = nullptr;
  int (*has_hook)(int, int) = nullptr;
  w_Targs* (*call_hook)(int, int, w_Targs*) = nullptr;
  const char* (*hook_name)(int) = nullptr;
  const char* (*call_name)(int) = nullptr;
  w_Targs* (*pack)(const char*, ...) = nullptr;
  int (*unpack)(w_Targs*, const char*, ...) = nullptr;
  void (*log_level)(int) = nullptr;

  // Null when the library, or this generation of hub, does without.
  w_Targs* (*call_function)(int, const char*, w_Targs*) = nullptr;
  void (*free_args)(w_Targs*) = nullptr;
  int (*register_function)(int, const char*, w_Tcallback) = nullptr;
  std::string (*string_list_to_json)(const std::vector<std::string>&) = nullptr;

  Generation generation() const { return generation_; }

  // Text for a block this hub packs: the `classic` hub lends its own, the later ones give copies.
  char* Lend(const std::string& text) const;

  // Releases a block packed with lent texts.
  void ReleaseParameters(w_Targs* block) const;

  // Releases what w_CallHook returned.
  void ReleaseHookResult(w_Targs* block) const;

  // Releases what w_CallFunction returned.
  void ReleaseFunctionResult(w_Targs* block) const;

 private:
  template <typename Function>
  bool LookUp(const char* name, Function** function);
  template <typename Function>
  void Require(const char* name, Function** function);

  std::string file_;
  Generation generation_;
  void* handle_ = nullptr;
};

// The library's file: the option, else VH_LIBRARY, else ../lib beside the program, else the name
// alone for the system's search.
std::string FindLibrary(const std::string& option);

}  // namespace hub
