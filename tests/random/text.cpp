#include "text.hpp"

#include <cstdio>
#include <cstring>

namespace {

struct Sequence {
  size_t length = 0;  // 0: the bytes do not decode.
  unsigned point = 0;
};

// The UTF-8 sequence at `start`.
Sequence SequenceAt(const std::string& bytes, size_t start) {
  const auto byte = [&](size_t index) { return static_cast<unsigned char>(bytes[start + index]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 0;
  if (length == 0 || lead > 0xF7 || start + length > bytes.size()) return {};
  unsigned point = lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    point = point << 6 | (byte(i) & 0x3F);
  }
  static const unsigned kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = point >= 0xD800 && point < 0xE000;
  if (point < kLeast[length] || point > 0x10FFFF || is_surrogate) return {};
  return {length, point};
}

std::string Utf8(unsigned point) {
  std::string bytes;
  if (point < 0x80) return {static_cast<char>(point)};
  const int length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (int i = length - 1; i > 0; --i, point >>= 6) {
    bytes.insert(bytes.begin(), static_cast<char>(0x80 | (point & 0x3F)));
  }
  const unsigned lead = length == 2 ? 0xC0 : length == 3 ? 0xE0 : 0xF0;
  return static_cast<char>(lead | point) + bytes;
}

}  // namespace

std::vector<unsigned> Decode(const std::string& bytes, Encoding encoding) {
  std::vector<unsigned> points;
  for (size_t i = 0; i < bytes.size();) {
    const unsigned byte = static_cast<unsigned char>(bytes[i]);
    const Sequence sequence =
        encoding == Encoding::kLatin1 ? Sequence{1, byte} : SequenceAt(bytes, i);
    points.push_back(sequence.length ? sequence.point : 0xDC00 + byte);
    i += sequence.length ? sequence.length : 1;
  }
  return points;
}

std::string DescribeText(const std::vector<unsigned>& points) {
  std::string text = "s";
  for (const unsigned point : points) {
    char number[16];
    std::snprintf(number, sizeof number, "%s%x", text.size() > 1 ? "." : "", point);
    text += number;
  }
  return text;
}

std::string JsonText(const std::vector<unsigned>& points) {
  static const char kShort[] = "\"\\\b\t\n\f\r";
  static const char kLetters[] = "\"\\btnfr";
  std::string text = "\"";
  for (const unsigned point : points) {
    const char* place =
        point && point < 0x80 ? std::strchr(kShort, static_cast<int>(point)) : nullptr;
    if (place) {
      text += std::string("\\") + kLetters[place - kShort];
    } else if (point < 0x20 || (point >= 0xD800 && point < 0xE000)) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", point);
      text += escape;
    } else {
      text += Utf8(point);
    }
  }
  return text + "\"";
}
