// Broken scripts and senseless calls: a clear log line, a defined result, nothing lost.
#include <gtest/gtest.h>

#include <climits>

#include "fake_hub.hpp"

namespace {

// What shows that the library still works: a script loads, answers and goes.
void ExpectUsable(FakeHub& hub) {
  const int script = hub.LoadEvaluating("def OnUserLogin(nick): return 0\n", "usable.py");
  ASSERT_GE(script, 0) << hub.TakeLog();
  EXPECT_EQ("l 0", hub.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
  EXPECT_EQ("True", hub.Evaluate(script, "vh.mc('m')"));
  EXPECT_EQ(1, Lib().w_Unload(script));
}

struct BrokenScript {
  const char* name;
  std::string source;
  const char* log;
};

void PrintTo(const BrokenScript& script, std::ostream* out) { *out << script.name; }

class BadScripts : public testing::TestWithParam<BrokenScript> {};

INSTANTIATE_TEST_SUITE_P(
    BadInput, BadScripts,
    testing::Values(BrokenScript{"Syntax", "def broken(:\n", "SyntaxError"},
                    BrokenScript{"Indentation", "if True:\nx = 1\n", "IndentationError"},
                    BrokenScript{"Raises", "raise LookupError('on purpose')\n", "on purpose"},
                    BrokenScript{"Exit", "import sys\nsys.exit(3)\n", "SystemExit"},
                    BrokenScript{"Interrupt", "raise KeyboardInterrupt\n", "KeyboardInterrupt"},
                    BrokenScript{"MissingModule", "import no_such_module\n", "no_such_module"},
                    BrokenScript{"NulByte", std::string("x = 1\n\0y = 2\n", 13), "null bytes"},
                    BrokenScript{"InvalidUtf8", "x = '\xff\xfe'\n", "xff"},
                    BrokenScript{"UnknownCoding", "# coding: klingon\n", "klingon"},
                    BrokenScript{"Recursion", "def f(): f()\nf()\n", "RecursionError"}),
    testing::PrintToStringParamName());

TEST_P(BadScripts, AreRefusedInBothRuntimes) {
  for (const char* runtime : {"sub", "main"}) {
    const ScopedEnvironment chosen("VH_PYTHON_RUNTIME", runtime);
    FakeHub hub;
    hub.TakeLog();
    EXPECT_EQ(-1, hub.Load(GetParam().source, "broken.py")) << runtime;
    const std::string log = hub.TakeLog();
    EXPECT_EQ(1, CountLines(log, {"PY: ", "broken.py"})) << log;
    EXPECT_NE(std::string::npos, log.find(GetParam().log)) << log;
    EXPECT_EQ(0, Lib().w_ReserveID()) << "the id must be free again";
    ExpectUsable(hub);
  }
}

struct GoodScript {
  const char* name;
  std::string source;
};

void PrintTo(const GoodScript& script, std::ostream* out) { *out << script.name; }

class UnusualScripts : public testing::TestWithParam<GoodScript> {};

INSTANTIATE_TEST_SUITE_P(
    BadInput, UnusualScripts,
    testing::Values(
        GoodScript{"Empty", ""}, GoodScript{"OnlyAComment", "# nothing"},
        GoodScript{"ByteOrderMark", "\xef\xbb\xbfx = '\xe2\x82\xac'\nassert x == '\\u20ac'\n"},
        GoodScript{"CodingCookie", "# -*- coding: cp1251 -*-\nassert '\xcf' == '\\u041f'\n"},
        GoodScript{"CarriageReturns", "def f():\r\n    return 1\r\nassert f() == 1\r\n"},
        GoodScript{"NoNewlineAtEnd", "assert True"},
        GoodScript{"Annotated", "from __future__ import annotations\nx: missing = 1\n"}),
    testing::PrintToStringParamName());

TEST_P(UnusualScripts, AreLoadedInBothRuntimes) {
  for (const char* runtime : {"sub", "main"}) {
    const ScopedEnvironment chosen("VH_PYTHON_RUNTIME", runtime);
    FakeHub hub;
    EXPECT_EQ(0, hub.Load(GetParam().source)) << hub.TakeLog();
    EXPECT_EQ("", hub.TakeLog());
    ExpectUsable(hub);
  }
}

TEST(BadInput, FilesThatCannotBeRead) {
  FakeHub hub;
  const auto folder = hub.config_folder() / "folder.py";
  std::filesystem::create_directory(folder);
  const std::string missing = (hub.config_folder() / "missing.py").string();
  for (const std::string& file : {missing, folder.string(), std::string(), std::string("\xff.py"),
                                  std::string(100000, 'x')}) {
    hub.TakeLog();
    EXPECT_EQ(-1, hub.LoadFile(file)) << file;
    EXPECT_EQ(1, CountLines(hub.TakeLog(), {"PY: "})) << file;
    ExpectUsable(hub);
  }
}

TEST(BadInput, ExitInAHookOrFunctionDoesNotEndTheHub) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(
      "import sys\n"
      "def OnUserLogin(nick): sys.exit(3)\n"
      "def OnUserLogout(nick): raise KeyboardInterrupt\n"
      "def leave(): sys.exit('leaving')\n"
      "def UnLoad(): sys.exit(4)\n",
      "leaving.py");
  hub.TakeLog();
  EXPECT_EQ("l 1", hub.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
  EXPECT_EQ(1, CountLines(hub.TakeLog(), {"PY: ", "leaving.py", "OnUserLogin"}));
  EXPECT_EQ("l 1", hub.Hook(script, W_OnUserLogout, Pack("s", "nick").get()));
  EXPECT_EQ("(null)", hub.Call(script, "leave"));
  EXPECT_EQ(1, CountLines(hub.TakeLog(), {"PY: ", "leaving.py", "leave"}));
  EXPECT_EQ("3", hub.Evaluate(script, "1 + 2"));
  EXPECT_EQ(1, Lib().w_Unload(script));
  ExpectUsable(hub);
}

TEST(BadInput, LoadNeedsItsSevenValues) {
  FakeHub hub;
  const std::string file = hub.WriteScript("", "script.py").string();
  const char* path = file.c_str();
  EXPECT_EQ(-1, Lib().w_Load(nullptr));
  const auto load = [](const Block& block) { return Lib().w_Load(block.get()); };
  Lib().w_ReserveID();
  hub.TakeLog();
  EXPECT_EQ(-1, load(Pack("")));
  EXPECT_EQ(-1, load(Pack("l", 0L)));
  EXPECT_EQ(-1, load(Pack("lssssl", 0L, path, "b", "o", "c", 0L)));
  EXPECT_EQ(-1, load(Pack("lsssssl", 0L, path, "b", "o", "c", "0", 0L)));
  EXPECT_EQ(-1, load(Pack("lsssslss", 0L, path, "b", "o", "c", 0L, "n", "x")));
  EXPECT_EQ(-1, load(Pack("lssssls", 0L, nullptr, "b", "o", "c", 0L, "n")));
  EXPECT_EQ(6, CountLines(hub.TakeLog(), {"PY: "}));
  ExpectUsable(hub);
}

TEST(BadInput, LoadTakesNullForTextsItCanDoWithout) {
  FakeHub hub;
  const std::string file = hub.WriteScript(EvaluateSource(), "script.py").string();
  const Block arguments = Pack("lssssls", long{Lib().w_ReserveID()}, file.c_str(), nullptr, nullptr,
                               nullptr, 0L, nullptr);
  ASSERT_EQ(0, Lib().w_Load(arguments.get())) << hub.TakeLog();
  EXPECT_EQ("True", hub.Evaluate(0, "not (vh.botname or vh.opchatname or vh.config_name)"));
}

TEST(BadInput, LoadTakesTheLowHalfOfAnId) {
  FakeHub hub;
  const std::string file = hub.WriteScript("", "script.py").string();
  const int id = Lib().w_ReserveID();
  const long noisy = static_cast<long>(0x5eed000000000000L) + id;
  const Block arguments = Pack("lssssls", noisy, file.c_str(), "b", "o", "c", 0L, "n");
  EXPECT_EQ(id, Lib().w_Load(arguments.get())) << hub.TakeLog();
}

TEST(BadInput, LoadNeedsAReservedId) {
  FakeHub hub;
  const std::string file = hub.WriteScript("", "script.py").string();
  for (long id : {-1L, 5L, 1000000L, long{INT_MAX}, long{INT_MIN}}) {
    hub.TakeLog();
    const Block arguments = Pack("lssssls", id, file.c_str(), "b", "o", "c", 0L, "n");
    EXPECT_EQ(-1, Lib().w_Load(arguments.get())) << id;
    EXPECT_EQ(1, CountLines(hub.TakeLog(), {"PY: "})) << id;
  }
  const int loaded = hub.LoadEvaluating("", "loaded.py");
  const Block again = Pack("lssssls", long{loaded}, file.c_str(), "b", "o", "c", 0L, "n");
  EXPECT_EQ(-1, Lib().w_Load(again.get())) << "the id is in use";
  EXPECT_EQ("2", hub.Evaluate(loaded, "1 + 1")) << "and stays so";
}

TEST(BadInput, UnloadOfUnknownIds) {
  FakeHub hub;
  for (int script : {INT_MIN, -1, 0, 1, 1000, INT_MAX}) EXPECT_EQ(0, Lib().w_Unload(script));
  const int script = hub.Load("");
  EXPECT_EQ(1, Lib().w_Unload(script));
  EXPECT_EQ(0, Lib().w_Unload(script));
  ExpectUsable(hub);
}

TEST(BadInput, IdsAreReservedFromTheLowestOn) {
  FakeHub hub;
  EXPECT_EQ(0, Lib().w_ReserveID());
  EXPECT_EQ(1, Lib().w_ReserveID());
  EXPECT_EQ(2, Lib().w_ReserveID());
  EXPECT_EQ(1, Lib().w_Unload(1)) << "gives a reserved id back";
  EXPECT_EQ(1, Lib().w_ReserveID());
}

TEST(BadInput, NullEverywhere) {
  FakeHub hub;
  const int script = hub.Load("def OnTimer(): pass\n");
  EXPECT_EQ(nullptr, Lib().w_CallHook(script, -1, nullptr));
  EXPECT_EQ(nullptr, Lib().w_CallFunction(script, nullptr, nullptr));
  EXPECT_EQ(0, Lib().w_RegisterFunction(script, nullptr, nullptr));
  EXPECT_EQ(0, Lib().w_UnregisterFunction(script, nullptr));
  EXPECT_EQ(nullptr, Lib().w_pack(nullptr));
  EXPECT_EQ(0, Lib().w_unpack(nullptr, nullptr));
  EXPECT_STREQ("(null)", Lib().w_packprint(nullptr));
  Lib().w_free_args(nullptr);
  ExpectUsable(hub);
}

TEST(BadInput, LogLevelsOutOfRange) {
  FakeHub hub;
  for (int level : {INT_MIN, -1, 0, 6, 7, INT_MAX}) {
    Lib().w_LogLevel(level);
    ExpectUsable(hub);
  }
}

TEST(BadInput, HooksAndFunctionsWithMalformedBlocks) {
  FakeHub hub;
  const int script = hub.LoadEvaluating("def OnUserLogin(*args): return 0\n", "script.py");
  const Block block = Pack("s", "nick");
  for (const char* format : {"x", "|s", "s|"}) {
    block->format = format;
    hub.TakeLog();
    EXPECT_EQ("l 1", hub.Hook(script, W_OnUserLogin, block.get())) << format;
    EXPECT_EQ(1, CountLines(hub.TakeLog(), {"PY: ", "script.py", "OnUserLogin"})) << format;
  }
  block->format = nullptr;
  EXPECT_EQ("l 1", hub.Hook(script, W_OnUserLogin, block.get()));
  ExpectUsable(hub);
}

TEST(BadInput, AHookThatKeepsRaisingStaysCallable) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(
      "calls = 0\ndef OnUserLogin(nick):\n    global calls\n    calls += 1\n    raise "
      "LookupError\n");
  const Block nick = Pack("s", "nick");
  for (int i = 0; i < 50; ++i) EXPECT_EQ("l 1", hub.Hook(script, W_OnUserLogin, nick.get()));
  EXPECT_EQ("50", hub.Evaluate(script, "calls"));
}

}  // namespace
