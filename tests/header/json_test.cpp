// vh::Json: text to values and back.
#include <gtest/gtest.h>

#include <climits>
#include <clocale>
#include <cmath>

#include "vh_python.hpp"

namespace {

using vh::Json;

std::string Again(const std::string& text) { return Json::parse(text).dump(); }

TEST(Json, ReadsAndWritesEveryKind) {
  for (const char* text :
       {"null", "true", "false", "0", "-7", "9223372036854775807", "-9223372036854775808", "0.5",
        "-2.0", "1e+300", "0.1", "3.141592653589793", "\"\"", "\"text\"", "[]", "[1,[2,[]]]", "{}",
        "{\"a\":{\"b\":[null,true]},\"c\":\"d\"}"}) {
    EXPECT_EQ(text, Again(text));
  }
  EXPECT_EQ("{\"a\":[1,2]}", Again(" {\n\"a\" : [ 1 ,\t2 ] }\r"));
  EXPECT_EQ("1000.0", Again("1e3"));
  EXPECT_EQ("0.0", Again("1e-400"));
  EXPECT_EQ("{\"a\":2}", Again("{\"a\":1,\"a\":2}"));
}

TEST(Json, ReadsAndWritesText) {
  EXPECT_EQ("\"\\\"\\\\/\\u0008\\u000c\\u000a\\u000d\\u0009\\u0000\"",
            Again("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\""));
  EXPECT_EQ("A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
            Json::parse("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"").as<std::string>());
  // Bytes that are no text are kept as Python keeps them.
  EXPECT_EQ("\xff", Json::parse("\"\\udcff\"").as<std::string>());
  EXPECT_EQ("\"\xff\"", Json("\xff").dump());
  // Half a character survives, alone and before another escape.
  EXPECT_EQ("\"\\ud83d\"", Again("\"\\ud83d\""));
  EXPECT_EQ("\"\\ud83dA\"", Again("\"\\ud83d\\u0041\""));
  EXPECT_EQ("\"\\ud83d\"", Again("\"\xed\xa0\xbd\""));
}

TEST(Json, RefusesWhatIsNone) {
  for (const char* text : {"",
                           " ",
                           "nul",
                           "nulll",
                           "tru",
                           "{",
                           "[",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:1}",
                           "01",
                           "-",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "\"",
                           "\"a",
                           "\"\\\"",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\n\"",
                           "'a'",
                           "1 2",
                           "[] []",
                           "NaN",
                           "Infinity",
                           "-Infinity",
                           "1e400",
                           "9223372036854775808",
                           "-9223372036854775809"}) {
    EXPECT_THROW(Json::parse(text), vh::ConversionError) << text;
  }
  EXPECT_THROW(Json::parse(std::string_view("1\0", 2)), vh::ConversionError);
  EXPECT_THROW(Json::parse(std::string_view("\0", 1)), vh::ConversionError);
}

TEST(Json, IsNestedAtMost128Deep) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(nested(129), Again(nested(129)));
  EXPECT_THROW(Json::parse(nested(130)), vh::ConversionError);
  EXPECT_THROW(Json::parse(std::string(1000000, '[')), vh::ConversionError);
  Json deep;
  for (int i = 0; i < 130; ++i) deep = Json::List{std::move(deep)};
  EXPECT_THROW(deep.dump(), vh::ConversionError);
}

TEST(Json, RefusesNumbersWithoutJsonForm) {
  EXPECT_THROW(Json(std::nan("")).dump(), vh::ConversionError);
  EXPECT_THROW(Json(HUGE_VAL).dump(), vh::ConversionError);
  EXPECT_THROW(Json(ULONG_MAX), vh::ConversionError);
}

TEST(Json, IsMadeOfCppValues) {
  EXPECT_EQ("[1,2.5,\"a\",true,null]", Json(Json::List{1, 2.5, "a", true, nullptr}).dump());
  EXPECT_EQ("{\"a\":[1],\"b\":null}", Json(std::map<std::string, std::optional<std::vector<int>>>{
                                               {"a", std::vector<int>{1}}, {"b", std::nullopt}})
                                          .dump());
  EXPECT_EQ("\"view\"", Json(std::string_view("view")).dump());
  EXPECT_EQ("[true,false]", Json(std::vector<bool>{true, false}).dump());
  EXPECT_EQ("null", Json().dump());
}

TEST(Json, GivesCppValues) {
  const Json json = Json::parse(R"({"list": [1, 2], "text": "x", "none": null})");
  EXPECT_EQ((std::vector<long>{1, 2}), json["list"].as<std::vector<long>>());
  EXPECT_EQ("x", json["text"].as<std::string>());
  EXPECT_EQ(std::nullopt, json["none"].as<std::optional<long>>());
  EXPECT_EQ(2, json["list"][1].as<int>());
  EXPECT_EQ(3u, json.size());
  EXPECT_TRUE(json["none"].is_null());
  EXPECT_TRUE(json["list"].is<Json::List>());
  EXPECT_EQ(nullptr, json.get_if<Json::List>());
  EXPECT_THROW(json["missing"], vh::ConversionError);
  EXPECT_THROW(json["list"][2], vh::ConversionError);
  EXPECT_THROW(json["text"]["a"], vh::ConversionError);
  EXPECT_THROW(json["text"].as<long>(), vh::ConversionError);
}

TEST(Json, IsTheSameInEveryLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  // Where there is such a locale; the C++ one with its own comma is always there.
  std::setlocale(LC_ALL, "de_DE.UTF-8");
  struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  const std::locale classic = std::locale::global(std::locale(std::locale::classic(), new Comma));
  EXPECT_EQ("[1234567,1234567.5]", Again("[1234567,1234567.5]"));
  std::locale::global(classic);
  std::setlocale(LC_ALL, before.c_str());
}

}  // namespace
