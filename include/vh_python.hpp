// vh_python.hpp: runs Python scripts from a C++17 program, over vh_python_wrapper.h.
//
//   vh::Host host;
//   int script = host.load("script.py").value();
//   vh::Result<long> points = host.call<long>(script, "process_user", "username", 42L);
//   if (!points) std::cerr << points.error().text() << '\n';
//   host.expose(script, "lookup", [](std::string nick) { return nick.size(); }).value();
//
// Header only, over nlohmann/json, nothing to link but dl. docs/cpp.md explains it. Everything may
// be used from several threads, except that nobody may use a Host while it is made or destroyed.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <filesystem>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <shared_mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "vh_python_wrapper.h"

namespace vh {

// --- Errors ---

// The library cannot be loaded, or lacks something.
class LibraryError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A value is not of the type, or in the range, that is wanted.
class ConversionError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// Why a call failed.
struct Failure {
  std::string code;       // one of the codes of w_LastError: python, not_found, invalid, ...
  std::string type;       // the Python exception's type, or empty
  std::string message;    // what happened; for a Python exception its text
  std::string traceback;  // what Python prints for it, or empty

  // Type and message: "LookupError: no such user".
  std::string text() const { return type.empty() ? message : type + ": " + message; }
};

// A failed call, thrown by Result::value(). Thrown out of an exposed function it becomes the same
// exception again in the script, when it is a built-in one.
class CallError : public std::runtime_error {
 public:
  explicit CallError(Failure failure)
      : std::runtime_error(failure.text()), failure_(std::move(failure)) {}
  const Failure& failure() const { return failure_; }

 private:
  Failure failure_;
};

// What a call gave, or why it gave nothing. Nobody else tells of a failure, so look at it.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  explicit operator bool() const { return state_.index() == 0; }
  // Throws CallError when the call failed.
  const T& value() const& { return check(), std::get<0>(state_); }
  T value() && { return check(), std::get<0>(std::move(state_)); }
  T value_or(T other) const { return *this ? std::get<0>(state_) : std::move(other); }
  // Only after a failed call.
  const Failure& error() const { return std::get<1>(state_); }
  const std::variant<T, Failure>& variant() const { return state_; }

 private:
  void check() const {
    if (!*this) throw CallError(error());
  }

  std::variant<T, Failure> state_;
};

// A call without a value.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Failure failure) : failure_(std::move(failure)) {}

  explicit operator bool() const { return !failure_; }
  void value() const {
    if (failure_) throw CallError(*failure_);
  }
  const Failure& error() const { return failure_.value(); }

 private:
  std::optional<Failure> failure_;
};

// --- Values ---

// An object of a script, passed through untouched as the letter O. It is borrowed:
// - given to an exposed function, it is valid until that function returns;
// - passed to a call or returned from an exposed function, it must be valid and belong to that very
//   script; what keeps it longer than the call is the script's own reference.
// The program does nothing with it but pass it on.
struct Object {
  struct _object* pointer = nullptr;
};

// Any JSON value: the type of nlohmann/json, with all that it has. parse_json, json_text and
// value_of take and give only what Python knows too.
using Json = nlohmann::json;

namespace detail {

// Containers inside of containers.
constexpr std::size_t kMaxDepth = 128;

[[noreturn]] inline void refuse_depth() {
  throw ConversionError("is nested deeper than " + std::to_string(kMaxDepth) + " levels");
}

inline bool is_continuation(char byte) { return (byte & 0xC0) == 0x80; }

inline bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at++]);
    if (first < 0x80) continue;
    if (first < 0xC2 || first > 0xF4) return false;
    const unsigned more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    unsigned point = first & (0x3Fu >> more);
    for (const std::size_t end = at + more; at < end; ++at) {
      if (at == text.size() || !is_continuation(text[at])) return false;
      point = point << 6 | (text[at] & 0x3Fu);
    }
    const bool is_surrogate = point >= 0xD800 && point < 0xE000;
    if (is_surrogate || point > 0x10FFFF || (more > 1 && point < (more == 2 ? 0x800 : 0x10000))) {
      return false;
    }
  }
  return true;
}

// A text of unknown length for a message.
inline std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  const Json start(text.substr(0, kLongest));
  return start.dump(-1, ' ', true, Json::error_handler_t::replace) +
         (text.size() > kLongest ? "..." : "");
}

[[noreturn]] inline void refuse_integer(std::string_view digits) {
  throw ConversionError("holds an integer that does not fit 64 bits: " + shown(digits));
}

inline void check_text(std::string_view text) {
  if (!is_utf8(text)) throw ConversionError("holds text that is not UTF-8: " + shown(text));
}

// nlohmann/json refuses half characters (\ud83d, \udcff), as which Python writes bytes that are no
// text. In disguise they pass: as \\ud83d, where each \\ of the text is \\\\.
inline std::string disguise(std::string_view text) {
  const auto unit_at = [&](std::size_t at) {
    unsigned unit = 0;
    if (at + 6 <= text.size() && text.substr(at, 2) == "\\u") {
      std::from_chars(&text[at + 2], &text[at + 2] + 4, unit, 16);
    }
    return unit;
  };
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const unsigned unit = unit_at(at);
    if (unit >= 0xD800 && unit < 0xDC00 && unit_at(at + 6) >> 10 == 0xDC00 >> 10) {
      out += text.substr(at, 12);  // two halves are a character
      at += 11;
    } else if (unit >= 0xD800 && unit < 0xE000) {
      out += "\\\\";
    } else if (unit == '\\') {
      out += R"(\\\\)";
      at += 5;
    } else if (text[at] == '\\') {
      out += text.substr(at, 2);
      if (text.substr(++at, 1) == "\\") out += "\\\\";
    } else {
      out += text[at];
    }
  }
  return out;
}

inline std::string undisguise(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || text[++at] != 'u') {
      out += text[at];
      continue;
    }
    const auto half = static_cast<unsigned>(std::stoul(text.substr(at + 1, 4), nullptr, 16));
    at += 4;
    if (half >= 0xDC80 && half < 0xDD00) {
      out += static_cast<char>(half - 0xDC00);  // a byte, as Python keeps it
    } else {
      out += '\xED';
      out += static_cast<char>(0x80 | (half >> 6 & 0x3F));
      out += static_cast<char>(0x80 | (half & 0x3F));
    }
  }
  return out;
}

// Builds what nlohmann/json reads, and refuses what it would bend: integers outside of 64 bits,
// a key that is there twice, nesting that ends the stack of who walks through it.
class JsonBuilder : public nlohmann::json_sax<Json> {
 public:
  explicit JsonBuilder(bool is_disguised) : is_disguised_(is_disguised) {}
  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > std::numeric_limits<long>::max()) refuse_integer(std::to_string(value));
    return add(value);
  }
  // Integers come here that fit no integer of nlohmann/json.
  bool number_float(number_float_t value, const string_t& digits) override {
    if (digits.find_first_of(".eE") == digits.npos) refuse_integer(digits);
    return add(value);
  }
  bool string(string_t& value) override {
    return add(is_disguised_ ? undisguise(value) : std::move(value));
  }
  bool binary(binary_t&) override { return false; }  // is in no text
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }
  bool key(string_t& key) override {
    auto& map = open_.back()->get_ref<Json::object_t&>();
    const auto [item, is_new] =
        map.emplace(is_disguised_ ? undisguise(key) : std::move(key), nullptr);
    if (!is_new) throw ConversionError("has the key " + shown(item->first) + " twice");
    value_ = &item->second;
    return true;
  }
  bool parse_error(std::size_t, const std::string& token, const Json::exception& error) override {
    if (token.rfind('"', 0) == 0) check_text(std::string_view(token).substr(1));
    std::string_view reason = error.what();
    reason.remove_prefix(reason.find("] ") + 2);
    throw ConversionError("is no JSON: " +
                          std::string(reason.substr(0, reason.find("; last read")).substr(0, 200)));
  }

 private:
  bool add(Json value) { return place(std::move(value)), true; }
  bool open(Json container) { return open_.push_back(place(std::move(container))), true; }
  bool close() { return open_.pop_back(), true; }
  // Where the next value belongs: the root, behind the items of a list, or at the last key.
  Json* place(Json value) {
    if (open_.size() > kMaxDepth) refuse_depth();
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_object()) return &(*value_ = std::move(value));
    return &open_.back()->emplace_back(std::move(value));
  }

  bool is_disguised_;
  Json root_;
  std::vector<Json*> open_;
  Json* value_ = nullptr;
};

// JSON text as it comes from Python: bytes that are no text are kept as they are.
inline Json parse_keeping_bytes(std::string_view text) {
  // To nlohmann/json it is the end.
  if (text.find('\0') != text.npos) throw ConversionError("is no JSON: it holds a NUL character");
  const bool has_half = text.find("\\ud") != text.npos || text.find("\\uD") != text.npos;
  JsonBuilder builder(has_half);
  const std::string disguised = has_half ? disguise(text) : std::string();
  const std::string_view read = has_half ? disguised : text;
  Json::sax_parse(read.begin(), read.end(), &builder);
  return builder.take();
}

// --- Which C++ types cross the boundary, and as which letter ---

template <typename T>
struct IsVector : std::false_type {};
template <typename T, typename A>
struct IsVector<std::vector<T, A>> : std::true_type {};

template <typename T>
struct IsMap : std::false_type {};
template <typename T, typename C, typename A>
struct IsMap<std::map<std::string, T, C, A>> : std::true_type {};
template <typename T, typename H, typename E, typename A>
struct IsMap<std::unordered_map<std::string, T, H, E, A>> : std::true_type {};

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <typename T>
inline constexpr bool kIsText = std::is_same_v<T, std::string> || std::is_same_v<T, const char*> ||
                                std::is_same_v<T, char*> || std::is_same_v<T, std::string_view>;
// Texts that point into something that ends with the call.
template <typename T>
inline constexpr bool kIsBorrowedText = kIsText<T> && !std::is_same_v<T, std::string>;

template <typename T>
inline constexpr bool kIsList = IsVector<T>::value;
template <typename T>
inline constexpr bool kIsTextList = false;
template <typename A>
inline constexpr bool kIsTextList<std::vector<std::string, A>> = true;

template <typename T>
inline constexpr bool kIsInteger = std::is_integral_v<T> && !std::is_same_v<T, bool>;

// What goes as JSON. A bool too, so that it stays one: the letter l is an int.
template <typename T>
inline constexpr bool kIsJson = std::is_same_v<T, Json> || std::is_same_v<T, bool> ||
                                IsMap<T>::value || IsOptional<T>::value || kIsList<T>;

template <typename T>
inline constexpr bool kIsNever = false;

template <typename T>
constexpr char letter_of() {
  if constexpr (kIsInteger<T>) {
    return 'l';
  } else if constexpr (std::is_floating_point_v<T>) {
    return 'd';
  } else if constexpr (kIsText<T> || std::is_same_v<T, std::optional<std::string>> ||
                       std::is_same_v<T, std::nullptr_t>) {
    return 's';
  } else if constexpr (kIsTextList<T>) {
    return 'L';
  } else if constexpr (kIsJson<T>) {
    return 'D';
  } else if constexpr (std::is_same_v<T, Object>) {
    return 'O';
  } else if constexpr (std::is_same_v<T, void*>) {
    return 'p';
  } else {
    static_assert(kIsNever<T>,
                  "only numbers, bool, text, std::vector, std::map with text keys, std::optional, "
                  "vh::Json, vh::Object and void* can be passed between C++ and Python");
  }
}

// Python's name of what a C++ type takes, for messages.
template <typename T>
constexpr const char* wanted_name() {
  if constexpr (std::is_same_v<T, bool>) return "bool";
  if constexpr (kIsInteger<T>) return "int";
  if constexpr (std::is_floating_point_v<T>) return "float";
  if constexpr (kIsText<T>) return "str";
  if constexpr (kIsList<T>) return "list";
  if constexpr (IsMap<T>::value) return "dict";
  if constexpr (std::is_same_v<T, void*>) return "a pointer";
  return "an object";
}

template <typename T>
[[noreturn]] void refuse(const std::string& given) {
  throw ConversionError(std::string("must be ") + wanted_name<T>() + ", not " + given);
}

template <typename To, typename From>
To to_integer(From number) {
  constexpr auto kLeast = std::numeric_limits<To>::min();
  constexpr auto kMost = std::numeric_limits<To>::max();
  bool fits;
  if constexpr (std::is_signed_v<From> == std::is_signed_v<To>) {
    fits = number >= kLeast && number <= kMost;
  } else if constexpr (std::is_signed_v<From>) {
    fits = number >= 0 && static_cast<std::make_unsigned_t<From>>(number) <= kMost;
  } else {
    fits = number <= static_cast<std::make_unsigned_t<To>>(kMost);
  }
  if (!fits) throw ConversionError("is out of range: " + std::to_string(number));
  return static_cast<To>(number);
}

inline void check_finite(double number) {
  if (!std::isfinite(number)) throw ConversionError("is no finite number");
}

// Tells where in a container a value does not fit.
template <typename Place, typename Body>
auto inside(const Place& place, const Body& body) {
  try {
    return body();
  } catch (const ConversionError& error) {
    std::ostringstream text;
    text << "item " << place << ' ' << error.what();
    throw ConversionError(text.str());
  }
}

inline const char* type_name(const Json& json) {
  if (json.is_null()) return "None";
  if (json.is_boolean()) return "bool";
  if (json.is_number_float()) return "float";
  if (json.is_number()) return "int";
  if (json.is_string()) return "str";
  return json.is_array() ? "list" : json.is_object() ? "dict" : "bytes";
}

// Throws ConversionError for what Python would not read as the same value.
inline void check(const Json& json, std::size_t depth = 0) {
  if (depth > kMaxDepth) refuse_depth();
  if (const auto* text = json.get_ptr<const Json::string_t*>()) check_text(*text);
  if (const auto* number = json.get_ptr<const Json::number_unsigned_t*>())
    to_integer<long>(*number);
  if (const auto* number = json.get_ptr<const Json::number_float_t*>()) check_finite(*number);
  if (json.is_binary() || json.is_discarded()) throw ConversionError("has no JSON form");
  if (json.is_array()) {
    for (const Json& item : json) check(item, depth + 1);
  } else if (const auto* map = json.get_ptr<const Json::object_t*>()) {
    for (const auto& [key, item] : *map) check_text(key), check(item, depth + 1);
  }
}

template <typename T>
T value_of(const Json& json) {
  if constexpr (std::is_same_v<T, Json>) {
    return check(json), json;
  } else if constexpr (IsOptional<T>::value) {
    if (json.is_null()) return std::nullopt;
    return value_of<typename T::value_type>(json);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (const auto* truth = json.get_ptr<const bool*>()) return *truth;
    if (json.is_number_integer() && (json == 0 || json == 1)) return json == 1;
  } else if constexpr (kIsInteger<T>) {
    using Unsigned = Json::number_unsigned_t;
    if (const auto* number = json.get_ptr<const Unsigned*>()) return to_integer<T>(*number);
    if (json.is_number_integer()) return to_integer<T>(json.get<Json::number_integer_t>());
  } else if constexpr (std::is_floating_point_v<T>) {
    if (json.is_number()) return json.get<T>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (const auto* text = json.get_ptr<const std::string*>()) return *text;
  } else if constexpr (kIsList<T>) {
    if (json.is_array()) {
      T values;
      for (const Json& item : json) {
        values.push_back(
            inside(values.size(), [&] { return value_of<typename T::value_type>(item); }));
      }
      return values;
    }
  } else if constexpr (IsMap<T>::value) {
    if (const auto* map = json.get_ptr<const Json::object_t*>()) {
      T values;
      for (const auto& [key, item] : *map) {
        values.emplace(
            key, inside(key, [&item = item] { return value_of<typename T::mapped_type>(item); }));
      }
      return values;
    }
  } else {
    static_assert(kIsNever<T>, "this type cannot be made from JSON");
  }
  refuse<T>(type_name(json));
}

// Text as a JSON string. Bytes that are no text stay: Python's side reads them as what they are.
inline void write_text(std::string& out, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto write_escape = [&](unsigned point) {
    out += "\\u";
    for (const int shift : {12, 8, 4, 0}) out += kDigits[point >> shift & 0xF];
  };
  out += '"';
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::string_view next = text.substr(at + 1, 2);
    if (byte < 0x20) {
      write_escape(byte);
    } else if (byte == 0xED && next.size() == 2 && (next[0] & 0xE0) == 0xA0 &&
               is_continuation(next[1])) {
      // Half a character, which Python may have and UTF-8 may not.
      write_escape(0xD000 | (next[0] & 0x3Fu) << 6 | (next[1] & 0x3Fu));
      at += 2;
    } else {
      if (byte == '"' || byte == '\\') out += '\\';
      out += text[at];
    }
  }
  out += '"';
}

// The JSON text of a value.
template <typename T>
void write(std::string& out, const T& value) {
  if constexpr (IsOptional<T>::value) {
    value ? write(out, *value) : write(out, nullptr);
  } else if constexpr (kIsText<T>) {
    write_text(out, value);
  } else if constexpr (kIsList<T>) {
    out += '[';
    for (const typename T::value_type& item : value) {
      if (out.back() != '[') out += ',';
      write(out, item);
    }
    out += ']';
  } else if constexpr (IsMap<T>::value) {
    out += '{';
    for (const auto& [key, item] : value) {
      if (out.back() != '{') out += ',';
      write_text(out, key);
      out += ':';
      write(out, item);
    }
    out += '}';
  } else if constexpr (std::is_same_v<T, Json>) {
    check(value);
    out += value.dump();
  } else {
    write(out, Json(value));
  }
}

// --- Packing: from C++ values to the elements of a block ---

struct Nothing {};

// What must stay alive while an element points into it.
template <typename T>
using Kept = std::conditional_t<
    kIsTextList<T>, std::vector<char*>,
    std::conditional_t<(letter_of<T>() == 'D') || std::is_same_v<T, std::string_view>, std::string,
                       Nothing>>;

inline char* c_text(const std::string& text) {
  if (text.find('\0') != std::string::npos) throw ConversionError("holds a NUL character");
  return const_cast<char*>(text.c_str());
}

template <typename T>
void place(w_Telement& element, const T& value, [[maybe_unused]] Kept<T>& kept) {
  constexpr char kLetter = letter_of<T>();
  element.type = kLetter;
  if constexpr (kLetter == 'l') {
    element.l = to_integer<long>(value);
  } else if constexpr (kLetter == 'd') {
    element.d = static_cast<double>(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    element.s = c_text(value);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    kept = value;
    element.s = c_text(kept);
  } else if constexpr (std::is_same_v<T, std::optional<std::string>>) {
    element.s = value ? c_text(*value) : nullptr;
  } else if constexpr (std::is_same_v<T, std::nullptr_t>) {
    element.s = nullptr;
  } else if constexpr (kLetter == 's') {
    element.s = const_cast<char*>(value);
  } else if constexpr (kLetter == 'L') {
    kept.reserve(value.size() + 1);
    for (const std::string& text : value) {
      kept.push_back(inside(kept.size(), [&] { return c_text(text); }));
    }
    kept.push_back(nullptr);
    element.L = kept.data();
  } else if constexpr (kLetter == 'D') {
    write(kept, value);
    element.s = kept.data();
  } else if constexpr (kLetter == 'O') {
    element.O = value.pointer;
  } else {
    element.p = value;
  }
}

// A block on the stack whose elements point into the values it was made of.
template <typename... T>
class Packed {
 public:
  explicit Packed(const T&... values) { fill(std::index_sequence_for<T...>(), values...); }
  Packed(const Packed&) = delete;
  Packed& operator=(const Packed&) = delete;

  w_Targs* get() { return reinterpret_cast<w_Targs*>(&block_); }

 private:
  static constexpr char kFormat[] = {letter_of<T>()..., '\0'};
  struct Layout {
    const char* format = kFormat;
    w_Telement elements[sizeof...(T) + 1];
  };
  static_assert(offsetof(Layout, elements) == sizeof(w_Targs), "laid out as a w_Targs");

  template <std::size_t... I>
  void fill(std::index_sequence<I...>, const T&... values) {
    (fill_one(I, values, std::get<I>(kept_)), ...);
  }

  template <typename V>
  void fill_one(std::size_t index, const V& value, Kept<V>& kept) {
    try {
      place(block_.elements[index], value, kept);
    } catch (const ConversionError& error) {
      throw ConversionError("argument " + std::to_string(index + 1) + ' ' + error.what());
    }
  }

  Layout block_;
  std::tuple<Kept<T>...> kept_;
};

// --- Reading: from the elements of a block to C++ values ---

inline Json json_keeping_bytes(const w_Telement& element) {
  switch (element.type) {
    case 'l':
      return element.l;
    case 'd':
      return element.d;
    case 's':
      return element.s ? Json(element.s) : Json();
    case 'D':
      return element.s ? parse_keeping_bytes(element.s) : Json();
    case 'L': {
      Json list = Json::array();
      for (char** text = element.L; text && *text; ++text) list.push_back(*text);
      return list;
    }
    case '\0':
      return nullptr;  // in a tuple: a value without a C form
    default:
      throw ConversionError(std::string("is of the letter ") + element.type);
  }
}

// One value for a block of one element, else a list.
inline Json json_keeping_bytes(const w_Targs* block) {
  const bool is_tuple = std::strcmp(block->format, "tab") == 0;
  std::size_t count = is_tuple ? 10 : std::strlen(block->format);
  // The tuple's own length is not told: behind it are elements without a type.
  while (is_tuple && count > 0 && block->args[count - 1].type == '\0') --count;
  if (count == 1 && !is_tuple) return json_keeping_bytes(block->args[0]);
  Json list = Json::array();
  for (std::size_t i = 0; i < count; ++i) list.push_back(json_keeping_bytes(block->args[i]));
  return list;
}

template <typename T>
T read(const w_Telement& element) {
  if constexpr (std::is_same_v<T, Object>) {
    if (element.type == 'O') return Object{element.O};
    refuse<T>(std::string("the letter ") + element.type);
  } else if constexpr (std::is_same_v<T, void*>) {
    if (element.type == 'p') return element.p;
    if (element.type == 'l') return reinterpret_cast<void*>(element.l);
    refuse<T>(std::string("the letter ") + element.type);
  } else if constexpr (kIsBorrowedText<T>) {
    if constexpr (!std::is_same_v<T, std::string_view>) {
      if (element.type == 's') return element.s;
    } else if (element.type == 's' && element.s) {
      return element.s;
    }
    refuse<T>(type_name(json_keeping_bytes(element)));
  } else {
    if constexpr (kIsInteger<T>) {
      if (element.type == 'l') return to_integer<T>(element.l);
    } else if constexpr (std::is_floating_point_v<T>) {
      if (element.type == 'd') return static_cast<T>(element.d);
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (element.type == 's' && element.s) return element.s;
    }
    return value_of<T>(json_keeping_bytes(element));
  }
}

template <typename T>
T read_result(const w_Targs* block) {
  static_assert(!kIsBorrowedText<T> && !std::is_same_v<T, Object> && !std::is_same_v<T, void*>,
                "a result is gone when the call returns: use std::string, or another value");
  if constexpr (IsOptional<T>::value) {
    // A function's None comes as the int 0, which nothing but a number can mean otherwise.
    constexpr bool kIsNumber = std::is_arithmetic_v<typename T::value_type>;
    if (!kIsNumber && std::strcmp(block->format, "l") == 0 && block->args[0].l == 0) return {};
  }
  if (block->format[0] != '\0' && block->format[1] == '\0') return read<T>(block->args[0]);
  return value_of<T>(json_keeping_bytes(block));
}

}  // namespace detail

// --- JSON, with ConversionError for what Python and JSON do not both know ---
//
// That are integers outside of 64 bits, NaN, infinities, nesting deeper than 128, keys that are
// there twice, and text that is not UTF-8.

// The value of a JSON text.
inline Json parse_json(std::string_view text) {
  return detail::value_of<Json>(detail::parse_keeping_bytes(text));
}

// The JSON text of a value: of anything that call() takes but pointers.
template <typename T>
std::string json_text(const T& value) {
  std::string text;
  detail::write(text, value);
  return text;
}

// A JSON value as a C++ type, as call() gives it: in range, and of that type.
template <typename T>
T value_of(const Json& json) {
  return detail::value_of<T>(json);
}

// A block, or one element of it. Refused are the letters p and O too.
inline Json json_of(const w_Targs* block) {
  return detail::value_of<Json>(detail::json_keeping_bytes(block));
}
inline Json json_of(const w_Telement& element) {
  return detail::value_of<Json>(detail::json_keeping_bytes(element));
}

// --- The library ---

// An argument block; what it does at its end depends on who owns its strings.
using Block = std::unique_ptr<w_Targs, void (*)(w_Targs*)>;

// The library's file: `named`, else what the environment variable VH_LIBRARY names, else
// ../lib/libvh_python_wrapper.so beside the program, else that name for dlopen's own search: where
// find_package or pkg-config found it when the program was linked, then the system's folders.
inline std::string find_library(const std::string& named = "") {
  static constexpr char kName[] = "libvh_python_wrapper.so";
  std::error_code error;
  const char* environment = std::getenv("VH_LIBRARY");
  const std::string chosen = named.empty() && environment ? environment : named;
  if (!chosen.empty()) {
    // A bare name would make dlopen search the system's folders only.
    const bool exists = std::filesystem::exists(chosen, error);
    return exists ? std::filesystem::absolute(chosen).string() : chosen;
  }
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = program.parent_path().parent_path() / "lib" / kName;
  return !error && std::filesystem::exists(beside, error) ? beside.string() : kName;
}

// Which functions a library must have: those that a generation of hubs looks up, or all. The others
// may be NULL, in a library older than this header.
enum class Needs { kClassic, kBidirectional, kPython3, kEverything };

// The library, loaded as hubs load it, and its functions under their names without the w_.
class Library {
 public:
  // Throws LibraryError with the file's name and all functions that it lacks.
  explicit Library(std::string file = find_library(), Needs needs = Needs::kEverything)
      : file_(std::move(file)) {
    // RTLD_GLOBAL because extension modules of Python look for libpython's symbols.
    handle_ = dlopen(file_.c_str(), RTLD_LAZY | RTLD_GLOBAL);
    if (!handle_) {
      const char* reason = dlerror();
      throw LibraryError(
          "cannot load " + file_ + ": " + (reason ? reason : "no reason given") +
          "; name the file, set VH_LIBRARY to it, or run ldconfig if it was put into " +
          "one of the system's folders");
    }
    const std::string missing = look_up(needs);
    if (missing.empty()) return;
    dlclose(handle_);
    throw LibraryError(file_ + " does not export " + missing +
                       ": it is no libvh_python_wrapper.so, or an older one");
  }
  ~Library() { dlclose(handle_); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  decltype(&::w_Begin) begin = nullptr;
  decltype(&::w_End) end = nullptr;
  decltype(&::w_ReserveID) reserve_id = nullptr;
  decltype(&::w_Load) load = nullptr;
  decltype(&::w_Unload) unload = nullptr;
  decltype(&::w_Find) find = nullptr;
  decltype(&::w_HasHook) has_hook = nullptr;
  decltype(&::w_CallHook) call_hook = nullptr;
  decltype(&::w_HookName) hook_name = nullptr;
  decltype(&::w_CallName) call_name = nullptr;
  decltype(&::w_pack) pack = nullptr;
  decltype(&::w_unpack) unpack = nullptr;
  decltype(&::w_LogLevel) log_level = nullptr;
  // These may be NULL, see Needs.
  decltype(&::w_CallFunction) call_function = nullptr;
  decltype(&::w_GetHook) get_hook = nullptr;
  decltype(&::w_RegisterFunction) register_function = nullptr;
  decltype(&::w_RegisterFunctionEx) register_function_ex = nullptr;
  decltype(&::w_UnregisterFunction) unregister_function = nullptr;
  decltype(&::w_vapack) vapack = nullptr;
  decltype(&::w_packprint) packprint = nullptr;
  decltype(&::w_free_args) free_args = nullptr;
  decltype(&::w_Stats) stats = nullptr;
  decltype(&::w_StatsText) stats_text = nullptr;
  decltype(&::w_SetLogSink) set_log_sink = nullptr;
  decltype(&::w_LastError) last_error = nullptr;
  decltype(&::w_Execute) execute = nullptr;
  decltype(&::w_Spawn) spawn = nullptr;
  decltype(&::w_BackendFind) backend_find = nullptr;
  decltype(&::w_BackendCall) backend_call = nullptr;
  decltype(&::w_BackendBegin) backend_begin = nullptr;
  decltype(&::w_BackendWait) backend_wait = nullptr;
  decltype(&::w_BackendCancel) backend_cancel = nullptr;
  decltype(&::w_BackendOn) backend_on = nullptr;
  decltype(&::w_BackendOff) backend_off = nullptr;
  decltype(&::w_BackendTerminate) backend_terminate = nullptr;
  decltype(&::w_BackendTerminateAll) backend_terminate_all = nullptr;
  decltype(&::w_PythonVersion) python_version = nullptr;
  // nVerliHub::nPythonPlugin::stringListToJson
  std::string (*string_list_to_json)(const std::vector<std::string>&) = nullptr;

  const std::string& file() const { return file_; }

  // A block that owns its strings, such as the result of a function.
  Block own(w_Targs* block) const { return Block(block, free_args); }
  // A block whose strings are somebody else's, such as one that w_pack made of them.
  static Block borrow(w_Targs* block) {
    return Block(block, [](w_Targs* block) { std::free(block); });
  }

  // Why this thread's last call failed.
  Failure failure() const {
    char* text = nullptr;
    if (!last_error(&text) || !text) return {"internal", "", "the library gave no reason", ""};
    const std::unique_ptr<char, void (*)(void*)> owner(text, std::free);
    const Json error = detail::parse_keeping_bytes(text);
    const auto field = [&](const char* name) {
      return value_of<std::optional<std::string>>(error.at(name)).value_or("");
    };
    return {field("code"), field("type"), field("message"), field("traceback")};
  }

 private:
  // Looks up functions one by one, and collects the names of those that are missed.
  class Search {
   public:
    Search(void* handle, Needs needs) : handle_(handle), needs_(needs) {}

    template <typename Function>
    void operator()(Needs least, const char* name, Function& function) {
      function = reinterpret_cast<Function>(dlsym(handle_, name));
      if (function || needs_ < least) return;
      if (!missing_.empty()) missing_ += ", ";
      missing_ += name;
    }
    const std::string& missing() const { return missing_; }

   private:
    void* handle_;
    Needs needs_;
    std::string missing_;
  };

  std::string look_up(Needs needs) {
    Search search(handle_, needs);
    search(Needs::kClassic, "w_Begin", begin);
    search(Needs::kClassic, "w_End", end);
    search(Needs::kClassic, "w_ReserveID", reserve_id);
    search(Needs::kClassic, "w_Load", load);
    search(Needs::kClassic, "w_Unload", unload);
    search(Needs::kClassic, "w_HasHook", has_hook);
    search(Needs::kClassic, "w_CallHook", call_hook);
    search(Needs::kClassic, "w_HookName", hook_name);
    search(Needs::kClassic, "w_CallName", call_name);
    search(Needs::kClassic, "w_pack", pack);
    search(Needs::kClassic, "w_unpack", unpack);
    search(Needs::kClassic, "w_LogLevel", log_level);
    search(Needs::kBidirectional, "w_CallFunction", call_function);
    search(Needs::kBidirectional, "w_free_args", free_args);
    search(Needs::kPython3,
           "_ZN9nVerliHub13nPythonPlugin16stringListToJsonERKSt6vectorI"
           "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESaIS7_EE",
           string_list_to_json);
    search(Needs::kEverything, "w_Find", find);
    search(Needs::kEverything, "w_GetHook", get_hook);
    search(Needs::kEverything, "w_RegisterFunction", register_function);
    search(Needs::kEverything, "w_RegisterFunctionEx", register_function_ex);
    search(Needs::kEverything, "w_UnregisterFunction", unregister_function);
    search(Needs::kEverything, "w_vapack", vapack);
    search(Needs::kEverything, "w_packprint", packprint);
    search(Needs::kEverything, "w_Stats", stats);
    search(Needs::kEverything, "w_StatsText", stats_text);
    search(Needs::kEverything, "w_SetLogSink", set_log_sink);
    search(Needs::kEverything, "w_LastError", last_error);
    search(Needs::kEverything, "w_Execute", execute);
    search(Needs::kEverything, "w_Spawn", spawn);
    search(Needs::kEverything, "w_BackendFind", backend_find);
    search(Needs::kEverything, "w_BackendCall", backend_call);
    search(Needs::kEverything, "w_BackendBegin", backend_begin);
    search(Needs::kEverything, "w_BackendWait", backend_wait);
    search(Needs::kEverything, "w_BackendCancel", backend_cancel);
    search(Needs::kEverything, "w_BackendOn", backend_on);
    search(Needs::kEverything, "w_BackendOff", backend_off);
    search(Needs::kEverything, "w_BackendTerminate", backend_terminate);
    search(Needs::kEverything, "w_BackendTerminateAll", backend_terminate_all);
    search(Needs::kEverything, "w_PythonVersion", python_version);
    return search.missing();
  }

  std::string file_;
  void* handle_ = nullptr;
};

namespace detail {

// --- Functions of C++ that scripts call ---

inline char* copy_text(const char* text) {
  char* copy = text ? strdup(text) : nullptr;
  if (text && !copy) throw std::bad_alloc();
  return copy;
}

inline char** copy_texts(char* const* texts, std::size_t count) {
  auto** copy = static_cast<char**>(std::calloc(count + 1, sizeof(char*)));
  if (!copy) throw std::bad_alloc();
  std::transform(texts, texts + count, copy, copy_text);
  return copy;
}

// A block for the library to release: every string an allocation of its own.
template <typename T>
w_Targs* make_result(const Library& library, const T& value) {
  static_assert(!std::is_same_v<T, char*>, "return a std::string or a const char*");
  Kept<T> kept;
  w_Telement element;
  place(element, value, kept);
  static constexpr char kLetter = letter_of<T>();
  static constexpr char kFormat[] = {kLetter, '\0'};
  w_Targs* block;
  if constexpr (kLetter == 'l') {
    block = library.pack(kFormat, element.l);
  } else if constexpr (kLetter == 'd') {
    block = library.pack(kFormat, element.d);
  } else if constexpr (kLetter == 's' || kLetter == 'D') {
    block = library.pack(kFormat, copy_text(element.s));
  } else if constexpr (kLetter == 'L') {
    block = library.pack(kFormat, copy_texts(element.L, value.size()));
  } else {
    block = library.pack(kFormat, element.p);
  }
  if (!block) throw std::bad_alloc();
  return block;
}

inline void fail(w_Tfailure* failure, const char* exception, const std::string& message) {
  // Without memory for its text the exception still is one.
  failure->exception = strdup(exception);
  failure->message = strdup(message.c_str());
}

// Makes the C++ exception that is being handled one of Python.
inline void fail_with_current_exception(w_Tfailure* failure) noexcept {
  try {
    throw;
  } catch (const CallError& error) {
    const Failure& inner = error.failure();
    fail(failure, inner.type.empty() ? "RuntimeError" : inner.type.c_str(), inner.message);
  } catch (const ConversionError& error) {
    fail(failure, "TypeError", error.what());
  } catch (const std::invalid_argument& error) {
    fail(failure, "ValueError", error.what());
  } catch (const std::domain_error& error) {
    fail(failure, "ValueError", error.what());
  } catch (const std::out_of_range& error) {
    fail(failure, "IndexError", error.what());
  } catch (const std::overflow_error& error) {
    fail(failure, "OverflowError", error.what());
  } catch (const std::bad_alloc& error) {
    fail(failure, "MemoryError", error.what());
  } catch (const Json::type_error& error) {
    fail(failure, "TypeError", error.what());
  } catch (const Json::out_of_range& error) {
    fail(failure, "IndexError", error.what());
  } catch (const Json::exception& error) {
    fail(failure, "ValueError", error.what());
  } catch (const std::exception& error) {
    fail(failure, "RuntimeError", error.what());
  } catch (...) {
    fail(failure, "RuntimeError", "the function threw something that is no std::exception");
  }
}

// A callable with the types of its parameters, as the library keeps it.
template <typename Signature>
class Exposed;

template <typename R, typename... A>
class Exposed<R(A...)> {
 public:
  Exposed(std::shared_ptr<const Library> library, std::string name, std::function<R(A...)> function)
      : library_(std::move(library)), name_(std::move(name)), function_(std::move(function)) {}

  // A letter for each parameter; the library checks by it what a script passes.
  static constexpr char kFormat[] = {letter_of<std::decay_t<A>>()..., '\0'};

  static w_Targs* run(void* user, int, w_Targs* arguments, w_Tfailure* failure) noexcept {
    try {
      return static_cast<Exposed*>(user)->call(arguments, std::index_sequence_for<A...>());
    } catch (...) {
      fail_with_current_exception(failure);
      return nullptr;
    }
  }

  static void release(void* user) noexcept { delete static_cast<Exposed*>(user); }

 private:
  template <std::size_t... I>
  w_Targs* call([[maybe_unused]] w_Targs* arguments, std::index_sequence<I...>) {
    // In braces, so that they are read from left to right.
    std::tuple<std::decay_t<A>...> values{argument<std::decay_t<A>>(I, arguments->args[I])...};
    if constexpr (std::is_void_v<R>) {
      function_(std::forward<A>(std::get<I>(values))...);
      return library_->pack("");
    } else {
      return result(function_(std::forward<A>(std::get<I>(values))...));
    }
  }

  template <typename T>
  T argument(std::size_t index, const w_Telement& element) const {
    try {
      return read<T>(element);
    } catch (const ConversionError& error) {
      throw ConversionError(name_ + "() argument " + std::to_string(index + 1) + ' ' +
                            error.what());
    }
  }

  template <typename T>
  w_Targs* result(const T& value) const {
    try {
      return make_result(*library_, value);
    } catch (const ConversionError& error) {
      throw ConversionError("the result of " + name_ + "() " + error.what());
    }
  }

  std::shared_ptr<const Library> library_;
  std::string name_;
  std::function<R(A...)> function_;
};

template <typename Function>
struct SignatureOf;
template <typename R, typename... A>
struct SignatureOf<std::function<R(A...)>> {
  using Type = R(A...);
};

}  // namespace detail

// --- The host ---

struct HostOptions {
  std::string library;                 // the library's file, see find_library
  w_Tcallback* callbacks = nullptr;    // a hub's table of W_MAX_CALLBACKS, for its `vh` functions
  std::string bot_nick;                // vh.botname
  std::string op_chat_nick;            // vh.opchatname
  std::string config_dir = ".";        // vh.basedir; <config_dir>/scripts is on sys.path
  std::string config_name = "config";  // vh.config_name
  int log_level = 1;                   // see w_LogLevel
};

// A record of the log.
struct LogRecord {
  int level;            // the lowest w_LogLevel that shows it; 0 for errors, 1 for warnings
  int script;           // the id of the script it is about, or -1
  std::string message;  // UTF-8, of one or several lines, without a prefix
};

using LogSink = std::function<void(const LogRecord&)>;

namespace detail {

// Held by the one Host of the process.
class OnlyHost {
 public:
  OnlyHost() {
    if (is_there().exchange(true)) {
      throw LibraryError(
          "this process has a vh::Host already, and the library is there once: use that one, or "
          "destroy it first");
    }
  }
  ~OnlyHost() { is_there() = false; }
  OnlyHost(const OnlyHost&) = delete;
  OnlyHost& operator=(const OnlyHost&) = delete;

 private:
  static std::atomic<bool>& is_there() {
    static std::atomic<bool> there{false};
    return there;
  }
};

}  // namespace detail

// From w_Begin to w_End. One at a time in a process, because the library is there once.
class Host {
 public:
  // Throws LibraryError, also while there is another one.
  explicit Host(HostOptions options = HostOptions())
      : options_(std::move(options)),
        library_(std::make_shared<const Library>(find_library(options_.library))) {
    library_->log_level(options_.log_level);
    if (!library_->begin(options_.callbacks ? options_.callbacks : no_callbacks_.data())) {
      throw LibraryError(library_->file() + " cannot start: " + library_->failure().text());
    }
  }
  // Unloads all scripts. The log sink has got everything that was logged until then.
  ~Host() {
    library_->end();
    set_log_sink(nullptr);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // The C functions, for what is not here.
  const Library& library() const { return *library_; }

  // --- Scripts ---

  // Loads a script. Gives its id.
  Result<int> load(const std::string& path) {
    const Result<int> id = reserve();
    return id ? load(id.value(), path) : id;
  }

  // The same in two steps, for functions that are to be exposed before the script runs.
  Result<int> reserve() {
    const int id = library_->reserve_id();
    if (id < 0) return library_->failure();
    return id;
  }

  // On failure the id is given back.
  Result<int> load(int id, const std::string& path) {
    remember(id, path);
    const Block arguments = Library::borrow(
        library_->pack("lssssls", static_cast<long>(id), path.c_str(), options_.bot_nick.c_str(),
                       options_.op_chat_nick.c_str(), options_.config_dir.c_str(),
                       static_cast<long>(std::time(nullptr)), options_.config_name.c_str()));
    if (library_->load(arguments.get()) == id) return id;
    Failure failure = library_->failure();
    forget(id);
    return failure;
  }

  Result<void> unload(int script) {
    // Forgotten first: once it is unloaded, the id may be another script's.
    forget(script);
    if (library_->unload(script)) return {};
    return library_->failure();
  }

  // The id of the script loaded from this path, else of the first with this file name.
  std::optional<int> find(const std::string& path_or_file_name) const {
    const int id = library_->find(path_or_file_name.c_str());
    return id < 0 ? std::nullopt : std::optional(id);
  }

  // Ids and paths of the scripts loaded through this host.
  std::map<int, std::string> scripts() const {
    const std::shared_lock lock(mutex_);
    return scripts_;
  }

  // --- Functions of scripts ---

  // Calls a function of a script with C++ values, and gives its result as a T.
  template <typename T = void, typename... A>
  Result<T> call(int script, const char* name, const A&... arguments) const {
    try {
      detail::Packed<std::decay_t<const A>...> packed(arguments...);
      const Block result = CallPythonFunction(script, name, packed.get());
      if (!result) return library_->failure();
      if constexpr (std::is_void_v<T>) {
        return {};
      } else {
        return read_result<T>(name, result.get());
      }
    } catch (const ConversionError& error) {
      return Failure{"invalid", "", std::string(name) + "(): " + error.what(), ""};
    }
  }

  template <typename T = void, typename... A>
  Result<T> call(const std::string& path_or_file_name, const char* name,
                 const A&... arguments) const {
    const std::optional<int> script = find(path_or_file_name);
    if (!script) return no_script(path_or_file_name);
    return call<T>(*script, name, arguments...);
  }

  // The same with a block, which stays the caller's and may be NULL. NULL on failure.
  [[nodiscard]] Block CallPythonFunction(int script, const char* name, w_Targs* arguments) const {
    return library_->own(library_->call_function(script, name, arguments));
  }

  [[nodiscard]] Block CallPythonFunction(const std::string& path_or_file_name, const char* name,
                                         w_Targs* arguments) const {
    // No script has the id -1, and so the library has a failure to tell.
    return CallPythonFunction(find(path_or_file_name).value_or(-1), name, arguments);
  }

  // Why this thread's last call failed, after CallPythonFunction or call_hook.
  Failure failure() const { return library_->failure(); }

  // --- Hooks ---

  bool has_hook(int script, int hook) const { return library_->has_hook(script, hook) != 0; }

  // Calls a hook with C++ values; read the result with vh::json_of. A NULL block when the script
  // has no such hook. Throws ConversionError for a value that cannot be passed.
  template <typename... A>
  Block call_hook(int script, int hook, const A&... arguments) const {
    detail::Packed<std::decay_t<const A>...> packed(arguments...);
    return library_->own(library_->call_hook(script, hook, packed.get()));
  }

  // --- Statistics and the log ---

  // What vh.stats() gives in Python: how often each hook and function was called, how long that
  // took, how it failed. docs/script-guide.md lists the names.
  Json statistics() const { return parse_json(text_of(library_->stats)); }
  // The same as text that Prometheus reads.
  std::string prometheus() const { return text_of(library_->stats_text); }

  // Gives the records of the log to a callable instead of printing them; an empty one prints them
  // again. It is called in their order, on a thread of the library, and may use the Host. The one
  // before has got all its records, and is gone, when this returns; so do not hold a lock that it
  // takes. Not for the callable itself.
  void set_log_sink(LogSink sink) {
    const std::lock_guard lock(sink_mutex_);
    auto next = sink ? std::make_unique<LogSink>(std::move(sink)) : nullptr;
    if (next || sink_) library_->set_log_sink(next ? &call_sink : nullptr, next.get());
    sink_ = std::move(next);
  }

  // --- Functions for scripts ---

  // Offers a callable to a script as vh.CallDynamicFunction(name, ...): a function, lambda or
  // std::function of types that call() takes. Its parameter types are checked; what it throws is
  // raised in the script. It is kept until the script is unloaded or the name is used again, and is
  // called on the threads that call the script, so on several at once if they do.
  template <typename F>
  Result<void> expose(int script, const std::string& name, F function) {
    using Function = decltype(std::function(std::move(function)));
    using Exposed = detail::Exposed<typename detail::SignatureOf<Function>::Type>;
    auto exposed = std::make_unique<Exposed>(library_, name, std::move(function));
    // From here on the library releases it, also when it refuses it.
    if (library_->register_function_ex(script, name.c_str(), Exposed::kFormat, &Exposed::run,
                                       exposed.release(), &Exposed::release)) {
      return {};
    }
    return library_->failure();
  }

  // Takes a callable back; a call of it that is running goes on.
  Result<void> unexpose(int script, const std::string& name) {
    if (library_->unregister_function(script, name.c_str())) return {};
    return library_->failure();
  }

 private:
  template <typename T>
  static Result<T> read_result(const char* name, const w_Targs* result) {
    try {
      return detail::read_result<T>(result);
    } catch (const ConversionError& error) {
      return Failure{"invalid", "", std::string("the result of ") + name + "() " + error.what(),
                     ""};
    }
  }

  // In C++ an exception may leave it: the library catches it and prints the record.
  static void call_sink(int level, int script, const char* message, void* user) {
    (*static_cast<const LogSink*>(user))(LogRecord{level, script, message});
  }

  static std::string text_of(int (*give)(char**)) {
    char* text = nullptr;
    if (!give(&text)) throw std::bad_alloc();
    const std::unique_ptr<char, void (*)(void*)> owner(text, std::free);
    return text;
  }

  static Failure no_script(const std::string& path_or_file_name) {
    return {"not_found", "", "no script is loaded from " + path_or_file_name, ""};
  }

  void remember(int id, const std::string& path) {
    const std::lock_guard lock(mutex_);
    scripts_[id] = path;
  }

  void forget(int id) {
    const std::lock_guard lock(mutex_);
    scripts_.erase(id);
  }

  // Taken before the library begins, given back after it has ended.
  detail::OnlyHost only_;
  HostOptions options_;
  std::array<w_Tcallback, W_MAX_CALLBACKS> no_callbacks_ = {};
  std::shared_ptr<const Library> library_;
  mutable std::shared_mutex mutex_;  // held while scripts_ is used, and for nothing else
  std::map<int, std::string> scripts_;
  std::mutex sink_mutex_;  // held while the sink is changed
  std::unique_ptr<LogSink> sink_;
};

// --- Back ends: Python programs in processes of their own. They need no Host. ---

struct BackendOptions {
  std::string python_path;                 // the Python that runs it; empty: python3
  std::map<std::string, std::string> env;  // added to the environment
  std::string cwd;                         // its working directory; empty: that of this process
  std::chrono::milliseconds timeout{0};    // how long its calls may take; 0: 30 seconds
  std::string library;                     // the library's file, see find_library
};

namespace detail {

inline Json json_of_options(const BackendOptions& options) {
  Json json = Json::object();
  if (!options.python_path.empty()) json["python_path"] = options.python_path;
  if (!options.env.empty()) json["env"] = options.env;
  if (!options.cwd.empty()) json["cwd"] = options.cwd;
  if (options.timeout.count() > 0) json["timeout"] = options.timeout.count();
  return json;
}

// Calls `use` with the text of a value, unless it has none.
template <typename T, typename Use>
Result<T> with_text(const Json& value, const std::string& what, Use use) {
  std::string text;
  try {
    text = json_text(value);
  } catch (const ConversionError& error) {
    return Failure{"invalid", "", what + ' ' + error.what(), ""};
  }
  return use(text.c_str());
}

inline std::shared_ptr<const Library> library_of(const BackendOptions& options) {
  return std::make_shared<const Library>(find_library(options.library));
}

// What a call gave, whose answer is JSON text from the library.
template <typename T, typename Call>
Result<T> answer_of(const Library& library, const std::string& what, Call call) {
  char* text = nullptr;
  if (!call(&text)) return library.failure();
  const std::unique_ptr<char, void (*)(void*)> owner(text, std::free);
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    try {
      return value_of<T>(parse_json(text));
    } catch (const ConversionError& error) {
      return Failure{"invalid", "", "the result of " + what + ' ' + error.what(), ""};
    }
  }
}

}  // namespace detail

// Runs code once, in a Python of its own, as the body of a function whose variables are `params`.
template <typename T = Json>
Result<T> execute(const std::string& code, const Json& params = Json::object(),
                  const BackendOptions& options = BackendOptions()) {
  const auto library = detail::library_of(options);
  Json all = detail::json_of_options(options);
  all["params"] = params;
  return detail::with_text<T>(all, "params of the code", [&](const char* text) {
    return detail::answer_of<T>(*library, "the code", [&](char** json) {
      return library->execute(code.c_str(), text, json);
    });
  });
}

// The version of a Python, such as "Python 3.11.5".
inline Result<std::string> python_version(const std::string& python = "python3",
                                          const std::string& library_file = "") {
  const Library library(find_library(library_file));
  char* text = nullptr;
  if (!library.python_version(python.c_str(), &text)) return library.failure();
  const std::unique_ptr<char, void (*)(void*)> owner(text, std::free);
  return std::string(text);
}

// A back end, by its number: copies mean the same one. It lives until it is terminated, ends by
// itself, or this process ends, and not only as long as this object.
class Backend {
 public:
  // Starts the back end of a script, or finds the living one of the same file.
  static Result<Backend> spawn(const std::string& script,
                               const BackendOptions& options = BackendOptions()) {
    auto library = detail::library_of(options);
    const Json all = detail::json_of_options(options);
    return detail::with_text<Backend>(all, "an option", [&](const char* text) -> Result<Backend> {
      const int number = library->spawn(script.c_str(), text);
      if (number < 0) return library->failure();
      return Backend(std::move(library), number);
    });
  }

  // The living back end of a script.
  static std::optional<Backend> find(const std::string& script, const std::string& file = "") {
    auto library = std::make_shared<const Library>(find_library(file));
    const int number = library->backend_find(script.c_str());
    if (number < 0) return std::nullopt;
    return Backend(std::move(library), number);
  }

  int number() const { return number_; }

  // Calls a method with named parameters, and gives its result as a T. With a timeout of 0 the back
  // end's own counts.
  template <typename T = Json>
  Result<T> call(const std::string& method, const Json& params = Json::object(),
                 std::chrono::milliseconds timeout = std::chrono::milliseconds(0)) const {
    return detail::with_text<T>(params, "a parameter of " + method + "()", [&](const char* text) {
      return detail::answer_of<T>(*library_, method + "()", [&](char** json) {
        return library_->backend_call(number_, method.c_str(), text,
                                      static_cast<int>(timeout.count()), json);
      });
    });
  }

  // A call that was begun. Wait for it once; it may be cancelled on any thread.
  template <typename T = Json>
  class Call {
   public:
    Result<T> wait() const {
      return detail::answer_of<T>(*library_, method_ + "()", [&](char** json) {
        return library_->backend_wait(number_, json);
      });
    }
    // False when its answer is there already.
    bool cancel() const { return library_->backend_cancel(number_) != 0; }

   private:
    friend class Backend;
    Call(std::shared_ptr<const Library> library, int number, std::string method)
        : library_(std::move(library)), number_(number), method_(std::move(method)) {}

    std::shared_ptr<const Library> library_;
    int number_;
    std::string method_;
  };

  // Begins a call; any number may be under way.
  template <typename T = Json>
  Result<Call<T>> begin(const std::string& method, const Json& params = Json::object(),
                        std::chrono::milliseconds timeout = std::chrono::milliseconds(0)) const {
    using Begun = Result<Call<T>>;
    return detail::with_text<Call<T>>(
        params, "a parameter of " + method + "()", [&](const char* text) -> Begun {
          const int call = library_->backend_begin(number_, method.c_str(), text,
                                                   static_cast<int>(timeout.count()));
          if (call < 0) return library_->failure();
          return Call<T>(library_, call, method);
        });
  }

  // Calls a callable for each event of this name, in their order, on a thread of the library. Gives
  // a number for off().
  Result<int> on(const std::string& event, std::function<void(const Json&)> handler) const {
    auto kept = std::make_unique<Handler>(Handler{std::move(handler)});
    // From here on the library releases it, also when it refuses it.
    const int number = library_->backend_on(number_, event.c_str(), &Handler::run, kept.release(),
                                            &Handler::release);
    if (number < 0) return library_->failure();
    return number;
  }
  // False when there is no handler of this number.
  bool off(int handler) const { return library_->backend_off(number_, handler) != 0; }

  // Asks it to end, and kills it two seconds later. Its calls are answered with closed.
  Result<void> terminate() const {
    if (library_->backend_terminate(number_)) return {};
    return library_->failure();
  }

  // Ends all back ends of the process.
  static Result<void> terminate_all(const std::string& file = "") {
    const Library library(find_library(file));
    if (library.backend_terminate_all()) return {};
    return library.failure();
  }

 private:
  struct Handler {
    std::function<void(const Json&)> function;

    // In C++ an exception may leave it: the library catches it and logs it.
    static void run(void* user, int, const char*, const char* json) {
      static_cast<const Handler*>(user)->function(parse_json(json));
    }
    static void release(void* user) { delete static_cast<Handler*>(user); }
  };

  Backend(std::shared_ptr<const Library> library, int number)
      : library_(std::move(library)), number_(number) {}

  std::shared_ptr<const Library> library_;
  int number_;
};

}  // namespace vh
