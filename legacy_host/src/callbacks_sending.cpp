// Functions that scripts call to send something.
#include "callback_handlers.h"

namespace hub::callbacks {

// --- Sending data ---

bool SendToOpChat(Caller& caller, std::string data, const char* nick) {
  caller.hub.SendToOpChat(OrElse(nick, caller.hub.op_chat_nick()), EscapePipes(data));
  return true;
}

static bool SendToMode(Caller& caller, const std::string& data, bool passive, long min_class,
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

}  // namespace hub::callbacks
