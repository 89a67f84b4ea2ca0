// The library under test, reached as a hub reaches it: dlopen and dlsym, nothing linked.
#pragma once

#include <string>
#include <vector>

#include "vh_python_wrapper.h"

// Every C function of the library. The header's declarations give the types; they are never linked.
#define VH_FUNCTIONS(X)   \
  X(w_Begin)              \
  X(w_End)                \
  X(w_ReserveID)          \
  X(w_Load)               \
  X(w_Unload)             \
  X(w_Find)               \
  X(w_HasHook)            \
  X(w_CallHook)           \
  X(w_CallFunction)       \
  X(w_GetHook)            \
  X(w_HookName)           \
  X(w_CallName)           \
  X(w_RegisterFunction)   \
  X(w_RegisterFunctionEx) \
  X(w_UnregisterFunction) \
  X(w_pack)               \
  X(w_vapack)             \
  X(w_unpack)             \
  X(w_packprint)          \
  X(w_free_args)          \
  X(w_Stats)              \
  X(w_StatsText)          \
  X(w_SetLogSink)         \
  X(w_LogLevel)           \
  X(w_LastError)

struct Library {
#define VH_MEMBER(name) decltype(&::name) name;
  VH_FUNCTIONS(VH_MEMBER)
#undef VH_MEMBER
  // nVerliHub::nPythonPlugin::stringListToJson
  std::string (*string_list_to_json)(const std::vector<std::string>&);
};

// The library, loaded once a process from the file VH_LIBRARY names, else from the one CMake built.
// Throws std::runtime_error telling the file or symbol that is missing.
const Library& Lib();
