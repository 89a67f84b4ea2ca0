// w_Find: scripts by path or file name.
#include <gtest/gtest.h>

#include <string>

#include "fake_hub.hpp"

namespace {

TEST(Find, ByPathAndByFileName) {
  FakeHub hub;
  const std::string path = hub.WriteScript("", "one.py");
  const int one = hub.Load("", "one.py"), two = hub.Load("", "two.py");
  EXPECT_EQ(one, Lib().w_Find("one.py"));
  EXPECT_EQ(one, Lib().w_Find(path.c_str()));
  EXPECT_EQ(two, Lib().w_Find("two.py"));
}

TEST(Find, NothingElse) {
  FakeHub hub;
  ASSERT_EQ(0, hub.Load("", "one.py"));
  for (const char* name : {"", "one", "One.py", "/one.py", "one.py ", "two.py", "\xff"}) {
    EXPECT_EQ(-1, Lib().w_Find(name)) << name;
  }
  EXPECT_EQ(-1, Lib().w_Find(nullptr));
}

// The lowest id of several; a path before a file name.
TEST(Find, TheFirstOfSeveral) {
  FakeHub hub;
  const std::string path = hub.WriteScript("", "one.py");
  const int first = hub.LoadFile(path), second = hub.LoadFile(path);
  EXPECT_EQ(first, Lib().w_Find("one.py"));
  EXPECT_EQ(1, Lib().w_Unload(first));
  EXPECT_EQ(second, Lib().w_Find("one.py"));
  EXPECT_EQ(second, Lib().w_Find(path.c_str()));
  EXPECT_EQ(1, Lib().w_Unload(second));
  EXPECT_EQ(-1, Lib().w_Find("one.py"));
}

// A script's functions can be called once its top level has run.
TEST(Find, OnlyLoadedOnes) {
  FakeHub hub;
  hub.AnswerTo("GetUsersCount",
               [](w_Targs*) { return IntResult(Lib().w_Find("script.py") + 100); });
  const int script = hub.LoadEvaluating("found = vh.GetUsersCount()\n");
  EXPECT_EQ("99", hub.Evaluate(script, "found"));
  EXPECT_EQ("True", hub.Evaluate(script, "vh.GetUsersCount() == vh.myid + 100"));
  Lib().w_Unload(script);
  EXPECT_EQ(-1, hub.Load("raise ValueError\n"));
  EXPECT_EQ(-1, Lib().w_Find("script.py"));
}

}  // namespace
