#include "output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

Output::Output() {
  std::string path = std::filesystem::temp_directory_path() / "vh-random-log-XXXXXX";
  file_ = mkostemp(path.data(), O_APPEND | O_CLOEXEC);
  if (file_ < 0) throw std::runtime_error("cannot make the file " + path);
  unlink(path.c_str());
  std::fflush(stdout);
  saved_ = dup(STDOUT_FILENO);
  dup2(file_, STDOUT_FILENO);
}

Output::~Output() {
  std::fflush(stdout);
  dup2(saved_, STDOUT_FILENO);
  close(saved_);
  close(file_);
}

std::string Output::Take() {
  struct stat status = {};
  fstat(file_, &status);
  if (status.st_size == 0) return {};
  std::string text(static_cast<size_t>(status.st_size), '\0');
  const ssize_t length = pread(file_, text.data(), text.size(), 0);
  if (length != status.st_size || ftruncate(file_, 0) != 0) {
    throw std::runtime_error("cannot read the log back");
  }
  return text;
}
