// What the loader of all suites says of a library that is not there, or is another one.
#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "library.hpp"

namespace {

std::string Refusal(const std::string& file, Needs needs) {
  try {
    LoadLibrary(file, needs);
    return "it is loaded";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

TEST(Loading, NamesTheFileAndTheSymbolThatIsMissing) {
  for (const Needs needs : {Needs::kEverything, Needs::kFunctionsOfHubs}) {
    EXPECT_EQ(0u, Refusal("/nowhere/library.so", needs)
                      .find("cannot load the library: /nowhere/library.so: "));
    EXPECT_EQ("libc.so.6 has no symbol w_Begin", Refusal("libc.so.6", needs));
  }
}

TEST(Loading, FindsAllFunctionsWhateverIsNeeded) {
  const char* chosen = std::getenv("VH_LIBRARY");
  const Library library = LoadLibrary(chosen ? chosen : VH_LIBRARY_FILE, Needs::kFunctionsOfHubs);
#define VH_EXPECT(name) EXPECT_EQ(Lib().name, library.name) << #name;
  VH_FUNCTIONS(VH_EXPECT)
#undef VH_EXPECT
  EXPECT_EQ(Lib().string_list_to_json, library.string_list_to_json);
}

}  // namespace
