// Settings that scripts change: they are put back when the script goes, and not before.
#include <gtest/gtest.h>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

// What `settings()` tells is the same for every script that changes nothing.
const std::string kLook =
    "import sys, threading, socket, gc, warnings, locale, decimal, logging\n"
    "import os, asyncio\n"
    "def optional(name):\n"
    "    try: return __import__(name)\n"
    "    except ImportError: return None  # Refused with a lock of its own.\n"
    "faulthandler, tracemalloc = optional('faulthandler'), optional('tracemalloc')\n"
    "def settings():\n"
    "    looks = {\n"
    "        'trace': lambda: (sys.gettrace(), sys.getprofile()),\n"
    "        'threads': lambda: (threading._trace_hook, threading._profile_hook,\n"
    "                            threading.stack_size(), threading.excepthook.__name__),\n"
    "        'gc': lambda: (gc.isenabled(), gc.get_threshold(), gc.get_debug(),\n"
    "                       len(gc.callbacks), gc.get_freeze_count() > 0),\n"
    "        'sys': lambda: (sys.getrecursionlimit(), sys.getdlopenflags(),\n"
    "                        sys.get_coroutine_origin_tracking_depth(),\n"
    "                        tuple(sys.get_asyncgen_hooks()), sys.dont_write_bytecode, sys.argv,\n"
    "                        getattr(sys, 'get_int_max_str_digits', int)(),\n"
    "                        getattr(sys, 'tracebacklimit', None)),\n"
    "        'hooks': lambda: [getattr(sys, name) is getattr(sys, f'__{name}__') for name in\n"
    "                          ('excepthook', 'unraisablehook', 'displayhook', "
    "'breakpointhook')],\n"
    "        'warnings': lambda: len(warnings.filters),\n"
    "        'logging': lambda: (logging.root.manager.disable, logging.root.level),\n"
    "        'policy': lambda: type(asyncio.get_event_loop_policy()).__module__,\n"
    "        'decimal': lambda: (decimal.getcontext().prec, decimal.DefaultContext.prec),\n"
    "    }\n"
    "    with warnings.catch_warnings():\n"
    "        warnings.simplefilter('ignore')\n"
    "        return str({name: look() for name, look in looks.items() if name != 'warnings'}) \\\n"
    "               + str(looks['warnings']())\n"
    "def process_settings():\n"
    "    return str((sys.getswitchinterval(), socket.getdefaulttimeout(),\n"
    "                locale.setlocale(locale.LC_ALL), os.getcwd(),\n"
    "                faulthandler and faulthandler.is_enabled(),\n"
    "                tracemalloc and tracemalloc.is_tracing()))\n"
    "def f(*arguments, **more): pass\n"
    "def change():\n"
    "    threading.settrace(f); threading.setprofile(f); threading.stack_size(1 << 20)\n"
    "    threading.excepthook = f\n"
    "    gc.set_threshold(5, 5, 5); gc.callbacks.append(f); gc.freeze(); gc.disable()\n"
    "    sys.setrecursionlimit(700); sys.setdlopenflags(258)\n"
    "    sys.set_coroutine_origin_tracking_depth(3); sys.set_asyncgen_hooks(f, f)\n"
    "    sys.dont_write_bytecode = not sys.dont_write_bytecode\n"
    "    sys.argv = ['changed']; sys.tracebacklimit = 1\n"
    "    if hasattr(sys, 'set_int_max_str_digits'): sys.set_int_max_str_digits(5000)\n"
    "    sys.excepthook = sys.unraisablehook = sys.displayhook = sys.breakpointhook = f\n"
    "    logging.disable(50); logging.root.setLevel(10)\n"
    "    decimal.getcontext().prec = 5; decimal.DefaultContext.prec = 6\n"
    "    with warnings.catch_warnings():\n"
    "        warnings.simplefilter('ignore')\n"
    "        class Policy(asyncio.DefaultEventLoopPolicy): pass\n"
    "        asyncio.set_event_loop_policy(Policy())\n"
    "    warnings.simplefilter('error')\n"
    "    sys.settrace(f); sys.setprofile(f)\n"
    "def change_process():\n"
    "    sys.setswitchinterval(0.05); socket.setdefaulttimeout(3)\n"
    "    locale.setlocale(locale.LC_ALL, 'C.UTF-8'); os.chdir('/')\n"
    "    if tracemalloc: tracemalloc.start()\n"
    "    if faulthandler: faulthandler.enable(open(os.devnull, 'w'))\n";

class SettingsOfScripts : public testing::TestWithParam<const char*> {
 protected:
  // The settings that a load of the same file finds.
  std::string Found() {
    const int script = hub_.Load(kLook, "same.py");
    EXPECT_LE(0, script) << hub_.TakeLog();
    const std::string found =
        hub_.Call(script, "settings") + "\n" + hub_.Call(script, "process_settings");
    EXPECT_EQ(std::string::npos, found.find("(null)")) << hub_.TakeLog();
    EXPECT_EQ(1, Lib().w_Unload(script));
    return found;
  }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  FakeHub hub_;
};

TEST_P(SettingsOfScripts, ArePutBackThatItsTopLevelChanged) {
  const std::string before = Found();
  for (int round = 0; round < 3; ++round) {
    const int script = hub_.Load(kLook + "change_process()\nchange()\n", "same.py");
    ASSERT_LE(0, script) << hub_.TakeLog();
    EXPECT_NE(before, hub_.Call(script, "settings") + "\n" + hub_.Call(script, "process_settings"));
    EXPECT_EQ(1, Lib().w_Unload(script));
    EXPECT_EQ(before, Found());
  }
}

TEST_P(SettingsOfScripts, ArePutBackThatItChangedLater) {
  const std::string before = Found();
  for (int round = 0; round < 3; ++round) {
    const int script = hub_.Load(kLook, "same.py");
    hub_.Call(script, "change");
    EXPECT_EQ(1, Lib().w_Unload(script));
    EXPECT_EQ(before, Found());
  }
}

TEST_P(SettingsOfScripts, ArePutBackWhenItDoesNotLoad) {
  const std::string before = Found();
  EXPECT_EQ(-1, hub_.Load(kLook + "change_process()\nchange()\n1 / 0\n", "same.py"));
  EXPECT_EQ(before, Found());
}

// Each value is that of the last script that set it and is still there.
TEST_P(SettingsOfScripts, StayAsLongAsTheScriptThatChangedThem) {
  if (std::string(GetParam()) != "main") GTEST_SKIP() << "nothing is shared";
  const auto limit = [this](int script) { return hub_.Call(script, "limit"); };
  const auto source = [](const char* value) {
    return "import sys\ndef limit(): return sys.getrecursionlimit()\n" +
           (*value == 0 ? "" : "sys.setrecursionlimit(" + std::string(value) + ")\n");
  };
  const int watches = hub_.Load(source(""), "watches.py");
  const std::string before = limit(watches);
  const int first = hub_.Load(source("2001"), "first.py");
  const int between = hub_.Load(source(""), "between.py");
  EXPECT_EQ(1, Lib().w_Unload(between));
  EXPECT_EQ("l 2001", limit(watches));
  const int second = hub_.Load(source("2002"), "second.py");
  EXPECT_EQ(1, Lib().w_Unload(first));
  EXPECT_EQ("l 2002", limit(watches));
  EXPECT_EQ(1, Lib().w_Unload(second));
  EXPECT_EQ(before, limit(watches));
}

// A function of a script that is gone is called by nobody, whoever else is there.
TEST_P(SettingsOfScripts, TraceFunctionsGoWithTheirScript) {
  const int other = hub_.Load("def ask(): return 'answer'\n", "other.py");
  for (const char* call : {"sys.settrace(f)", "sys.setprofile(f)", "threading.settrace(f)"}) {
    const int script = hub_.Load(
        "import sys, threading\n"
        "def f(*arguments): calls.append(arguments[1])\n"
        "calls = []\n"
        "def start(): " +
            std::string(call) + "\n",
        "traces.py");
    hub_.Call(script, "start");
    EXPECT_EQ(1, Lib().w_Unload(script));
    EXPECT_EQ("s \"answer\"", hub_.Call(other, "ask"));
    hub_.TakeLog();
    const int next = hub_.Load(
        "import threading\n"
        "def run(): pass\n"
        "thread = threading.Thread(target=run)\n"
        "thread.start()\n"
        "thread.join()\n",
        "traces.py");
    const std::string log = hub_.TakeLog();
    EXPECT_LE(0, next) << call << log;
    EXPECT_EQ(0, CountLines(log, {"Error"})) << call << log;
    EXPECT_EQ(1, Lib().w_Unload(next));
  }
}

INSTANTIATE_TEST_SUITE_P(All, SettingsOfScripts, testing::ValuesIn(Runtimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
