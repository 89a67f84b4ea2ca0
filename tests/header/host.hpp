// A host for one test: begins the library, loads a script from its source, ends the library.
#pragma once

#include <filesystem>
#include <string>

#include "vh_python.hpp"

// A folder of its own, gone with the object.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  // Writes a file. Gives its path.
  std::string Write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

// The options of a host that uses the library under test.
vh::HostOptions Options(w_Tcallback* callbacks = nullptr);

// A table that the library takes for one of the `python3` hubs, whose results are other blocks.
w_Tcallback* Python3Callbacks();

// A folder and a host with one script.
struct ScriptHost {
  explicit ScriptHost(const std::string& source, w_Tcallback* callbacks = nullptr);

  Folder folder;
  vh::Host host;
  int script;
};
