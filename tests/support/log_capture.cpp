// Redirects the process output into a file and reads it back.
#include "log_capture.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>
#include <stdexcept>

LogCapture::LogCapture()
    : path_(testing::TempDir() + "vh-test-" + std::to_string(getpid()) + ".log"),
      file_(open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600)) {
  if (file_ < 0) throw std::runtime_error("cannot write " + path_);
  std::fflush(nullptr);
  saved_output_ = dup(STDOUT_FILENO);
  saved_errors_ = dup(STDERR_FILENO);
  dup2(file_, STDOUT_FILENO);
  dup2(file_, STDERR_FILENO);
}

LogCapture::~LogCapture() {
  std::fflush(nullptr);
  dup2(saved_output_, STDOUT_FILENO);
  dup2(saved_errors_, STDERR_FILENO);
  if (testing::Test::HasFailure()) {
    std::printf("%s", ReadFrom(0).c_str());
    std::fflush(stdout);
  }
  close(saved_output_);
  close(saved_errors_);
  close(file_);
  unlink(path_.c_str());
}

std::string LogCapture::Take() {
  std::fflush(nullptr);
  std::string text = ReadFrom(taken_);
  taken_ += static_cast<long>(text.size());
  return text;
}

std::string LogCapture::ReadFrom(long offset) const {
  std::string text;
  char part[65536];
  ssize_t length;
  while ((length = pread(file_, part, sizeof part, offset + static_cast<long>(text.size()))) > 0) {
    text.append(part, static_cast<size_t>(length));
  }
  return text;
}

int CountLines(const std::string& text, std::initializer_list<const char*> parts) {
  std::istringstream lines(text);
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    bool all = true;
    for (const char* part : parts) all = all && line.find(part) != std::string::npos;
    count += all ? 1 : 0;
  }
  return count;
}
