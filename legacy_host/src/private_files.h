// Folders and files that only the hub's own user may open.
#pragma once

#include <sys/stat.h>

#include <string>

namespace hub {

// Files made while this lives are the owner's alone.
class PrivateUmask {
 public:
  PrivateUmask() : before_(umask(S_IRWXG | S_IRWXO)) {}
  ~PrivateUmask() { umask(before_); }
  PrivateUmask(const PrivateUmask&) = delete;
  PrivateUmask& operator=(const PrivateUmask&) = delete;

 private:
  mode_t before_;
};

// Makes the folder, for its owner alone. One that is there already is left as it is, and the log
// tells when others may look or write into it. Throws std::runtime_error.
void MakePrivateFolder(const std::string& path);

// Makes an empty file, or takes the rights of others off the one that is there. Throws
// std::runtime_error when neither can be done.
void MakePrivateFile(const std::string& path);

}  // namespace hub
