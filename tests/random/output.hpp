// The process's standard output, which is the library's log: caught while the library works.
#pragma once

#include <string>

class Output {
 public:
  Output();
  // Gives standard output back.
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // What was written since the last call.
  std::string Take();

 private:
  int file_;
  int saved_;
};
