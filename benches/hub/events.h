// The events of a step of the traffic, sent to the plugin as the hub sends them after it has parsed
// the messages.
#pragma once

#include "python_plugin.h"
#include "traffic.h"

namespace load {

void Fire(hub::PythonPlugin* plugin, hub::Session* session, const traffic::Step& step);

}  // namespace load
