// Functions of the hub that scripts reach with vh.CallDynamicFunction.
#include "host_functions.h"

#include <cstring>
#include <fstream>
#include <map>
#include <string>

#include "hub.h"
#include "python_plugin.h"

namespace hub {

namespace {

// Seconds since the hub started.
w_Targs* Uptime(int, w_Targs*) {
  PythonPlugin* plugin = ActivePlugin();
  if (!plugin) return nullptr;
  const long seconds = static_cast<long>(Hub::Now()) - plugin->hub().start_time();
  return plugin->library().pack("l", seconds);
}

// Memory of the process in KiB, as the kernel counts it: a map of names and sizes.
w_Targs* Memory(int, w_Targs*) {
  PythonPlugin* plugin = ActivePlugin();
  if (!plugin) return nullptr;
  std::ifstream status("/proc/self/status");
  std::string name;
  std::map<std::string, long> sizes;
  while (status >> name) {
    long size = 0;
    if (name == "VmSize:" || name == "VmRSS:" || name == "VmHWM:" || name == "VmData:") {
      status >> size;
      name.pop_back();
      sizes[name] = size;
    }
    std::string rest;
    std::getline(status, rest);
  }
  return plugin->library().pack("D", strdup(vh::Json(sizes).dump().c_str()));
}

}  // namespace

const HostFunction kHostFunctions[] = {
    {"hub_uptime", Uptime},
    {"hub_memory", Memory},
    {nullptr, nullptr},
};

}  // namespace hub
