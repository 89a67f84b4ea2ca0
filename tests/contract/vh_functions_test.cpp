// vh functions: what each one packs for the hub and makes of the hub's answer, in all generations.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fake_hub.hpp"

namespace {

// How a function's answers become Python values.
enum class Result { kBool, kInt, kFloat, kText, kMyInfo, kTwoTexts };

// One vh function: a call with all arguments and one with the required ones, with the block the
// hub must receive for each.
struct Function {
  const char* name;
  const char* callback;
  const char* full_arguments;
  const char* full_block;
  const char* short_arguments;
  const char* short_block;
  Result result;
};

constexpr Function kFunctions[] = {
    {"SendToOpChat", "SendToOpChat", "'d', 'n'", "ss \"d\" \"n\"", "'d'", "ss \"d\" NULL",
     Result::kBool},
    {"SendToActive", "SendToActive", "'d', 5", "sl \"d\" 5", "'d'", "sl \"d\" 0", Result::kBool},
    {"SendToPassive", "SendToPassive", "'d', 5", "sl \"d\" 5", "'d'", "sl \"d\" 0", Result::kBool},
    {"SendToActiveClass", "SendToActiveClass", "'d', 1, 10, 5", "slll \"d\" 1 10 5", "'d', 1, 10",
     "slll \"d\" 1 10 0", Result::kBool},
    {"SendToPassiveClass", "SendToPassiveClass", "'d', 1, 10, 5", "slll \"d\" 1 10 5", "'d', 1, 10",
     "slll \"d\" 1 10 0", Result::kBool},
    {"SendDataToUser", "SendDataToUser", "'d', 'n', 5", "ssl \"d\" \"n\" 5", "'d', 'n'",
     "ssl \"d\" \"n\" 0", Result::kBool},
    {"SendDataToAll", "SendDataToAll", "'d', 1, 10, 5", "slll \"d\" 1 10 5", "'d', 1, 10",
     "slll \"d\" 1 10 0", Result::kBool},
    {"SendPMToAll", "SendPMToAll", "'d', 'f', 1, 10", "ssll \"d\" \"f\" 1 10", "'d', 'f', 1, 10",
     "ssll \"d\" \"f\" 1 10", Result::kBool},
    {"CloseConnection", "CloseConnection", "'n', 1, vh.eCR_KICKED", "sll \"n\" 1 2", "'n'",
     "sll \"n\" 0 0", Result::kBool},
    {"GetMyINFO", "GetMyINFO", "'n'", "s \"n\"", "'n'", "s \"n\"", Result::kMyInfo},
    {"SetMyINFO", "SetMyINFO", "'n', 'd', 't', 's', 'm', '9'",
     "ssssss \"n\" \"d\" \"t\" \"s\" \"m\" \"9\"", "'n'", "ssssss \"n\" NULL NULL NULL NULL NULL",
     Result::kBool},
    {"GetUserClass", "GetUserClass", "'n'", "s \"n\"", "'n'", "s \"n\"", Result::kInt},
    {"GetUserHost", "GetUserHost", "'n'", "s \"n\"", "'n'", "s \"n\"", Result::kText},
    {"GetUserIP", "GetUserIP", "'n'", "s \"n\"", "'n'", "s \"n\"", Result::kText},
    {"SetUserIP", "SetUserIP", "'n', 'ip'", "ss \"n\" \"ip\"", "'n', 'ip'", "ss \"n\" \"ip\"",
     Result::kBool},
    {"SetMyINFOFlag", "SetMyINFOFlag", "'n', 2", "sl \"n\" 2", "'n', 2", "sl \"n\" 2",
     Result::kBool},
    {"UnsetMyINFOFlag", "UnsetMyINFOFlag", "'n', 2", "sl \"n\" 2", "'n', 2", "sl \"n\" 2",
     Result::kBool},
    {"GetUserHubURL", "GetUserHubURL", "'n'", "s \"n\"", "'n'", "s \"n\"", Result::kText},
    {"GetUserExtJSON", "GetUserExtJSON", "'n'", "s \"n\"", "'n'", "s \"n\"", Result::kText},
    {"GetUserCC", "GetUserCC", "'n'", "s \"n\"", "'n'", "s \"n\"", Result::kText},
    {"GetIPCC", "GetIPCC", "'ip'", "s \"ip\"", "'ip'", "s \"ip\"", Result::kText},
    {"GetIPCN", "GetIPCN", "'ip'", "s \"ip\"", "'ip'", "s \"ip\"", Result::kText},
    {"GetIPCity", "GetIPCity", "'ip', 'db'", "ss \"ip\" \"db\"", "'ip'", "ss \"ip\" \"\"",
     Result::kText},
    {"GetIPASN", "GetIPASN", "'ip', 'db'", "ss \"ip\" \"db\"", "'ip'", "ss \"ip\" \"\"",
     Result::kText},
    {"AddRegUser", "AddRegUser", "'n', 3, 'pw', 'op'", "slss \"n\" 3 \"pw\" \"op\"", "'n', 3",
     "slss \"n\" 3 \"\" \"\"", Result::kBool},
    {"DelRegUser", "DelRegUser", "'n'", "s \"n\"", "'n'", "s \"n\"", Result::kBool},
    {"SetRegClass", "SetRegClass", "'n', 3", "sl \"n\" 3", "'n', 3", "sl \"n\" 3", Result::kBool},
    {"Ban", "Ban", "'op', 'n', 'why', 60, vh.eBF_NICKIP", "sssll \"op\" \"n\" \"why\" 60 1",
     "'op', 'n', 'why', 60, 1", "sssll \"op\" \"n\" \"why\" 60 1", Result::kBool},
    {"KickUser", "KickUser", "'op', 'n', 'why', 'a', 'o', 'u'",
     "ssssss \"op\" \"n\" \"why\" \"a\" \"o\" \"u\"", "'op', 'n', 'why'",
     "ssssss \"op\" \"n\" \"why\" \"\" \"\" \"\"", Result::kBool},
    {"DelNickTempBan", "DelNickTempBan", "'n'", "s \"n\"", "'n'", "s \"n\"", Result::kBool},
    {"DelIPTempBan", "DelIPTempBan", "'ip'", "s \"ip\"", "'ip'", "s \"ip\"", Result::kBool},
    {"ParseCommand", "ParseCommand", "'n', '!help', 1", "ssl \"n\" \"!help\" 1", "'n', '!help', 1",
     "ssl \"n\" \"!help\" 1", Result::kBool},
    {"ScriptCommand", "ScriptCommand", "'c', 'd', 1", "ssl \"c\" \"d\" 1", "'c', 'd'",
     "ssl \"c\" \"d\" 0", Result::kBool},
    {"SetConfig", "SetConfig", "'f', 'v', 'x'", "sss \"f\" \"v\" \"x\"", "'f', 'v', 'x'",
     "sss \"f\" \"v\" \"x\"", Result::kBool},
    {"GetConfig", "GetConfig", "'f', 'v', 'x'", "sss \"f\" \"v\" \"x\"", "'f', 'v'",
     "sss \"f\" \"v\" NULL", Result::kText},
    {"IsRobotNickBad", "IsRobotNickBad", "'n'", "s \"n\"", "'n'", "s \"n\"", Result::kInt},
    {"AddRobot", "AddRobot", "'n', 3, 'd', 's', 'm', '9'", "slssss \"n\" 3 \"d\" \"s\" \"m\" \"9\"",
     "'n', 3, 'd', 's', 'm', '9'", "slssss \"n\" 3 \"d\" \"s\" \"m\" \"9\"", Result::kBool},
    {"DelRobot", "DelRobot", "'n'", "s \"n\"", "'n'", "s \"n\"", Result::kBool},
    {"GetServFreq", "GetServFreq", "", "", "", "", Result::kFloat},
    {"GetUsersCount", "GetUsersCount", "", "", "", "", Result::kInt},
    {"GetTotalShareSize", "GetTotalShareSize", "", "", "", "", Result::kText},
    {"Topic", "Topic", "'t'", "s \"t\"", "", "s NULL", Result::kText},
    {"mc", "mc", "'m', 'b'", "ss \"m\" \"b\"", "'m'", "ss \"m\" NULL", Result::kBool},
    {"usermc", "usermc", "'m', 'n', 'b'", "sss \"m\" \"n\" \"b\"", "'m', 'n'",
     "sss \"m\" \"n\" NULL", Result::kBool},
    {"classmc", "classmc", "'m', 1, 10, 'b'", "slls \"m\" 1 10 \"b\"", "'m', 1, 10",
     "slls \"m\" 1 10 NULL", Result::kBool},
    {"pm", "pm", "'m', 'n', 'f', 'b'", "ssss \"m\" \"n\" \"f\" \"b\"", "'m', 'n'",
     "ssss \"m\" \"n\" NULL NULL", Result::kBool},
    {"name_and_version", "name_and_version", "'n', 'v'", "ss \"n\" \"v\"", "", "ss NULL NULL",
     Result::kTwoTexts},
    {"StopHub", "StopHub", "1, 5", "ll 1 5", "1", "ll 1 0", Result::kBool},
};

// An answer of the hub and the Python value it becomes.
struct Conversion {
  Answer answer;
  const char* python;
};

w_Targs* NullResult(w_Targs*) { return nullptr; }

Answer Texts(std::vector<const char*> texts) {
  return [texts](w_Targs*) { return TextsResult(texts); };
}

Answer Int(long value) {
  return [value](w_Targs*) { return IntResult(value); };
}

Answer Float(double value) {
  return [value](w_Targs*) { return FloatResult(value); };
}

Answer Json(const char* json) {
  return [json](w_Targs*) { return JsonResult(json); };
}

std::vector<Conversion> ConversionsOf(Result result) {
  switch (result) {
    case Result::kBool:
      return {{Int(1), "True"}, {Int(0), "False"}, {NullResult, "False"}};
    case Result::kInt:
      return {{Int(5), "5"},
              {Int(-2), "-2"},
              {Int(0xfffffffeL), "-2"},
              {Int(0x7fffffffL), "2147483647"},
              {Int(0x100000000L), "4294967296"},
              {NullResult, "None"}};
    case Result::kFloat:
      return {{Float(1.5), "1.5"}, {NullResult, "None"}};
    case Result::kText:
      return {{Texts({"text"}), "'text'"},
              {Texts({""}), "''"},
              {Texts({nullptr}), "None"},
              {NullResult, "None"}};
    case Result::kMyInfo:
      return {{Texts({"n", "d", "t", "s", "m", "9"}), "('n', 'd', 't', 's', 'm', '9')"},
              {NullResult, "None"}};
    case Result::kTwoTexts:
      return {{Texts({"name", "1.0"}), "('name', '1.0')"}, {NullResult, "None"}};
  }
  return {};
}

std::string CallLine(int script, const Function& function, const std::string& block) {
  return std::to_string(script) + " " + function.callback + " " + block + "\n";
}

class VhByGeneration : public testing::TestWithParam<Generation> {};

INSTANTIATE_TEST_SUITE_P(Vh, VhByGeneration,
                         testing::Values(Generation::kClassic, Generation::kBidirectional,
                                         Generation::kPython3, Generation::kUnknown),
                         testing::PrintToStringParamName());

TEST_P(VhByGeneration, EveryFunctionPacksItsFullFormatAndConvertsItsResult) {
  FakeHub hub(GetParam());
  hub.LoadEvaluating("", "other.py");  // So that the calling script is not number 0.
  const int script = hub.LoadEvaluating();
  ASSERT_EQ(1, script);
  for (const Function& function : kFunctions) {
    if (hub.SlotOf(function.callback) < 0) continue;
    const std::string head = std::string("vh.") + function.name + "(";
    for (const Conversion& conversion : ConversionsOf(function.result)) {
      hub.AnswerTo(function.callback, conversion.answer);
      hub.TakeCalls();
      EXPECT_EQ(conversion.python, hub.Evaluate(script, head + function.full_arguments + ")"))
          << function.name;
      EXPECT_EQ(CallLine(script, function, function.full_block), hub.TakeCalls());
      EXPECT_EQ(conversion.python, hub.Evaluate(script, head + function.short_arguments + ")"))
          << function.name;
      EXPECT_EQ(CallLine(script, function, function.short_block), hub.TakeCalls());
    }
  }
}

// `text` with `mark` after each opening `quote`.
std::string MarkTexts(const std::string& text, char quote, const std::string& mark) {
  std::string marked;
  bool open = false;
  for (char c : text) {
    marked += c;
    if (c != quote) continue;
    open = !open;
    if (open) marked += mark;
  }
  return marked;
}

TEST_P(VhByGeneration, BytesThatDoNotDecodeReachTheHubInEveryText) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating();
  for (const Function& function : kFunctions) {
    if (hub.SlotOf(function.callback) < 0) continue;
    hub.Evaluate(script, std::string("vh.") + function.name + "(" +
                             MarkTexts(function.full_arguments, '\'', "\\udcff\\udcc3(") + ")");
    EXPECT_EQ(CallLine(script, function, MarkTexts(function.full_block, '"', "\xff\xc3(")),
              hub.TakeCalls());
  }
}

TEST_P(VhByGeneration, SlotNumbersNameTheirFunctions) {
  FakeHub hub(GetParam());
  int last = 0;
  for (const SlotRow& row : kSlots) {
    const int slot = hub.SlotOf(row.name);
    if (slot < 0) continue;
    EXPECT_STREQ(row.name, Lib().w_CallName(slot)) << "slot " << slot;
    last = slot;
  }
  for (int slot : {-2147483647, -1, last + 1, 99, 100, 2147483647}) {
    EXPECT_EQ(nullptr, Lib().w_CallName(slot)) << slot;
  }
}

TEST_P(VhByGeneration, AMissingSlotRaisesNotImplementedError) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating();
  for (const Function& function : kFunctions) {
    if (hub.SlotOf(function.callback) >= 0) hub.Withdraw(function.callback);
    const std::string answer = hub.Evaluate(
        script, std::string("vh.") + function.name + "(" + function.full_arguments + ")");
    EXPECT_EQ(0u, answer.find("NotImplementedError: ")) << answer;
    EXPECT_NE(std::string::npos, answer.find(function.name)) << answer;
  }
  for (const char* call :
       {"GetGeoIP('ip')", "GetNickList()", "GetRawNickList()", "GetOpList()", "GetRawOpList()",
        "GetBotList()", "GetRawBotList()", "SQL('q')", "UserRestrictions('n')"}) {
    const std::string name = std::string(call).substr(0, std::string(call).find('('));
    hub.Withdraw(name.rfind("GetRaw", 0) == 0 ? "Get" + name.substr(6) : name);
    const std::string answer = hub.Evaluate(script, std::string("vh.") + call);
    EXPECT_EQ(0u, answer.find("NotImplementedError: ")) << answer;
    EXPECT_NE(std::string::npos, answer.find(name)) << answer;
  }
}

TEST_P(VhByGeneration, NickListsComeInBothForms) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating();
  for (const std::string kind : {"Nick", "Op", "Bot"}) {
    const std::string callback = "Get" + kind + "List";
    const std::string prefix = "$" + kind + "List ";
    const std::string raw = prefix + "a$$b c$$";
    const auto expect = [&](const char* list, const std::string& text) {
      EXPECT_EQ(list, hub.Evaluate(script, "vh.Get" + kind + "List()"));
      EXPECT_EQ("'" + text + "'", hub.Evaluate(script, "vh.GetRaw" + kind + "List()"));
      const std::string call = std::to_string(script) + " " + callback + " \n";
      EXPECT_EQ(call + call, hub.TakeCalls());
    };
    hub.AnswerTo(callback, Texts({raw.c_str()}));
    expect("['a', 'b c']", raw);
    hub.AnswerTo(callback, Json("[\"a\", \"b c\"]"));
    expect("['a', 'b c']", raw);
    hub.AnswerTo(callback, Texts({prefix.c_str()}));
    expect("[]", prefix);
    hub.AnswerTo(callback, Json("[]"));
    expect("[]", prefix);
    hub.AnswerTo(callback, NullResult);
    EXPECT_EQ("[]", hub.Evaluate(script, "vh." + callback + "()"));
    hub.TakeCalls();
  }
}

TEST_P(VhByGeneration, NickListsFromTheLibrarysOwnJson) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating();
  hub.AnswerTo("GetNickList", [](w_Targs*) {
    return JsonResult(Lib().string_list_to_json({"quote\"d", "back\\slash", "t\tab"}).c_str());
  });
  EXPECT_EQ("['quote\"d', 'back\\\\slash', 't\\tab']", hub.Evaluate(script, "vh.GetNickList()"));
}

w_Targs* GeoResult(Generation generation, std::vector<std::string>* pairs) {
  static char literals[4][16] = {"latitude", "longitude", "metro_code", "area_code"};
  w_Targs* block = NewBlock("sdsdslslp");
  for (int i = 0; i < 4; ++i) {
    // The classic hub packs literals, later ones heap strings.
    block->args[2 * i].s = generation == Generation::kClassic ? literals[i] : strdup(literals[i]);
  }
  block->args[1].d = 52.5;
  block->args[3].d = -13.25;
  block->args[5].l = 0x7fff0000L + 807;
  block->args[7].l = 415;
  block->args[8].p = pairs;
  return block;
}

TEST_P(VhByGeneration, GetGeoIPReadsAndDeletesTheVector) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating();
  hub.AnswerTo("GetGeoIP", [](w_Targs*) {
    return GeoResult(
        GetParam(), new std::vector<std::string>{"host", "1.2.3.4", "city", std::string(100, 'c')});
  });
  EXPECT_EQ("[('area_code', 415), ('city', '" + std::string(100, 'c') +
                "'), ('host', '1.2.3.4'), ('latitude', 52.5), ('longitude', -13.25), "
                "('metro_code', 807)]",
            hub.Evaluate(script, "sorted(vh.GetGeoIP('ip', 'db').items())"));
  EXPECT_EQ(std::to_string(script) + " GetGeoIP ss \"ip\" \"db\"\n", hub.TakeCalls());
  EXPECT_EQ("6", hub.Evaluate(script, "len(vh.GetGeoIP('ip'))"));
  EXPECT_EQ(std::to_string(script) + " GetGeoIP ss \"ip\" \"\"\n", hub.TakeCalls());
}

TEST_P(VhByGeneration, GetGeoIPWithoutPairsOrResult) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating();
  const char* keys = "['area_code', 'latitude', 'longitude', 'metro_code']";
  hub.AnswerTo("GetGeoIP", [](w_Targs*) { return GeoResult(GetParam(), nullptr); });
  EXPECT_EQ(keys, hub.Evaluate(script, "sorted(vh.GetGeoIP('ip'))"));
  hub.AnswerTo("GetGeoIP", [](w_Targs*) {
    return GeoResult(GetParam(), new std::vector<std::string>{"lonely key"});
  });
  EXPECT_EQ("True", hub.Evaluate(script, "vh.GetGeoIP('ip')['latitude'] == 52.5"));
  hub.AnswerTo("GetGeoIP", NullResult);
  EXPECT_EQ("{}", hub.Evaluate(script, "vh.GetGeoIP('ip')"));
}

w_Targs* SqlResult(long ok, long rows, long columns, const std::vector<const char*>& texts) {
  char** cells = nullptr;
  if (!texts.empty()) {
    cells = static_cast<char**>(std::calloc(texts.size(), sizeof(char*)));
    for (size_t i = 0; i < texts.size(); ++i) cells[i] = texts[i] ? strdup(texts[i]) : nullptr;
  }
  w_Targs* block = NewBlock("lllp");
  block->args[0].l = ok;
  block->args[1].l = rows;
  block->args[2].l = columns;
  block->args[3].p = cells;
  return block;
}

TEST_P(VhByGeneration, SqlRowsAreListsOfText) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating();
  hub.AnswerTo("SQL", [](w_Targs*) {
    return SqlResult(1, 2, 3, {"1", "2", nullptr, "4", "", "six"});
  });
  EXPECT_EQ("(True, [['1', '2', None], ['4', '', 'six']])", hub.Evaluate(script, "vh.SQL('q', 5)"));
  EXPECT_EQ(std::to_string(script) + " SQL sl \"q\" 5\n", hub.TakeCalls());
  hub.AnswerTo("SQL", [](w_Targs*) { return SqlResult(1, 0, 0, {}); });
  EXPECT_EQ("(True, [])", hub.Evaluate(script, "vh.SQL('q')"));
  EXPECT_EQ(std::to_string(script) + " SQL sl \"q\" 100\n", hub.TakeCalls());
  hub.AnswerTo("SQL", [](w_Targs*) { return SqlResult(0, 0, 0, {}); });
  EXPECT_EQ("(False, [])", hub.Evaluate(script, "vh.SQL('q')"));
  hub.AnswerTo("SQL", NullResult);
  EXPECT_EQ("(False, [])", hub.Evaluate(script, "vh.SQL('q')"));
}

TEST_P(VhByGeneration, UserRestrictionsByPositionAndByBothNames) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating();
  hub.AnswerTo("UserRestrictions", Int(5));
  const char* flags = "[('chat', True), ('ctm', False), ('pm', False), ('search', True)]";
  const auto expect = [&](const char* arguments, const char* block) {
    EXPECT_EQ(flags, hub.Evaluate(script, std::string("sorted(vh.UserRestrictions(") + arguments +
                                              ").items())"))
        << arguments;
    EXPECT_EQ(std::to_string(script) + " UserRestrictions " + block + "\n", hub.TakeCalls());
  };
  expect("'n', '1', '2h', '0', '3d'", "sssss \"n\" \"1\" \"2h\" \"0\" \"3d\"");
  expect("'n'", "sssss \"n\" \"\" \"\" \"\" \"\"");
  expect("'n', search='1'", "sssss \"n\" \"\" \"\" \"1\" \"\"");
  expect("nick='n', nochat='1', nopm='2', nosearch='3', noctm='4'",
         "sssss \"n\" \"1\" \"2\" \"3\" \"4\"");
  expect("'n', chat='1', nopm='2'", "sssss \"n\" \"1\" \"2\" \"\" \"\"");
  expect("'n', None, None, None, None", "sssss \"n\" \"\" \"\" \"\" \"\"");
}

TEST(Vh, UserRestrictionBitsBecomeFlags) {
  FakeHub hub;
  const int script = hub.LoadEvaluating();
  const char* call =
      "vh.UserRestrictions('n') and tuple(vh.UserRestrictions('n')[key] for key in "
      "('chat', 'pm', 'search', 'ctm'))";
  const std::vector<std::pair<long, const char*>> answers = {{0, "(False, False, False, False)"},
                                                             {1, "(True, False, False, False)"},
                                                             {2, "(False, True, False, False)"},
                                                             {4, "(False, False, True, False)"},
                                                             {8, "(False, False, False, True)"},
                                                             {15, "(True, True, True, True)"},
                                                             {-1, "{}"},
                                                             {0xffffffffL, "{}"}};
  for (const auto& [bits, python] : answers) {
    hub.AnswerTo("UserRestrictions", Int(bits));
    EXPECT_EQ(python, hub.Evaluate(script, call)) << bits;
  }
  hub.AnswerTo("UserRestrictions", NullResult);
  EXPECT_EQ("{}", hub.Evaluate(script, call));
}

TEST_P(VhByGeneration, ACallbackMayReturnItsOwnBlock) {
  FakeHub hub(GetParam());
  const int script = hub.LoadEvaluating();
  const auto same = [](w_Targs* args) { return args; };
  hub.AnswerTo("GetUserHost", same);
  EXPECT_EQ("'nick'", hub.Evaluate(script, "vh.GetUserHost('nick')"));
  hub.AnswerTo("name_and_version", same);
  EXPECT_EQ("('n', 'v')", hub.Evaluate(script, "vh.name_and_version('n', 'v')"));
  hub.AnswerTo("Topic", same);
  EXPECT_EQ("None", hub.Evaluate(script, "vh.Topic()"));
}

TEST(Vh, AnAnswerOfAnotherFormatIsAFailureAndLogged) {
  FakeHub hub;
  const int script = hub.LoadEvaluating();
  hub.AnswerTo("GetUserHost", Int(5));
  hub.AnswerTo("GetUserClass", Texts({"text"}));
  hub.AnswerTo("SQL", Texts({"text"}));
  hub.AnswerTo("GetGeoIP", Int(5));
  hub.AnswerTo("GetMyINFO", Texts({"only", "two"}));
  hub.AnswerTo("mc", Texts({"text"}));
  const std::vector<std::pair<const char*, const char*>> calls = {
      {"GetUserHost('n')", "None"}, {"GetUserClass('n')", "None"}, {"SQL('q')", "(False, [])"},
      {"GetGeoIP('ip')", "{}"},     {"GetMyINFO('n')", "None"},    {"mc('m')", "False"}};
  for (const auto& [call, failure] : calls) {
    hub.TakeLog();
    EXPECT_EQ(failure, hub.Evaluate(script, std::string("vh.") + call)) << call;
    const std::string name = std::string(call).substr(0, std::string(call).find('('));
    const std::string log = hub.TakeLog();
    EXPECT_EQ(1, CountLines(log, {"PY: ", name.c_str()})) << call << "\n" << log;
  }
}

TEST(Vh, ArgumentErrorsNameFunctionPositionAndTypes) {
  FakeHub hub;
  const int script = hub.LoadEvaluating();
  struct Case {
    const char* call;
    std::vector<const char*> parts;
  };
  const std::vector<Case> cases = {
      {"GetUserHost(5)", {"TypeError: ", "GetUserHost", "1", "str", "int"}},
      {"GetUserHost(None)", {"TypeError: ", "GetUserHost", "1", "str", "None"}},
      {"GetUserHost(b'nick')", {"TypeError: ", "GetUserHost", "1", "str", "bytes"}},
      {"SetMyINFOFlag('n', '2')", {"TypeError: ", "SetMyINFOFlag", "2", "int", "str"}},
      {"SetMyINFOFlag('n', 1.5)", {"TypeError: ", "SetMyINFOFlag", "2", "int", "float"}},
      {"SetMyINFOFlag('n', None)", {"TypeError: ", "SetMyINFOFlag", "2", "int", "None"}},
      {"mc('m', 5)", {"TypeError: ", "mc", "2", "str", "int"}},
      {"mc(message='m', bot=5)", {"TypeError: ", "mc", "str", "int"}},
      {"UserRestrictions('n', 1)", {"TypeError: ", "UserRestrictions", "2", "str", "int"}},
      {"GetUserHost()", {"TypeError: ", "GetUserHost", "1", "0"}},
      {"SetMyINFOFlag('n')", {"TypeError: ", "SetMyINFOFlag", "2", "1"}},
      {"GetUserHost('n', 'x')", {"TypeError: ", "GetUserHost", "1", "2"}},
      {"GetServFreq(1)", {"TypeError: ", "GetServFreq", "0", "1"}},
      {"mc()", {"TypeError: ", "mc", "1", "0"}},
      {"mc('m', 'b', 'x')", {"TypeError: ", "mc", "2", "3"}},
      {"mc('m', unknown='x')", {"TypeError: ", "mc", "unknown"}},
      {"mc('m', message='x')", {"TypeError: ", "mc", "message"}},
      {"UserRestrictions('n', chat='1', nochat='1')", {"TypeError: ", "UserRestrictions", "chat"}},
      {"SetMyINFOFlag('n', 2**63)", {"OverflowError: ", "SetMyINFOFlag", "2"}},
      {"SetMyINFOFlag('n', -2**63 - 1)", {"OverflowError: ", "SetMyINFOFlag", "2"}},
      {"mc('a\\0b')", {"ValueError: ", "mc", "1"}},
  };
  for (const Case& one : cases) {
    const std::string answer = hub.Evaluate(script, std::string("vh.") + one.call);
    for (const char* part : one.parts) {
      EXPECT_NE(std::string::npos, answer.find(part)) << one.call << ": " << answer;
    }
  }
  EXPECT_EQ("", hub.TakeCalls()) << "nothing may reach the hub";
}

TEST(Vh, ArgumentsAreTakenByKeyword) {
  FakeHub hub;
  const int script = hub.LoadEvaluating();
  EXPECT_EQ("True", hub.Evaluate(script, "vh.classmc('m', max=10, min=1)"));
  EXPECT_EQ("0 classmc slls \"m\" 1 10 NULL\n", hub.TakeCalls());
  EXPECT_EQ("True", hub.Evaluate(script, "vh.CloseConnection(reason=2, nick='n')"));
  EXPECT_EQ("0 CloseConnection sll \"n\" 0 2\n", hub.TakeCalls());
  EXPECT_EQ("True", hub.Evaluate(script, "vh.pm('m', 'n', **{'from': 'f'})"));
  EXPECT_EQ("0 pm ssss \"m\" \"n\" \"f\" NULL\n", hub.TakeCalls());
  EXPECT_EQ("True", hub.Evaluate(script, "vh.SetRegClass('n', **{'class': 3})"));
  EXPECT_EQ("0 SetRegClass sl \"n\" 3\n", hub.TakeCalls());
}

TEST(Vh, NoneMeansAbsentForOptionalArguments) {
  FakeHub hub;
  const int script = hub.LoadEvaluating();
  EXPECT_EQ("True", hub.Evaluate(script, "vh.mc('m', None)"));
  EXPECT_EQ("0 mc ss \"m\" NULL\n", hub.TakeCalls());
  EXPECT_EQ("True", hub.Evaluate(script, "vh.AddRegUser('n', 3, None, None)"));
  EXPECT_EQ("0 AddRegUser slss \"n\" 3 \"\" \"\"\n", hub.TakeCalls());
  EXPECT_EQ("True", hub.Evaluate(script, "vh.SendToActive('d', None)"));
  EXPECT_EQ("0 SendToActive sl \"d\" 0\n", hub.TakeCalls());
}

TEST(Vh, BoolPassesAsInt) {
  FakeHub hub;
  const int script = hub.LoadEvaluating();
  EXPECT_EQ("True", hub.Evaluate(script, "vh.ParseCommand('n', 'c', True)"));
  EXPECT_EQ("0 ParseCommand ssl \"n\" \"c\" 1\n", hub.TakeCalls());
}

TEST(Vh, LongRangeIsExact) {
  FakeHub hub;
  const int script = hub.LoadEvaluating();
  EXPECT_EQ("True", hub.Evaluate(script, "vh.StopHub(2**63 - 1, -2**63)"));
  EXPECT_EQ("0 StopHub ll 9223372036854775807 -9223372036854775808\n", hub.TakeCalls());
}

TEST(Vh, TheTableIsReadLive) {
  FakeHub hub;
  const int script = hub.LoadEvaluating();
  hub.Withdraw("mc");
  EXPECT_EQ(0u, hub.Evaluate(script, "vh.mc('m')").find("NotImplementedError"));
  EXPECT_EQ("True", hub.Evaluate(script, "vh.pm('m', 'n')"));
}

TEST(Vh, CallbacksMayCallTheScriptAgain) {
  FakeHub hub;
  const int script = hub.LoadEvaluating("def OnUserLogin(nick): return 0\n");
  std::string inner;
  hub.AnswerTo("mc", [&](w_Targs*) {
    inner = hub.Hook(script, W_OnUserLogin, Pack("s", "nick").get());
    return IntResult(1);
  });
  EXPECT_EQ("True", hub.Evaluate(script, "vh.mc('m')"));
  EXPECT_EQ("l 0", inner);
}

TEST(Vh, AScriptUnloadedInItsOwnCallFinishesTheCallFirst) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(
      "def UnLoad(): print('unloaded')\n"
      "def OnUserLogin(nick):\n"
      "    vh.mc('unload me')\n"
      "    print('still here')\n"
      "    return 0\n");
  hub.AnswerTo("mc", [&](w_Targs*) {
    EXPECT_EQ(1, Lib().w_Unload(script));
    return IntResult(1);
  });
  hub.TakeLog();
  EXPECT_EQ("l 0", hub.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
  const std::string log = hub.TakeLog();
  EXPECT_LT(log.find("still here"), log.find("unloaded")) << log;
  EXPECT_EQ(1, CountLines(log, {"unloaded"})) << log;
  EXPECT_EQ("(null)", hub.Hook(script, W_OnUserLogin, Pack("s", "nick").get()));
  EXPECT_EQ(0, Lib().w_Unload(script));
}

TEST(Vh, EncodeAndDecodeTouchFiveCharactersOnly) {
  FakeHub hub;
  const int script = hub.LoadEvaluating();
  for (const char* name : {"encode", "Encode"}) {
    EXPECT_EQ("'a&#36;b&#124;&#96;&#126;&#5;&lt;&amp;<&'",
              hub.Evaluate(script, std::string("vh.") + name + "('a$b|`~\\x05&lt;&amp;<&')"));
    EXPECT_EQ("''", hub.Evaluate(script, std::string("vh.") + name + "('')"));
  }
  for (const char* name : {"decode", "Decode"}) {
    EXPECT_EQ("'a$b|`~\\x05&lt;&amp;&#37;&#36'",
              hub.Evaluate(script, std::string("vh.") + name +
                                       "('a&#36;b&#124;&#96;&#126;&#5;&lt;&amp;&#37;&#36')"));
  }
  EXPECT_EQ("True",
            hub.Evaluate(script, "vh.decode(vh.encode('\\u20ac$\\udc80|')) == '\\u20ac$\\udc80|'"));
  EXPECT_EQ(0u, hub.Evaluate(script, "vh.encode(5)").find("TypeError: "));
  EXPECT_EQ(0u, hub.Evaluate(script, "vh.decode()").find("TypeError: "));
  EXPECT_EQ("", hub.TakeCalls());
}

TEST(Vh, AttributesTellTheScript) {
  FakeHub hub;
  hub.LoadEvaluating("", "other.py");
  const int script = hub.LoadEvaluating("", "named.py");
  const std::string folder = hub.config_folder().string();
  EXPECT_EQ("(1, 'HubBot', 'OpChat', 'named.py', 'config', 1700000000)",
            hub.Evaluate(script,
                         "(vh.myid, vh.botname, vh.opchatname, vh.name, vh.config_name, "
                         "vh.starttime)"));
  EXPECT_EQ("'" + folder + "/scripts/named.py'", hub.Evaluate(script, "vh.path"));
  EXPECT_EQ("'" + folder + "'", hub.Evaluate(script, "vh.basedir"));
  EXPECT_EQ("(4, True)", hub.Evaluate(script,
                                      "(len(vh.__version__), "
                                      "all(type(n) is int for n in vh.__version__))"));
  EXPECT_EQ("True", hub.Evaluate(script,
                                 "type(vh.__version_string__) is str and "
                                 "vh.__version_string__ != ''"));
}

TEST(Vh, ConstantsHaveTheHubsValues) {
  FakeHub hub;
  const int script = hub.LoadEvaluating();
  EXPECT_EQ(
      "[('BADNICK', 19), ('CLONE', 17), ('DEFAULT', 0), ('FORCEMOVE', 3), ('HUB_LOAD', 5), "
      "('INVALID_KEY', 15), ('INVALID_USER', 1), ('KICKED', 2), ('LOGIN_ERR', 13), "
      "('NOREDIR', 20), ('PASSWORD', 12), ('PLUGIN', 21), ('QUIT', 4), ('RECONNECT', 16), "
      "('SELF', 18), ('SHARE_LIMIT', 9), ('SYNTAX', 14), ('TAG_INVALID', 11), ('TAG_NONE', 10), "
      "('TIMEOUT', 6), ('TO_ANYACTION', 7), ('USERLIMIT', 8)]",
      hub.Evaluate(script,
                   "sorted((n[4:], v) for n, v in vars(vh).items() if n.startswith('eCR_'))"));
  EXPECT_EQ(
      "[('API_ERROR', 5), ('BAD_CHARS', 3), ('EXISTS', 1), ('OK', 0), ('RESERVED_NICK', 4), "
      "('WITHOUT_NICK', 2)]",
      hub.Evaluate(script,
                   "sorted((n[5:], v) for n, v in vars(vh).items() if n.startswith('eBOT_'))"));
  EXPECT_EQ(
      "[('HOST1', 16), ('HOST2', 32), ('HOST3', 64), ('HOSTR1', 512), ('IP', 2), ('NICK', 4), "
      "('NICKIP', 1), ('PREFIX', 256), ('RANGE', 8), ('SHARE', 128)]",
      hub.Evaluate(script,
                   "sorted((n[4:], v) for n, v in vars(vh).items() if n.startswith('eBF_'))"));
}

TEST(Vh, LeftoverSlotsHaveNoFunction) {
  FakeHub hub(Generation::kUnknown);
  const int script = hub.LoadEvaluating();
  EXPECT_EQ("[]", hub.Evaluate(script,
                               "[n for n in ('SQLQuery', 'SQLFetch', 'SQLFree') "
                               "if hasattr(vh, n)]"));
}

TEST(Vh, TheEnvironmentOverridesTheRecognisedGeneration) {
  const ScopedEnvironment python3("VH_PYTHON_GENERATION", "python3");
  FakeHub hub(Generation::kClassic);
  EXPECT_STREQ("GetIPCity", Lib().w_CallName(22));
}

// Functions that ask nothing of the hub take their documented names, too.
TEST(Vh, OwnFunctionsTakeKeywords) {
  FakeHub hub;
  const int script = hub.LoadEvaluating("import asyncio\n");
  const auto expect = [&](const char* answer, const char* expression) {
    EXPECT_EQ(answer, hub.Evaluate(script, expression)) << expression;
  };
  expect("'&#36;'", "vh.encode(text='$')");
  expect("'&#36;'", "vh.Encode(text='$')");
  expect("'$'", "vh.decode(text='&#36;')");
  expect("'$'", "vh.Decode(text='&#36;')");
  expect("['scripts']", "[name for name in vh.stats(form='dict') if name == 'scripts']");
  expect("True", "'# TYPE' in vh.stats(form='prometheus')");
  expect("NameError: the host has registered no function 'f' for this script",
         "vh.CallDynamicFunction(name='f')");
  hub.TakeLog();
  expect("None", "vh.log(message='one')");
  expect("None", "vh.log('two', level=40)");
  expect("None", "vh.log(level=None, message='three')");
  EXPECT_EQ("PY: [0:script.py] one\nPY: [0:script.py] two\nPY: [0:script.py] three\n",
            hub.TakeLog());
}

TEST(Vh, OwnFunctionsRefuseOtherArguments) {
  FakeHub hub;
  const int script = hub.LoadEvaluating();
  const auto refused = [&](const char* reason, const char* expression) {
    EXPECT_EQ(std::string("TypeError: ") + reason, hub.Evaluate(script, expression)) << expression;
  };
  refused("encode() has no argument named 'txt'", "vh.encode(txt='$')");
  refused("encode() takes exactly 1 arguments (0 given)", "vh.encode()");
  refused("decode() got argument 'text' twice", "vh.decode('a', text='b')");
  refused("stats() takes 0 to 1 arguments (2 given)", "vh.stats('dict', 'dict')");
  refused("log() is missing argument 1 (message)", "vh.log(level=10)");
  refused("log() argument 2 (level) must be int or None, not str", "vh.log('text', 'high')");
  refused("CallDynamicFunction() takes at least 1 arguments (0 given)", "vh.CallDynamicFunction()");
  refused("CallDynamicFunction() got argument 'name' twice",
          "vh.CallDynamicFunction('f', name='g')");
  refused("CallDynamicFunction() has no argument named 'nam'", "vh.CallDynamicFunction(nam='f')");
}

// What can never be called is refused where it is given.
TEST(Vh, CallbacksAreLookedAtAtOnce) {
  FakeHub hub;
  const int script = hub.LoadEvaluating(
      "import asyncio\n"
      "async def answer(): return 5\n");
  EXPECT_EQ("TypeError: on_unload() argument 1 (function) must be callable, not int",
            hub.Evaluate(script, "vh.on_unload(5)"));
  EXPECT_EQ("TypeError: run_in_host() argument 1 (work) must be a callable or a coroutine, not int",
            hub.Evaluate(script, "vh.run_in_host(5)"));
  EXPECT_EQ("5", hub.Evaluate(script, "vh.run_in_host(work=lambda: 5).result()"));
  EXPECT_EQ("5", hub.Evaluate(script, "vh.run_in_host(answer()).result(1)"));
  EXPECT_EQ("True", hub.Evaluate(script, "vh.on_unload(function=len, obj=()) is len"));
}

}  // namespace
