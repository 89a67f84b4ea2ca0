// An interpreter is swept and used again for the next load of its script, which must find it as
// good as new, whatever the script was like before.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

// What a script can see of its interpreter. Strings of digits differ between interpreters anyway.
const std::string kFingerprint =
    "import sys, builtins\n"
    "def fingerprint():\n"
    "    import gc, os, io, codecs, copyreg, json, threading, warnings, re, logging\n"
    // What the vandal imports stays, so it is there before.
    "    import _collections_abc, abc, contextvars, decimal, asyncio, types, typing\n"
    "    found = {}\n"
    "    def see(name, look):\n"
    "        try: found[name] = look()\n"
    "        except BaseException as error: found[name] = repr(error)\n"
    "    for name in ('stdout', 'stderr', 'excepthook', 'displayhook', 'unraisablehook', "
    "'breakpointhook',\n"
    "                 'argv', 'dont_write_bytecode', 'path'):\n"
    "        see(name, lambda: repr(getattr(sys, name)).partition(' at 0x')[0])\n"
    "    for name in ('path_hooks', 'meta_path'):\n"
    "        see(name, lambda: len(getattr(sys, name)))\n"
    "    see('leftovers', lambda: sorted(n for n in [*sys.modules, *sys.path_importer_cache]\n"
    "                                    if 'leftover' in n))\n"
    "    see('builtins', lambda: sorted(vars(builtins)))\n"
    "    see('import', lambda: repr(builtins.__import__))\n"
    "    see('open', lambda: (io.open is open, repr(open)))\n"
    "    see('os', lambda: (os.path.join('a', 'b'), os.getcwd() != '', 'PATH' in os.environ))\n"
    "    see('json', lambda: json.dumps([1]))\n"
    "    see('abc', lambda: [n for n in dir(_collections_abc.Sequence) if 'left' in n]\n"
    "                       + [n for n in dir(abc.ABC) if 'left' in n])\n"
    "    see('error handler', lambda: codecs.lookup_error('leftover'))\n"
    "    see('dispatch', lambda: sorted(map(repr, copyreg.dispatch_table)))\n"
    "    see('filters', lambda: [repr(f) for f in warnings.filters])\n"
    "    see('logging', lambda: (logging.root.handlers, logging.root.manager.disable))\n"
    "    see('gc', lambda: (gc.isenabled(), gc.get_threshold(), len(gc.callbacks),\n"
    "                       gc.get_freeze_count() > 0))\n"
    "    see('limit', sys.getrecursionlimit)\n"
    "    see('depth', sys.get_coroutine_origin_tracking_depth)\n"
    "    see('asyncgen', lambda: list(sys.get_asyncgen_hooks()))\n"
    "    see('digits', lambda: getattr(sys, 'get_int_max_str_digits', int)())\n"
    "    see('context', lambda: (decimal.getcontext().prec,\n"
    "                            [v.name for v in contextvars.copy_context()\n"
    "                             if v.name == 'leftover']))\n"
    "    see('trace', lambda: (repr(sys.gettrace()), repr(sys.getprofile())))\n"
    "    see('threads', lambda: threading.active_count())\n"
    "    see('excepthook of threads', lambda: threading.excepthook.__name__)\n"
    "    def traced():\n"
    "        results = []\n"
    "        thread = threading.Thread(target=lambda: results.append(repr(sys.gettrace())))\n"
    "        thread.start(); thread.join()\n"
    "        return results\n"
    "    see('trace of threads', traced)\n"
    "    return found\n";

class Reuse : public testing::TestWithParam<const char*> {
 protected:
  std::string Fingerprint(const std::string& name) {
    const int script = hub_.Load(kFingerprint, name);
    EXPECT_EQ(0, script) << hub_.TakeLog();
    const std::string found = hub_.Call(script, "fingerprint");
    EXPECT_NE(std::string::npos, found.find(R"("json":"[1]")")) << found << hub_.TakeLog();
    EXPECT_EQ(1, Lib().w_Unload(script));
    return found;
  }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  FakeHub hub_;
};

std::string Read(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_P(Reuse, TheNextLoadFindsNothingOfTheLast) {
  const std::string before = Fingerprint("same.py");
  const std::string vandal = Read(std::string(VH_LIFECYCLE_SCRIPTS) + "/vandal.py");
  Lib().w_LogLevel(3);
  ASSERT_EQ(0, hub_.Load(vandal, "same.py")) << hub_.TakeLog();
  EXPECT_EQ(1, Lib().w_Unload(0));
  Lib().w_LogLevel(kDefaultLogLevel);
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(std::string::npos, log.find("new interpreter"))
      << "it was not the same interpreter, so this shows nothing: " << log;
  EXPECT_EQ(before, Fingerprint("same.py"));
}

// What cannot be taken out of a library costs the script its interpreter, and the log says why.
TEST_P(Reuse, APatchedLibraryIsNotUsedAgain) {
  const std::string patch =
      "import string, sys\n"
      "before = string.capwords('a b')\n"
      "string.capwords = lambda text: 'patched'\n"
      "def seen(): return before\n";
  Lib().w_LogLevel(3);
  ASSERT_EQ(0, hub_.Load(patch, "patch.py"));
  EXPECT_EQ(1, Lib().w_Unload(0));
  Lib().w_LogLevel(kDefaultLogLevel);
  EXPECT_NE(std::string::npos, hub_.TakeLog().find("string.capwords")) << "nothing says why";
  ASSERT_EQ(0, hub_.Load(patch, "patch.py"));
  EXPECT_EQ("s \"A B\"", hub_.Call(0, "seen"));
}

TEST_P(Reuse, AnotherScriptGetsAnInterpreterOfItsOwn) {
  const std::string source = "import sys\ndef identity(): return id(sys)\n";
  ASSERT_EQ(0, hub_.Load(source, "first.py"));
  const std::string first = hub_.Call(0, "identity");
  EXPECT_EQ(1, Lib().w_Unload(0));
  ASSERT_EQ(0, hub_.Load(source, "second.py"));
  EXPECT_NE(first, hub_.Call(0, "identity"));
  ASSERT_EQ(1, hub_.Load(source, "first.py"));
  EXPECT_EQ(first, hub_.Call(1, "identity"));
}

TEST_P(Reuse, AFreshReloadTakesANewInterpreter) {
  const std::string source =
      "# vh: reload = fresh\n"
      "import json\n"
      "seen = hasattr(json, 'mark')\n"
      "json.mark = 1\n"
      "def found(): return seen\n";
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(0, hub_.Load(source, "fresh.py")) << hub_.TakeLog();
    EXPECT_EQ("l 0", hub_.Call(0, "found"));
    EXPECT_EQ(1, Lib().w_Unload(0));
  }
}

TEST_P(Reuse, AnUnknownWayToReloadLeavesAStub) {
  const int script = hub_.Load("# vh: reload = always\ndef f(): return 1\n", "wrong.py");
  EXPECT_EQ("(null)", hub_.Call(script, "f"));
  EXPECT_NE(std::string::npos, hub_.TakeLog().find("use fresh"));
}

// More scripts than interpreters that wait: the oldest ends, and its script loads all the same.
TEST_P(Reuse, ManyScriptsComeAndGo) {
  const std::string source =
      "import json, datetime\n"
      "datetime.datetime.strptime('2024', '%Y')\n"
      "def answer(): return json.dumps('\\N{BULLET}'.encode('cp1251').hex())\n";
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(0, hub_.Load(source, "many" + std::to_string(i) + ".py")) << hub_.TakeLog();
      EXPECT_EQ("s \"\"95\"\"", hub_.Call(0, "answer"));
      EXPECT_EQ(1, Lib().w_Unload(0));
    }
  }
}

// Up to Python 3.12 an exception of the C module `_decimal` belongs to whoever imported it last.
TEST_P(Reuse, ExceptionsOfDecimalAreTheScriptsOwn) {
  const std::string source = EvaluateSource() +
                             "import decimal\n"
                             "def catches():\n"
                             "    try: decimal.Decimal('x')\n"
                             "    except decimal.InvalidOperation: return 'caught'\n";
  ASSERT_EQ(0, hub_.Load(source, "first.py"));
  ASSERT_EQ(1, hub_.Load(source, "second.py"));
  EXPECT_EQ(1, Lib().w_Unload(0));
  ASSERT_EQ(0, hub_.Load(source, "third.py"));
  EXPECT_EQ("s \"caught\"", hub_.Call(0, "catches"));
  EXPECT_EQ("s \"caught\"", hub_.Call(1, "catches"));
}

std::vector<const char*> OwnInterpreters() {
  std::vector<const char*> runtimes = Runtimes();
  runtimes.erase(std::find(runtimes.begin(), runtimes.end(), std::string("main")));
  return runtimes;
}

INSTANTIATE_TEST_SUITE_P(All, Reuse, testing::ValuesIn(OwnInterpreters()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
