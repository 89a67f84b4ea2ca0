#include "dice.hpp"

#include <climits>

int Dice::AnyInt() {
  static const int kEdges[] = {INT_MIN, INT_MAX, -1, 40, 41, 63, 64, 99, 100, 4095, 4096, 65536};
  switch (Below(3)) {
    case 0:
      return Below(130) - 2;
    case 1:
      return Pick(kEdges);
    default:
      return static_cast<int>(Bits());
  }
}

std::string Dice::Bytes(int length) {
  static const char* const kSequences[] = {"\xc3\xa4",
                                           "\xe2\x82\xac",
                                           "\xf0\x9f\x98\x80",
                                           "\xed\xa0\x80",
                                           "\xc0\xaf",
                                           "\xf4\x90\x80\x80",
                                           "\xe2\x82",
                                           "$",
                                           "|",
                                           "&#36;",
                                           "\"",
                                           "\\",
                                           "\n"};
  const int kind = Below(3);
  std::string bytes;
  while (static_cast<int>(bytes.size()) < length) {
    if (kind == 0 || (kind == 1 && OneIn(2))) {
      bytes += static_cast<char>(' ' + Below(95));
    } else if (kind == 1) {
      bytes += Pick(kSequences);
    } else {
      bytes += static_cast<char>(1 + Below(255));
    }
  }
  return bytes;
}
