// libvh_python_wrapper.so with the habits of one hub generation: what it must export, who owns
// texts.
#pragma once

#include <cstdlib>
#include <cstring>
#include <string>

#include "vh_python.hpp"

namespace hub {

enum class Generation { kClassic, kBidirectional, kPython3 };

using vh::LibraryError;

class WrapperLibrary : public vh::Library {
 public:
  // Opens the file. Throws LibraryError naming what this generation misses in it.
  WrapperLibrary(const std::string& file, Generation generation)
      : Library(file, NeedsOf(generation)), generation_(generation) {}

  Generation generation() const { return generation_; }

  // Text for a block this hub packs: the `classic` hub lends its own, the later ones give copies.
  char* Lend(const std::string& text) const {
    return generation_ == Generation::kClassic ? const_cast<char*>(text.c_str())
                                               : strdup(text.c_str());
  }

  // Releases a block packed with lent texts.
  void ReleaseParameters(w_Targs* block) const {
    generation_ == Generation::kClassic ? std::free(block) : free_args(block);
  }

  // Releases what w_CallHook returned.
  void ReleaseHookResult(w_Targs* block) const {
    generation_ == Generation::kPython3 ? free_args(block) : std::free(block);
  }

  // Releases what w_CallFunction returned.
  void ReleaseFunctionResult(w_Targs* block) const { free_args(block); }

 private:
  static vh::Needs NeedsOf(Generation generation) {
    switch (generation) {
      case Generation::kClassic:
        return vh::Needs::kClassic;
      case Generation::kBidirectional:
        return vh::Needs::kBidirectional;
      case Generation::kPython3:
        break;
    }
    return vh::Needs::kPython3;
  }

  Generation generation_;
};

}  // namespace hub
