// Catches what the process writes to its output: the library's log and the output of scripts.
#pragma once

#include <string>

// While alive, file descriptors 1 and 2 go to a file; when a test failed, its text is shown
// afterwards. One at a time. If a test program dies, the file stays: vh-test-<pid>.log in the
// folder for temporary files.
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  // What was written since the last call.
  std::string Take();

 private:
  std::string ReadFrom(long offset) const;

  std::string path_;
  int file_;
  int saved_output_;
  int saved_errors_;
  long taken_ = 0;
};

// How many lines of `text` contain all of `parts`.
int CountLines(const std::string& text, std::initializer_list<const char*> parts);
