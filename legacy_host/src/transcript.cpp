// The record of every call between hub and library, in a form that stays the same from run to run:
// bytes escaped, no pointers, no times.
#include "transcript.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "private_files.h"

namespace hub {

namespace {

std::string Quote(const char* text) {
  if (!text) return "NULL";
  std::string quoted = "\"";
  for (const char* at = text; *at; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte == '"' || byte == '\\') {
      quoted += '\\';
      quoted += *at;
    } else if (byte < 0x20 || byte >= 0x7f) {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x", byte);
      quoted += code;
    } else {
      quoted += *at;
    }
  }
  return quoted + '"';
}

std::string FormatList(char* const* list) {
  if (!list) return "NULL";
  std::string text = "[";
  for (char* const* item = list; *item; ++item) text += (item == list ? "" : ", ") + Quote(*item);
  return text + ']';
}

std::string FormatElement(const w_Telement& element, bool hide_doubles) {
  char number[64];
  switch (element.type) {
    case 'l':
      return std::to_string(element.l);
    case 'd':
      if (hide_doubles) return "*";
      std::snprintf(number, sizeof number, "%.17g", element.d);
      return number;
    case 's':
    case 'D':
      return Quote(element.s);
    case 'L':
      return FormatList(element.L);
    case 'p':
      return element.p ? "pointer" : "NULL";
    case 'O':
      return element.O ? "object" : "NULL";
    case 0:
      return "unsupported";
    default:
      return std::string("unknown type ") + element.type;
  }
}

}  // namespace

Transcript::Transcript(const std::string& path) {
  if (path.empty()) return;
  const PrivateUmask private_umask;  // it holds passwords, as all that scripts get
  file_.open(path, std::ios::trunc);
  if (!file_) {
    throw std::runtime_error("cannot write the transcript " + path + ": " + std::strerror(errno));
  }
}

void Transcript::Write(const char* kind, int id, const std::string& name,
                       const std::string& arguments, const std::string& result) {
  // Flushed line by line: the last line before a crash is the one that matters.
  file_ << kind << ' ' << id << ' ' << name << ' ' << arguments << " -> " << result << std::endl;
}

std::string FormatBlock(const w_Targs* block, bool hide_doubles) {
  if (!block) return "NULL";
  std::string text = std::string(block->format) + '(';
  const size_t size = std::strlen(block->format);
  const bool by_type = std::strcmp(block->format, "tab") == 0;
  const size_t count = by_type ? 10 : size;
  for (size_t i = 0; i < count; ++i) {
    text += (i ? ", " : "") + FormatElement(block->args[i], hide_doubles);
  }
  return text + ')';
}

}  // namespace hub
