// Loading the library: which file, what is said of a wrong one.
#include <gtest/gtest.h>

#include <cstdlib>

#include "host.hpp"

namespace {

// Sets or removes VH_LIBRARY for one scope.
class Environment {
 public:
  explicit Environment(const char* value) {
    if (const char* before = std::getenv("VH_LIBRARY")) before_ = before;
    value ? setenv("VH_LIBRARY", value, 1) : unsetenv("VH_LIBRARY");
  }
  ~Environment() { before_ ? setenv("VH_LIBRARY", before_->c_str(), 1) : unsetenv("VH_LIBRARY"); }

 private:
  std::optional<std::string> before_;
};

std::string Refusal(const std::string& file, vh::Needs needs = vh::Needs::kEverything) {
  try {
    const vh::Library library(file, needs);
    return "loaded";
  } catch (const vh::LibraryError& error) {
    return error.what();
  }
}

TEST(Library, HasEveryFunction) {
  const vh::Library library(Options().library);
  EXPECT_EQ(Options().library, library.file());
  EXPECT_STREQ("OnTimer", library.hook_name(W_OnTimer));
  EXPECT_EQ("[\"a\"]", library.string_list_to_json({"a"}));
}

TEST(Library, SaysWhichFileCannotBeLoaded) {
  const std::string missing = Refusal("/no/such/library.so");
  EXPECT_EQ(0u, missing.find("cannot load /no/such/library.so: ")) << missing;
  const Folder folder;
  const std::string text = folder.Write("text.so", "no library");
  EXPECT_EQ(0u, Refusal(text).find("cannot load " + text)) << Refusal(text);
}

TEST(Library, SaysWhichFunctionsAreMissing) {
  EXPECT_EQ(VH_NO_FUNCTIONS
            " does not export w_Begin, w_End, w_ReserveID, w_Load, w_Unload, w_HasHook, "
            "w_CallHook, w_HookName, w_CallName, w_pack, w_unpack, w_LogLevel: "
            "it is no libvh_python_wrapper.so, or an older one",
            Refusal(VH_NO_FUNCTIONS, vh::Needs::kClassic));
  const std::string old = Refusal(VH_OLD_FUNCTIONS);
  EXPECT_EQ(0u, old.find(VH_OLD_FUNCTIONS
                         " does not export w_CallFunction, w_free_args, _ZN9nVerliHub13nP"))
      << old;
  EXPECT_NE(std::string::npos,
            old.find(", w_Find, w_GetHook, w_RegisterFunction, w_RegisterFunctionEx, "
                     "w_UnregisterFunction, w_vapack, w_packprint, w_Stats, w_StatsText, "
                     "w_SetLogSink, w_LastError, w_Execute, w_Spawn, w_BackendFind, "
                     "w_BackendCall, w_BackendBegin, w_BackendWait, w_BackendCancel, "
                     "w_BackendOn, w_BackendOff, w_BackendTerminate, w_BackendTerminateAll, "
                     "w_PythonVersion: it is no"))
      << old;
  EXPECT_EQ(0u, Refusal(VH_OLD_FUNCTIONS, vh::Needs::kBidirectional)
                    .find(VH_OLD_FUNCTIONS " does not export w_CallFunction, w_free_args: "));
}

TEST(Library, MayBeAnOldOne) {
  const vh::Library library(VH_OLD_FUNCTIONS, vh::Needs::kClassic);
  EXPECT_NE(nullptr, library.pack);
  EXPECT_EQ(nullptr, library.call_function);
  EXPECT_EQ(nullptr, library.last_error);
}

TEST(Library, IsFoundByNameEnvironmentAndDefault) {
  const Folder folder;
  const std::string named = folder.Write("named.so", "");
  const std::string other = folder.Write("other.so", "");
  {
    const Environment environment(other.c_str());
    EXPECT_EQ(named, vh::find_library(named));
    EXPECT_EQ(other, vh::find_library());
  }
  const Environment environment(nullptr);
  EXPECT_EQ("libvh_python_wrapper.so", vh::find_library());
  EXPECT_EQ("not-here.so", vh::find_library("not-here.so"));
}

// Its end would be that of the first one, too.
TEST(Library, HasOneHostAtATime) {
  ScriptHost first("def one():\n    return 1\n");
  try {
    const vh::Host second(Options());
    ADD_FAILURE() << "a second host was made";
  } catch (const vh::LibraryError& error) {
    EXPECT_EQ(0u, std::string(error.what()).find("this process has a vh::Host already"))
        << error.what();
  }
  EXPECT_EQ(1, first.host.call<int>(first.script, "one").value());
}

// One that could not be made is in nobody's way.
TEST(Library, AHostThatFailsLeavesNothing) {
  vh::HostOptions options = Options();
  options.library = VH_OLD_FUNCTIONS;
  EXPECT_THROW(vh::Host{options}, vh::LibraryError);
  ScriptHost host("def one():\n    return 1\n");
  EXPECT_EQ(1, host.host.call<int>(host.script, "one").value());
}

TEST(Library, IsLoadedAndEndedOften) {
  for (int i = 0; i < 10; ++i) {
    ScriptHost host("def one():\n    return 1\n");
    EXPECT_EQ(1, host.host.call<int>(host.script, "one").value());
  }
}

TEST(Library, BlocksAreReleased) {
  const vh::Library library(Options().library);
  const vh::Block owning = library.own(library.pack("s", strdup("heap")));
  const vh::Block borrowing = vh::Library::borrow(library.pack("s", "literal"));
  EXPECT_EQ(vh::Json("heap"), vh::json_of(owning.get()));
  EXPECT_EQ(vh::Json("literal"), vh::json_of(borrowing.get()));
  const vh::Block several = vh::Library::borrow(library.pack("slp", nullptr, 5L, nullptr));
  EXPECT_THROW(vh::json_of(several.get()), vh::ConversionError);
}

}  // namespace
