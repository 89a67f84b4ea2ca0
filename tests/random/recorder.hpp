// Takes records of the library's log, for w_SetLogSink.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "library.hpp"

struct Record {
  int level;
  int script;
  std::string message;
};

class Recorder {
 public:
  // With a recorder as its `user`; without one, what it gets is kept for `TakeNobodys`.
  static w_TlogSink Sink();
  static std::vector<Record> TakeNobodys();

  // The records since the last call.
  std::vector<Record> Take();

 private:
  std::mutex lock_;
  std::vector<Record> records_;
};
