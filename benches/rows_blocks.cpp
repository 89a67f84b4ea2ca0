// Rows without a call into Python: blocks, and asking for hooks nobody has.
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "rows.hpp"

namespace {

constexpr int kHooks = 41;
constexpr int kScripts = 8;

Sides PackUnpackFree(Host& host, bool) {
  const Library lib = host.lib();
  const auto ours = [lib](long times) {
    for (long i = 0; i < times; ++i) {
      w_Targs* block = lib.w_pack("ssl", "nick", "text", i);
      const char *nick, *text;
      long number = -1;
      if (!lib.w_unpack(block, "ssl", &nick, &text, &number) || number != i) {
        throw std::runtime_error("a block did not come back");
      }
      std::free(block);
    }
  };
  const auto floor = [](long times) {
    for (long i = 0; i < times; ++i) {
      // Volatile: the compiler may not leave the pair out.
      void* volatile block = std::malloc(sizeof(w_Targs) + 3 * sizeof(w_Telement) + sizeof "ssl");
      std::free(block);
    }
  };
  return {ours, floor};
}

// Empty scripts have no hook. Once is one question.
Sides NobodyListens(Host& host, bool) {
  auto scripts = std::make_shared<std::vector<std::unique_ptr<Script>>>();
  for (int i = 0; i < kScripts; ++i) scripts->push_back(std::make_unique<Script>(host, "empty.py"));
  const auto ours = [lib = host.lib(), scripts](long times) {
    long found = 0;
    for (long i = 0; i < times; i += kScripts * kHooks) {
      for (int hook = 0; hook < kHooks; ++hook) {
        for (const auto& script : *scripts) found += lib.w_HasHook(script->id(), hook);
      }
    }
    if (found != 0) throw std::runtime_error("an empty script has a hook");
  };
  return {ours, nullptr};
}

}  // namespace

std::vector<Row> BlockRows() {
  return {
      {"pack + unpack + free of ssl", {Kind::kRatio, 2.5}, Unit::kTime, PackUnpackFree, nullptr},
      {"w_HasHook, 41 hooks x 8 scripts", {Kind::kTime, 3}, Unit::kTime, NobodyListens, nullptr},
  };
}
