// The scenes: what happens in the hub while a transcript is written. Each has a folder of scripts.
//
// All hubs run the same scenes. A scene has one subject, because a library that ends the process
// ends its scene only.
#include "scenes.h"

#include <cstring>
#include <memory>
#include <set>
#include <stdexcept>
#include <vector>

#include "crowd.h"

namespace scenes {

namespace {

constexpr unsigned long kSeed = 7;
constexpr size_t kClients = 4;

std::shared_ptr<hub::Session> LogIn(hub::Hub* hub, const std::string& nick) {
  auto session = hub->Connect("192.0.2.1", 50000);
  hub->Receive(*session, traffic::Login(nick));
  return session;
}

void Say(hub::Hub* hub, hub::Session* session, const std::string& message) {
  hub->Receive(*session, message + '|');
  session->TakeOutput();
}

// --- events: every kind of message once, to a script that lets all pass ---

void PlayEvents(hub::Hub* hub) {
  traffic::Crowd crowd(hub, kClients);
  crowd.Enter();
  traffic::Traffic traffic(kSeed, kClients);
  std::set<const traffic::Kind*> done;
  while (done.size() < traffic::Kinds().size()) {
    const traffic::Step step = traffic.Next();
    if (done.insert(step.kind).second) crowd.Do(step);
  }
  hub->Tick(hub::Hub::Now());
  crowd.Leave();
}

// --- answers: what a script may answer to a hook; it answers the value of the text it gets ---

constexpr const char* kAnswers[] = {
    "None",
    "0",
    "1",
    "2",
    "True",
    "False",
    "'new text'",
    "''",
    "('a', 'b')",
    "(None, 'b')",
    "('a', None)",
    "(None, None)",
    "('to you', 0)",
    "('to you', 1)",
    "(None, 0)",
    "(None, 1)",
    "()",
    "('a',)",
    "('a', 'b', 'c')",
    "(1, 2)",
    "('d', '<t>', '50', 'm', '9')",
    "(None, None, None, None, None)",
    "[]",
    "['a', 'b']",
    "{}",
    "1.5",
    "b'bytes'",
    "object()",
    "2 ** 70",
    "1 / 0",
    "unknown",
};

void PlayAnswers(hub::Hub* hub) {
  const auto user = LogIn(hub, "user");
  for (const std::string answer : kAnswers) {
    Say(hub, user.get(), "<user> " + answer);
    Say(hub, user.get(), "$To: other From: user $<user> " + answer);
    Say(hub, user.get(), "$MyINFO $ALL user " + answer + "<tag>$ $100\x01$mail$1$");
  }
}

// --- functions: each function of `vh`; the script tells the user what it gave ---

constexpr const char* kExpressions[] = {
    "vh.SendToOpChat('text')",
    "vh.SendToOpChat('text', 'user')",
    "vh.SendToActive('$Data')",
    "vh.SendToPassive('$Data')",
    "vh.SendToActiveClass('$Data', 0, 10)",
    "vh.SendToPassiveClass('$Data', 0, 10)",
    "vh.SendDataToUser('$Data', 'user')",
    "vh.SendDataToUser('$Data', 'nobody')",
    "vh.SendDataToAll('$Data', 0, 10)",
    "vh.SendPMToAll('text', 'from', 0, 10)",
    "vh.CloseConnection('nobody')",
    "vh.CloseConnection('nobody', 0, vh.eCR_KICKED)",
    "vh.GetMyINFO('user')",
    "vh.GetMyINFO('nobody')",
    "vh.SetMyINFO('user', 'desc', '<tag>', '100', 'mail', '5')",
    "vh.SetMyINFO('user', 'only desc')",
    "vh.GetUserClass('user')",
    "vh.GetUserClass('nobody')",
    "vh.GetUserHost('user')",
    "vh.GetUserIP('user')",
    "vh.GetUserIP('nobody')",
    "vh.SetUserIP('user', '192.0.2.9')",
    "vh.SetMyINFOFlag('user', 2)",
    "vh.UnsetMyINFOFlag('user', 2)",
    "vh.GetUserHubURL('user')",
    "vh.GetUserExtJSON('user')",
    "vh.GetUserCC('user')",
    "vh.GetIPCC('192.0.2.1')",
    "vh.GetIPCN('192.0.2.1')",
    "vh.GetIPCity('192.0.2.1')",
    "vh.GetIPCity('192.0.2.1', 'db')",
    "vh.GetIPASN('192.0.2.1')",
    "sorted(vh.GetGeoIP('192.0.2.1').items())",
    "vh.GetGeoIP('198.51.100.1')",
    "vh.GetNickList()",
    "vh.GetOpList()",
    "vh.GetBotList()",
    "vh.GetRawNickList()",
    "vh.GetRawOpList()",
    "vh.GetRawBotList()",
    "vh.AddRegUser('newcomer', 1)",
    "vh.AddRegUser('another', 1, 'password', 'operator')",
    "vh.SetRegClass('newcomer', 2)",
    "vh.DelRegUser('newcomer')",
    "vh.Ban('operator', 'nobody', 'reason', 60, vh.eBF_NICK)",
    "vh.DelNickTempBan('nobody')",
    "vh.Ban('operator', '198.51.100.1', 'reason', 60, vh.eBF_IP)",
    "vh.DelIPTempBan('198.51.100.1')",
    "vh.KickUser('operator', 'nobody', 'reason')",
    "vh.KickUser('operator', 'nobody', 'reason', 'hub.example.org', 'note', 'note')",
    "vh.ParseCommand('user', '+help', 0)",
    "vh.ScriptCommand('command', 'data')",
    "vh.ScriptCommand('command', 'data', 1)",
    "vh.SetConfig('own', 'variable', 'value')",
    "vh.GetConfig('own', 'variable')",
    "vh.GetConfig('own', 'missing')",
    "vh.GetConfig('own', 'missing', 'default')",
    "vh.IsRobotNickBad('Robot')",
    "vh.AddRobot('Robot', 0, 'desc', '100', 'mail', '0')",
    "vh.IsRobotNickBad('Robot')",
    "vh.DelRobot('Robot')",
    "vh.SQL('select 1, null, \\'text\\'')",
    "vh.SQL('no query')",
    "type(vh.GetServFreq()).__name__",
    "vh.GetUsersCount()",
    "vh.GetTotalShareSize()",
    "sorted(vh.UserRestrictions('user').items())",
    "sorted(vh.UserRestrictions('user', '1h', '', '', '1h').items())",
    "sorted(vh.UserRestrictions('user', '0', '', '', '0').items())",
    "vh.UserRestrictions('nobody')",
    "vh.Topic()",
    "vh.Topic('a topic')",
    "vh.mc('text')",
    "vh.mc('text', 'Robot')",
    "vh.usermc('text', 'user')",
    "vh.classmc('text', 0, 10)",
    "vh.pm('text', 'user')",
    "vh.pm('text', 'user', 'from', 'Robot')",
    "vh.name_and_version()",
    "vh.name_and_version('Script', '1.0')",
    "vh.StopHub(0, 1000)",
    "vh.encode('a$b\\x7cc')",
    "vh.decode('a&#36;b&#124;c')",
    "type(vh.CallDynamicFunction('hub_uptime')).__name__",
    "vh.CallDynamicFunction('unknown')",
    "vh.myid, vh.botname, vh.opchatname, vh.name, vh.config_name",
    "[vh.eCR_KICKED, vh.eBOT_EXISTS, vh.eBF_IP, vh.eBF_HOSTR1]",
    // What is no call a script should make.
    "vh.GetUserClass()",
    "vh.GetUserClass('user', 1)",
    "vh.GetUserClass(5)",
    "vh.GetUserClass(None)",
    "vh.SetMyINFOFlag('user', 'flag')",
    "vh.SetMyINFOFlag('user', 2 ** 70)",
    "vh.GetUserClass('us\\0er')",
    "vh.no_such_function()",
};

void PrepareFunctions(hub::Hub* hub) {
  traffic::Prepare(hub);
  hub->database().Run(
      "INSERT INTO geoip(ip_prefix, country_code, country, city, asn, latitude, longitude)"
      " VALUES('192.0.2.', 'XX', 'Nowhere', 'Town', 'AS64496', 1.5, -2.5)",
      {});
}

void PlayFunctions(hub::Hub* hub) {
  const auto op = LogIn(hub, traffic::kOperatorNick), user = LogIn(hub, "user");
  Say(hub, user.get(), "$MyHubURL nmdc://hub.example.org|$ExtJSON user {\"Files\":1}");
  for (const char* expression : kExpressions) {
    Say(hub, user.get(), std::string("$Evaluate ") + expression);
  }
}

// --- named: functions of a script called by name, with every kind of argument and result ---

class Caller {
 public:
  explicit Caller(hub::PythonPlugin* plugin) : plugin_(*plugin) {}

  template <typename... Arguments>
  void Call(const char* function, const char* format, Arguments... arguments) {
    w_Targs* block = format ? plugin_.library().pack(format, arguments...) : nullptr;
    const int id = plugin_.scripts().front()->id;
    w_Targs* result = plugin_.CallPythonFunction(id, function, block);
    if (result) plugin_.ReleaseResult(result);
    if (block) plugin_.library().free_args(block);
  }

 private:
  hub::PythonPlugin& plugin_;
};

char* Text(const char* text) { return strdup(text); }

char** List(const std::vector<const char*>& items) {
  auto** list = static_cast<char**>(calloc(items.size() + 1, sizeof(char*)));
  for (size_t i = 0; i < items.size(); ++i) list[i] = Text(items[i]);
  return list;
}

constexpr const char* kResults[] = {
    "0",
    "-5",
    "2 ** 62",
    "2 ** 70",
    "True",
    "1.5",
    "float('nan')",
    "'text'",
    "''",
    "None",
    "(1, 2.5, 'text')",
    "()",
    "(1, None, [])",
    "tuple(range(12))",
    "[]",
    "['a', 'b']",
    "[1, 2]",
    "['a', None]",
    "{}",
    "{'a': [1, {'b': None}]}",
    "{1: 2}",
    "{3}",
    "frozenset([3])",
    "b'bytes'",
    "object()",
    "len",
    "1 / 0",
    "[float('inf')]",
    "'a\\0b'",
};

void PlayNamed(hub::Hub* hub) {
  hub::PythonPlugin& plugin = *hub->scripts();
  // Hubs of this generation do not know calls by name.
  if (plugin.library().generation() == hub::Generation::kClassic) return;
  Caller caller(&plugin);
  caller.Call("no_arguments", nullptr);
  caller.Call("no_arguments", "");
  for (const char* result : kResults) caller.Call("evaluate", "s", Text(result));
  caller.Call("show", "l", 5L);
  caller.Call("show", "d", 2.5);
  caller.Call("show", "s", Text("text"));
  caller.Call("show", "s", static_cast<char*>(nullptr));
  caller.Call("show", "p", static_cast<void*>(nullptr));
  caller.Call("show", "L", List({"a", "b"}));
  caller.Call("show", "L", List({}));
  caller.Call("show", "D", Text("{\"a\": [1, 2.5, null, true, \"b\"]}"));
  caller.Call("show", "D", Text("no JSON"));
  caller.Call("show", "lsd", 1L, Text("two"), 3.0);
  caller.Call("no_arguments", "l", 1L);
  caller.Call("raises", nullptr);
  caller.Call("no_such_function", nullptr);
  caller.Call("number", nullptr);
}

// --- reload: scripts that do not load, that reload, that end ---

void PlayReload(hub::Hub* hub) {
  hub::PythonPlugin& plugin = *hub->scripts();
  const auto user = LogIn(hub, "user");
  const hub::Script* good = plugin.Find("good.py");
  if (!good) throw std::runtime_error("good.py did not load");
  Say(hub, user.get(), "<user> before");
  const hub::Script* again = plugin.Reload(good->id);
  Say(hub, user.get(), "<user> after the reload");
  if (again) plugin.Unload(again->id);
  Say(hub, user.get(), "<user> after the unload");
}

// --- text: a hub whose clients speak CP1251, and bytes that are none ---

void PrepareText(hub::Hub* hub) { hub->config().Set("config", "hub_encoding", "CP1251"); }

void PlayText(hub::Hub* hub) {
  const auto user = LogIn(hub, "user");
  for (const char* text : {"plain", "\xcf\xf0\xe8\xe2\xe5\xf2", "\x98\xff", "\xd0\x9f"}) {
    Say(hub, user.get(), std::string("<user> ") + text);
  }
}

void PrepareNothing(hub::Hub*) {}

constexpr Scene kScenes[] = {
    // All hooks, so with the one that real hubs never send.
    {"events", traffic::Prepare, PlayEvents, "any-ex"},
    {"answers", PrepareNothing, PlayAnswers},
    {"functions", PrepareFunctions, PlayFunctions},
    {"named", PrepareNothing, PlayNamed},
    {"reload", PrepareNothing, PlayReload},
    {"text", PrepareText, PlayText},
};

}  // namespace

const Scene& Find(const std::string& name) {
  for (const Scene& scene : kScenes) {
    if (name == scene.name) return scene;
  }
  throw std::runtime_error("there is no scene '" + name + "'");
}

}  // namespace scenes
