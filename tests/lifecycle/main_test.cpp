// Scripts that share the main interpreter: each is told from the others, and what it did to modules
// that all of them use goes with it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <tuple>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

// The recipe of docs/script-guide.md.
const std::string kRecipe =
    "import logging, vh\n"
    "logging.basicConfig(handlers=[vh.log_handler()], level=logging.DEBUG,\n"
    "                    format='%(name)s: %(message)s')\n"
    "def warn(): logging.getLogger('shop').warning('no stock'); return 1\n";

class SharedInterpreter : public testing::Test {
 protected:
  int Load(const std::string& source, const std::string& name) {
    const int script = hub_.LoadEvaluating(source, name);
    EXPECT_LE(0, script) << hub_.TakeLog();
    hub_.TakeLog();
    return script;
  }

  // Lines of the log that `warn` of a script writes, without those of other origin.
  std::string Warn(int script) {
    hub_.TakeLog();
    EXPECT_EQ("l 1", hub_.Call(script, "warn"));
    return hub_.TakeLog();
  }

  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", "main"};
  FakeHub hub_;
};

TEST_F(SharedInterpreter, LinesOfTheLogCarryTheScriptThatLogs) {
  const int first = Load(kRecipe, "first.py");
  const int second = Load(kRecipe, "second.py");
  EXPECT_EQ("PY: [0:first.py] shop: no stock\n", Warn(first));
  EXPECT_EQ("PY: [1:second.py] shop: no stock\n", Warn(second));
}

TEST_F(SharedInterpreter, LoggingGoesOnWhenTheScriptThatBeganItIsGone) {
  const int first = Load(kRecipe, "first.py");
  const int second = Load(kRecipe, "second.py");
  EXPECT_EQ(1, Lib().w_Unload(first));
  EXPECT_EQ("PY: [1:second.py] shop: no stock\n", Warn(second));
  const int again = Load(kRecipe, "first.py");
  EXPECT_EQ("PY: [0:first.py] shop: no stock\n", Warn(again));
  EXPECT_EQ("PY: [1:second.py] shop: no stock\n", Warn(second));
  EXPECT_EQ(1, Lib().w_Unload(second));
  EXPECT_EQ("PY: [0:first.py] shop: no stock\n", Warn(again));
}

TEST_F(SharedInterpreter, RecordsAreWrittenOnceWhereEachScriptHasAHandler) {
  const std::string source =
      "import logging, vh\n"
      "logging.getLogger().addHandler(vh.log_handler())\n"
      "def warn(): logging.getLogger('shop').warning('no stock'); return 1\n";
  const int first = Load(source, "first.py");
  const int second = Load(source, "second.py");
  EXPECT_EQ("PY: [0:first.py] no stock\n", Warn(first));
  EXPECT_EQ("PY: [1:second.py] no stock\n", Warn(second));
}

TEST_F(SharedInterpreter, AHandlerThatSomebodyKeptDropsRecordsOfAScriptThatIsGone) {
  const int first = Load(
      "import logging, sys, vh\n"
      "sys.kept_handler = vh.log_handler()\n",
      "first.py");
  const int second = Load(
      "import logging, sys\n"
      "handler = sys.kept_handler\n"
      "def warn():\n"
      "    record = logging.makeLogRecord({'msg': 'no stock', 'levelno': 40})\n"
      "    handler.handle(record)\n"
      "    return 1\n",
      "second.py");
  EXPECT_EQ("PY: [1:second.py] no stock\n", Warn(second));
  EXPECT_EQ(1, Lib().w_Unload(first));
  EXPECT_EQ("", Warn(second));
}

TEST_F(SharedInterpreter, AHandlerOfAModuleThatScriptsShareServesWhoeverLogs) {
  hub_.WriteScript(
      "import logging, vh\n"
      "logging.getLogger('shared').addHandler(vh.log_handler())\n"
      "def warn(): logging.getLogger('shared').warning('no stock'); return 1\n",
      "shared_log.py");
  const int first = Load("from shared_log import warn\n", "first.py");
  const int second = Load("from shared_log import warn\n", "second.py");
  EXPECT_EQ("PY: [0:first.py] no stock\n", Warn(first));
  EXPECT_EQ(1, Lib().w_Unload(first));
  EXPECT_EQ("PY: [1:second.py] no stock\n", Warn(second));
  const int again = Load("from shared_log import warn\n", "first.py");
  EXPECT_EQ("PY: [0:first.py] no stock\n", Warn(again));
}

TEST_F(SharedInterpreter, WhatAScriptPutOnLoggersGoesWithIt) {
  const int before = Load("", "before.py");
  const std::string state =
      "[(l.name, l.level, len(l.handlers), len(l.filters)) for l in map("
      "__import__('logging').getLogger, (None, 'urllib', 'shop'))]";
  const std::string fresh = hub_.Evaluate(before, state);
  const int script = Load(
      "import logging, logging.handlers\n"
      "class Own(logging.Handler):\n"
      "    def emit(self, record): pass\n"
      "logging.getLogger().addHandler(logging.StreamHandler())\n"
      "logging.getLogger('urllib').addHandler(Own())\n"
      "logging.getLogger('urllib').addFilter(logging.Filter('shop'))\n"
      "logging.getLogger('shop').addFilter(lambda record: False)\n"
      "logging.getLogger('shop').setLevel(logging.DEBUG)\n"
      "logging.getLogger().setLevel(logging.ERROR)\n"
      "def later(): logging.getLogger('shop').addHandler(Own()); return 1\n",
      "script.py");
  EXPECT_EQ("l 1", hub_.Call(script, "later"));
  EXPECT_NE(fresh, hub_.Evaluate(before, state));
  EXPECT_EQ(1, Lib().w_Unload(script));
  EXPECT_EQ(fresh, hub_.Evaluate(before, state));
}

TEST_F(SharedInterpreter, HooksOfAScriptGoWithItAndThoseOfOthersStay) {
  const int other = Load(
      "import builtins, codecs, json, logging, os, sys, threading, warnings\n"
      "sys.unraisablehook = lambda unraisable: None\n"
      "def state():\n"
      "    return [sys.excepthook is sys.__excepthook__, threading.excepthook.__module__,\n"
      "            warnings.showwarning.__module__, logging.getLoggerClass().__name__,\n"
      "            [f for f in sys.meta_path if 'Own' in repr(f)], len(sys.path_hooks),\n"
      "            builtins.print.__module__, json.JSONEncoder.default.__module__,\n"
      "            hasattr(json.JSONEncoder, 'more'), sys.unraisablehook.__module__]\n",
      "other.py");
  const std::string fresh = hub_.Evaluate(other, "state()");
  const int script = Load(
      "import builtins, codecs, json, logging, os, sys, threading, warnings\n"
      "class Own(logging.Logger):\n"
      "    @staticmethod\n"
      "    def find_spec(name, path=None, target=None): pass\n"
      "def own(*arguments, **options): raise ImportError\n"
      "def hook_all():\n"
      "    sys.excepthook = threading.excepthook = warnings.showwarning = own\n"
      "    logging.setLoggerClass(Own)\n"
      "    sys.meta_path.append(Own); sys.path_hooks.append(own)\n"
      "    builtins.print = own\n"
      "    json.JSONEncoder.default = json.JSONEncoder.more = own\n"
      "    logging.getLogger('of Own')\n"
      "    codecs.register(lambda name: own if name == 'own_codec' else None)\n"
      "    codecs.register_error('own_errors', own)\n"
      "    sys.addaudithook(lambda *arguments: None)\n"
      "    return 1\n",
      "script.py");
  EXPECT_EQ("l 1", hub_.Call(script, "hook_all"));
  EXPECT_NE(fresh, hub_.Evaluate(other, "state()"));
  EXPECT_EQ(1, Lib().w_Unload(script));
  EXPECT_EQ(fresh, hub_.Evaluate(other, "state()"));
  EXPECT_EQ("'Logger'", hub_.Evaluate(other, "type(logging.getLogger('of Own')).__name__"));
  EXPECT_EQ("LookupError: unknown encoding: own_codec",
            hub_.Evaluate(other, "codecs.lookup('own_codec')"));
  EXPECT_EQ("LookupError: unknown error handler name 'own_errors'",
            hub_.Evaluate(other, "'\\u0436'.encode('ascii', 'own_errors')"));
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(std::string::npos, log.find("Error")) << log;
  EXPECT_EQ(std::string::npos, log.find("Exception ignored")) << log;
}

TEST_F(SharedInterpreter, StreamsOfAScriptGoWithItAndThoseOfOthersStay) {
  const int other = Load("import sys\nsaid = []\n", "other.py");
  const std::string source =
      "import io, sys\n"
      "sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8', errors='strict')\n"
      "sys.stderr = None\n";
  const int script = Load(source, "script.py");
  EXPECT_EQ("None", hub_.Evaluate(other, "sys.stderr"));
  EXPECT_EQ(1, Lib().w_Unload(script));
  EXPECT_EQ("None", hub_.Evaluate(other, "print('\\u0436') or print('b', file=sys.stderr)"));
  EXPECT_EQ("PY: [0:other.py] \u0436\nPY: [0:other.py] b\n", hub_.TakeLog());
  EXPECT_EQ("(False, '<stdout>')", hub_.Evaluate(other, "(sys.stdout.closed, sys.stdout.name)"));
}

// A virtual environment with a package and its metadata, a namespace package, and a .pth file.
class VenvsOfTwoScripts : public SharedInterpreter {
 protected:
  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((hub_.config_folder() / path).parent_path());
    std::ofstream(hub_.config_folder() / path) << text;
  }

  int LoadWithVenv(const std::string& name, const std::string& version) {
    const std::string packages = name + "/lib/python" + python_ + "/site-packages/";
    const std::string info = packages + "shop-" + version + ".dist-info/";
    Write(name + "/pyvenv.cfg", "version = " + python_ + ".0\n");
    Write(packages + "shop_" + name + "/__init__.py", "");
    Write(packages + "shop_" + name + "/stock.txt", version);
    Write(packages + "colours/" + name + ".py", "version = '" + version + "'\n");
    Write(packages + "more.pth", "../more\n");
    Write(name + "/lib/python" + python_ + "/more/more_" + name + ".py", "");
    Write(info + "METADATA", "Metadata-Version: 2.1\nName: shop\nVersion: " + version + "\n");
    Write(info + "entry_points.txt", "[shop]\n" + name + " = shop_" + name + "\n");
    return Load("# vh: venv = " + (hub_.config_folder() / name).string() +
                    "\n"
                    "import importlib, importlib.metadata as metadata, pkgutil, threading\n"
                    "def points():\n"
                    "    found = metadata.entry_points()\n"
                    "    select = getattr(found, 'select', None)\n"
                    "    found = select(group='shop') if select else found.get('shop', ())\n"
                    "    return [point.name for point in found]\n"
                    "def elsewhere(work):\n"
                    "    found = []\n"
                    "    thread = threading.Thread(target=lambda: found.append(work()))\n"
                    "    thread.start(); thread.join()\n"
                    "    return found[0]\n",
                name + ".py");
  }

  std::string PythonVersion() {
    const int script = Load("import sys\n", "version.py");
    const std::string found = hub_.Evaluate(script, "'%d.%d' % sys.version_info[:2]");
    EXPECT_EQ(1, Lib().w_Unload(script));
    return found.substr(1, found.size() - 2);
  }

  const std::string python_ = PythonVersion();
  const int first_ = LoadWithVenv("first", "1.5");
  const int second_ = LoadWithVenv("second", "2.5");
};

TEST_F(VenvsOfTwoScripts, EachFindsItsOwnDistributions) {
  for (const char* version :
       {"metadata.version('shop')", "metadata.distribution('shop').metadata['Version']",
        "elsewhere(lambda: metadata.version('shop'))"}) {
    EXPECT_EQ("'1.5'", hub_.Evaluate(first_, version)) << version;
    EXPECT_EQ("'2.5'", hub_.Evaluate(second_, version)) << version;
  }
  EXPECT_EQ("['first']", hub_.Evaluate(first_, "points()"));
  EXPECT_EQ("['second']", hub_.Evaluate(second_, "points()"));
  Write("scripts/everybody-3.5.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: everybody\nVersion: 3.5\n");
  const int without = Load("import importlib.metadata as metadata\n", "without.py");
  EXPECT_EQ(0u, hub_.Evaluate(without, "metadata.version('shop')").find("PackageNotFoundError"));
  EXPECT_EQ("'3.5'", hub_.Evaluate(without, "metadata.version('everybody')"));
}

TEST_F(VenvsOfTwoScripts, EachFindsItsOwnModules) {
  for (const auto& [script, name, other] :
       {std::tuple{first_, "first", "second"}, std::tuple{second_, "second", "first"}}) {
    const auto ask = [&, script = script](const std::string& expression) {
      return hub_.Evaluate(script, expression);
    };
    const std::string own(name);
    EXPECT_EQ("'shop_" + own + "'", ask("importlib.import_module('shop_" + own + "').__name__"));
    EXPECT_EQ("'more_" + own + "'", ask("importlib.import_module('more_" + own + "').__name__"));
    EXPECT_EQ("'colours." + own + "'",
              ask("importlib.import_module('colours." + own + "').__name__"));
    EXPECT_EQ("['shop_" + own + "']",
              ask("[m.name for m in pkgutil.iter_modules() if m.name.startswith('shop')]"));
    EXPECT_EQ("True", ask("pkgutil.get_data('shop_" + own + "', 'stock.txt') in (b'1.5', b'2.5')"));
    EXPECT_EQ("None", ask("importlib.util.find_spec('more_" + std::string(other) + "x')"));
  }
}

TEST_F(VenvsOfTwoScripts, WhatIsInstalledLaterIsFound) {
  EXPECT_EQ(0u, hub_.Evaluate(second_, "metadata.version('late')").find("PackageNotFoundError"));
  const std::string packages = "second/lib/python" + python_ + "/site-packages/";
  Write(packages + "late/__init__.py", "");
  Write(packages + "late-3.dist-info/METADATA", "Metadata-Version: 2.1\nName: late\nVersion: 3\n");
  EXPECT_EQ("None", hub_.Evaluate(second_, "importlib.invalidate_caches()"));
  EXPECT_EQ("'3'", hub_.Evaluate(second_, "metadata.version('late')"));
  EXPECT_EQ("'late'", hub_.Evaluate(second_, "importlib.import_module('late').__name__"));
}

}  // namespace
