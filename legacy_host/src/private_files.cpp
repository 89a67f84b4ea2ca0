// Folders and files that only the hub's own user may open.
#include "private_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>

#include "log.h"
#include "text.h"

namespace hub {

namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

}  // namespace

void MakePrivateFolder(const std::string& path) {
  const std::filesystem::path above = std::filesystem::path(path).parent_path();
  if (!above.empty()) std::filesystem::create_directories(above);
  if (mkdir(path.c_str(), S_IRWXU) == 0) return;
  if (errno != EEXIST) throw SystemError("cannot make the folder " + path);
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) throw SystemError("cannot look at the folder " + path);
  if (!S_ISDIR(status.st_mode)) throw std::runtime_error(path + " is no folder");
  const bool writes = status.st_mode & (S_IWGRP | S_IWOTH);
  if (!writes && !(status.st_mode & kOthers)) return;
  Log(0, std::string("warning: other users of this machine may ") +
             (writes ? "write into " : "look into ") + path +
             (writes ? ", and so become operators or run code here" : "") + "; do: chmod 700 " +
             path);
}

void MakePrivateFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, S_IRUSR | S_IWUSR);
  if (file < 0) throw SystemError("cannot open " + path);
  struct stat status {};
  const bool known = fstat(file, &status) == 0;
  const bool is_file = known && S_ISREG(status.st_mode);
  const bool is_open = known && (status.st_mode & kOthers);
  const bool closed = !is_open || fchmod(file, status.st_mode & ~kOthers & 07777) == 0;
  const std::runtime_error error = SystemError("cannot take the rights of others off " + path);
  close(file);
  if (!is_file) throw std::runtime_error(path + " is no file");
  if (!closed) throw error;
  if (is_open) Log(0, "warning: other users could open " + path + " until now");
}

}  // namespace hub
