#include "variadic.hpp"

#include <cstdarg>
#include <cstring>

namespace {

// A va_list whose registers are used up reads everything from the stack, which is an array here.
#if defined(__x86_64__)
struct UsedUp {
  explicit UsedUp(const void* values) : stack(values) {}
  unsigned general_offset = 6 * 8;
  unsigned float_offset = 6 * 8 + 8 * 16;
  const void* stack;
  const void* registers = nullptr;
};
#elif defined(__aarch64__)
struct UsedUp {
  explicit UsedUp(const void* values) : stack(values) {}
  const void* stack;
  const void* general_end = nullptr;
  const void* float_end = nullptr;
  int general_offset = 0;
  int float_offset = 0;
};
#else
#error "how is a va_list laid out here?"
#endif

}  // namespace

VariadicArguments::VariadicArguments(Dice& dice, const std::string& format) {
  for (double& value : doubles_) value = static_cast<double>(static_cast<long>(dice.Bits()));
  for (unsigned long& value : others_) value = dice.Bits();
  size_t doubles = 0;
  size_t others = 0;
  for (const char letter : format) {
    unsigned long bits = 0;
    if (letter == 'd' && doubles < doubles_.size()) {
      std::memcpy(&bits, &doubles_[doubles++], sizeof bits);
    } else if (letter != 'd' && others < others_.size()) {
      bits = others_[others++];
    }
    values_.push_back(bits);
  }
}

w_Targs* VariadicArguments::Pack(const char* format) const {
  const auto& d = doubles_;
  const auto& o = others_;
  return Lib().w_pack(format, d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], o[0], o[1], o[2],
                      o[3], o[4], o[5], o[6], o[7], o[8], o[9], o[10], o[11]);
}

w_Targs* VapackFromArray(const char* format, const std::vector<unsigned long>& values) {
  const UsedUp layout(values.data());
  va_list arguments;
  static_assert(sizeof layout == sizeof arguments, "the layout of va_list");
  std::memcpy(&arguments, &layout, sizeof layout);
  return Lib().w_vapack(format, arguments);
}

Destinations::Destinations(Dice& dice) {
  values_.fill(kUntouched);
  for (size_t i = 0; i < kCount; ++i) pointers_[i] = dice.OneIn(6) ? nullptr : &values_[i];
}

int Destinations::Unpack(w_Targs* block, const char* format) {
  const auto& p = pointers_;
  return Lib().w_unpack(block, format, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9],
                        p[10], p[11]);
}

bool Destinations::Hold(const std::vector<unsigned long>& values) const {
  for (size_t i = 0; i < kCount; ++i) {
    const bool is_written = i < values.size() && pointers_[i];
    if (values_[i] != (is_written ? values[i] : kUntouched)) return false;
  }
  return true;
}
