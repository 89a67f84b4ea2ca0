// A host without a network: loads, uses and unloads scripts in the order of its arguments.
//
// host LIBRARY FOLDER STEP...    STEP is load:NAME, use:NAME or unload:NAME for FOLDER/NAME.py;
// "use" calls the script's function use(). A line "@ STEP ok" or "@ STEP failed" ends each step's
// output; the first failure ends the program with 1. A script that crashes ends it by a signal.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "vh_python_wrapper.h"

namespace {

template <typename Function>
Function* LookUp(void* library, const char* name) {
  void* found = dlsym(library, name);
  if (!found) {
    std::fprintf(stderr, "%s\n", dlerror());
    std::exit(2);
  }
  return reinterpret_cast<Function*>(found);
}

class Host {
 public:
  Host(const char* library, std::string folder) : folder_(std::move(folder)) {
    void* handle = dlopen(library, RTLD_LAZY | RTLD_GLOBAL);
    if (!handle) {
      std::fprintf(stderr, "%s\n", dlerror());
      std::exit(2);
    }
    begin_ = LookUp<decltype(w_Begin)>(handle, "w_Begin");
    end_ = LookUp<decltype(w_End)>(handle, "w_End");
    reserve_ = LookUp<decltype(w_ReserveID)>(handle, "w_ReserveID");
    load_ = LookUp<decltype(w_Load)>(handle, "w_Load");
    unload_ = LookUp<decltype(w_Unload)>(handle, "w_Unload");
    call_ = LookUp<decltype(w_CallFunction)>(handle, "w_CallFunction");
    pack_ = LookUp<decltype(w_pack)>(handle, "w_pack");
    free_ = LookUp<decltype(w_free_args)>(handle, "w_free_args");
  }

  bool Begin() { return begin_(callbacks_) == 1; }
  bool End() { return end_() == 1; }

  bool Do(const std::string& step) {
    const size_t colon = step.find(':');
    const std::string verb = step.substr(0, colon), name = step.substr(colon + 1);
    if (verb == "load") return Load(name);
    if (verb == "use") return Use(name);
    if (verb == "unload") return unload_(ids_.at(name)) == 1;
    std::fprintf(stderr, "no such step: %s\n", step.c_str());
    std::exit(2);
  }

 private:
  bool Load(const std::string& name) {
    const std::string path = folder_ + "/" + name + ".py";
    const int id = reserve_();
    // The strings stay ours: the block alone is freed.
    w_Targs* args = pack_("lssssls", static_cast<long>(id), path.c_str(), "bot", "chat",
                          folder_.c_str(), 0L, "config");
    ids_[name] = load_(args);
    std::free(args);
    return ids_[name] == id;
  }

  bool Use(const std::string& name) {
    w_Targs* result = call_(ids_.at(name), "use", nullptr);
    free_(result);
    return result != nullptr;
  }

  std::string folder_;
  std::map<std::string, int> ids_;
  // No callback at all: packages do not talk to hubs.
  w_Tcallback callbacks_[W_MAX_CALLBACKS] = {};
  decltype(w_Begin)* begin_;
  decltype(w_End)* end_;
  decltype(w_ReserveID)* reserve_;
  decltype(w_Load)* load_;
  decltype(w_Unload)* unload_;
  decltype(w_CallFunction)* call_;
  decltype(w_pack)* pack_;
  decltype(w_free_args)* free_;
};

bool Report(const std::string& step, bool ok) {
  std::printf("@ %s %s\n", step.c_str(), ok ? "ok" : "failed");
  std::fflush(stdout);
  return ok;
}

}  // namespace

int main(int argc, char** argv) {
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
}
