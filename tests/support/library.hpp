// A library, reached as a hub reaches it: dlopen and dlsym, nothing linked.
#pragma once

#include <string>
#include <vector>

#include "vh_python_wrapper.h"

// The C functions that hubs look up, and those that only newer hosts and tests know. The header's
// declarations give the types; they are never linked.
#define VH_HUB_FUNCTIONS(X) \
  X(w_Begin)                \
  X(w_End)                  \
  X(w_ReserveID)            \
  X(w_Load)                 \
  X(w_Unload)               \
  X(w_HasHook)              \
  X(w_CallHook)             \
  X(w_CallFunction)         \
  X(w_HookName)             \
  X(w_CallName)             \
  X(w_pack)                 \
  X(w_unpack)               \
  X(w_free_args)            \
  X(w_LogLevel)
#define VH_NEWER_FUNCTIONS(X) \
  X(w_Find)                   \
  X(w_GetHook)                \
  X(w_RegisterFunction)       \
  X(w_RegisterFunctionEx)     \
  X(w_UnregisterFunction)     \
  X(w_vapack)                 \
  X(w_packprint)              \
  X(w_Stats)                  \
  X(w_StatsText)              \
  X(w_SetLogSink)             \
  X(w_LastError)              \
  X(w_Execute)                \
  X(w_Spawn)                  \
  X(w_BackendFind)            \
  X(w_BackendCall)            \
  X(w_BackendBegin)           \
  X(w_BackendWait)            \
  X(w_BackendCancel)          \
  X(w_BackendOn)              \
  X(w_BackendOff)             \
  X(w_BackendTerminate)       \
  X(w_BackendTerminateAll)    \
  X(w_PythonVersion)
#define VH_FUNCTIONS(X) \
  VH_HUB_FUNCTIONS(X)   \
  VH_NEWER_FUNCTIONS(X)

struct Library {
  void* handle;  // of dlopen
#define VH_MEMBER(name) decltype(&::name) name;
  VH_FUNCTIONS(VH_MEMBER)
#undef VH_MEMBER
  // nVerliHub::nPythonPlugin::stringListToJson
  std::string (*string_list_to_json)(const std::vector<std::string>&);
};

// What a library must have. Of the functions of hubs alone the others may be NULL, in older
// libraries.
enum class Needs { kEverything, kFunctionsOfHubs };

// Loads a library. Throws std::runtime_error telling the file or symbol that is missing.
Library LoadLibrary(const std::string& file, Needs needs = Needs::kEverything);

// The library under test, loaded once a process: from the file VH_LIBRARY names, else from the one
// CMake built.
const Library& Lib();
