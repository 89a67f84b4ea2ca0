// A million calls in both directions. Under AddressSanitizer (header.address) this is the proof
// that nothing is lost or touched twice.
#include <gtest/gtest.h>

#include "host.hpp"

namespace {

constexpr const char* kSource =
    "import vh\n"
    "def add(name, number):\n"
    "    return number + len(name)\n"
    "def give(x):\n"
    "    return x\n"
    "def look_up(text):\n"
    "    return vh.CallDynamicFunction('look_up', text)\n"
    "def fail():\n"
    "    raise LookupError\n";

// Each round makes 20 calls; exceptions are few, because each writes to the log.
constexpr int kRounds = 50000;
constexpr int kFailures = 200;

TEST(Million, CallsInBothDirections) {
  ScriptHost one(kSource);
  vh::Host& host = one.host;
  const int script = one.script;
  long exposed = 0;
  host.expose(script, "look_up",
              [&](std::string text) {
                ++exposed;
                return std::vector<std::string>{text, text};
              })
      .value();
  const std::map<std::string, std::vector<long>> map = {{"a", {1, 2}}};
  const std::vector<std::string> texts = {"first", "second"};
  long calls = 0, wrong = 0;
  const auto check = [&](bool right) {
    ++calls;
    if (!right) ++wrong;
  };
  for (int round = 0; round < kRounds; ++round) {
    for (long i = 0; i < 15; ++i) {
      check(host.call<long>(script, "add", "username", i).value_or(0) == i + 8);
    }
    check(host.call<std::string>(script, "give", std::string("text")).value_or("") == "text");
    check(host.call<std::vector<std::string>>(script, "give", texts).value_or({}) == texts);
    check(host.call<std::map<std::string, std::vector<long>>>(script, "give", map).value_or({}) ==
          map);
    // One from C++ and one from Python.
    check(host.call<std::vector<std::string>>(script, "look_up", "x").value().size() == 2);
    ++calls;
    if (round % (kRounds / kFailures) == 0) check(!host.call<long>(script, "fail"));
  }
  EXPECT_EQ(0, wrong);
  EXPECT_EQ(kRounds, exposed);
  EXPECT_GE(calls, 1000000);
}

}  // namespace
