// Making, telling and measuring argument blocks without help of the library under test.
#include "blocks.hpp"

#include <malloc.h>

#include <cstdio>
#include <cstring>

namespace {

constexpr int kTabLength = 10;

std::string Quote(const char* text) {
  return text ? "\"" + std::string(text) + "\"" : std::string("NULL");
}

// JSON without the spaces between its parts, which writers may choose.
std::string CompactJson(const char* json) {
  if (!json) return "NULL";
  std::string compact;
  bool in_text = false;
  for (const char* c = json; *c; ++c) {
    if (in_text && *c == '\\' && c[1]) {
      compact += *c++;
    } else if (*c == '"') {
      in_text = !in_text;
    } else if (!in_text && std::strchr(" \t\r\n", *c)) {
      continue;
    }
    compact += *c;
  }
  return compact;
}

std::string DescribeList(char** list) {
  if (!list) return "NULL";
  std::string text = "[";
  for (char** entry = list; *entry; ++entry) text += (entry == list ? "" : ",") + Quote(*entry);
  return text + "]";
}

std::string DescribeNumber(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

std::string DescribePointer(const void* pointer) {
  if (!pointer) return "NULL";
  char text[32];
  std::snprintf(text, sizeof text, "%p", pointer);
  return text;
}

std::string DescribeElement(const w_Telement& element) {
  switch (element.type) {
    case 'l':
      return std::to_string(element.l);
    case 'd':
      return DescribeNumber(element.d);
    case 's':
      return Quote(element.s);
    case 'D':
      return CompactJson(element.s);
    case 'L':
      return DescribeList(element.L);
    case 'p':
    case 'O':
      return DescribePointer(element.p);
    default:
      return "-";
  }
}

std::string DescribeTab(const w_Targs* block) {
  int length = kTabLength;
  while (length > 0 && block->args[length - 1].type == 0) --length;
  std::string text = "tab";
  for (int i = 0; i < length; ++i) {
    const w_Telement& element = block->args[i];
    text += i ? ", " : " ";
    if (element.type) text += std::string(1, element.type) + " ";
    text += DescribeElement(element);
  }
  return text;
}

}  // namespace

std::string Describe(const w_Targs* block) {
  if (!block) return "(null)";
  if (!block->format) return "(no format)";
  if (std::strcmp(block->format, "tab") == 0) return DescribeTab(block);
  std::string text = block->format;
  for (size_t i = 0; block->format[i]; ++i) {
    const w_Telement& element = block->args[i];
    const bool matches = element.type == block->format[i];
    text += " " + (matches ? DescribeElement(element)
                           : "(wrong type " + std::to_string(int{element.type}) + ")");
  }
  return text;
}

bool IsInside(const w_Targs* block, const void* pointer) {
  const auto* start = reinterpret_cast<const char*>(block);
  const auto* address = static_cast<const char*>(pointer);
  return address >= start && address < start + malloc_usable_size(const_cast<w_Targs*>(block));
}

w_Targs* NewBlock(const std::string& format) {
  const size_t count = format == "tab" ? kTabLength : format.size();
  const size_t head = sizeof(w_Targs) + count * sizeof(w_Telement);
  auto* block = static_cast<w_Targs*>(std::calloc(1, head + format.size() + 1));
  char* copy = reinterpret_cast<char*>(block) + head;
  std::memcpy(copy, format.c_str(), format.size() + 1);
  block->format = copy;
  if (format != "tab") {
    for (size_t i = 0; i < count; ++i) block->args[i].type = format[i];
  }
  return block;
}

SampleBlock::SampleBlock(const std::string& format) : block_(NewBlock(format)), python_("(") {
  texts_.reserve(format.size());  // Elements point into the strings, which must not move.
  for (size_t i = 0; i < format.size(); ++i) {
    w_Telement& element = block_->args[i];
    if (i) python_ += ", ";
    if (format[i] == 's') {
      texts_.push_back("text" + std::to_string(i));
      element.s = texts_.back().data();
      python_ += "'" + texts_.back() + "'";
    } else if (format[i] == 'd') {
      element.d = 1700000000.5 + static_cast<double>(i);
      python_ += "170000000" + std::to_string(i) + ".5";
    } else {
      element.l = 100 + static_cast<long>(i);
      python_ += std::to_string(element.l);
    }
  }
  python_ += format.size() == 1 ? ",)" : ")";
}

w_Targs* IntResult(long value) {
  w_Targs* block = NewBlock("l");
  block->args[0].l = value;
  return block;
}

w_Targs* FloatResult(double value) {
  w_Targs* block = NewBlock("d");
  block->args[0].d = value;
  return block;
}

w_Targs* TextResult(const char* value) { return TextsResult({value}); }

w_Targs* JsonResult(const char* value) {
  w_Targs* block = NewBlock("D");
  block->args[0].s = value ? strdup(value) : nullptr;
  return block;
}

w_Targs* TextsResult(const std::vector<const char*>& values) {
  w_Targs* block = NewBlock(std::string(values.size(), 's'));
  for (size_t i = 0; i < values.size(); ++i) {
    block->args[i].s = values[i] ? strdup(values[i]) : nullptr;
  }
  return block;
}
