// Functions that scripts call to act on the hub: registrations, bans, kicks, settings, robots, SQL.
#include <climits>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include "callback_handlers.h"
#include "log.h"
#include "text.h"

namespace hub::callbacks {

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
  if (kinds <= 0 || kinds > INT_MAX) return false;
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

static bool Kick(Caller& caller, const std::string& op, const std::string& nick,
                 const std::string& reason, const std::string& address, const std::string& note_op,
                 const std::string& note_user) {
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
static std::string NeededText(const char* text, const char* name) {
  if (!text) throw std::logic_error(std::string("a text is made of nothing: ") + name);
  return text;
}

// See Habits::kick.
static bool KickAsRealHubs(Caller& caller, const std::string& op, const std::string& nick,
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
static char** CopyCells(const Rows& rows) {
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

}  // namespace hub::callbacks
