// A panic inside the library never crosses its edge: each function gives its failure value.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "fake_hub.hpp"

namespace {

w_Targs* NoFunction(int, w_Targs*) { return nullptr; }
w_Targs* NoOwningFunction(void*, int, w_Targs*, w_Tfailure*) { return nullptr; }

// A function, and a call of it that tells whether it answered with its failure value. The panic
// comes before the arguments are looked at, so that any do. w_HookName and w_GetHook are not here:
// they only read a constant table.
struct Case {
  const char* function;
  std::function<bool()> fails;
};

const Case kCases[] = {
    {"w_Begin",
     [] {
       w_Tcallback table[W_MAX_CALLBACKS] = {};
       return Lib().w_Begin(table) == 0;
     }},
    {"w_End", [] { return Lib().w_End() == 1; }},
    {"w_ReserveID", [] { return Lib().w_ReserveID() == -1; }},
    {"w_Load", [] { return Lib().w_Load(nullptr) == -1; }},
    {"w_Unload", [] { return Lib().w_Unload(0) == 0; }},
    {"w_HasHook", [] { return Lib().w_HasHook(0, W_OnTimer) == 0; }},
    {"w_CallHook", [] { return Lib().w_CallHook(0, W_OnTimer, nullptr) == nullptr; }},
    {"w_CallFunction", [] { return Lib().w_CallFunction(0, "f", nullptr) == nullptr; }},
    {"w_CallName", [] { return Lib().w_CallName(0) == nullptr; }},
    {"w_RegisterFunction", [] { return Lib().w_RegisterFunction(0, "f", &NoFunction) == 0; }},
    {"w_RegisterFunctionEx",
     [] {
       return Lib().w_RegisterFunctionEx(0, "f", "", &NoOwningFunction, nullptr, nullptr) == 0;
     }},
    {"w_UnregisterFunction", [] { return Lib().w_UnregisterFunction(0, "f") == 0; }},
    {"w_pack", [] { return Lib().w_pack("l", 1L) == nullptr; }},
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
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.function; }

class Panic : public testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(Panic, Panic, testing::ValuesIn(kCases),
                         testing::PrintToStringParamName());

// Runs in a process of its own, because the library reads the variable once.
[[noreturn]] void PanicAndExit(const Case& one) {
  dup2(STDERR_FILENO, STDOUT_FILENO);  // The log, for the death test to read.
  setenv("VH_PYTHON_TEST_PANIC", one.function, 1);
  const bool failed = one.fails();
  _exit(failed ? 0 : 1);
}

TEST_P(Panic, BecomesTheFailureValueAndOneLogLine) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(PanicAndExit(GetParam()), testing::ExitedWithCode(0),
              std::string("PY: ") + GetParam().function + ".*VH_PYTHON_TEST_PANIC");
}

// stringListToJson is a C++ function and answers with an empty list.
[[noreturn]] void PanicInJsonAndExit() {
  dup2(STDERR_FILENO, STDOUT_FILENO);
  setenv("VH_PYTHON_TEST_PANIC", "stringListToJson", 1);
  _exit(Lib().string_list_to_json({"nick"}) == "[]" ? 0 : 1);
}

TEST(Panic, InStringListToJsonGivesAnEmptyList) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(PanicInJsonAndExit(), testing::ExitedWithCode(0),
              "PY: stringListToJson.*VH_PYTHON_TEST_PANIC");
}

}  // namespace
