// Statistics and the log, for C++ programs.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "host.hpp"

namespace {

constexpr const char* kSource =
    "import vh\n"
    "def double(number): return 2 * number\n"
    "def fail(): raise LookupError('on purpose')\n"
    "def log(text): vh.log(text)\n";

TEST(Log, StatisticsTellOfEachFunction) {
  ScriptHost script(kSource);
  for (long number : {1, 2, 3}) script.host.call<long>(script.script, "double", number).value();
  EXPECT_FALSE(script.host.call(script.script, "fail"));
  const vh::Json statistics = script.host.statistics();
  const vh::Json& own = statistics["scripts"][0];
  EXPECT_EQ(script.script, own["id"].get<int>());
  for (std::size_t row = 0; row < own["calls"].size(); ++row) {
    const vh::Json& calls = own["calls"][row];
    const auto name = calls["name"].get<std::string>();
    EXPECT_EQ(name == "double" ? 3 : 1, calls["calls"].get<int>()) << name;
    EXPECT_EQ(name == "fail" ? 1 : 0, calls["errors"].get<int>()) << name;
    EXPECT_LE(0.0, calls["total"].get<double>());
  }
  EXPECT_EQ(3u, own["calls"].size());
  const std::string text = script.host.prometheus();
  EXPECT_NE(std::string::npos, text.find(",call=\"double\",kind=\"function\"} 3\n")) << text;
}

TEST(Log, RecordsGoToACallable) {
  std::vector<vh::LogRecord> records;
  {
    ScriptHost script(kSource);
    script.host.set_log_sink([&](const vh::LogRecord& record) { records.push_back(record); });
    script.host.call(script.script, "log", "first").value();
    EXPECT_FALSE(script.host.call(script.script, "fail"));
    script.host.set_log_sink([&](const vh::LogRecord& record) {
      records.push_back({record.level, record.script, "second sink: " + record.message});
      // It may call scripts, and what it throws is the library's to tell.
      EXPECT_EQ(4, script.host.call<long>(script.script, "double", 2L).value());
    });
    ASSERT_EQ(2u, records.size());
    EXPECT_EQ("first", records[0].message);
    EXPECT_EQ(script.script, records[0].script);
    EXPECT_EQ(0, records[0].level);
    EXPECT_NE(std::string::npos, records[1].message.find("LookupError: on purpose"));
    script.host.call(script.script, "log", "third").value();
    script.host.set_log_sink([](const vh::LogRecord&) { throw std::runtime_error("on purpose"); });
    ASSERT_EQ(3u, records.size());
    EXPECT_EQ("second sink: third", records[2].message);
    script.host.call(script.script, "log", "fourth, printed").value();
    script.host.set_log_sink([&](const vh::LogRecord& record) { records.push_back(record); });
    script.host.call(script.script, "log", "last").value();
  }
  ASSERT_EQ(4u, records.size()) << "the host's end waits for the last one";
  EXPECT_EQ("last", records[3].message);
}

// An exception of nlohmann/json in a sink costs the record its sink and nothing else.
TEST(Log, PrintsARecordAtWhichJsonThrows) {
  ScriptHost script(kSource);
  int calls = 0;
  testing::internal::CaptureStdout();
  script.host.set_log_sink([&](const vh::LogRecord& record) {
    ++calls;
    [[maybe_unused]] const vh::Json json = vh::Json::parse(record.message);
  });
  script.host.call(script.script, "log", "no JSON").value();
  script.host.call(script.script, "log", "[1]").value();
  script.host.set_log_sink(nullptr);
  const std::string printed = testing::internal::GetCapturedStdout();
  EXPECT_EQ(2, calls);
  EXPECT_NE(std::string::npos, printed.find("no JSON")) << printed;
  EXPECT_EQ(std::string::npos, printed.find("[1]")) << printed;
}

}  // namespace
