// What each exported function answers when the library panics in it: its failure value, and the
// next call works.
#include "values.hpp"

#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>

#include "blocks.hpp"
#include "library.hpp"
#include "points.hpp"

namespace {

w_Targs* NoFunction(int, w_Targs*) { return nullptr; }
w_Targs* NoOwningFunction(void*, int, w_Targs*, w_Tfailure*) { return nullptr; }

bool IsInternalError() {
  char* json = nullptr;
  const bool failed = Lib().w_LastError(&json) == 1 && json;
  const bool internal = failed && std::string(json).find("\"internal\"") != std::string::npos;
  std::free(json);
  return internal;
}

// A function, and a call of it that tells whether it answered with its failure value. The panic
// comes before the arguments are looked at, so that any do.
struct Case {
  const char* function;
  std::function<bool()> fails;
};

const Case kCases[] = {
    {"w_Begin",
     [] {
       w_Tcallback table[W_MAX_CALLBACKS] = {};
       return Lib().w_Begin(table) == 0 && IsInternalError();
     }},
    {"w_End", [] { return Lib().w_End() == 1; }},
    {"w_ReserveID", [] { return Lib().w_ReserveID() == -1 && IsInternalError(); }},
    {"w_Load", [] { return Lib().w_Load(nullptr) == -1 && IsInternalError(); }},
    {"w_Unload", [] { return Lib().w_Unload(0) == 0 && IsInternalError(); }},
    {"w_Find", [] { return Lib().w_Find("script.py") == -1; }},
    {"w_HasHook", [] { return Lib().w_HasHook(0, W_OnTimer) == 0; }},
    {"w_CallHook", [] { return !Lib().w_CallHook(0, W_OnTimer, nullptr) && IsInternalError(); }},
    {"w_CallFunction", [] { return !Lib().w_CallFunction(0, "f", nullptr) && IsInternalError(); }},
    {"w_HookName", [] { return Lib().w_HookName(0) == nullptr; }},
    {"w_CallName", [] { return Lib().w_CallName(0) == nullptr; }},
    {"w_RegisterFunction",
     [] { return Lib().w_RegisterFunction(0, "f", &NoFunction) == 0 && IsInternalError(); }},
    {"w_RegisterFunctionEx",
     [] {
       return Lib().w_RegisterFunctionEx(0, "f", "", &NoOwningFunction, nullptr, nullptr) == 0 &&
              IsInternalError();
     }},
    {"w_UnregisterFunction",
     [] { return Lib().w_UnregisterFunction(0, "f") == 0 && IsInternalError(); }},
    {"w_pack", [] { return Lib().w_pack("l", 1L) == nullptr; }},
    {"w_pack: refusing a format", [] { return Lib().w_pack("?", 1L) == nullptr; }},
    {"w_unpack",
     [] {
       long value = -1;
       const Block block = Pack("l", 7L);
       return block && Lib().w_unpack(block.get(), "l", &value) == 0 && value == -1;
     }},
    {"w_packprint",
     [] {
       const Block block = Pack("l", 7L);
       return std::string(Lib().w_packprint(block.get())) == "(error)";
     }},
    {"w_free_args",
     [] {
       Lib().w_free_args(nullptr);
       return true;
     }},
    {"w_Stats",
     [] {
       char* text = nullptr;
       return Lib().w_Stats(&text) == 0 && !text;
     }},
    {"w_StatsText",
     [] {
       char* text = nullptr;
       return Lib().w_StatsText(&text) == 0 && !text;
     }},
    {"w_SetLogSink",
     [] {
       Lib().w_SetLogSink(nullptr, nullptr);
       return true;
     }},
    {"w_LogLevel",
     [] {
       Lib().w_LogLevel(1);
       return true;
     }},
    {"w_LastError",
     [] {
       Lib().w_Unload(-1);
       return Lib().w_LastError(nullptr) == 0;
     }},
    {"w_Execute", [] { return Lib().w_Execute("", nullptr, nullptr) == 0 && IsInternalError(); }},
    {"w_Spawn", [] { return Lib().w_Spawn("s.py", nullptr) == -1 && IsInternalError(); }},
    {"w_BackendFind", [] { return Lib().w_BackendFind("s.py") == -1 && IsInternalError(); }},
    {"w_BackendCall",
     [] { return Lib().w_BackendCall(1, "f", nullptr, 0, nullptr) == 0 && IsInternalError(); }},
    {"w_BackendBegin",
     [] { return Lib().w_BackendBegin(1, "f", nullptr, 0) == -1 && IsInternalError(); }},
    {"w_BackendWait", [] { return Lib().w_BackendWait(1, nullptr) == 0 && IsInternalError(); }},
    {"w_BackendCancel", [] { return Lib().w_BackendCancel(1) == 0 && IsInternalError(); }},
    {"w_BackendOn",
     [] {
       return Lib().w_BackendOn(1, "e", nullptr, nullptr, nullptr) == -1 && IsInternalError();
     }},
    {"w_BackendOff", [] { return Lib().w_BackendOff(1, 1) == 0 && IsInternalError(); }},
    {"w_BackendTerminate", [] { return Lib().w_BackendTerminate(1) == 0 && IsInternalError(); }},
    {"w_BackendTerminateAll",
     [] { return Lib().w_BackendTerminateAll() == 0 && IsInternalError(); }},
    {"w_PythonVersion",
     [] { return Lib().w_PythonVersion(nullptr, nullptr) == 0 && IsInternalError(); }},
    {"stringListToJson", [] { return Lib().string_list_to_json({"nick"}) == "[]"; }},
};

bool HasCase(const std::string& point) {
  for (const Case& one : kCases) {
    if (point == one.function) return true;
  }
  return false;
}

}  // namespace

bool CheckFailureValues() {
  bool right = true;
  const auto wrong = [&](const std::string& what) {
    std::cout << "WRONG " << what << std::endl;
    right = false;
  };
  for (const std::string& point : PointNames()) {
    if (point.rfind("w_", 0) == 0 && !HasCase(point)) wrong(point + " has no row in values.cpp");
  }
  for (const Case& one : kCases) {
    const std::vector<std::size_t> points = FindPoints(one.function);
    for (const std::size_t point : points) ArmPoint(point, 1);
    if (!one.fails()) wrong(std::string(one.function) + " answers with no failure value");
    if (Struck(points) != points.size()) wrong(std::string(one.function) + " has not panicked");
  }
  return right;
}
