// Small helpers for text that is bytes in the hub's encoding.
#include "text.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace hub {

namespace {

// Seconds of a period's unit, 0 for what is none.
long UnitOf(char letter) {
  switch (letter) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86400;
    case 'w':
      return 7 * 86400;
    case 'M':
      return 30 * 86400;
    case 'y':
      return 365 * 86400;
    default:
      return 0;
  }
}

}  // namespace

std::string Fold(std::string_view text) {
  std::string folded(text);
  for (char& byte : folded) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  }
  return folded;
}

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

std::runtime_error SystemError(const std::string& what) {
  return std::runtime_error(what + ": " + std::strerror(errno));
}

bool HasControls(std::string_view text) {
  for (const char byte : text) {
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) return true;
  }
  return false;
}

std::string Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string ReplaceAll(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string TakeWord(std::string_view& rest) {
  const size_t start = rest.find_first_not_of(' ');
  if (start == std::string_view::npos) {
    rest = {};
    return "";
  }
  rest.remove_prefix(start);
  std::string word(rest.substr(0, rest.find(' ')));
  rest.remove_prefix(word.size());
  const size_t next = rest.find_first_not_of(' ');
  rest.remove_prefix(next == std::string_view::npos ? rest.size() : next);
  return word;
}

std::optional<long> ParseNumber(std::string_view text) {
  long number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<long> ParsePeriod(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const long unit = UnitOf(text.back());
  if (unit > 0) text.remove_suffix(1);
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  // What is too long for a number is too long for a period as well.
  const long count = ParseNumber(text).value_or(kMaxPeriod);
  return std::min(count, kMaxPeriod / std::max(unit, 1L)) * std::max(unit, 1L);
}

std::string FormatPeriod(long seconds) {
  struct Unit {
    long seconds;
    const char* name;
  };
  static constexpr Unit kUnits[] = {
      {604800, "week"}, {86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
  std::string words;
  int used = 0;
  for (const Unit& unit : kUnits) {
    const long count = seconds / unit.seconds;
    if (count == 0 || used == 2) continue;
    seconds %= unit.seconds;
    ++used;
    if (!words.empty()) words += ' ';
    words += std::to_string(count) + ' ' + unit.name + (count == 1 ? "" : "s");
  }
  return words.empty() ? "0 seconds" : words;
}

}  // namespace hub
