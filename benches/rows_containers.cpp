// Rows of JSON: containers out of and into a script, against Python's own json module there.
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "rows.hpp"

namespace {

using Shared = std::shared_ptr<Script>;

std::string TextOf(const Library& lib, int script) {
  w_Targs* result = lib.w_CallFunction(script, "text", nullptr);
  const char* text = nullptr;
  if (!lib.w_unpack(result, "s", &text) || !text) throw std::runtime_error("no JSON text");
  std::string copy = text;
  lib.w_free_args(result);
  return copy;
}

// Calls a function and frees what it returns.
void Call(const Library& lib, int script, const char* function, w_Targs* parameters) {
  w_Targs* result = lib.w_CallFunction(script, function, parameters);
  std::free(parameters);
  if (!result) throw std::runtime_error(std::string(function) + " did not answer");
  lib.w_free_args(result);
}

Sides Dump(Host& host, bool) {
  const Library lib = host.lib();
  const Shared script = std::make_shared<Script>(host, "containers.py");
  const auto ours = [lib, script](long times) {
    while (times-- > 0) Call(lib, script->id(), "users", nullptr);
  };
  const auto json = [lib, script](long times) {
    Call(lib, script->id(), "dumps", lib.w_pack("l", times));
  };
  return {ours, json};
}

Sides Parse(Host& host, bool) {
  const Library lib = host.lib();
  const Shared script = std::make_shared<Script>(host, "containers.py");
  const std::string text = TextOf(lib, script->id());
  const auto ours = [lib, script, text](long times) {
    while (times-- > 0) Call(lib, script->id(), "take", lib.w_pack("D", text.c_str()));
  };
  const auto json = [lib, script, text](long times) {
    Call(lib, script->id(), "loads", lib.w_pack("sl", text.c_str(), times));
  };
  return {ours, json};
}

}  // namespace

std::vector<Row> ContainerRows() {
  return {
      {"container to D / json.dumps", {Kind::kSpeedup, 5}, Unit::kTime, Dump, nullptr, "", 200},
      {"D to container / json.loads", {Kind::kSpeedup, 2}, Unit::kTime, Parse, nullptr, "", 200},
  };
}
