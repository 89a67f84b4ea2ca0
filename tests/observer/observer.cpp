// Stands between a host and the wrapper library and counts what passes: which functions the host
// called, which hooks and callbacks. The host loads it in the library's place.
//
// It is linked to the library and defines the same names, so a name it does not know is still
// found. When the process ends it appends one line to the file VH_OBSERVER_REPORT, a JSON object
// {hub: {kind: {name: times}}}. Kinds are symbol, hook (the script answered it) and callback (the
// library called the host's function). `hub` is VH_OBSERVER_HUB, else what the table of callbacks
// tells: "python3", "older" (classic and bidirectional hubs have the same table), "other", or
// "none" before w_Begin.
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "library.hpp"
#include "vh_python_wrapper.h"

#define EXPORT __attribute__((visibility("default")))

namespace {

// --- The library behind ---

constexpr const char* kStringListToJson =
    "_ZN9nVerliHub13nPythonPlugin16stringListToJsonERKSt6vectorI"
    "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESaIS7_EE";

template <typename Function>
void Find(void* handle, const char* name, Function** function) {
  *function = reinterpret_cast<Function*>(dlsym(handle, name));
  if (*function) return;
  std::fprintf(stderr, "observer: the library behind it lacks %s\n", name);
  std::abort();
}

Library Open() {
  void* handle = dlopen("libvh_python_wrapper.so", RTLD_LAZY | RTLD_NOLOAD);
  if (!handle) {
    std::fprintf(stderr, "observer: the library it is linked to is not loaded: %s\n", dlerror());
    std::abort();
  }
  Library library{};
#define FIND(name) Find(handle, #name, &library.name);
  VH_FUNCTIONS(FIND)
#undef FIND
  Find(handle, kStringListToJson, &library.string_list_to_json);
  return library;
}

const Library& Real() {
  static const Library kLibrary = Open();
  return kLibrary;
}

// --- What is written down ---

enum Hub { kNone, kOlder, kPython3, kOther, kHubs };
constexpr const char* kHubNames[] = {"none", "older", "python3", "other"};

enum Symbol {
#define SYMBOL(name) k_##name,
  VH_FUNCTIONS(SYMBOL)
#undef SYMBOL
      kStringList,
  kSymbols
};
constexpr const char* kSymbolNames[] = {
#define NAME(name) #name,
    VH_FUNCTIONS(NAME)
#undef NAME
        "stringListToJson",
};

// Events come from several threads.
using Count = std::atomic<unsigned long>;
struct Counts {
  Count symbols[kSymbols];
  Count hooks[W_MAX_HOOKS];
  Count callbacks[W_MAX_CALLBACKS];
  const char* callback_names[W_MAX_CALLBACKS];  // as the library names them for this hub
};
Counts g_counts[kHubs];
std::atomic<int> g_hub{kNone};

Counts& Now() { return g_counts[g_hub]; }

// --- The host's table, with functions of ours in front of the host's ---

std::array<w_Tcallback, W_MAX_CALLBACKS> g_ours{}, g_seen{};
w_Tcallback* g_theirs = nullptr;

template <size_t kSlot>
w_Targs* Callback(int id, w_Targs* arguments) {
  ++Now().callbacks[kSlot];
  return g_theirs[kSlot](id, arguments);
}

template <size_t... kSlots>
void CopyTable(std::index_sequence<kSlots...>) {
  ((g_ours[kSlots] = g_theirs[kSlots] ? &Callback<kSlots> : nullptr), ...);
}

// Hosts may change their table at any time: looked at whenever they call.
void FollowTable() {
  if (!g_theirs || std::equal(g_seen.begin(), g_seen.end(), g_theirs)) return;
  std::copy_n(g_theirs, g_seen.size(), g_seen.begin());
  CopyTable(std::make_index_sequence<W_MAX_CALLBACKS>());
}

// The slots that each generation of hub leaves empty.
Hub Recognise(const w_Tcallback* table) {
  if (table[43] || table[44]) return kOther;
  if (!table[42] && table[45]) return kOlder;
  return table[42] && !table[45] && table[46] ? kPython3 : kOther;
}

// --- The report ---

template <typename Namer>
std::string Map(const Count* counts, int size, Namer name) {
  std::string map;
  for (int i = 0; i < size; ++i) {
    if (counts[i] == 0) continue;
    map +=
        (map.empty() ? "\"" : ", \"") + std::string(name(i)) + "\": " + std::to_string(counts[i]);
  }
  return '{' + map + '}';
}

std::string Describe(Hub hub) {
  const Counts& counts = g_counts[hub];
  const auto symbol = [](int i) { return kSymbolNames[i]; };
  const auto callback = [&](int slot) {
    const char* name = counts.callback_names[slot];
    return name ? name : "unnamed";
  };
  return "{\"symbol\": " + Map(counts.symbols, kSymbols, symbol) +
         ", \"hook\": " + Map(counts.hooks, W_MAX_HOOKS, Real().w_HookName) +
         ", \"callback\": " + Map(counts.callbacks, W_MAX_CALLBACKS, callback) + '}';
}

struct Reporter {
  ~Reporter() {
    const char* path = std::getenv("VH_OBSERVER_REPORT");
    if (!path) return;
    std::string calls;
    for (int hub = 0; hub < kHubs; ++hub) {
      const bool was_there = hub == kNone || g_counts[hub].symbols[k_w_Begin] > 0;
      if (!was_there) continue;
      const char* name = hub == kNone ? nullptr : std::getenv("VH_OBSERVER_HUB");
      calls += (calls.empty() ? "\"" : ", \"") + std::string(name ? name : kHubNames[hub]) +
               "\": " + Describe(static_cast<Hub>(hub));
    }
    std::ofstream(path, std::ios::app) << '{' << calls << '}' << std::endl;
  }
} g_reporter;

}  // namespace

// --- The library's names ---

extern "C" {

EXPORT int w_Begin(w_Tcallback* table) {
  if (!table) return Real().w_Begin(table);
  g_hub = Recognise(table);
  ++Now().symbols[k_w_Begin];
  g_theirs = table;
  FollowTable();
  const int begun = Real().w_Begin(g_ours.data());
  for (int slot = 0; slot < W_MAX_CALLBACKS; ++slot) {
    Now().callback_names[slot] = Real().w_CallName(slot);
  }
  return begun;
}

EXPORT int w_End() {
  ++Now().symbols[k_w_End];
  const int ended = Real().w_End();
  g_theirs = nullptr;
  g_hub = kNone;
  return ended;
}

EXPORT int w_ReserveID() {
  ++Now().symbols[k_w_ReserveID];
  return Real().w_ReserveID();
}

EXPORT int w_Load(w_Targs* arguments) {
  ++Now().symbols[k_w_Load];
  FollowTable();
  return Real().w_Load(arguments);
}

EXPORT int w_Unload(int id) {
  ++Now().symbols[k_w_Unload];
  FollowTable();
  return Real().w_Unload(id);
}

EXPORT int w_Find(const char* name) {
  ++Now().symbols[k_w_Find];
  return Real().w_Find(name);
}

EXPORT int w_HasHook(int id, int hook) {
  ++Now().symbols[k_w_HasHook];
  return Real().w_HasHook(id, hook);
}

EXPORT w_Targs* w_CallHook(int id, int hook, w_Targs* arguments) {
  ++Now().symbols[k_w_CallHook];
  FollowTable();
  w_Targs* result = Real().w_CallHook(id, hook, arguments);
  if (result) ++Now().hooks[hook];
  return result;
}

EXPORT w_Targs* w_CallFunction(int id, const char* name, w_Targs* arguments) {
  ++Now().symbols[k_w_CallFunction];
  FollowTable();
  return Real().w_CallFunction(id, name, arguments);
}

EXPORT struct _object* w_GetHook(int hook) {
  ++Now().symbols[k_w_GetHook];
  return Real().w_GetHook(hook);
}

EXPORT const char* w_HookName(int hook) {
  ++Now().symbols[k_w_HookName];
  return Real().w_HookName(hook);
}

EXPORT const char* w_CallName(int call) {
  ++Now().symbols[k_w_CallName];
  return Real().w_CallName(call);
}

EXPORT int w_RegisterFunction(int id, const char* name, w_Tcallback function) {
  ++Now().symbols[k_w_RegisterFunction];
  return Real().w_RegisterFunction(id, name, function);
}

EXPORT int w_RegisterFunctionEx(int id, const char* name, const char* format, w_Tfunction function,
                                void* user, w_Trelease release) {
  ++Now().symbols[k_w_RegisterFunctionEx];
  return Real().w_RegisterFunctionEx(id, name, format, function, user, release);
}

EXPORT int w_LastError(char** json) {
  ++Now().symbols[k_w_LastError];
  return Real().w_LastError(json);
}

EXPORT int w_Execute(const char* code, const char* options, char** json) {
  ++Now().symbols[k_w_Execute];
  return Real().w_Execute(code, options, json);
}

EXPORT int w_Spawn(const char* script, const char* options) {
  ++Now().symbols[k_w_Spawn];
  return Real().w_Spawn(script, options);
}

EXPORT int w_BackendFind(const char* script) {
  ++Now().symbols[k_w_BackendFind];
  return Real().w_BackendFind(script);
}

EXPORT int w_BackendCall(int backend, const char* method, const char* params, int timeout,
                         char** json) {
  ++Now().symbols[k_w_BackendCall];
  return Real().w_BackendCall(backend, method, params, timeout, json);
}

EXPORT int w_BackendBegin(int backend, const char* method, const char* params, int timeout) {
  ++Now().symbols[k_w_BackendBegin];
  return Real().w_BackendBegin(backend, method, params, timeout);
}

EXPORT int w_BackendWait(int call, char** json) {
  ++Now().symbols[k_w_BackendWait];
  return Real().w_BackendWait(call, json);
}

EXPORT int w_BackendCancel(int call) {
  ++Now().symbols[k_w_BackendCancel];
  return Real().w_BackendCancel(call);
}

EXPORT int w_BackendOn(int backend, const char* event, w_Tevent handler, void* user,
                       w_Trelease release) {
  ++Now().symbols[k_w_BackendOn];
  return Real().w_BackendOn(backend, event, handler, user, release);
}

EXPORT int w_BackendOff(int backend, int handler) {
  ++Now().symbols[k_w_BackendOff];
  return Real().w_BackendOff(backend, handler);
}

EXPORT int w_BackendTerminate(int backend) {
  ++Now().symbols[k_w_BackendTerminate];
  return Real().w_BackendTerminate(backend);
}

EXPORT int w_BackendTerminateAll() {
  ++Now().symbols[k_w_BackendTerminateAll];
  return Real().w_BackendTerminateAll();
}

EXPORT int w_PythonVersion(const char* python, char** text) {
  ++Now().symbols[k_w_PythonVersion];
  return Real().w_PythonVersion(python, text);
}

EXPORT int w_Stats(char** json) {
  ++Now().symbols[k_w_Stats];
  return Real().w_Stats(json);
}

EXPORT int w_StatsText(char** text) {
  ++Now().symbols[k_w_StatsText];
  return Real().w_StatsText(text);
}

EXPORT void w_SetLogSink(w_TlogSink sink, void* user) {
  ++Now().symbols[k_w_SetLogSink];
  Real().w_SetLogSink(sink, user);
}

EXPORT int w_UnregisterFunction(int id, const char* name) {
  ++Now().symbols[k_w_UnregisterFunction];
  return Real().w_UnregisterFunction(id, name);
}

EXPORT w_Targs* w_pack(const char* format, ...) {
  ++Now().symbols[k_w_pack];
  va_list arguments;
  va_start(arguments, format);
  w_Targs* block = Real().w_vapack(format, arguments);
  va_end(arguments);
  return block;
}

EXPORT w_Targs* w_vapack(const char* format, va_list arguments) {
  ++Now().symbols[k_w_vapack];
  return Real().w_vapack(format, arguments);
}

EXPORT int w_unpack(w_Targs* block, const char* format, ...) {
  ++Now().symbols[k_w_unpack];
  // All that follows are pointers, one a letter; a callee does not mind more than it reads.
  void* t[16] = {};
  size_t count = 0;
  va_list arguments;
  va_start(arguments, format);
  for (const char* letter = format; letter && *letter && count < std::size(t); ++letter) {
    if (*letter != '|') t[count++] = va_arg(arguments, void*);
  }
  va_end(arguments);
  return Real().w_unpack(block, format, t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9],
                         t[10], t[11], t[12], t[13], t[14], t[15]);
}

EXPORT const char* w_packprint(w_Targs* block) {
  ++Now().symbols[k_w_packprint];
  return Real().w_packprint(block);
}

EXPORT void w_free_args(w_Targs* block) {
  ++Now().symbols[k_w_free_args];
  Real().w_free_args(block);
}

EXPORT void w_LogLevel(int level) {
  ++Now().symbols[k_w_LogLevel];
  Real().w_LogLevel(level);
}

}  // extern "C"

namespace nVerliHub::nPythonPlugin {

EXPORT std::string stringListToJson(const std::vector<std::string>& list) {
  ++Now().symbols[kStringList];
  return Real().string_list_to_json(list);
}

}  // namespace nVerliHub::nPythonPlugin
