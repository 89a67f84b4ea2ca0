// What a C++ block of the documents stands in when it is no program: the names that documents use
// without saying what they are. Words between two @ are filled in: the block, a probe that shows its
// effect, and whether the block needs a host that is there. The program ends with 0 when all went well.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "vh_python.hpp"

namespace {

struct User {
  std::vector<std::string> names(long limit) const {
    return {"alice", "up to " + std::to_string(limit)};
  }
};

long setting(long number) { return number + 1; }

[[maybe_unused]] void Expect(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "not so: " << what << '\n';
  std::exit(1);
}

#define EXPECT(condition) Expect(condition, #condition)

#if @NEEDS_HOST@
void Documented(vh::Host& host, int script, const std::map<std::string, User>& users) {
  (void)host, (void)script, (void)users;
#else
void Documented(w_Tcallback* table) {
  (void)table;
#endif
  // A scope of its own, in which the block may use these names anew.
  {
@BLOCK@
@PROBE@
  }
}

}  // namespace

int main() {
  try {
#if @NEEDS_HOST@
    vh::Host host;
    const int script = host.load("script.py").value();
    const std::map<std::string, User> users = {{"alice", {}}};
    Documented(host, script, users);
#else
    w_Tcallback table[W_MAX_CALLBACKS] = {};
    Documented(table);
#endif
  } catch (const std::exception& error) {
    std::cerr << "it throws: " << error.what() << '\n';
    return 1;
  }
}
