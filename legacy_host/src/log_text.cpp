// What a line of the log may hold: no passwords, nothing that steers a terminal.
#include "log_text.h"

#include <cstdint>
#include <cstdio>

#include "text.h"

namespace hub {

namespace {

constexpr size_t kLongest = 4096;  // bytes of a line before they are escaped
constexpr const char* kMask = " ***";

// Length of the UTF-8 character at the beginning, 0 when there is none.
size_t Decode(std::string_view text, uint32_t* code) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned first = byte(0);
  const size_t size = first < 0x80   ? 1
                      : first < 0xc2 ? 0
                      : first < 0xe0 ? 2
                      : first < 0xf0 ? 3
                      : first < 0xf5 ? 4
                                     : 0;
  if (size == 0 || size > text.size()) return 0;
  *code = size == 1 ? first : first & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return 0;
    *code = *code << 6 | (byte(i) & 0x3fu);
  }
  const uint32_t least = size == 3 ? 0x800 : size == 4 ? 0x10000 : 0;
  const bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
  return *code < least || surrogate || *code > 0x10ffff ? 0 : size;
}

bool IsShown(uint32_t code) {
  const bool control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
  const bool separates = code == 0x2028 || code == 0x2029;
  const bool turns = code == 0x061c || code == 0x200e || code == 0x200f ||
                     (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return !control && !separates && !turns;
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Where a line begins that somebody typed, behind the frame of chat; npos when it is none.
size_t TypedLine(std::string_view message) {
  const bool framed = StartsWith(message, "<") || StartsWith(message, "$To: ");
  if (!framed && !StartsWith(message, "$MCTo: ")) return std::string_view::npos;
  const size_t nick = framed ? 0 : message.find(" $");
  const std::string_view end = framed ? "> " : " ";
  const size_t found = nick == std::string_view::npos ? nick : message.find(end, nick + 1);
  return found == std::string_view::npos ? 0 : found + end.size();
}

}  // namespace

std::string Printable(std::string_view text) {
  const size_t size = text.size();
  text = text.substr(0, kLongest);
  std::string shown;
  while (!text.empty()) {
    uint32_t code = 0;
    const size_t decoded = Decode(text, &code);
    const size_t taken = decoded ? decoded : 1;
    for (const char byte : text.substr(0, taken)) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(byte));
      shown += decoded && IsShown(code) ? std::string(1, byte) : escaped;
    }
    text.remove_prefix(taken);
  }
  if (size > kLongest) shown += "... (" + std::to_string(size) + " bytes)";
  return shown;
}

std::string WithoutSecrets(std::string_view message) {
  const std::string folded = Fold(message);
  const size_t login = folded.find("$mypass");
  if (login != std::string::npos) return std::string(message.substr(0, login + 7)) + kMask;
  const size_t typed = TypedLine(message);
  if (typed == std::string_view::npos) return std::string(message);
  // +passwd NEW, !reg NICK CLASS PASSWORD, and what scripts call theirs.
  std::string_view rest = std::string_view(folded).substr(typed);
  const std::string command = TakeWord(rest);
  const bool registers = Contains(command, "reg");
  if (!registers && !Contains(command, "pass") && !Contains(command, "pwd")) {
    return std::string(message);
  }
  if (registers) {
    TakeWord(rest);
    TakeWord(rest);
  }
  if (rest.empty()) return std::string(message);
  return Trim(message.substr(0, message.size() - rest.size())) + kMask;
}

}  // namespace hub
