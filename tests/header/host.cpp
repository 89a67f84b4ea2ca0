// The host of a test.
#include "host.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

Folder::Folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "vh-header-XXXXXX").string();
  if (!mkdtemp(pattern.data())) throw std::runtime_error("cannot make the folder " + pattern);
  path_ = pattern;
}

Folder::~Folder() { std::filesystem::remove_all(path_); }

std::string Folder::Write(const std::string& name, const std::string& text) const {
  const std::filesystem::path path = path_ / name;
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
  return path.string();
}

vh::HostOptions Options(w_Tcallback* callbacks) {
  vh::HostOptions options;
  const char* chosen = std::getenv("VH_LIBRARY");
  options.library = chosen ? chosen : VH_LIBRARY_FILE;
  options.callbacks = callbacks;
  return options;
}

w_Tcallback* Python3Callbacks() {
  static w_Tcallback table[W_MAX_CALLBACKS] = {};
  // What tells these hubs: set up to the last slot, but for the three of SQLQuery and its like.
  for (int slot = 0; slot <= W_StopHub; ++slot) {
    const bool is_empty = slot >= W_SQL + 1 && slot <= W_SQL + 3;
    if (!is_empty) table[slot] = [](int, w_Targs*) -> w_Targs* { return nullptr; };
  }
  return table;
}

ScriptHost::ScriptHost(const std::string& source, w_Tcallback* callbacks)
    : host(Options(callbacks)), script(host.load(folder.Write("script.py", source)).value()) {}
