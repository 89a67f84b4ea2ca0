// Argument blocks at the C side: made by hand, told as text, released in each allowed way.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "library.hpp"

// A block whose strings belong to someone else.
struct FreeBlock {
  void operator()(w_Targs* block) const { std::free(block); }
};
using Block = std::unique_ptr<w_Targs, FreeBlock>;

// A block that owns its strings.
struct FreeArgs {
  void operator()(w_Targs* block) const { Lib().w_free_args(block); }
};
using OwningBlock = std::unique_ptr<w_Targs, FreeArgs>;

// w_pack; strings stay the caller's.
template <typename... Arguments>
Block Pack(const char* format, Arguments... arguments) {
  return Block(Lib().w_pack(format, arguments...));
}

// A block as text, for comparing: its format, then each value: `sl "text" 0`, `ss NULL ""`,
// `D {"a":1}` (JSON without spaces), `L ["a","b"]`, `p 0x10`. A `tab` block shows each type,
// `tab l 1, s "x"`, with `-` for type 0 and without the unused elements at its end.
std::string Describe(const w_Targs* block);

// Whether `pointer` lies in the allocation of `block`.
bool IsInside(const w_Targs* block, const void* pointer);

// A block filled by the test host itself, one sample value per letter of l, s, d, and the Python
// arguments that must come of it. Values differ by position, so that swapped ones are noticed.
class SampleBlock {
 public:
  explicit SampleBlock(const std::string& format);
  w_Targs* get() { return block_.get(); }
  // Python's repr of the tuple of all values.
  const std::string& python() const { return python_; }

 private:
  std::vector<std::string> texts_;
  Block block_;
  std::string python_;
};

// An empty block (elements zeroed, types set) with the format in its own allocation.
w_Targs* NewBlock(const std::string& format);

// Results as a hub's callbacks make them: every string an allocation of its own.
w_Targs* IntResult(long value);
w_Targs* FloatResult(double value);
w_Targs* TextResult(const char* value);
w_Targs* JsonResult(const char* value);
w_Targs* TextsResult(const std::vector<const char*>& values);
