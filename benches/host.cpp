// The callback table, loading scripts, and the floor.
#include "host.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace {

constexpr int kGetUserClass = 11;
constexpr int kGetConfig = 38;
// A set slot 42 and 46 with three empty ones between tell the `python3` generation.
constexpr int kTells[] = {42, 46};
constexpr int kOnSetConfig = 40;

// What the callbacks work with: the table's functions have no other way to know.
const Library* current_library = nullptr;
const char* current_encoding = "";

w_Targs* GetUserClass(int, w_Targs* args) {
  const char* nick = nullptr;
  if (!current_library->w_unpack(args, "s", &nick) || !nick) return nullptr;
  return current_library->w_pack("l", long{*nick});
}

w_Targs* GetConfig(int, w_Targs*) { return current_library->w_pack("s", strdup(current_encoding)); }

w_Targs* Yes(int, w_Targs*) { return current_library->w_pack("l", 1L); }

}  // namespace

Host::Host(std::string file)
    : file_(std::move(file)), library_(LoadLibrary(file_, Needs::kFunctionsOfHubs)) {
  current_library = &library_;
  for (int slot : kTells) table_[slot] = Yes;
  table_[kGetUserClass] = GetUserClass;
  table_[kGetConfig] = GetConfig;
  library_.w_LogLevel(0);
  if (library_.w_Begin(table_.data()) != 1) throw std::runtime_error("w_Begin failed");
}

Host::~Host() { library_.w_End(); }

void Host::SetEncoding(const char* encoding, int script) {
  current_encoding = encoding;
  w_Targs* change = library_.w_pack("sssssl", "op", "config", "hub_encoding", encoding, "", 1L);
  library_.w_free_args(library_.w_CallHook(script, kOnSetConfig, change));
  std::free(change);
}

w_Tcallback Host::get_user_class() const { return GetUserClass; }

std::string PathOf(const std::string& script) { return std::string(VH_BENCH_SCRIPTS "/") + script; }

Script::Script(Host& host, const std::string& name, const std::string& runtime) : host_(host) {
  const Library& lib = host.lib();
  setenv("VH_PYTHON_RUNTIME", runtime.c_str(), 1);
  const std::string path = PathOf(name);
  w_Targs* arguments = lib.w_pack("lssssls", long{lib.w_ReserveID()}, path.c_str(), "Bot", "OpChat",
                                  VH_BENCH_SCRIPTS, 1700000000L, "config");
  id_ = lib.w_Load(arguments);
  std::free(arguments);
  if (id_ < 0) throw std::runtime_error("the script " + name + " is not loaded in " + runtime);
}

Script::~Script() { host_.lib().w_Unload(id_); }

const floor_api& Floor() {
  static const floor_api* const api = [] {
    // Global, because modules written in C need the symbols of libpython.
    void* handle = dlopen(VH_BENCH_FLOOR, RTLD_NOW | RTLD_GLOBAL);
    if (!handle) throw std::runtime_error(std::string("cannot load the floor: ") + dlerror());
    return reinterpret_cast<decltype(&vh_floor)>(dlsym(handle, "vh_floor"))();
  }();
  return *api;
}

FloorScript::FloorScript(const Host& host, const std::string& name)
    : script_(Floor().open(PathOf(name).c_str(), host.get_user_class())) {}

FloorScript::~FloorScript() { Floor().close(script_); }
