// The hub's side of the `vh` module: one C function for each slot of the callback table.
#pragma once

#include "vh_python_wrapper.h"
#include "wrapper_library.h"

namespace hub {

struct CallbackTable {
  w_Tcallback functions[W_MAX_CALLBACKS] = {};
  const char* names[W_MAX_CALLBACKS] = {};
};

// The table as hubs of that generation make it; slots they do not have are NULL.
CallbackTable MakeCallbackTable(Generation generation);

}  // namespace hub
