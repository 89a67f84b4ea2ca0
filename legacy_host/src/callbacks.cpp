// The hub's side of the `vh` module: one C function for each slot of the callback table.
//
// A handler's C++ parameters are its block's format: std::string a text that must be there,
// const char* one that may be NULL, long a number. What it returns is packed into a new block that
// the library releases; no text is a NULL result.
#include "callbacks.h"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "hub.h"
#include "log.h"
#include "python_plugin.h"
#include "text.h"

namespace hub {

namespace {

// Who calls: the script, found by the id the library passes on.
struct Caller {
  PythonPlugin& plugin;
  Hub& hub;
  Script& script;

  const WrapperLibrary& library() const { return plugin.library(); }
  const Habits& habits() const { return plugin.habits(); }
  User* Find(const std::string& nick) const { return hub.users().Find(nick); }
  User* FindPerson(const std::string& nick) const {
    User* user = Find(nick);
    return user && !user->IsRobot() ? user : nullptr;
  }
};

using MaybeText = std::optional<std::string>;

std::string OrElse(const char* text, const std::string& otherwise) {
  return text ? text : otherwise;
}

char* Copy(const std::string& text) { return strdup(text.c_str()); }

// --- Sending data ---

bool SendToOpChat(Caller& caller, std::string data, const char* nick) {
  caller.hub.SendToOpChat(OrElse(nick, caller.hub.op_chat_nick()), EscapePipes(data));
  return true;
}

bool SendToMode(Caller& caller, const std::string& data, bool passive, long min_class,
                long max_class, long delay) {
  Hub& hub = caller.hub;
  hub.After(static_cast<double>(delay), [&hub, data, passive, min_class, max_class] {
    hub.SendToAll(data, [=](const User& user) {
      return IsPassive(user.info.tag) == passive && user.user_class >= min_class &&
             user.user_class <= max_class;
    });
  });
  return true;
}

bool SendToActive(Caller& caller, std::string data, long delay) {
  return SendToMode(caller, data, false, kPinger, kMaster, delay);
}

bool SendToPassive(Caller& caller, std::string data, long delay) {
  return SendToMode(caller, data, true, kPinger, kMaster, delay);
}

bool SendToActiveClass(Caller& caller, std::string data, long min_class, long max_class,
                       long delay) {
  return SendToMode(caller, data, false, min_class, max_class, delay);
}

bool SendToPassiveClass(Caller& caller, std::string data, long min_class, long max_class,
                        long delay) {
  return SendToMode(caller, data, true, min_class, max_class, delay);
}

bool SendDataToUser(Caller& caller, std::string data, std::string nick, long delay) {
  if (!caller.FindPerson(nick)) return false;
  Hub& hub = caller.hub;
  hub.After(static_cast<double>(delay), [&hub, data, nick] {
    const User* user = hub.users().Find(nick);
    if (user && !user->IsRobot()) user->session->Send(Terminated(data));
  });
  return true;
}

bool SendDataToAll(Caller& caller, std::string data, long min_class, long max_class, long delay) {
  Hub& hub = caller.hub;
  hub.After(static_cast<double>(delay),
            [&hub, data, min_class, max_class] { hub.SendToClasses(data, min_class, max_class); });
  return true;
}

bool SendPMToAll(Caller& caller, std::string data, std::string from, long min_class,
                 long max_class) {
  caller.hub.users().ForEach([&](User& user) {
    if (user.user_class < min_class || user.user_class > max_class) return;
    caller.hub.SendPrivate(user, from, data);
  });
  return true;
}

bool MainChat(Caller& caller, std::string message, const char* bot) {
  caller.hub.SendToAll(FormatChat(OrElse(bot, caller.hub.security_nick()), EscapePipes(message)));
  return true;
}

bool UserMainChat(Caller& caller, std::string message, std::string nick, const char* bot) {
  const User* user = caller.FindPerson(nick);
  if (!user) return false;
  user->session->Send(FormatChat(OrElse(bot, caller.hub.security_nick()), EscapePipes(message)));
  return true;
}

bool ClassMainChat(Caller& caller, std::string message, long min_class, long max_class,
                   const char* bot) {
  caller.hub.SendToClasses(
      FormatChat(OrElse(bot, caller.hub.security_nick()), EscapePipes(message)), min_class,
      max_class);
  return true;
}

bool PrivateMessageTo(Caller& caller, std::string message, std::string nick, const char* from,
                      const char* bot) {
  const User* user = caller.FindPerson(nick);
  if (!user) return false;
  const std::string sender = OrElse(from, caller.hub.security_nick());
  user->session->Send(FormatPrivate(user->nick, sender, OrElse(bot, sender), EscapePipes(message)));
  return true;
}

// --- Users ---

bool CloseConnection(Caller& caller, std::string nick, long nice, long reason) {
  if (!caller.FindPerson(nick)) return false;
  Hub& hub = caller.hub;
  hub.After(static_cast<double>(nice) / 1000, [&hub, nick, reason] {
    const User* user = hub.users().Find(nick);
    if (user && !user->IsRobot()) user->session->Close(static_cast<CloseReason>(reason));
  });
  return true;
}

w_Targs* GetMyINFO(Caller& caller, std::string nick) {
  const User* user = caller.Find(nick);
  if (!user) return nullptr;
  const MyInfo& info = user->info;
  return caller.library().pack("ssssss", Copy(user->nick), Copy(info.description), Copy(info.tag),
                               Copy(info.speed), Copy(info.mail), Copy(info.share));
}

bool SetMyINFO(Caller& caller, std::string nick, const char* description, const char* tag,
               const char* speed, const char* mail, const char* share) {
  User* user = caller.Find(nick);
  if (!user) return false;
  MyInfo& info = user->info;
  info.description = OrElse(description, info.description);
  info.tag = OrElse(tag, info.tag);
  info.speed = OrElse(speed, info.speed);
  info.mail = OrElse(mail, info.mail);
  info.share = OrElse(share, info.share);
  caller.hub.ShowMyInfo(*user);
  return true;
}

long GetUserClass(Caller& caller, std::string nick) {
  const User* user = caller.Find(nick);
  return user ? user->user_class : kNobody;
}

MaybeText GetUserIP(Caller& caller, std::string nick) {
  const User* user = caller.FindPerson(nick);
  return user ? user->session->ip : "";
}

// This hub asks no name server: a user's host is his address.
MaybeText GetUserHost(Caller& caller, std::string nick) {
  return GetUserIP(caller, std::move(nick));
}

bool SetUserIP(Caller& caller, std::string nick, std::string ip) {
  const User* user = caller.FindPerson(nick);
  if (!user || !IsIpAddress(ip)) return false;
  user->session->ip = ip;
  return true;
}

bool ChangeStatus(Caller& caller, const std::string& nick, long set, long unset) {
  User* user = caller.Find(nick);
  if (!user) return false;
  const long status = (static_cast<unsigned char>(user->info.status) | set) & ~unset & 0xff;
  // These bytes would end the field or the message.
  if (status == 0 || status == '$' || status == '|') return false;
  user->info.status = static_cast<char>(status);
  caller.hub.ShowMyInfo(*user);
  return true;
}

bool SetMyINFOFlag(Caller& caller, std::string nick, long flag) {
  return ChangeStatus(caller, nick, flag, 0);
}

bool UnsetMyINFOFlag(Caller& caller, std::string nick, long flag) {
  return ChangeStatus(caller, nick, 0, flag);
}

MaybeText GetUserHubURL(Caller& caller, std::string nick) {
  const User* user = caller.FindPerson(nick);
  return user ? user->session->hub_url : "";
}

MaybeText GetUserExtJSON(Caller& caller, std::string nick) {
  const User* user = caller.FindPerson(nick);
  return user ? user->session->ext_json : "";
}

long UserRestrictions(Caller& caller, std::string nick, const char* chat, const char* pm,
                      const char* search, const char* ctm) {
  const std::string periods[4] = {OrElse(chat, ""), OrElse(pm, ""), OrElse(search, ""),
                                  OrElse(ctm, "")};
  return caller.hub.Restrict(nick, periods);
}

long GetUsersCount(Caller& caller) { return caller.hub.users().PeopleCount(); }

MaybeText GetTotalShareSize(Caller& caller) {
  return std::to_string(caller.hub.users().TotalShare());
}

// --- Lists of nicks: text in the older hubs, JSON in the latest ---

w_Targs* NickList(Caller& caller, const char* name, const std::vector<std::string>& nicks) {
  const WrapperLibrary& library = caller.library();
  if (library.generation() == Generation::kPython3) {
    return library.pack("D", Copy(library.string_list_to_json(nicks)));
  }
  return library.pack("s", Copy(FormatNickList(name, nicks)));
}

w_Targs* GetNickList(Caller& caller) {
  return NickList(caller, "$NickList", caller.hub.users().Nicks());
}

w_Targs* GetOpList(Caller& caller) {
  return NickList(caller, "$OpList", caller.hub.users().Operators());
}

w_Targs* GetBotList(Caller& caller) {
  return NickList(caller, "$BotList", caller.hub.users().Robots());
}

// --- Places ---

MaybeText CountryCode(Hub& hub, const std::string& ip) {
  const auto place = hub.geo().Find(ip);
  return place && !place->country_code.empty() ? place->country_code : "--";
}

MaybeText GetIPCC(Caller& caller, std::string ip) { return CountryCode(caller.hub, ip); }

MaybeText GetUserCC(Caller& caller, std::string nick) {
  const User* user = caller.FindPerson(nick);
  return user ? CountryCode(caller.hub, user->session->ip) : "";
}

MaybeText GetIPCN(Caller& caller, std::string ip) {
  const auto place = caller.hub.geo().Find(ip);
  return place && !place->country.empty() ? place->country : "--";
}

// `database` names a GeoIP file in other hubs; here there is one table.
MaybeText GetIPCity(Caller& caller, std::string ip, const char* /*database*/) {
  const auto place = caller.hub.geo().Find(ip);
  return place && !place->city.empty() ? place->city : "--";
}

MaybeText GetIPASN(Caller& caller, std::string ip, const char* /*database*/) {
  const auto place = caller.hub.geo().Find(ip);
  return place && !place->asn.empty() ? place->asn : "--";
}

w_Targs* GetGeoIP(Caller& caller, std::string ip, const char* /*database*/) {
  const auto place = caller.hub.geo().Find(ip);
  if (!place) return nullptr;
  // Name, value, name, value; the receiver deletes it.
  auto* pairs = new std::vector<std::string>{
      "host",         ip,
      "ip_prefix",    place->ip_prefix,
      "country_code", place->country_code,
      "country",      place->country,
      "region",       place->region,
      "city",         place->city,
      "continent",    place->continent,
      "time_zone",    place->time_zone,
      "postal_code",  place->postal_code,
  };
  // The classic hub packs literals here, the later ones copies; the library must cope with both.
  const bool literals = caller.library().generation() == Generation::kClassic;
  const auto key = [&](const char* text) {
    return literals ? const_cast<char*>(text) : strdup(text);
  };
  return caller.library().pack("sdsdslslp", key("latitude"), place->latitude, key("longitude"),
                               place->longitude, key("metro_code"), place->metro_code,
                               key("area_code"), place->area_code, static_cast<void*>(pairs));
}

// --- Registrations, bans, kicks ---

bool AddRegUser(Caller& caller, std::string nick, long user_class, const char* password,
                const char* op) {
  return caller.hub.AddRegistration(OrElse(op, caller.hub.security_nick()), nick, user_class,
                                    OrElse(password, ""));
}

bool DelRegUser(Caller& caller, std::string nick) { return caller.hub.RemoveRegistration(nick); }

bool SetRegClass(Caller& caller, std::string nick, long user_class) {
  return caller.hub.SetRegistrationClass(nick, user_class);
}

// `who` is a nick; for bans by address it may be an address or a range too.
bool AddBan(Caller& caller, std::string op, std::string who, std::string reason, long seconds,
            long kinds) {
  if (kinds <= 0) return false;
  const User* user = caller.FindPerson(who);
  Ban ban;
  ban.op = op;
  ban.reason = reason;
  ban.nick = user ? user->nick : who;
  ban.ip = user ? user->session->ip : who;
  ban.share = user ? user->info.share : "";
  bool all = true;
  for (long kind = 1; kind <= kinds; kind <<= 1) {
    if (!(kinds & kind)) continue;
    ban.kind = kind;
    Ban one = ban;
    if (kind == kBanIp || kind == kBanRange) one.nick = user ? user->nick : "";
    if (kind == kBanNick || kind == kBanPrefix) one.ip = user ? user->session->ip : "";
    if (kind == kBanNickAndIp && !user) one.ip.clear();
    all = caller.hub.AddBan(one, seconds) && all;
  }
  return all;
}

bool Kick(Caller& caller, const std::string& op, const std::string& nick, const std::string& reason,
          const std::string& address, const std::string& note_op, const std::string& note_user) {
  Hub& hub = caller.hub;
  User* victim = caller.FindPerson(nick);
  if (!victim) return false;
  if (!note_user.empty()) hub.SendPrivate(*victim, hub.security_nick(), note_user);
  if (!note_op.empty()) hub.SendToOpChat(hub.op_chat_nick(), EscapePipes(note_op));
  // A kick with an address sends the user to another hub on his way out.
  if (!address.empty()) victim->session->Send("$ForceMove " + address + '|');
  return hub.Kick(op, nick, reason);
}

// A text that the real hubs make a std::string of, whether it is there or not.
std::string NeededText(const char* text, const char* name) {
  if (!text) throw std::logic_error(std::string("a text is made of nothing: ") + name);
  return text;
}

// See Habits::kick.
bool KickAsRealHubs(Caller& caller, const std::string& op, const std::string& nick,
                    const std::string& reason, const char* address, const char* note_op,
                    const char* note_user) {
  const User* who = caller.Find(op);
  if (!who) return false;
  if (address && *address && who->IsRobot()) {
    LogError("KickUser of " + op + ", a robot, with an address: the hub dies of it");
    std::raise(SIGSEGV);
  }
  Kick(caller, op, nick, reason, "", NeededText(note_op, "note_op"),
       NeededText(note_user, "note_usr"));
  return true;
}

bool KickUser(Caller& caller, std::string op, std::string nick, std::string reason,
              const char* address, const char* note_op, const char* note_user) {
  return caller.habits().kick
             ? KickAsRealHubs(caller, op, nick, reason, address, note_op, note_user)
             : Kick(caller, op, nick, reason, OrElse(address, ""), OrElse(note_op, ""),
                    OrElse(note_user, ""));
}

bool DelNickTempBan(Caller& caller, std::string nick) {
  return caller.hub.bans().RemoveTimedByNick(nick);
}

bool DelIPTempBan(Caller& caller, std::string ip) { return caller.hub.bans().RemoveTimedByIp(ip); }

// --- The hub ---

bool ParseCommand(Caller& caller, std::string nick, std::string command, long in_pm) {
  User* user = caller.FindPerson(nick);
  return user && caller.hub.commands().Run(*user, command, in_pm != 0);
}

bool ScriptCommand(Caller& caller, std::string command, std::string data, long instant) {
  caller.plugin.ScriptCommand(caller.script, command, data, instant != 0);
  return true;
}

w_Targs* SetConfig(Caller& caller, std::string file, std::string variable, std::string value) {
  const bool set = caller.hub.SetConfig(caller.hub.security_nick(), file, variable, value);
  return caller.habits().set_config ? nullptr : caller.library().pack("l", static_cast<long>(set));
}

MaybeText GetConfig(Caller& caller, std::string file, std::string variable, const char* otherwise) {
  const auto value = caller.hub.config().Find(file, variable);
  if (value || !otherwise) return value;
  return otherwise;
}

long IsRobotNickBad(Caller& caller, std::string nick) { return caller.hub.CheckRobotNick(nick); }

bool AddRobot(Caller& caller, std::string nick, long user_class, std::string description,
              std::string speed, std::string mail, std::string share) {
  MyInfo info;
  info.description = description;
  info.speed = speed;
  info.mail = mail;
  info.share = share;
  return caller.hub.AddRobot(nick, user_class, info, caller.script.id) == 0;
}

bool DelRobot(Caller& caller, std::string nick) {
  const User* robot = caller.Find(nick);
  // The hub's own robots are not for scripts to remove.
  return robot && robot->owner != kHubItself && caller.hub.RemoveRobot(nick);
}

// Cells as scripts get them: one malloc'd array row by row, a malloc'd text or NULL in each.
char** CopyCells(const Rows& rows) {
  const size_t count = rows.rows.size() * static_cast<size_t>(rows.columns);
  if (count == 0) return nullptr;
  char** cells = static_cast<char**>(std::malloc(count * sizeof(char*)));
  if (!cells) throw std::bad_alloc();
  char** cell = cells;
  for (const auto& row : rows.rows) {
    for (const Cell& value : row) *cell++ = value ? strdup(value->c_str()) : nullptr;
  }
  return cells;
}

w_Targs* Sql(Caller& caller, std::string query, long limit) {
  const WrapperLibrary& library = caller.library();
  try {
    const Rows rows = caller.hub.database().Run(query, {}, limit);
    return library.pack("lllp", 1L, static_cast<long>(rows.rows.size()),
                        static_cast<long>(rows.columns), static_cast<void*>(CopyCells(rows)));
  } catch (const DatabaseError& error) {
    LogError("SQL of " + caller.script.file_name + ": " + error.what());
    return library.pack("lllp", 0L, 0L, 0L, static_cast<void*>(nullptr));
  }
}

double GetServFreq(Caller& caller) { return caller.hub.loop_frequency; }

MaybeText Topic(Caller& caller, const char* text) {
  Hub& hub = caller.hub;
  if (text && !hub.SetConfig(hub.security_nick(), "config", "hub_topic", text)) return std::nullopt;
  return hub.config().Text("hub_topic");
}

w_Targs* NameAndVersion(Caller& caller, const char* name, const char* version) {
  Script& script = caller.script;
  script.title = OrElse(name, script.title);
  script.version = OrElse(version, script.version);
  return caller.library().pack("ss", Copy(script.title), Copy(script.version));
}

bool StopHub(Caller& caller, long code, long delay) {
  Hub& hub = caller.hub;
  hub.After(static_cast<double>(delay), [&hub, code] { hub.Stop(static_cast<int>(code)); });
  return true;
}

// --- From a C call to a handler and back ---

template <typename Parameter>
struct Slot;

template <>
struct Slot<long> {
  static constexpr char kLetter = 'l';
  using Raw = long;
  static bool IsThere(long) { return true; }
};

template <>
struct Slot<const char*> {
  static constexpr char kLetter = 's';
  using Raw = char*;
  static bool IsThere(const char*) { return true; }
};

template <>
struct Slot<std::string> {
  static constexpr char kLetter = 's';
  using Raw = char*;
  static bool IsThere(const char* text) { return text != nullptr; }
};

w_Targs* Pack(const WrapperLibrary& library, bool value) {
  return library.pack("l", static_cast<long>(value));
}
w_Targs* Pack(const WrapperLibrary& library, long value) { return library.pack("l", value); }
w_Targs* Pack(const WrapperLibrary& library, double value) { return library.pack("d", value); }
w_Targs* Pack(const WrapperLibrary& library, const MaybeText& value) {
  return value ? library.pack("s", Copy(*value)) : nullptr;
}
w_Targs* Pack(const WrapperLibrary&, w_Targs* block) { return block; }

w_Targs* RefuseBlock(const Caller& caller, const w_Targs* block, const char* format) {
  LogError("script " + caller.script.file_name + " called with " + FormatBlock(block) +
           " what takes " + format);
  return nullptr;
}

template <typename Result, typename... Parameters>
w_Targs* Unpack(Result (*handler)(Caller&, Parameters...), Caller& caller, w_Targs* block) {
  static constexpr char kFormat[] = {Slot<Parameters>::kLetter..., '\0'};
  std::tuple<typename Slot<Parameters>::Raw...> raw{};
  // The full format, as every hub unpacks it: a block of another format fails.
  const auto unpack = [&](auto&... slots) {
    return caller.library().unpack(block, kFormat, &slots...) != 0;
  };
  const auto complete = [](auto&... slots) { return (Slot<Parameters>::IsThere(slots) && ...); };
  if (!std::apply(unpack, raw) || !std::apply(complete, raw)) {
    return RefuseBlock(caller, block, kFormat);
  }
  return std::apply(
      [&](auto&... slots) { return Pack(caller.library(), handler(caller, slots...)); }, raw);
}

template <auto kHandler>
w_Targs* Run(Caller& caller, w_Targs* block) {
  return Unpack(kHandler, caller, block);
}

// See Habits::ints. These are the variables of real hubs, as they lie on the stack.
struct NumberBelowTexts {
  alignas(long) int above;
  int number;
  char* first;
  char* second;
};

template <bool (*kHandler)(Caller&, std::string, long)>
w_Targs* RunTextAndInt(Caller& caller, w_Targs* block) {
  if (!caller.habits().ints) return Run<kHandler>(caller, block);
  NumberBelowTexts got{};
  if (!caller.library().unpack(block, "sl", &got.first, &got.number) || !got.first) {
    return RefuseBlock(caller, block, "sl");
  }
  return Pack(caller.library(), kHandler(caller, got.first, got.number));
}

template <bool (*kHandler)(Caller&, std::string, std::string, long)>
w_Targs* RunTextsAndInt(Caller& caller, w_Targs* block) {
  if (!caller.habits().ints) return Run<kHandler>(caller, block);
  NumberBelowTexts got{};
  if (!caller.library().unpack(block, "ssl", &got.first, &got.second, &got.number) || !got.first ||
      !got.second) {
    return RefuseBlock(caller, block, "ssl");
  }
  return Pack(caller.library(), kHandler(caller, got.first, got.second, got.number));
}

struct Row {
  int slot;  // as the python3 hubs number it
  const char* name;
  w_Targs* (*run)(Caller&, w_Targs*);
};

constexpr Row kRows[] = {
    {W_SendToOpChat, "SendToOpChat", Run<SendToOpChat>},
    {W_SendToActive, "SendToActive", Run<SendToActive>},
    {W_SendToPassive, "SendToPassive", Run<SendToPassive>},
    {W_SendToActiveClass, "SendToActiveClass", Run<SendToActiveClass>},
    {W_SendToPassiveClass, "SendToPassiveClass", Run<SendToPassiveClass>},
    {W_SendDataToUser, "SendDataToUser", Run<SendDataToUser>},
    {W_SendDataToAll, "SendDataToAll", Run<SendDataToAll>},
    {W_SendPMToAll, "SendPMToAll", Run<SendPMToAll>},
    {W_CloseConnection, "CloseConnection", Run<CloseConnection>},
    {W_GetMyINFO, "GetMyINFO", Run<GetMyINFO>},
    {W_SetMyINFO, "SetMyINFO", Run<SetMyINFO>},
    {W_GetUserClass, "GetUserClass", Run<GetUserClass>},
    {W_GetUserHost, "GetUserHost", Run<GetUserHost>},
    {W_GetUserIP, "GetUserIP", Run<GetUserIP>},
    {W_SetUserIP, "SetUserIP", Run<SetUserIP>},
    {W_SetMyINFOFlag, "SetMyINFOFlag", RunTextAndInt<SetMyINFOFlag>},
    {W_UnsetMyINFOFlag, "UnsetMyINFOFlag", RunTextAndInt<UnsetMyINFOFlag>},
    {W_GetUserHubURL, "GetUserHubURL", Run<GetUserHubURL>},
    {W_GetUserExtJSON, "GetUserExtJSON", Run<GetUserExtJSON>},
    {W_GetUserCC, "GetUserCC", Run<GetUserCC>},
    {W_GetIPCC, "GetIPCC", Run<GetIPCC>},
    {W_GetIPCN, "GetIPCN", Run<GetIPCN>},
    {W_GetIPCity, "GetIPCity", Run<GetIPCity>},
    {W_GetIPASN, "GetIPASN", Run<GetIPASN>},
    {W_GetGeoIP, "GetGeoIP", Run<GetGeoIP>},
    {W_GetNickList, "GetNickList", Run<GetNickList>},
    {W_GetOpList, "GetOpList", Run<GetOpList>},
    {W_GetBotList, "GetBotList", Run<GetBotList>},
    {W_AddRegUser, "AddRegUser", Run<AddRegUser>},
    {W_DelRegUser, "DelRegUser", Run<DelRegUser>},
    {W_SetRegClass, "SetRegClass", Run<SetRegClass>},
    {W_Ban, "Ban", Run<AddBan>},
    {W_KickUser, "KickUser", Run<KickUser>},
    {W_DelNickTempBan, "DelNickTempBan", Run<DelNickTempBan>},
    {W_DelIPTempBan, "DelIPTempBan", Run<DelIPTempBan>},
    {W_ParseCommand, "ParseCommand", RunTextsAndInt<ParseCommand>},
    {W_ScriptCommand, "ScriptCommand", Run<ScriptCommand>},
    {W_SetConfig, "SetConfig", Run<SetConfig>},
    {W_GetConfig, "GetConfig", Run<GetConfig>},
    {W_IsRobotNickBad, "IsRobotNickBad", Run<IsRobotNickBad>},
    {W_AddRobot, "AddRobot", Run<AddRobot>},
    {W_DelRobot, "DelRobot", Run<DelRobot>},
    {W_SQL, "SQL", Run<Sql>},
    {W_GetServFreq, "GetServFreq", Run<GetServFreq>},
    {W_GetUsersCount, "GetUsersCount", Run<GetUsersCount>},
    {W_GetTotalShareSize, "GetTotalShareSize", Run<GetTotalShareSize>},
    {W_UserRestrictions, "UserRestrictions", Run<UserRestrictions>},
    {W_Topic, "Topic", Run<Topic>},
    {W_mc, "mc", Run<MainChat>},
    {W_usermc, "usermc", Run<UserMainChat>},
    {W_classmc, "classmc", Run<ClassMainChat>},
    {W_pm, "pm", Run<PrivateMessageTo>},
    {W_name_and_version, "name_and_version", Run<NameAndVersion>},
    {W_StopHub, "StopHub", Run<StopHub>},
};

// No exception may reach the library, whose frames are not C++.
w_Targs* Guarded(const Row& row, Caller& caller, w_Targs* block) noexcept {
  try {
    return row.run(caller, block);
  } catch (const std::exception& error) {
    LogError(std::string(row.name) + " for " + caller.script.file_name + ": " + error.what());
    return nullptr;
  }
}

w_Targs* Enter(const Row& row, int id, w_Targs* block) {
  PythonPlugin* plugin = ActivePlugin();
  if (!plugin || !plugin->OnOwnThread()) {
    LogError(std::string(row.name) + " was called " +
             (plugin ? "on a thread that is not the hub's" : "while no plugin runs"));
    return nullptr;
  }
  Script* script = plugin->Find(id);
  if (!script) {
    LogError(std::string(row.name) + " was called with script id " + std::to_string(id) +
             ", which no script has: the library passed on a wrong number");
    return nullptr;
  }
  // Written down first: the result may be the argument block itself, and texts may be taken over.
  Transcript& transcript = plugin->transcript();
  const std::string arguments = transcript.enabled() ? FormatBlock(block) : "";
  Caller caller{*plugin, plugin->hub(), *script};
  w_Targs* result = Guarded(row, caller, block);
  if (transcript.enabled()) {
    // How often the loop turns is a matter of time, and would make every record different.
    transcript.Write("callback", id, row.name, arguments,
                     FormatBlock(result, row.slot == W_GetServFreq));
  }
  return result;
}

template <size_t kIndex>
w_Targs* Callback(int id, w_Targs* block) {
  return Enter(kRows[kIndex], id, block);
}

template <size_t... kIndex>
CallbackTable MakeTable(Generation generation, std::index_sequence<kIndex...>) {
  const w_Tcallback functions[] = {Callback<kIndex>...};
  CallbackTable table;
  for (size_t i = 0; i < sizeof...(kIndex); ++i) {
    int slot = kRows[i].slot;
    if (generation != Generation::kPython3) {
      // Hubs without GetIPCity keep everything after it one slot lower.
      if (slot == W_GetIPCity) continue;
      if (slot > W_GetIPCity) --slot;
    }
    table.functions[slot] = functions[i];
    table.names[slot] = kRows[i].name;
  }
  return table;
}

}  // namespace

CallbackTable MakeCallbackTable(Generation generation) {
  return MakeTable(generation, std::make_index_sequence<std::size(kRows)>());
}

}  // namespace hub
