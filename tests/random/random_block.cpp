#include "random_block.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace {

constexpr char kLetters[] = {'l', 's', 'd', 'p', 'L', 'D', 'O'};
// No letters of a block's format.
constexpr char kOthers[] = {'x', '|', 'S', ' ', '%', '\x01', '\xff', 't'};
constexpr size_t kTabLength = 10;

struct Json {
  const char* text;
  const char* described;
  // What a function answers that returns this list of texts.
  const char* as_list = nullptr;
};

// Compact, so that they come back as they are.
constexpr Json kGoodJson[] = {
    {"{}", "{}"},
    {"[]", "[]", "L []"},
    {"[1,-2,true,null]", "[i1,i-2,b1,n]"},
    {"{\"a\":{\"b\":[\"c\"]}}", "{s61:{s62:[s63]}}"},
    {"[\"\\ud800\",\"\\\"\"]", "[sd800,s22]", "L [\"?\",\"\"\"]"},
    {"[-9223372036854775808,9223372036854775807]", "[i-9223372036854775808,i9223372036854775807]"},
    {"{\"\":0.5}", "{s:f3fe0000000000000}"},
};
constexpr const char* kBadJson[] = {"",          " ",
                                    "{",         "[1,]",
                                    "{\"a\":}",  "{'a':1}",
                                    "nul",       "[1 2]",
                                    "NaN",       "-",
                                    "01",        "1.",
                                    "1e999",     "9223372036854775808",
                                    "[\"\\x\"]", "[\"\\u12\"]",
                                    "\"",        "[\"\n\"]",
                                    "[]]",       "{\"$bytes\":\"?\"}",
                                    "\xff",      "{1:2}"};
constexpr double kFloats[] = {0.0, -0.0, 0.5, 1e308, 5e-324, INFINITY, -INFINITY, NAN};
constexpr unsigned long kEdges[] = {0,
                                    1,
                                    ~0ul,
                                    0x7fffffff,
                                    0x80000000,
                                    0xffffffff,
                                    0x100000000,
                                    0x7fffffffffffffff,
                                    0x8000000000000000};

std::string DescribeInt(long value) { return "i" + std::to_string(value); }

std::string DescribeFloat(double value) {
  if (std::isnan(value)) return "fnan";
  unsigned long bits;
  std::memcpy(&bits, &value, sizeof bits);
  char text[24];
  std::snprintf(text, sizeof text, "f%016lx", bits);
  return text;
}

std::string EchoFloat(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "d %.17g", value);
  return text;
}

std::string Tuple(const std::vector<Value>& values, std::string Value::*text) {
  std::string tuple = "(";
  for (const Value& value : values) tuple += (tuple.size() > 1 ? "," : "") + value.*text;
  return tuple + ")";
}

// A text of the length that most, some and few texts of a hub have.
std::string RandomText(Dice& dice) {
  if (dice.OneIn(200)) return dice.Bytes(100000);
  return dice.Bytes(dice.OneIn(10) ? dice.Below(2000) : dice.Below(20));
}

// A value's own description, when there is nothing else to it.
void Describe(Value& value, const std::string& text) { value.for_function = value.for_hook = text; }

}  // namespace

RandomBlock::RandomBlock(Dice& dice, Encoding encoding, bool native)
    : encoding_(encoding), native_(native) {
  if (dice.OneIn(20)) {
    is_readable_ = false;
    return;
  }
  format_ = dice.OneIn(15) ? "tab" : RandomFormat(dice);
  block_ = NewBlock(format_);
  if (format_ == "tab") {
    const size_t used = static_cast<size_t>(dice.Below(kTabLength + 1));
    for (size_t i = 0; i < used; ++i) Fill(dice, i, dice.OneIn(5) ? '\0' : dice.Pick(kLetters));
    while (values_.size() < kTabLength) Fill(dice, values_.size(), '\0');
    return;
  }
  is_readable_ = std::all_of(format_.begin(), format_.end(), [](char letter) {
    return std::find(std::begin(kLetters), std::end(kLetters), letter) != std::end(kLetters);
  });
  for (size_t i = 0; i < format_.size(); ++i) Fill(dice, i, format_[i]);
  if (dice.OneIn(6)) Break(dice);
}

RandomBlock::~RandomBlock() {
  for (std::string& text : texts_) std::fill(text.begin(), text.end(), '#');
  std::free(block_);
}

bool RandomBlock::has_bad_json() const {
  return std::any_of(values_.begin(), values_.end(),
                     [](const Value& value) { return value.is_bad_json; });
}

std::string RandomBlock::ForFunction() const { return Tuple(values_, &Value::for_function); }
std::string RandomBlock::ForHook() const { return Tuple(values_, &Value::for_hook); }

std::string RandomBlock::RandomFormat(Dice& dice) {
  int length = dice.Below(8);
  if (dice.OneIn(40)) length = 200 + dice.Below(20000);
  std::string format;
  while (static_cast<int>(format.size()) < length) format += dice.Pick(kLetters);
  // A wrong letter anywhere.
  if (dice.OneIn(5)) {
    const auto place = static_cast<size_t>(dice.Below(length + 1));
    format.insert(place, 1, dice.Pick(kOthers));
  }
  return format;
}

char* RandomBlock::Keep(const std::string& text) {
  texts_.push_back(text);
  return texts_.back().data();
}

void RandomBlock::Fill(Dice& dice, size_t index, char type) {
  w_Telement& element = block_->args[index];
  element.type = type;
  Value value;
  value.type = type;
  switch (type) {
    case 'l': {
      element.l = static_cast<long>(dice.OneIn(2) ? dice.Pick(kEdges) : dice.Bits());
      // A C int that was passed where a long is read has lost its sign.
      const auto bits = static_cast<unsigned long>(element.l);
      value.for_function = DescribeInt(element.l);
      value.for_hook = DescribeInt(bits >> 32 ? element.l : static_cast<int>(bits));
      value.echoed = "l " + std::to_string(element.l);
      break;
    }
    case 'd':
      element.d = dice.Pick(kFloats);
      Describe(value, DescribeFloat(element.d));
      value.echoed = EchoFloat(element.d);
      break;
    case 's': {
      element.s = dice.OneIn(8) ? nullptr : Keep(RandomText(dice));
      if (!element.s) {
        Describe(value, "n");
        value.echoed = "l 0";
        break;
      }
      Describe(value, DescribeText(Decode(element.s, encoding_)));
      value.echoed = "s \"" + std::string(element.s) + "\"";
      break;
    }
    case 'D':
      FillJson(dice, element, value);
      break;
    case 'L':
      FillList(dice, element, value);
      break;
    case 'p':
      element.p = reinterpret_cast<void*>(dice.OneIn(2) ? 0 : dice.Bits() | 1);
      Describe(value, element.p ? DescribeInt(element.l) : "n");
      value.echoed = "l " + std::to_string(element.l);
      break;
    case 'O':
      // An object of the script's interpreter; a host without Python has none.
      Describe(value, "n");
      value.echoed = "l 0";
      break;
    default:
      Describe(value, "n");
      value.echoed = "l 0";
      break;
  }
  values_.push_back(value);
}

void RandomBlock::FillJson(Dice& dice, w_Telement& element, Value& value) {
  if (dice.OneIn(8)) {
    Describe(value, "n");
    value.echoed = "l 0";
  } else if (dice.OneIn(3)) {
    value.is_bad_json = true;
    const std::string text = dice.OneIn(3) ? "?" + RandomText(dice) : dice.Pick(kBadJson);
    element.s = Keep(dice.OneIn(10) ? std::string(200, '[') + std::string(200, ']') : text);
  } else {
    const Json& json = dice.Pick(kGoodJson);
    element.s = Keep(json.text);
    Describe(value, json.described);
    value.echoed = native_ && json.as_list ? json.as_list : std::string("D ") + json.text;
  }
}

void RandomBlock::FillList(Dice& dice, w_Telement& element, Value& value) {
  if (dice.OneIn(8)) {
    Describe(value, "n");
    value.echoed = "l 0";
    return;
  }
  std::vector<char*>& list = lists_.emplace_back();
  std::string described, as_list, as_json;
  for (int count = dice.Below(5); count > 0; --count) {
    char* text = Keep(dice.Bytes(dice.Below(20)));
    const char* comma = list.empty() ? "" : ",";
    const std::vector<unsigned> points = Decode(text, encoding_);
    described += comma + DescribeText(points);
    as_list += comma + ("\"" + std::string(text) + "\"");
    as_json += comma + JsonText(points);
    list.push_back(text);
  }
  list.push_back(nullptr);
  element.L = list.data();
  Describe(value, "[" + described + "]");
  value.echoed = native_ ? "L [" + as_list + "]" : "D [" + as_json + "]";
}

// Makes an element another type than the format says, or takes the format away.
void RandomBlock::Break(Dice& dice) {
  if (dice.OneIn(4)) {
    block_->format = nullptr;
    is_readable_ = false;
  } else if (!format_.empty()) {
    w_Telement& element = block_->args[dice.Below(static_cast<int>(format_.size()))];
    const char other = dice.OneIn(3) ? dice.Pick(kOthers) : dice.Pick(kLetters);
    is_readable_ = is_readable_ && element.type == other;
    element.type = other;
  }
}
