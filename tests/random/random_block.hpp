// Random argument blocks, with what a script must get to see of them.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "blocks.hpp"
#include "dice.hpp"
#include "text.hpp"

// One value of a block.
struct Value {
  char type = 0;
  // As subject.py describes it as an argument of a function, and of a hook, whose numbers are C
  // ints.
  std::string for_function;
  std::string for_hook;
  // What a function that returns it answers, when the block is well formed, as Describe tells.
  std::string echoed;
  // A `D` that is no JSON the library takes.
  bool is_bad_json = false;
};

class RandomBlock {
 public:
  // `native`: whether lists a function returns become `L`, else JSON.
  RandomBlock(Dice& dice, Encoding encoding, bool native);
  // Parameters stay the caller's: they are overwritten and freed.
  ~RandomBlock();
  RandomBlock(const RandomBlock&) = delete;
  RandomBlock& operator=(const RandomBlock&) = delete;

  w_Targs* get() const { return block_; }
  // Whether format and types are right; NULL is not.
  bool is_readable() const { return is_readable_; }
  bool has_bad_json() const;
  const std::vector<Value>& values() const { return values_; }
  const std::string& format() const { return format_; }
  // The tuple of the arguments.
  std::string ForFunction() const;
  std::string ForHook() const;

 private:
  std::string RandomFormat(Dice& dice);
  void Fill(Dice& dice, size_t index, char type);
  void FillJson(Dice& dice, w_Telement& element, Value& value);
  void FillList(Dice& dice, w_Telement& element, Value& value);
  void Break(Dice& dice);
  char* Keep(const std::string& text);

  Encoding encoding_;
  bool native_;
  std::string format_;
  w_Targs* block_ = nullptr;
  bool is_readable_ = true;
  std::vector<Value> values_;
  // What the elements point to; neither moves what it holds.
  std::deque<std::string> texts_;
  std::deque<std::vector<char*>> lists_;
};
