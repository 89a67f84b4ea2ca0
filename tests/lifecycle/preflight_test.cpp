// Packages that cannot live in a runtime are recognised before a script runs, also when another
// package needs them; one that nobody knew is told of when it refuses to be imported.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

class Preflight : public testing::Test {
 protected:
  Preflight() {
    const int script = hub_.LoadEvaluating("import sys\n", "version.py");
    python_ = hub_.Evaluate(script, "'%d.%d' % sys.version_info[:2]");
    python_ = python_.substr(1, python_.size() - 2);
    EXPECT_EQ(1, Lib().w_Unload(script));
    Write("venv/pyvenv.cfg", "version = " + python_ + ".0\n");
    // One of which the table says that it cannot live in `sub`, as it looks when it is installed.
    Install("numpy", "", "");
  }

  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((hub_.config_folder() / path).parent_path());
    std::ofstream(hub_.config_folder() / path) << text;
  }

  void Install(const std::string& name, const std::string& requirements,
               const std::string& source) {
    const std::string packages = "venv/lib/python" + python_ + "/site-packages/";
    Write(packages + name + "/__init__.py", source);
    Write(packages + name + "-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: " + name + "\n" +
                                                         requirements +
                                                         "\nRequires-Dist: not-there\n");
    Write(packages + name + "-1.dist-info/RECORD", name + "/__init__.py,,\n");
  }

  // What the log says when a script is loaded that has the virtual environment.
  std::string Load(const std::string& source, const std::string& name = "script.py") {
    hub_.TakeLog();
    const std::string venv = (hub_.config_folder() / "venv").string();
    script_ = hub_.LoadEvaluating("# vh: venv = " + venv + "\n" + source, name);
    return hub_.TakeLog();
  }

  FakeHub hub_;
  std::string python_;
  int script_ = -1;
};

TEST_F(Preflight, APackageThatNeedsOneThatFailsIsLoadedInMain) {
  Install("front", "Requires-Dist: middle (>=1.0)", "");
  Install("middle", "Requires-Dist: front\nRequires-Dist: NumPy>=1; python_version > \"3\"", "");
  const std::string log = Load("import front\n");
  EXPECT_EQ(0, script_);
  EXPECT_NE(
      std::string::npos,
      log.find("is loaded in the runtime main, because in sub front needs middle, which needs "
               "numpy, which can be imported by one interpreter of a process only"))
      << log;
}

TEST_F(Preflight, AnExtraCountsWhereThePackageImportsIt) {
  const std::string extra = "Requires-Dist: numpy; extra == 'fast'";
  Install("quick", extra,
          "try:\n    from numpy.linalg import det\nexcept ModuleNotFoundError: pass\n");
  Install("plain", extra, "");
  EXPECT_EQ("", Load("import plain\n"));
  EXPECT_EQ(1, Lib().w_Unload(script_));
  EXPECT_NE(std::string::npos, Load("import quick\n").find("quick needs numpy"));
}

TEST_F(Preflight, AnImportInAFunctionCountsUnlessTheScriptSaysWhereItRuns) {
  const std::string source = "def later():\n    if True:\n        import numpy\n    return 1\n";
  const std::string log = Load(source);
  EXPECT_NE(std::string::npos, log.find("is loaded in the runtime main, because in sub numpy"))
      << log;
  EXPECT_EQ(1, Lib().w_Unload(script_));
  EXPECT_EQ("", Load("# vh: runtime = sub\n" + source));
  EXPECT_EQ(1, Lib().w_Unload(script_));
  const std::string refused = Load("# vh: runtime = sub\nimport numpy\n");
  EXPECT_EQ("(null)", hub_.Call(script_, "evaluate", Pack("s", "1").get())) << "a stub";
  EXPECT_NE(std::string::npos, refused.find("but numpy can be imported")) << refused;
}

TEST_F(Preflight, AHelperModuleOfTheScriptThatImportsOneCounts) {
  const std::string told = "is loaded in the runtime main, because in sub numpy";
  Write("scripts/helper_module.py", "import numpy\n");
  Write("scripts/helper_folder/__init__.py", "from numpy import array\n");
  Write("scripts/helper_of_helper.py", "import helper_of_helper\nfrom helper_module import x\n");
  Write("scripts/harmless.py", "import json\n");
  for (const char* helper : {"helper_module", "helper_folder", "helper_of_helper"}) {
    const std::string log = Load("import " + std::string(helper) + "\n");
    EXPECT_EQ(1, CountLines(log, {told.c_str()})) << helper << ": " << log;
    if (script_ >= 0) {
      EXPECT_EQ(1, Lib().w_Unload(script_));
    }
  }
  EXPECT_EQ("", Load("import harmless\n"));
}

TEST_F(Preflight, AVenvOfAnotherPythonIsRefusedWithWhatToDo) {
  Install("shop", "", "");
  for (const char* setting : {"version = 2.7.18", "version_info = 3.1.4.final.0", "home = /usr"}) {
    Write("venv/pyvenv.cfg", std::string(setting) + "\n");
    const std::string log = Load("import shop\nprint('it runs', flush=True)\n");
    EXPECT_EQ(1, CountLines(log, {"the virtual environment ", "/venv is for Python ",
                                  "make it again with that version"}))
        << setting << ": " << log;
    EXPECT_EQ(0, CountLines(log, {"it runs"})) << setting << ": " << log;
    if (script_ >= 0) {
      EXPECT_EQ("(null)", hub_.Call(script_, "evaluate", Pack("s", "1").get())) << "a stub";
      EXPECT_EQ(1, Lib().w_Unload(script_));
    }
  }
  Write("venv/pyvenv.cfg", "version_info = " + python_ + ".99.final.0\n");
  EXPECT_EQ(1, CountLines(Load("import shop\nprint('it runs', flush=True)\n"), {"it runs"}));
}

TEST_F(Preflight, ARefusalIsToldWithItsRemedyAndTheNextLoadHeedsIt) {
  Install("stubborn", "",
          "raise ImportError('Interpreter change detected - this module can only be loaded '\n"
          "                  'into one interpreter per process.')\n");
  const std::string source = "def later():\n    import stubborn\n    return 1\n";
  EXPECT_EQ("", Load(source));
  EXPECT_EQ("(null)", hub_.Call(script_, "later"));
  const std::string log = hub_.TakeLog();
  EXPECT_NE(std::string::npos, log.find("write \"# vh: runtime = main\" among the first")) << log;
  EXPECT_EQ(1, Lib().w_Unload(script_));
  const std::string again = Load(source);
  EXPECT_NE(
      std::string::npos,
      again.find("is loaded in the runtime main, because in sub stubborn could not be imported "
                 "there before (Interpreter change detected"))
      << again;
}

TEST_F(Preflight, AnyOtherImportErrorIsNoRefusal) {
  EXPECT_EQ("", Load("def later():\n    from sys import nothing\n"));
  EXPECT_EQ("(null)", hub_.Call(script_, "later"));
  EXPECT_EQ(std::string::npos, hub_.TakeLog().find("vh: runtime"));
}

TEST_F(Preflight, AModuleThatNeedsTheLockOfAllIsToldWithItsRemedy) {
  if (!VH_HAS_OWN_GIL) GTEST_SKIP() << "needs Python 3.12";
  Load(
      "# vh: runtime = own-gil\n"
      "def later():\n"
      "    try: import readline\n"
      "    except ImportError: raise ImportError('no such luck')\n"
      "    return 1\n");
  const bool is_refused = hub_.Call(script_, "later") != "l 1";
  const std::string log = hub_.TakeLog();
  EXPECT_EQ(is_refused, log.find("# vh: runtime = main") != std::string::npos) << log;
}

TEST_F(Preflight, AVenvBelowTheHubIsALibraryAndAHelperBesideTheScriptIsTheScripts) {
  const std::string record = (hub_.config_folder() / "imports").string();
  const auto noting = [&](const std::string& name) {
    return "open('" + record + "', 'a').write('" + name + " ')\n";
  };
  Install("installed_one", "", noting("installed"));
  Write("scripts/helper_one.py", noting("helper"));
  for (int load = 0; load < 3; ++load) {
    EXPECT_EQ("", Load("import helper_one, installed_one\n"));
    EXPECT_EQ(1, Lib().w_Unload(script_));
  }
  std::string text;
  std::getline(std::ifstream(record), text);
  EXPECT_EQ("helper installed helper helper ", text);
}

}  // namespace
