// Random calls of the functions for back ends. None is started here, so every number is one of
// none.
#include <string>

#include "caller.hpp"
#include "library.hpp"

namespace {

Expected Refused(const char* answer, const char* code) { return {answer, Logged::kNothing, code}; }

void Hear(void*, int, const char*, const char*) {}
void CountRelease(void* count) { ++*static_cast<int*>(count); }

}  // namespace

bool Caller::CallExecute() {
  const bool has_code = dice_.OneIn(2);
  CheckCall("w_Execute", Refused("0", "invalid"),
            std::to_string(Lib().w_Execute(has_code ? "return 1" : nullptr, "[", nullptr)));
  return true;
}

bool Caller::CallSpawn() {
  const bool has_script = dice_.OneIn(2), has_options = dice_.OneIn(2);
  const char* code = has_options || !has_script ? "invalid" : "not_found";
  CheckCall("w_Spawn", Refused("-1", code),
            std::to_string(Lib().w_Spawn(has_script ? "/no/such/script.py" : nullptr,
                                         has_options ? "{\"unknown\": 1}" : nullptr)));
  return true;
}

bool Caller::CallBackendFind() {
  const bool has_script = dice_.OneIn(2);
  CheckCall("w_BackendFind", Refused("-1", has_script ? "not_found" : "invalid"),
            std::to_string(Lib().w_BackendFind(has_script ? "/no/such/script.py" : nullptr)));
  return true;
}

bool Caller::CallBackendCall() {
  const bool has_method = dice_.OneIn(2);
  CheckCall("w_BackendCall", Refused("0", has_method ? "closed" : "invalid"),
            std::to_string(Lib().w_BackendCall(dice_.AnyInt(), has_method ? "echo" : nullptr,
                                               nullptr, dice_.AnyInt(), nullptr)));
  return true;
}

bool Caller::CallBackendBegin() {
  const bool has_method = dice_.OneIn(2);
  CheckCall("w_BackendBegin", Refused("-1", has_method ? "closed" : "invalid"),
            std::to_string(Lib().w_BackendBegin(dice_.AnyInt(), has_method ? "echo" : nullptr, "{}",
                                                dice_.AnyInt())));
  return true;
}

bool Caller::CallBackendWait() {
  CheckCall("w_BackendWait", Refused("0", "not_found"),
            std::to_string(Lib().w_BackendWait(dice_.AnyInt(), nullptr)));
  return true;
}

bool Caller::CallBackendCancel() {
  CheckCall("w_BackendCancel", Refused("0", "not_found"),
            std::to_string(Lib().w_BackendCancel(dice_.AnyInt())));
  return true;
}

bool Caller::CallBackendOn() {
  const bool has_event = dice_.OneIn(2), has_handler = dice_.OneIn(2);
  int released = 0;
  CheckCall(
      "w_BackendOn", Refused("-1", has_event && has_handler ? "closed" : "invalid"),
      std::to_string(Lib().w_BackendOn(dice_.AnyInt(), has_event ? "tick" : nullptr,
                                       has_handler ? &Hear : nullptr, &released, &CountRelease)));
  if (released != 1)
    Report("w_BackendOn gave its data back " + std::to_string(released) + " times");
  return true;
}

bool Caller::CallBackendOff() {
  CheckCall("w_BackendOff", Refused("0", "closed"),
            std::to_string(Lib().w_BackendOff(dice_.AnyInt(), dice_.AnyInt())));
  return true;
}

bool Caller::CallBackendTerminate() {
  CheckCall("w_BackendTerminate", Refused("0", "closed"),
            std::to_string(Lib().w_BackendTerminate(dice_.AnyInt())));
  return true;
}

bool Caller::CallBackendTerminateAll() {
  CheckCall("w_BackendTerminateAll", {"1"}, std::to_string(Lib().w_BackendTerminateAll()));
  return false;
}

bool Caller::CallPythonVersion() {
  CheckCall("w_PythonVersion", Refused("0", "unavailable"),
            std::to_string(Lib().w_PythonVersion("/no/such/python", nullptr)));
  return true;
}
