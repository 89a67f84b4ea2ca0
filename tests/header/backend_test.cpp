// Back ends from C++: calls, errors, events, begun and cancelled calls, code that is executed once.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <thread>

#include "host.hpp"

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr const char* kSource =
    "import os, sys, time\n"
    "from bridge_runtime import PythonBridge\n"
    "class Back(PythonBridge):\n"
    "    count = 0\n"
    "    def increment(self, by=1):\n"
    "        self.count += by\n"
    "        return {'count': self.count}\n"
    "    def echo(self, data):\n"
    "        return data\n"
    "    def divide(self, a, b):\n"
    "        return a / b\n"
    "    def sleep(self, seconds):\n"
    "        time.sleep(seconds)\n"
    "        return 'slept'\n"
    "    def tell(self, times):\n"
    "        for number in range(times):\n"
    "            self.send_event('tick', {'number': number})\n"
    "    def place(self):\n"
    "        return [os.getcwd(), os.environ.get('VH_X'), 'PATH' in os.environ]\n"
    "    def leave(self):\n"
    "        print('no more', file=sys.stderr)\n"
    "        os._exit(3)\n"
    "if __name__ == '__main__':\n"
    "    Back().run()\n";

vh::BackendOptions WithLibrary() {
  vh::BackendOptions options;
  options.library = Options().library;
  return options;
}

class Backend : public testing::Test {
 protected:
  Backend() : script_(folder_.Write("back.py", kSource)), backend_(Spawn()) {}
  ~Backend() override { EXPECT_TRUE(vh::Backend::terminate_all(WithLibrary().library)); }

  vh::Backend Spawn(const vh::BackendOptions& options = WithLibrary()) const {
    return vh::Backend::spawn(script_, options).value();
  }

  Folder folder_;
  std::string script_;
  vh::Backend backend_;
};

TEST_F(Backend, AnswersAndKeepsItsState) {
  EXPECT_EQ(1, backend_.call("increment").value()["count"]);
  EXPECT_EQ(42, backend_.call("increment", {{"by", 41}}).value()["count"]);
  EXPECT_EQ(backend_.number(), Spawn().number());
  EXPECT_EQ(backend_.number(), vh::Backend::find(script_, WithLibrary().library)->number());
}

TEST_F(Backend, GivesTypedResults) {
  EXPECT_EQ(std::vector<long>({1, 2}),
            backend_.call<std::vector<long>>("echo", {{"data", {1, 2}}}).value());
  EXPECT_EQ("жя", backend_.call<std::string>("echo", {{"data", "жя"}}).value());
  const vh::Result<long> wrong = backend_.call<long>("echo", {{"data", "text"}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ("invalid", wrong.error().code);
  EXPECT_EQ(0u, wrong.error().message.find("the result of echo()")) << wrong.error().message;
}

TEST_F(Backend, TellsWhyACallFailed) {
  const vh::Failure divided = backend_.call("divide", {{"a", 1}, {"b", 0}}).error();
  EXPECT_EQ("python", divided.code);
  EXPECT_EQ("ZeroDivisionError: division by zero", divided.text());
  EXPECT_NE(std::string::npos, divided.traceback.find("back.py\", line 11")) << divided.traceback;
  EXPECT_EQ("not_found", backend_.call("multiply").error().code);
  EXPECT_EQ("invalid", backend_.call("divide", {{"a", 1}}).error().code);
  const vh::Failure nan = backend_.call("echo", {{"data", std::nan("")}}).error();
  EXPECT_EQ("invalid", nan.code);
  EXPECT_EQ(0u, nan.message.find("a parameter of echo()")) << nan.message;
}

TEST_F(Backend, ACallHasADeadline) {
  const vh::Failure late = backend_.call("sleep", {{"seconds", 600}}, milliseconds(200)).error();
  EXPECT_EQ("timeout", late.code);
  EXPECT_EQ("slept", backend_.call("sleep", {{"seconds", 0}}, minutes(1)).value());
}

TEST_F(Backend, ManyCallsAreUnderWay) {
  std::vector<vh::Backend::Call<long>> calls;
  for (long number = 0; number < 50; ++number) {
    calls.push_back(backend_.begin<long>("echo", {{"data", number}}, minutes(1)).value());
  }
  for (long number = 49; number >= 0; --number) EXPECT_EQ(number, calls[number].wait().value());
}

TEST_F(Backend, ACallIsCancelledFromAnotherThread) {
  const auto call = backend_.begin("sleep", {{"seconds", 600}}, minutes(5)).value();
  auto waiting = std::async(std::launch::async, [&] { return call.wait(); });
  EXPECT_TRUE(call.cancel());
  EXPECT_EQ("cancelled", waiting.get().error().code);
  EXPECT_FALSE(call.cancel());
  EXPECT_EQ("slept", backend_.call("sleep", {{"seconds", 0}}, minutes(1)).value());
}

TEST_F(Backend, EventsComeInTheirOrderUntilTheHandlerIsTakenBack) {
  std::promise<void> all;
  std::vector<long> heard;
  const int handler = backend_
                          .on("tick",
                              [&](const vh::Json& event) {
                                heard.push_back(event["number"].get<long>());
                                if (heard.size() == 100) all.set_value();
                              })
                          .value();
  ASSERT_TRUE(backend_.call<void>("tell", {{"times", 100}}, minutes(1)));
  ASSERT_EQ(std::future_status::ready, all.get_future().wait_for(minutes(1)));
  for (long number = 0; number < 100; ++number) EXPECT_EQ(number, heard[number]);
  EXPECT_TRUE(backend_.off(handler));
  EXPECT_FALSE(backend_.off(handler));
}

TEST_F(Backend, HandlersMayThrowAndTheirDataIsGivenBack) {
  auto data = std::make_shared<std::atomic<int>>(0);
  ASSERT_TRUE(backend_.on("tick", [data](const vh::Json&) {
    ++*data;
    throw std::runtime_error("on purpose");
  }));
  ASSERT_TRUE(backend_.call<void>("tell", {{"times", 3}}, minutes(1)));
  while (*data < 3) std::this_thread::yield();
  ASSERT_TRUE(backend_.terminate());
  // The last event may be under way still.
  while (data.use_count() > 1) std::this_thread::yield();
}

TEST_F(Backend, TheReasonOfADeathIsInTheError) {
  const vh::Failure failure = backend_.call("leave", vh::Json::object(), minutes(1)).error();
  EXPECT_EQ("closed", failure.code);
  EXPECT_EQ("back.py has ended (exit status: 3); its last words: no more", failure.message);
  EXPECT_EQ("closed", backend_.call("increment").error().code);
  EXPECT_EQ(1, Spawn().call("increment").value()["count"]);
}

TEST_F(Backend, IsStartedAsItsOptionsSay) {
  ASSERT_TRUE(backend_.terminate());
  vh::BackendOptions options = WithLibrary();
  options.env = {{"VH_X", "x"}};
  options.cwd = "/";
  EXPECT_EQ(vh::parse_json("[\"/\", \"x\", true]"), Spawn(options).call("place").value());
}

TEST_F(Backend, WhatCannotStartSaysWhy) {
  const auto missing = folder_.Write("missing.py", "import no_such_module\n");
  const vh::Failure failure = vh::Backend::spawn(missing, WithLibrary()).error();
  EXPECT_EQ("ModuleNotFoundError", failure.type);
  EXPECT_EQ(0u, failure.message.find("missing.py does not start: No module named 'no_such_module'"))
      << failure.message;
  vh::BackendOptions options = WithLibrary();
  options.python_path = "no-such-python";
  EXPECT_EQ("unavailable", vh::Backend::spawn(missing, options).error().code);
}

TEST(BackendCode, IsExecutedOnce) {
  EXPECT_EQ(
      "world",
      vh::execute("return {'hello': 'world'}", vh::Json::object(), WithLibrary()).value()["hello"]);
  EXPECT_EQ(120,
            vh::execute<long>("import math\nreturn math.factorial(n)", {{"n", 5}}, WithLibrary())
                .value());
  const vh::Failure failure = vh::execute("\nreturn 1 / 0", {}, WithLibrary()).error();
  EXPECT_EQ("ZeroDivisionError: division by zero", failure.text());
  EXPECT_NE(std::string::npos, failure.traceback.find("line 2")) << failure.traceback;
}

TEST(BackendCode, PythonsHaveVersions) {
  const std::string library = WithLibrary().library;
  EXPECT_EQ(0u, vh::python_version("python3", library).value().find("Python 3."));
  EXPECT_EQ("unavailable", vh::python_version("no-such-python", library).error().code);
}

}  // namespace
