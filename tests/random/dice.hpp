// Random choices that a seed repeats.
#pragma once

#include <cstddef>
#include <random>
#include <string>

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}

  unsigned long Bits() { return engine_(); }
  int Below(int limit) { return static_cast<int>(engine_() % static_cast<unsigned long>(limit)); }
  bool OneIn(int count) { return Below(count) == 0; }
  // Any int: small ones, those at the edges of ranges, and all others.
  int AnyInt();
  // Bytes without NUL: ASCII, UTF-8 or anything.
  std::string Bytes(int length);

  template <typename Choices>
  auto& Pick(const Choices& choices) {
    return choices[static_cast<size_t>(Below(static_cast<int>(std::size(choices))))];
  }

 private:
  std::mt19937_64 engine_;
};
