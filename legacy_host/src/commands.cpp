// Commands that users and operators type in the main chat or to the hub's robot.
#include "commands.h"

#include <initializer_list>
#include <optional>
#include <string_view>

#include "hub.h"
#include "log.h"
#include "text.h"

namespace hub {

namespace {

// The online user an operator may act on, or null with the answer already given.
User* Victim(Hub& hub, const Request& request, const std::string& nick) {
  User* victim = hub.users().Find(nick);
  if (!victim || victim->IsRobot()) {
    Answer(hub, request, "There is no user '" + nick + "' online.");
    return nullptr;
  }
  if (victim->user_class >= request.user_class) {
    Answer(hub, request, victim->nick + " is of your class or above it.");
    return nullptr;
  }
  return victim;
}

void Kick(Hub& hub, const Request& request) {
  std::string_view rest = request.arguments;
  const User* victim = Victim(hub, request, TakeWord(rest));
  if (!victim) return;
  const std::string nick = victim->nick;
  const bool done =
      hub.Kick(request.nick, nick, rest.empty() ? "no reason given" : std::string(rest));
  Answer(hub, request, done ? nick + " is kicked." : "A script does not allow it.");
}

void Drop(Hub& hub, const Request& request) {
  std::string_view rest = request.arguments;
  const User* victim = Victim(hub, request, TakeWord(rest));
  if (!victim) return;
  const std::string nick = victim->nick;
  const bool done = hub.Drop(request.nick, nick, std::string(rest));
  Answer(hub, request, done ? nick + " is dropped." : "A script does not allow it.");
}

void AddBan(Hub& hub, const Request& request) {
  std::string_view rest = request.arguments;
  const std::string who = TakeWord(rest);
  std::string_view after = rest;
  const auto period = ParsePeriod(TakeWord(after));
  const std::string reason(period ? after : rest);
  if (who.empty()) {
    Answer(hub, request,
           "Use: !ban NICK|IP|RANGE [PERIOD] [REASON], a period is like 90m, 3h, 2d.");
    return;
  }
  const User* user = hub.users().Find(who);
  if (user && user->user_class >= request.user_class) {
    Answer(hub, request, user->nick + " is of your class or above it.");
    return;
  }
  const bool is_ip = IsIpAddress(who), is_range = IsIpRange(who);
  const Ban ban{is_ip      ? kBanIp
                : is_range ? kBanRange
                           : kBanNick,
                is_ip || is_range ? "" : who,
                is_ip || is_range ? who : "",
                "",
                reason.empty() ? "no reason given" : reason,
                request.nick,
                0};
  const bool done = hub.AddBan(ban, period.value_or(0));
  Answer(hub, request, done ? who + " is banned." : "A script does not allow it.");
}

void Unban(Hub& hub, const Request& request) {
  const std::string who = Trim(request.arguments);
  Answer(hub, request,
         hub.bans().Remove(who) ? who + " is not banned any more."
                                : "There is no ban of '" + who + "'.");
}

// A class below the operator's own, or nothing with the answer already given.
std::optional<int> LowerClass(Hub& hub, const Request& request, std::string_view& rest) {
  const auto user_class = ParseUserClass(TakeWord(rest));
  if (!user_class) {
    Answer(hub, request, "A class is one of the numbers -1 to 5, or 10.");
  } else if (*user_class >= request.user_class) {
    Answer(hub, request, "You can only give classes below your own.");
  } else {
    return user_class;
  }
  return std::nullopt;
}

void Register(Hub& hub, const Request& request) {
  std::string_view rest = request.arguments;
  const std::string nick = TakeWord(rest);
  if (nick.empty() || rest.empty()) {
    Answer(hub, request, "Use: !reg NICK CLASS [PASSWORD]");
    return;
  }
  const auto user_class = LowerClass(hub, request, rest);
  if (!user_class) return;
  const std::string password(rest);
  const char* bad_nick = WhyNickIsBad(nick);
  const char* bad_password = password.empty() ? nullptr : WhyPasswordIsBad(password);
  if (bad_nick || bad_password) {
    Answer(hub, request,
           bad_nick ? std::string("The nick ") + bad_nick + '.'
                    : std::string("The password ") + bad_password + '.');
    return;
  }
  const bool done = hub.AddRegistration(request.nick, nick, *user_class, password);
  Answer(
      hub, request,
      nick + (done ? " is registered." : " is registered already, or a script does not allow it."));
}

// Whether the registered nick exists and is below the operator; answers when it is not.
bool MayChange(Hub& hub, const Request& request, const std::string& nick) {
  const auto registration = hub.registrations().Find(nick);
  if (registration && registration->user_class < request.user_class) return true;
  Answer(
      hub, request,
      registration ? nick + " is of your class or above it." : "'" + nick + "' is not registered.");
  return false;
}

void Unregister(Hub& hub, const Request& request) {
  const std::string nick = Trim(request.arguments);
  if (!MayChange(hub, request, nick)) return;
  hub.RemoveRegistration(nick);
  Answer(hub, request, nick + " is not registered any more.");
}

void SetClass(Hub& hub, const Request& request) {
  std::string_view rest = request.arguments;
  const std::string nick = TakeWord(rest);
  if (nick.empty() || rest.empty()) {
    Answer(hub, request, "Use: !class NICK CLASS, with a class below your own.");
    return;
  }
  const auto user_class = LowerClass(hub, request, rest);
  if (!user_class || !MayChange(hub, request, nick)) return;
  hub.SetRegistrationClass(nick, *user_class);
  Answer(hub, request, nick + " now has class " + std::to_string(*user_class) + '.');
}

void Topic(Hub& hub, const Request& request) {
  if (!hub.SetConfig(request.nick, "config", "hub_topic", request.arguments)) {
    Answer(hub, request, "A script does not allow it.");
  }
}

void SetVariable(Hub& hub, const Request& request) {
  std::string_view rest = request.arguments;
  const std::string variable = TakeWord(rest);
  if (variable.empty()) {
    Answer(hub, request, "Use: !set VARIABLE VALUE");
    return;
  }
  const bool done = hub.SetConfig(request.nick, "config", variable, std::string(rest));
  Answer(hub, request,
         done ? variable + " is now '" + std::string(rest) + "'."
              : "There is no such variable, the value does not fit it, or a script "
                "does not allow it.");
}

void Password(Hub& hub, const Request& request) {
  const std::string password = Trim(request.arguments);
  if (password.empty()) {
    Answer(hub, request, "Use: +passwd NEW_PASSWORD");
    return;
  }
  if (const char* why = WhyPasswordIsBad(password)) {
    Answer(hub, request, std::string("The password ") + why + '.');
    return;
  }
  const bool done = hub.registrations().SetPassword(request.nick, password);
  Answer(hub, request, done ? "Your password is changed." : "You are not registered.");
}

void Help(Hub& hub, const Request& request);

const CommandEntry kHubCommands[] = {
    {"help", kNormal, Help, "this list"},
    {"passwd", kRegistered, Password, "NEW_PASSWORD: changes your password"},
    {"kick", kOperator, Kick, "NICK [REASON]: closes a connection, keeps the nick out a while"},
    {"drop", kOperator, Drop, "NICK [REASON]: closes a connection"},
    {"ban", kOperator, AddBan, "NICK|IP|RANGE [PERIOD] [REASON]: keeps somebody out"},
    {"unban", kOperator, Unban, "NICK|IP|RANGE: lifts a ban"},
    {"topic", kOperator, Topic, "[TEXT]: sets the hub's topic"},
    {"reg", kCheef, Register, "NICK CLASS [PASSWORD]: registers a nick"},
    {"delreg", kCheef, Unregister, "NICK: removes a registration"},
    {"class", kCheef, SetClass, "NICK CLASS: changes a registered user's class"},
    {"set", kAdmin, SetVariable, "VARIABLE VALUE: changes a setting of the hub"},
    {nullptr, 0, nullptr, nullptr},
};

// Classes a command needs; those that manage scripts follow a setting.
int MinClass(Hub& hub, const CommandEntry& entry) {
  const bool manages_scripts = StartsWith(entry.name, "py");
  return manages_scripts ? static_cast<int>(hub.config().Number("plugin_mod_class"))
                         : entry.min_class;
}

void Help(Hub& hub, const Request& request) {
  std::string text = "You can use:";
  for (const CommandEntry* table : {kHubCommands, kPythonCommands}) {
    for (const CommandEntry* entry = table; entry->name; ++entry) {
      if (request.user_class < MinClass(hub, *entry)) continue;
      const char prefix = entry->min_class >= kOperator ? '!' : '+';
      text += std::string("\r\n  ") + prefix + entry->name + ' ' + entry->help;
    }
  }
  Answer(hub, request, text);
}

}  // namespace

void Answer(Hub& hub, const Request& request, const std::string& text) {
  User* user = hub.users().Find(request.nick);
  if (!user || user->IsRobot()) return;
  if (request.in_pm) {
    hub.SendPrivate(*user, hub.security_nick(), text);
  } else {
    user->session->Send(FormatChat(hub.security_nick(), EscapePipes(text)));
  }
}

std::string WhatFailed(const std::exception& error) {
  if (dynamic_cast<const DatabaseBusy*>(&error)) {
    return "That failed: another program holds the hub's database. Try again in a moment.";
  }
  return "That failed: the hub's log tells why.";
}

bool Commands::Run(User& who, const std::string& line, bool in_pm) {
  if (line.empty() || !who.session) return false;
  const auto starts = [&](const char* variable) {
    return hub_.config().Text(variable).find(line[0]) != std::string::npos;
  };
  const bool as_operator = who.IsOperator() && starts("cmd_start_op");
  const bool as_user = starts("cmd_start_user");
  if (!as_operator && !as_user) return false;
  Session* session = who.session;
  const auto allowed = [&](int hook) { return hub_.Fire(session, hook, who.nick, line).pass; };
  if (!hub_.Fire(session, W_OnHubCommand, who.nick, line.substr(1),
                 static_cast<long>(who.user_class), static_cast<long>(in_pm), line.substr(0, 1))
           .pass) {
    return true;
  }
  if (as_operator && (!allowed(W_OnOperatorCommand) || RunBuiltIn(who, line, in_pm))) return true;
  if (as_user && (!allowed(W_OnUserCommand) || RunBuiltIn(who, line, in_pm))) return true;
  Answer(hub_, {who.nick, who.user_class, in_pm, ""},
         "There is no command '" + line + "' for you. Try " + line[0] + "help");
  return true;
}

bool Commands::RunBuiltIn(const User& who, const std::string& line, bool in_pm) {
  std::string_view rest = std::string_view(line).substr(1);
  const std::string name = TakeWord(rest);
  for (const CommandEntry* table : {kHubCommands, kPythonCommands}) {
    for (const CommandEntry* entry = table; entry->name; ++entry) {
      if (name != entry->name || who.user_class < MinClass(hub_, *entry)) continue;
      const Request request{who.nick, who.user_class, in_pm, std::string(rest)};
      try {
        entry->run(hub_, request);
      } catch (const std::exception& error) {
        LogError("the command " + name + " of " + request.nick + " failed: " + error.what());
        Answer(hub_, request, WhatFailed(error));
      }
      return true;
    }
  }
  return false;
}

}  // namespace hub
