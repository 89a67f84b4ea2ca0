// libvh_python_wrapper.so, reached by dlopen and dlsym only, with the habits of one hub generation.
#include "wrapper_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace hub {

namespace {

constexpr const char* kFileName = "libvh_python_wrapper.so";

// nVerliHub::nPythonPlugin::stringListToJson(std::vector<std::string> const&), GNU C++11 ABI.
constexpr const char* kStringListToJson =
    "_ZN9nVerliHub13nPythonPlugin16stringListToJsonERKSt6vectorI"
    "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESaIS7_EE";

}  // namespace

template <typename Function>
bool WrapperLibrary::LookUp(const char* name, Function** function) {
  *function = reinterpret_cast<Function*>(dlsym(handle_, name));
  return *function != nullptr;
}

template <typename Function>
void WrapperLibrary::Require(const char* name, Function** function) {
  if (!LookUp(name, function)) {
    throw LibraryError(file_ + " does not export " + name +
                       ": it is no wrapper for this generation of hub");
  }
}

WrapperLibrary::WrapperLibrary(const std::string& file, Generation generation)
    : file_(file), generation_(generation) {
  // RTLD_GLOBAL as real hubs do: extension modules of Python look for libpython's symbols.
  handle_ = dlopen(file.c_str(), RTLD_LAZY | RTLD_GLOBAL);
  if (!handle_) {
    throw LibraryError("cannot load the Python wrapper " + file + ": " + dlerror() +
                       "; build it, or name it with --library or VH_LIBRARY");
  }
  try {
    Require("w_Begin", &begin);
    Require("w_End", &end);
    Require("w_ReserveID", &reserve_id);
    Require("w_Load", &load);
    Require("w_Unload", &unload);
    Require("w_HasHook", &has_hook);
    Require("w_CallHook", &call_hook);
    Require("w_HookName", &hook_name);
    Require("w_CallName", &call_name);
    Require("w_pack", &pack);
    Require("w_unpack", &unpack);
    Require("w_LogLevel", &log_level);
    LookUp("w_RegisterFunction", &register_function);
    if (generation_ != Generation::kClassic) {
      Require("w_CallFunction", &call_function);
      Require("w_free_args", &free_args);
    }
    if (generation_ == Generation::kPython3) Require(kStringListToJson, &string_list_to_json);
  } catch (...) {
    dlclose(handle_);
    throw;
  }
}

WrapperLibrary::~WrapperLibrary() { dlclose(handle_); }

char* WrapperLibrary::Lend(const std::string& text) const {
  return generation_ == Generation::kClassic ? const_cast<char*>(text.c_str())
                                             : strdup(text.c_str());
}

void WrapperLibrary::ReleaseParameters(w_Targs* block) const {
  if (generation_ == Generation::kClassic) {
    free(block);
  } else {
    free_args(block);
  }
}

void WrapperLibrary::ReleaseHookResult(w_Targs* block) const {
  if (generation_ == Generation::kPython3) {
    free_args(block);
  } else {
    free(block);
  }
}

void WrapperLibrary::ReleaseFunctionResult(w_Targs* block) const { free_args(block); }

std::string FindLibrary(const std::string& option) {
  std::error_code error;
  const char* environment = std::getenv("VH_LIBRARY");
  const std::string named = option.empty() && environment ? environment : option;
  if (!named.empty()) {
    // A bare name would make dlopen search the system's folders only.
    return std::filesystem::exists(named, error) ? std::filesystem::absolute(named).string()
                                                 : named;
  }
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    const auto beside = program.parent_path().parent_path() / "lib" / kFileName;
    if (std::filesystem::exists(beside, error)) return beside.string();
  }
  return kFileName;
}

}  // namespace hub
