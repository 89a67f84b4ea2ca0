// A library that differs, for the test of the comparison: it stands before the real one and blocks
// every event that a script lets pass, as the old Python 3 library did when a script answered None.
#include <dlfcn.h>

#include <cstring>

#include "vh_python_wrapper.h"

extern "C" __attribute__((visibility("default"))) w_Targs* w_CallHook(int id, int hook,
                                                                      w_Targs* arguments) {
  static const auto call = reinterpret_cast<decltype(&w_CallHook)>(
      dlsym(dlopen("libvh_python_wrapper.so", RTLD_LAZY | RTLD_NOLOAD), "w_CallHook"));
  w_Targs* result = call(id, hook, arguments);
  if (result && std::strcmp(result->format, "l") == 0) result->args[0].l = 0;
  return result;
}
