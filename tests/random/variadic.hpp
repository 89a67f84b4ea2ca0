// Calling the variadic functions with arguments that are only known at run time.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "dice.hpp"
#include "library.hpp"

// Values for a format of up to eight `d` and twelve other letters, all passed by one call: doubles
// and the rest travel in registers of their own, and each is read in its order.
class VariadicArguments {
 public:
  VariadicArguments(Dice& dice, const std::string& format);
  w_Targs* Pack(const char* format) const;
  // What each letter's value must be, bit for bit.
  const std::vector<unsigned long>& values() const { return values_; }

 private:
  std::array<double, 8> doubles_ = {};
  std::array<unsigned long, 12> others_ = {};
  std::vector<unsigned long> values_;
};

// w_vapack with a value for each letter.
w_Targs* VapackFromArray(const char* format, const std::vector<unsigned long>& values);

// Where w_unpack writes to; some destinations are NULL.
class Destinations {
 public:
  static constexpr size_t kCount = 12;
  explicit Destinations(Dice& dice);
  int Unpack(w_Targs* block, const char* format);
  // Whether these values were written, and nothing else.
  bool Hold(const std::vector<unsigned long>& values) const;

 private:
  static constexpr unsigned long kUntouched = 0x5eed5eed5eed5eed;
  std::array<unsigned long, kCount> values_;
  std::array<unsigned long*, kCount> pointers_;
};
