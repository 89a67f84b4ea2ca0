// A library under test, reached as a hub reaches it: dlopen and dlsym, nothing linked.
#pragma once

#include <string>

#include "vh_python_wrapper.h"

// What rows use. The header's declarations give the types; they are never linked.
#define VH_BENCH_FUNCTIONS(X) \
  X(w_Begin)                  \
  X(w_End)                    \
  X(w_ReserveID)              \
  X(w_Load)                   \
  X(w_Unload)                 \
  X(w_HasHook)                \
  X(w_CallHook)               \
  X(w_CallFunction)           \
  X(w_pack)                   \
  X(w_unpack)                 \
  X(w_free_args)              \
  X(w_LogLevel)

struct Library {
#define VH_BENCH_MEMBER(name) decltype(&::name) name;
  VH_BENCH_FUNCTIONS(VH_BENCH_MEMBER)
#undef VH_BENCH_MEMBER
};

// Loads a library. Throws std::runtime_error telling the file or symbol that is missing.
Library LoadLibrary(const std::string& file);
