// A host without a network: loads, uses and unloads scripts in the order of its arguments.
//
// host LIBRARY FOLDER STEP...    STEP is load:NAME, use:NAME or unload:NAME for FOLDER/NAME.py;
// "use" calls the script's function use(). A line "@ STEP ok" or "@ STEP failed" ends each step's
// output; the first failure ends the program with 1. A script that crashes ends it by a signal.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <string>

#include "library.hpp"

namespace {

class Host {
 public:
  Host(const char* library, std::string folder)
      : library_(LoadLibrary(library)), folder_(std::move(folder)) {}

  bool Begin() { return library_.w_Begin(callbacks_) == 1; }
  bool End() { return library_.w_End() == 1; }

  bool Do(const std::string& step) {
    const size_t colon = step.find(':');
    const std::string verb = step.substr(0, colon), name = step.substr(colon + 1);
    if (verb == "load") return Load(name);
    if (verb == "use") return Use(name);
    if (verb == "unload") return library_.w_Unload(ids_.at(name)) == 1;
    std::fprintf(stderr, "no such step: %s\n", step.c_str());
    std::exit(2);
  }

 private:
  bool Load(const std::string& name) {
    const std::string path = folder_ + "/" + name + ".py";
    const int id = library_.w_ReserveID();
    // The strings stay ours: the block alone is freed.
    w_Targs* args = library_.w_pack("lssssls", static_cast<long>(id), path.c_str(), "bot", "chat",
                                    folder_.c_str(), 0L, "config");
    ids_[name] = library_.w_Load(args);
    std::free(args);
    return ids_[name] == id;
  }

  bool Use(const std::string& name) {
    w_Targs* result = library_.w_CallFunction(ids_.at(name), "use", nullptr);
    library_.w_free_args(result);
    return result != nullptr;
  }

  const Library library_;
  std::string folder_;
  std::map<std::string, int> ids_;
  // No callback at all: packages do not talk to hubs.
  w_Tcallback callbacks_[W_MAX_CALLBACKS] = {};
};

bool Report(const std::string& step, bool ok) {
  std::printf("@ %s %s\n", step.c_str(), ok ? "ok" : "failed");
  std::fflush(stdout);
  return ok;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s LIBRARY FOLDER STEP...\n", argv[0]);
    return 2;
  }
  Host host(argv[1], argv[2]);
  if (!Report("begin", host.Begin())) return 1;
  for (int i = 3; i < argc; ++i) {
    if (!Report(argv[i], host.Do(argv[i]))) return 1;
  }
  return Report("end", host.End()) ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
