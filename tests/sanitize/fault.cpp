// Breaks the contract with the library in the way the argument names, so that a sanitizer must
// report it: proof that it watches the library itself.
//
// usage: fault use-after-free|leak|rust-alignment|c-alignment|cxx-alignment
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "library.hpp"

namespace {

alignas(16) char room[64];

// The same place, one byte on.
template <typename T>
T* Misaligned() {
  return reinterpret_cast<T*>(room + 1);
}

void UseAfterFree() {
  w_Targs* block = Lib().w_pack("l", 1L);
  Lib().w_free_args(block);
  std::puts(Lib().w_packprint(block));
}

// Several, because the last one's address may still lie about somewhere.
void Leak() {
  for (int i = 0; i < 8; ++i) Lib().w_pack("l", 1L);
}

void RustAlignment() { std::puts(Lib().w_packprint(Misaligned<w_Targs>())); }

void CAlignment() {
  w_Targs* block = Lib().w_pack("l", 1L);
  Lib().w_unpack(block, "l", Misaligned<long>());
  Lib().w_free_args(block);
}

// A vector of one string that lies where no string can.
void CxxAlignment() {
  struct {
    const std::string *begin, *end, *capacity;
  } const layout = {Misaligned<std::string>(), Misaligned<std::string>() + 1, nullptr};
  std::vector<std::string> list;
  static_assert(sizeof layout == sizeof list, "the layout of a vector");
  std::memcpy(static_cast<void*>(&list), &layout, sizeof layout);
  Lib().string_list_to_json(list);
}

const std::map<std::string, std::function<void()>> kFaults = {{"use-after-free", UseAfterFree},
                                                              {"leak", Leak},
                                                              {"rust-alignment", RustAlignment},
                                                              {"c-alignment", CAlignment},
                                                              {"cxx-alignment", CxxAlignment}};

}  // namespace

int main(int argc, char** argv) {
  const auto fault = kFaults.find(argc > 1 ? argv[1] : "");
  if (fault == kFaults.end()) {
    std::fprintf(stderr, "fault: name one of the faults in fault.cpp\n");
    return 2;
  }
  fault->second();
  std::puts("fault: nobody noticed");
  return 0;
}
