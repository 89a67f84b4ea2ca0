// Processes that scripts start: multiprocessing works in main only, and says so elsewhere at once.
#include <gtest/gtest.h>

#include "fake_hub.hpp"
#include "runtimes.hpp"

namespace {

// Tells what each way to start a worker comes to. `vh` is imported in functions only, so that a
// worker that imports the script does not fail at that.
const std::string kWorkers =
    "import multiprocessing, subprocess, sys\n"
    "from concurrent.futures import ProcessPoolExecutor\n"
    "def outcome(work):\n"
    "    try: return work()\n"
    "    except Exception as error: return f'{type(error).__name__}: {error}'\n"
    "def process(method):\n"
    "    worker = multiprocessing.get_context(method).Process(target=pow, args=(2, 3))\n"
    "    worker.start()\n"
    "    worker.join()\n"
    "    return 8\n"
    "def pool(method):\n"
    "    with multiprocessing.get_context(method).Pool(1) as pool: return pool.apply(pow, (2, 3))\n"
    "def executor(method):\n"
    "    context = multiprocessing.get_context(method)\n"
    "    with ProcessPoolExecutor(1, context) as executor:\n"
    "        return executor.submit(pow, 2, 3).result()\n"
    "def manager(method):\n"
    "    with multiprocessing.get_context(method).Manager() as manager:\n"
    "        return manager.list([8])[0]\n"
    "def start(kind, method): return str(outcome(lambda: globals()[kind](method)))\n"
    "def other(): return subprocess.check_output([sys.executable, '-c', "
    "'print(8)']).decode().strip()\n";

class Workers : public testing::TestWithParam<const char*> {
 protected:
  const ScopedEnvironment chosen_{"VH_PYTHON_RUNTIME", GetParam()};
  FakeHub hub_;
};

std::string Start(FakeHub& hub, int script, const char* kind, const char* method) {
  return hub.Call(script, "start", Pack("ss", kind, method).get());
}

TEST_P(Workers, OfMultiprocessingAreForMainOnly) {
  const bool is_main = std::string(GetParam()) == "main";
  const int script = hub_.Load(kWorkers);
  ASSERT_LE(0, script) << hub_.TakeLog();
  for (const char* method : {"spawn", "forkserver"}) {
    for (const char* kind : {"process", "pool", "executor", "manager"}) {
      const std::string answer = Start(hub_, script, kind, method);
      if (is_main) {
        EXPECT_EQ("s \"8\"", answer) << method << " " << kind;
      } else {
        EXPECT_NE(std::string::npos, answer.find("RuntimeError: ")) << answer << method << kind;
        EXPECT_NE(std::string::npos, answer.find("use the runtime main")) << answer;
      }
    }
  }
}

// The child would hang, or crash, and whoever waits for it.
TEST_P(Workers, AreNotForkedBesideOtherInterpreters) {
  hub_.Load("# vh: runtime = sub\n", "beside.py");
  const int script = hub_.Load(kWorkers +
                               "def preexec(method):\n"
                               "    subprocess.run(['true'], preexec_fn=int)\n");
  for (const char* kind : {"process", "pool", "executor", "manager", "preexec"}) {
    const std::string answer = Start(hub_, script, kind, "fork");
    EXPECT_NE(std::string::npos, answer.find("RuntimeError: ")) << answer;
  }
}

TEST_P(Workers, OfSubprocessAreForAll) {
  const int script = hub_.Load(kWorkers);
  EXPECT_EQ("s \"8\"", hub_.Call(script, "other")) << hub_.TakeLog();
}

INSTANTIATE_TEST_SUITE_P(All, Workers, testing::ValuesIn(Runtimes()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
