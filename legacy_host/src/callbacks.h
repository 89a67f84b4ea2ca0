// The hub's side of the `vh` module: one C function for each slot of the callback table.
#pragma once

#include "vh_python_wrapper.h"
#include "wrapper_library.h"

namespace hub {

// Fills the table the way hubs of that generation do; all other slots stay NULL.
void FillCallbackTable(Generation generation, w_Tcallback (*table)[W_MAX_CALLBACKS]);

}  // namespace hub
