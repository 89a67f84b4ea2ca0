// Functions of the hub that scripts reach with vh.CallDynamicFunction.
#pragma once

#include "vh_python_wrapper.h"

namespace hub {

struct HostFunction {
  const char* name;
  w_Tcallback run;
};

// Ends with a nameless entry.
extern const HostFunction kHostFunctions[];

}  // namespace hub
