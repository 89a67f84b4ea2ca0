// What clients send to a hub: a stream of every kind of message, in the proportions of a busy hub,
// the same for the same seed. For each message it is known which hooks it must reach.
#include "traffic.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "protocol.h"

namespace traffic {

namespace {

// One user in four cannot be connected to. `slots` makes tags of one user differ.
std::string Tag(const std::string& nick, unsigned long slots) {
  const bool passive = !nick.empty() && nick.back() % 4 == 0;
  return std::string("<++ V:0.880,M:") + (passive ? 'P' : 'A') +
         ",H:1/0/0,S:" + std::to_string(slots) + '>';
}

constexpr unsigned long kFirstSlots = 3;

constexpr const char* kWords[] = {
    "ubuntu", "linux",   "documentary", "1080p",  "привет",  "всем",   "hello", "anyone",
    "track",  "concert", "скачать",     "lesson", "archive", "новый",  "mp3",   "photos",
    "thanks", "sorry",   "работает",    "please", "slots",   "upload", "café",  "season",
};

Hooks Join(std::initializer_list<Hooks> parts) {
  Hooks all;
  for (const Hooks& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// A message of a user in the list reaches this hook first.
Hooks InList(const Hooks& hooks) { return Join({{W_OnParsedMsgAny}, hooks}); }

Hooks OperatorCommand(const Hooks& hooks) {
  return Join({InList({W_OnHubCommand, W_OnOperatorCommand}), hooks});
}

// A connection that ends while its user is in the list.
const Hooks kLeaving = {W_OnUserLogout, W_OnCloseConn, W_OnCloseConnEx};

Hooks GuestLeaves(const Hooks& hooks) { return Join({LoginHooks(kGuest), hooks, kLeaving}); }

std::string Chat(const Step& step, const std::string& text) {
  return '<' + step.nick + "> " + text + '|';
}

std::string Private(const Step& step, const std::string& to) {
  return hub::FormatPrivate(to, step.nick, step.nick, step.text);
}

std::string MyInfo(const std::string& nick, const std::string& description,
                   const std::string& tag) {
  return hub::FormatMyInfo(nick, {description, tag, "100", 1, "mail@example.org", "123456789012"});
}

std::string Number(const Step& step) { return std::to_string(step.number); }

std::vector<Kind> MakeKinds() {
  constexpr bool kUser = false, kOp = true;
  constexpr Course kStays = Course::kStays, kGuest = Course::kGuest;
  return {
      {"$Search", 300, kUser, kStays, InList({W_OnParsedMsgSearch}),
       [](const Step& s) {
         const std::string from =
             hub::IsPassive(s.tag) ? "Hub:" + s.nick : std::string(kClientAddress) + ":412";
         return "$Search " + from + " F?T?0?1?" + s.text + '|';
       }},
      // To the sender himself, who is in the list for sure: what is for nobody reaches no hook.
      {"$SR", 180, kUser, kStays, InList({W_OnParsedMsgSR}),
       [](const Step& s) {
         return "$SR " + s.nick + " share\\" + s.text + '\x05' + Number(s) +
                " 1/3\x05VH Hub (192.0.2.1)\x05" + s.nick + '|';
       }},
      {"$ConnectToMe", 120, kUser, kStays, InList({W_OnParsedMsgConnectToMe}),
       [](const Step& s) { return "$ConnectToMe " + s.nick + ' ' + kClientAddress + ":412|"; }},
      {"$RevConnectToMe", 60, kUser, kStays, InList({W_OnParsedMsgRevConnectToMe}),
       [](const Step& s) { return "$RevConnectToMe " + s.nick + ' ' + s.nick + '|'; }},
      {"$MyINFO", 80, kUser, kStays, InList({W_OnParsedMsgMyINFO}),
       [](const Step& s) { return MyInfo(s.nick, s.text, s.tag); }},
      {"$MyINFO, new tag", 10, kUser, kStays, InList({W_OnValidateTag, W_OnParsedMsgMyINFO}),
       [](const Step& s) { return MyInfo(s.nick, s.text, s.tag); }},
      {"main chat", 60, kUser, kStays, InList({W_OnParsedMsgChat}),
       [](const Step& s) { return Chat(s, s.text); }},
      {"$To to a user", 50, kUser, kStays, InList({W_OnParsedMsgPM}),
       [](const Step& s) { return Private(s, s.other); }},
      {"$To to a robot", 10, kUser, kStays, InList({W_OnParsedMsgPM, W_OnPublicBotMessage}),
       [](const Step& s) { return Private(s, kRobot); }},
      {"$To to the operators", 10, kOp, kStays, InList({W_OnParsedMsgPM, W_OnOpChatMessage}),
       [](const Step& s) { return Private(s, "OpChat"); }},
      {"$MCTo", 10, kUser, kStays, InList({W_OnParsedMsgMCTo}),
       [](const Step& s) { return "$MCTo: " + s.other + " $" + s.nick + ' ' + s.text + '|'; }},
      {"$GetINFO", 20, kUser, kStays, InList({}),
       [](const Step& s) { return "$GetINFO " + s.other + ' ' + s.nick + '|'; }},
      {"$GetNickList", 5, kUser, kStays, InList({}),
       [](const Step&) { return std::string("$GetNickList|"); }},
      {"$UserIP", 5, kOp, kStays, InList({}),
       [](const Step& s) { return "$UserIP " + s.other + "$$|"; }},
      {"$Supports", 5, kUser, kStays, InList({W_OnParsedMsgSupports}),
       [](const Step&) { return std::string("$Supports NoGetINFO NoHello UserIP2 TTHSearch |"); }},
      {"$Version", 5, kUser, kStays, InList({W_OnParsedMsgVersion}),
       [](const Step&) { return std::string("$Version 1,0091|"); }},
      {"$BotINFO", 5, kUser, kStays, InList({W_OnParsedMsgBotINFO}),
       [](const Step& s) { return "$BotINFO " + s.text + '|'; }},
      {"$MyHubURL", 5, kUser, kStays, InList({W_OnParsedMsgMyHubURL}),
       [](const Step&) { return std::string("$MyHubURL nmdc://hub.example.org:411|"); }},
      {"$ExtJSON", 10, kUser, kStays, InList({W_OnParsedMsgExtJSON}),
       [](const Step& s) { return "$ExtJSON " + s.nick + " {\"Files\":" + Number(s) + "}|"; }},
      {"unknown message", 10, kUser, kStays, InList({W_OnUnknownMsg}),
       [](const Step& s) { return "$Unheard " + s.text + '|'; }},
      {"user's command", 10, kUser, kStays, InList({W_OnHubCommand, W_OnUserCommand}),
       [](const Step& s) { return Chat(s, "+help"); }},
      {"operator's command", 10, kOp, kStays, OperatorCommand({}),
       [](const Step& s) { return Chat(s, "!help"); }},
      {"ban and unban", 2, kOp, kStays, Join({OperatorCommand({W_OnNewBan}), OperatorCommand({})}),
       [](const Step& s) {
         return Chat(s, "!ban 192.0.2.7 1m spam") + Chat(s, "!unban 192.0.2.7");
       }},
      {"registration", 2, kOp, kStays, Join({OperatorCommand({W_OnNewReg}), OperatorCommand({})}),
       [](const Step& s) { return Chat(s, "!reg newcomer 1 word") + Chat(s, "!delreg newcomer"); }},
      {"topic", 2, kOp, kStays, OperatorCommand({W_OnSetConfig}),
       [](const Step& s) { return Chat(s, "!topic " + s.text); }},
      {"renamed robot", 1, kOp, kStays,
       Join({OperatorCommand({W_OnSetConfig, W_OnScriptCommand}),
             OperatorCommand({W_OnSetConfig, W_OnScriptCommand})}),
       [](const Step& s) {
         return Chat(s, "!set hub_security Warden") + Chat(s, "!set hub_security HubSecurity");
       }},
      {"a user comes back", 10, kUser, Course::kComesBack, Join({QuitHooks(), LoginHooks("")}),
       [](const Step&) { return std::string(kQuit); }},
      {"a client that wants no hub",
       5,
       kUser,
       Course::kStranger,
       {W_OnNewConn, W_OnParsedMsgAnyEx, W_OnParsedMsgAnyEx, W_OnCtmToHub, W_OnCloseConn,
        W_OnCloseConnEx},
       [](const Step& s) {
         return "$MyNick " + s.nick + "|$Lock EXTENDEDPROTOCOL Pk=1Ref=192.0.2.1|";
       }},
      {"!kick", 2, kOp, kGuest, GuestLeaves(OperatorCommand({W_OnOperatorKicks})),
       [](const Step& s) { return Chat(s, "!kick guest " + s.text); }},
      {"!drop", 2, kOp, kGuest,
       GuestLeaves(OperatorCommand({W_OnOperatorDrops, W_OnOperatorDropsWithReason})),
       [](const Step& s) { return Chat(s, "!drop guest " + s.text); }},
      {"$Kick", 2, kOp, kGuest, GuestLeaves(InList({W_OnOperatorKicks})),
       [](const Step&) { return std::string("$Kick guest|"); }},
      {"$OpForceMove", 1, kOp, kGuest, GuestLeaves(InList({})),
       [](const Step& s) {
         return "$OpForceMove $Who:guest$Where:hub.example.org$Msg:" + s.text + '|';
       }},
  };
}

}  // namespace

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kKinds = MakeKinds();
  return kKinds;
}

bool Reaches(const Kind& kind, int hook) {
  return std::find(kind.hooks.begin(), kind.hooks.end(), hook) != kind.hooks.end();
}

std::string NickOf(size_t client) {
  return client == kOperator ? kOperatorNick : "user" + std::to_string(client);
}

std::string Login(const std::string& nick) {
  std::string bytes = "$Supports NoGetINFO NoHello UserIP2 BotList |$Key ";
  bytes += hub::LockToKey(hub::kLock) + "|$ValidateNick " + nick + '|';
  if (nick == kOperatorNick) bytes += "$MyPass " + std::string(kOperatorPassword) + '|';
  return bytes + "$Version 1,0091|$GetNickList|" +
         MyInfo(nick, "test client", Tag(nick, kFirstSlots));
}

Hooks LoginHooks(const std::string& nick) {
  Hooks hooks = {W_OnNewConn,          W_OnParsedMsgSupports, W_OnParsedMsgValidateNick,
                 W_OnParsedMsgVersion, W_OnValidateTag,       W_OnFirstMyINFO,
                 W_OnUserInList,       W_OnUserLogin};
  if (nick == kOperatorNick) hooks.push_back(W_OnParsedMsgMyPass);
  hooks.insert(hooks.end(), CountMessages(Login(nick)), W_OnParsedMsgAnyEx);
  return hooks;
}

Hooks QuitHooks() { return InList(kLeaving); }

size_t CountMessages(const std::string& bytes) {
  return static_cast<size_t>(std::count(bytes.begin(), bytes.end(), '|'));
}

void Add(const Hooks& hooks, HookCounts* counts) {
  for (const int hook : hooks) ++counts->at(static_cast<size_t>(hook));
}

Traffic::Traffic(unsigned long seed, size_t clients, bool (*wanted)(const Kind&)) : random_(seed) {
  for (size_t client = 0; client < clients; ++client)
    tags_.push_back(Tag(NickOf(client), kFirstSlots));
  for (const Kind& kind : Kinds()) {
    if (wanted && !wanted(kind)) continue;
    wheel_.insert(wheel_.end(), static_cast<size_t>(kind.weight), &kind);
  }
}

const Kind& Traffic::Choose() { return *wheel_[Below(wheel_.size())]; }

std::string Traffic::Text() {
  std::string text;
  for (size_t words = 1 + Below(8); words > 0; --words) {
    text += (text.empty() ? "" : " ") + std::string(kWords[Below(std::size(kWords))]);
  }
  return text;
}

Step Traffic::Next() {
  Step step{};
  step.kind = &Choose();
  step.number = ++number_;
  const size_t users = tags_.size() - 1;
  step.client = step.kind->by_operator ? kOperator : 1 + Below(users);
  step.nick = NickOf(step.client);
  step.other = NickOf(1 + Below(users));
  step.text = Text();
  std::string& tag = tags_[step.client];
  if (step.kind->course == Course::kComesBack) {
    tag = Tag(step.nick, kFirstSlots);
  } else if (Reaches(*step.kind, W_OnParsedMsgMyINFO) && Reaches(*step.kind, W_OnValidateTag)) {
    tag = Tag(step.nick, kFirstSlots + step.number);
  }
  step.tag = tag;
  step.bytes = step.kind->write(step);
  if (step.kind->course == Course::kComesBack) step.login = Login(step.nick);
  if (step.kind->course == Course::kGuest) step.login = Login(kGuest);
  step.messages = CountMessages(step.bytes) + CountMessages(step.login);
  return step;
}

std::vector<Step> Traffic::Take(size_t messages) {
  std::vector<Step> steps;
  for (size_t taken = 0; taken < messages; taken += steps.back().messages) {
    steps.push_back(Next());
  }
  return steps;
}

}  // namespace traffic
