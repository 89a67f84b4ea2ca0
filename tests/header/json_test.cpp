// vh::Json: text to values and back, and what is refused on the way.
#include <gtest/gtest.h>

#include <climits>
#include <clocale>
#include <cmath>

#include "vh_python.hpp"

namespace {

using vh::Json;

std::string Again(const std::string& text) { return vh::json_text(vh::parse_json(text)); }

// Why a text is refused.
std::string Refusal(std::string_view text) {
  try {
    vh::parse_json(text);
    return "it is not";
  } catch (const vh::ConversionError& error) {
    return error.what();
  }
}

// Why a value is refused.
template <typename T>
std::string WriteRefusal(const T& value) {
  try {
    return "it is not: " + vh::json_text(value);
  } catch (const vh::ConversionError& error) {
    return error.what();
  }
}

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
}

TEST(Json, ReadsAndWritesText) {
  EXPECT_EQ("\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\"", Again("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\""));
  EXPECT_EQ("A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
            vh::parse_json("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"").get<std::string>());
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
    EXPECT_THROW(vh::parse_json(text), vh::ConversionError) << text;
  }
  EXPECT_THROW(vh::parse_json(std::string_view("1\0", 2)), vh::ConversionError);
  EXPECT_THROW(vh::parse_json(std::string_view("\0", 1)), vh::ConversionError);
}

TEST(Json, IsNestedAtMost128Deep) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(nested(129), Again(nested(129)));
  EXPECT_THROW(vh::parse_json(nested(130)), vh::ConversionError);
  EXPECT_THROW(vh::parse_json(std::string(1000000, '[')), vh::ConversionError);
  Json deep;
  for (int i = 0; i < 130; ++i) deep = Json::array({std::move(deep)});
  EXPECT_THROW(vh::json_text(deep), vh::ConversionError);
}

TEST(Json, RefusesNumbersWithoutJsonForm) {
  EXPECT_THROW(vh::json_text(std::nan("")), vh::ConversionError);
  EXPECT_THROW(vh::json_text(HUGE_VAL), vh::ConversionError);
  EXPECT_THROW(vh::json_text(ULONG_MAX), vh::ConversionError);
  EXPECT_EQ("is no finite number", WriteRefusal(Json(std::nan(""))));
  EXPECT_EQ("is no finite number", WriteRefusal(Json{{"a", {1, -HUGE_VAL}}}));
  EXPECT_EQ("is out of range: 9223372036854775808", WriteRefusal(Json(1UL << 63)));
  EXPECT_EQ("9223372036854775807", vh::json_text(Json(~0UL >> 1)));
}

TEST(Json, RefusesKindsThatPythonDoesNotKnow) {
  EXPECT_EQ("has no JSON form", WriteRefusal(Json::binary({1, 2})));
  EXPECT_EQ("has no JSON form", WriteRefusal(Json::array({Json(Json::value_t::discarded)})));
}

TEST(Json, RefusesIntegersOutsideOf64Bits) {
  const auto refused = [](const std::string& digits) {
    return "holds an integer that does not fit 64 bits: \"" + digits + '"';
  };
  for (const char* digits : {"9223372036854775808", "-9223372036854775809", "18446744073709551615",
                             "18446744073709551616", "-18446744073709551616"}) {
    EXPECT_EQ(refused(digits), Refusal(digits));
    EXPECT_EQ(refused(digits), Refusal("{\"a\": [1, " + std::string(digits) + "]}"));
  }
  EXPECT_EQ(refused(std::string(60, '7')) + "...", Refusal(std::string(300, '7')));
  // As a float it fits.
  EXPECT_EQ(9223372036854775808.0, vh::parse_json("9223372036854775808.0").get<double>());
  EXPECT_EQ(1e300, vh::parse_json("1" + std::string(300, '0') + "e0").get<double>());
  EXPECT_EQ("is no JSON: number overflow parsing '1e400'", Refusal("1e400"));
  for (const char* end : {"", ".5", "e5"}) {
    const std::string huge = Refusal(std::string(1000000, '7') + end);
    EXPECT_EQ(0u, huge.find("is no JSON: number overflow")) << huge;
    EXPECT_GT(300u, huge.size());
  }
}

TEST(Json, RefusesKeysThatAreThereTwice) {
  EXPECT_EQ("has the key \"a\" twice", Refusal(R"({"a": 1, "b": 2, "a": 1})"));
  EXPECT_EQ("has the key \"\" twice", Refusal(R"([[{"": {"": [{"": 1, "": 2}]}}]])"));
  EXPECT_EQ("has the key \"a\" twice", Refusal(R"({"x": {"a": {"a": 1}, "\u0061": 2}})"));
  EXPECT_EQ("has the key \"" + std::string(60, 'k') + "\"... twice",
            Refusal("{\"" + std::string(100, 'k') + "\":1,\"" + std::string(100, 'k') + "\":1}"));
  EXPECT_EQ(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})",
            Again(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})"));
}

TEST(Json, RefusesNestingWhereverItIs) {
  const auto nested = [](int depth, const std::string& inside) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += i % 2 ? "[" : "{\"a\":";
    text += inside;
    for (int i = depth; i-- > 0;) text += i % 2 ? "]" : "}";
    return text;
  };
  EXPECT_EQ(nested(128, "1"), Again(nested(128, "1")));
  EXPECT_EQ(nested(128, "{}"), Again(nested(128, "{}")));
  for (const char* inside : {"1", "[1]", "\"a\"", "null"}) {
    EXPECT_EQ("is nested deeper than 128 levels", Refusal(nested(129, inside))) << inside;
  }
  EXPECT_EQ("is nested deeper than 128 levels", Refusal(nested(1000000, "1")));
  Json deep;
  for (int i = 0; i < 1000000; ++i) deep = Json::array({std::move(deep)});
  EXPECT_EQ("is nested deeper than 128 levels", WriteRefusal(deep));
}

TEST(Json, NamesTextThatIsNotUtf8) {
  EXPECT_EQ(0u, Refusal("[\"caf\xe9\"]").find(R"(holds text that is not UTF-8: "caf\ufffd)"));
  EXPECT_EQ(R"(holds text that is not UTF-8: "caf\ufffd")", Refusal(R"(["caf\udce9"])"));
  EXPECT_EQ(R"(holds text that is not UTF-8: "k\ufffd")", Refusal(R"({"k\udcff": 1})"));
  EXPECT_EQ(R"(holds text that is not UTF-8: "k\ufffd")", Refusal("{\"k\xff\": 1}"));
  EXPECT_EQ(R"(holds text that is not UTF-8: "caf\ufffd")", WriteRefusal(Json("caf\xe9")));
  EXPECT_EQ(R"(holds text that is not UTF-8: "k\ufffd")", WriteRefusal(Json{{"k\xff", 1}}));
  // Overlong, half a character, beyond the last one, cut.
  for (const char* text :
       {"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xed\xa0\xbd", "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\x80", "\xc3(", "\xff"}) {
    EXPECT_EQ(0u, Refusal('"' + std::string(text) + '"').find("holds text that is not UTF-8: "));
    EXPECT_EQ(0u, WriteRefusal(Json(text)).find("holds text that is not UTF-8: "));
  }
  for (const char* text :
       {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ('"' + std::string(text) + '"', Again('"' + std::string(text) + '"'));
  }
}

TEST(Json, NamesHalfCharacters) {
  for (const char* half : {R"(\ud83d)", R"(\uD83D)", R"(\ude00)", R"(\ude00\ud83d)", R"(\ud83dA)",
                           R"(\ud83d\u0041)", R"(\ud83d\\ude00)", R"(\ud83d\ud83d)", R"(\udbff)"}) {
    EXPECT_EQ(0u, Refusal('"' + std::string(half) + '"').find("holds text that is not UTF-8: "))
        << half;
  }
  for (const char* broken : {R"("\ud83")", R"("\ud83d\ude0")", R"("\ud83g")", R"("\ud83d\u")",
                             R"(\ud83d)", R"("\ud83d)", R"("\udc80" \)"}) {
    EXPECT_EQ(0u, Refusal(broken).find("is no JSON: ")) << Refusal(broken);
  }
  // None of these is one.
  EXPECT_EQ("\xf0\x9f\x98\x80", vh::parse_json(R"("\uD83D\uDE00")").get<std::string>());
  EXPECT_EQ(R"(\ud83d)", vh::parse_json(R"("\\ud83d")").get<std::string>());
  EXPECT_EQ(R"(\ud83d)", vh::parse_json(R"("\u005cud83d")").get<std::string>());
}

TEST(Json, KeepsBytesOfTypedValues) {
  using Texts = std::vector<std::string>;
  const auto read = [](const char* text) {
    return vh::detail::value_of<Texts>(vh::detail::parse_keeping_bytes(text));
  };
  EXPECT_EQ((Texts{"\xff", "\xed\xa0\xbd",
                   "\xed\xa0\xbd"
                   "A",
                   "\xf0\x9f\x98\x80\xff"}),
            read(R"(["\udcff", "\ud83d", "\ud83d\u0041", "\ud83d\ude00\udcff"])"));
  // With them come texts that only look like them.
  EXPECT_EQ((Texts{"\xff", "\\udcff", "\\udcff", "\\\\udcff", "\\\xff", "a\"\\/\b"}),
            read(R"(["\udcff", "\\udcff", "\u005cudcff", "\\\\udcff", "\\\udcff", "a\"\\\/\b"])"));
  EXPECT_EQ("[\"\xff\",\"\\ud83d\"]", vh::json_text(Texts{"\xff", "\xed\xa0\xbd"}));
  EXPECT_EQ("{\"\xff\":\"\xe9\"}",
            vh::json_text(std::map<std::string, std::string>{{"\xff", "\xe9"}}));
}

TEST(Json, NamesNulCharacters) {
  EXPECT_EQ("is no JSON: it holds a NUL character", Refusal(std::string_view("1\0", 2)));
  EXPECT_EQ("is no JSON: it holds a NUL character", Refusal(std::string_view("\"a\0b\"", 5)));
  EXPECT_EQ(std::string("a\0b", 3), vh::parse_json(R"("a\u0000b")").get<std::string>());
  EXPECT_EQ(R"(["a\u0000b"])", vh::json_text(std::vector<std::string>{std::string("a\0b", 3)}));
}

TEST(Json, TellsWhatIsWrongInShort) {
  EXPECT_EQ(0u, Refusal("").find("is no JSON: parse error at line 1, column 1: ")) << Refusal("");
  EXPECT_EQ(0u, Refusal("[] []").find("is no JSON: parse error at line 1, column 4: "));
  EXPECT_GT(300u, Refusal('"' + std::string(1000000, 'a')).size());
  EXPECT_GT(300u, Refusal(std::string(1000000, 'a')).size());
  EXPECT_GT(300u, Refusal('"' + std::string(1000000, 'a') + "\xff\"").size());
}

TEST(Json, IsMadeOfCppValues) {
  EXPECT_EQ("[1,2.5,\"a\",true,null]", vh::json_text(Json::array({1, 2.5, "a", true, nullptr})));
  EXPECT_EQ("{\"a\":[1],\"b\":null}",
            vh::json_text(std::map<std::string, std::optional<std::vector<int>>>{
                {"a", std::vector<int>{1}}, {"b", std::nullopt}}));
  EXPECT_EQ("\"view\"", vh::json_text(std::string_view("view")));
  EXPECT_EQ("[true,false]", vh::json_text(std::vector<bool>{true, false}));
  EXPECT_EQ("[[],[[]],\"[\",[{}]]", vh::json_text(Json::parse("[[],[[]],\"[\",[{}]]")));
  EXPECT_EQ("[[],[[\"[\"]]]",
            vh::json_text(std::vector<std::vector<std::vector<std::string>>>{{}, {{"["}}}));
  EXPECT_EQ("null", vh::json_text(Json()));
}

TEST(Json, GivesCppValues) {
  const Json json = vh::parse_json(R"({"list": [1, 2], "text": "x", "none": null})");
  EXPECT_EQ((std::vector<long>{1, 2}), vh::value_of<std::vector<long>>(json["list"]));
  EXPECT_EQ("x", vh::value_of<std::string>(json["text"]));
  EXPECT_EQ(std::nullopt, vh::value_of<std::optional<long>>(json["none"]));
  EXPECT_EQ(2, vh::value_of<int>(json["list"][1]));
  EXPECT_EQ(3u, json.size());
  EXPECT_TRUE(json["none"].is_null());
  EXPECT_TRUE(json["list"].is_array());
  EXPECT_THROW(json.at("missing"), Json::out_of_range);
  EXPECT_THROW(json["list"].at(2), Json::out_of_range);
  EXPECT_THROW(json["text"].at("a"), Json::type_error);
  EXPECT_THROW(vh::value_of<long>(json["text"]), vh::ConversionError);
}

// What nlohmann/json's own get would bend.
TEST(Json, GivesNumbersThatFitOnly) {
  EXPECT_THROW(vh::value_of<int>(Json(1.5)), vh::ConversionError);
  EXPECT_THROW(vh::value_of<int>(Json(1L << 40)), vh::ConversionError);
  EXPECT_THROW(vh::value_of<unsigned>(Json(-1)), vh::ConversionError);
  EXPECT_THROW(vh::value_of<long>(Json(~0UL)), vh::ConversionError);
  EXPECT_THROW(vh::value_of<int>(Json(true)), vh::ConversionError);
  EXPECT_EQ(~0UL, vh::value_of<unsigned long>(Json(~0UL)));
  EXPECT_EQ(5, vh::value_of<int>(Json(5U)));
  EXPECT_EQ(5.0, vh::value_of<double>(Json(5)));
  EXPECT_TRUE(vh::value_of<bool>(Json(1)));
  EXPECT_THROW(vh::value_of<bool>(Json(2)), vh::ConversionError);
  EXPECT_THROW(vh::value_of<bool>(Json(1.0)), vh::ConversionError);
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
