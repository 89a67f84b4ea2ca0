// The record of every call between hub and library, in a form that stays the same from run to run:
// bytes escaped, no pointers, no times.
#pragma once

#include <fstream>
#include <string>

#include "vh_python_wrapper.h"

namespace hub {

class Transcript {
 public:
  // An empty path keeps no record. Throws std::runtime_error when the file cannot be written.
  explicit Transcript(const std::string& path);

  bool enabled() const { return file_.is_open(); }

  // One line: what was called, with what, and what came back.
  void Write(const char* kind, int id, const std::string& name, const std::string& arguments,
             const std::string& result);

 private:
  std::ofstream file_;
};

// A block as text: `ss("nick", "caf\xe9")`. `hide_doubles` shows doubles as `*`, for times.
std::string FormatBlock(const w_Targs* block, bool hide_doubles = false);

}  // namespace hub
