// The functions that scripts call: what each slot of the callback table does.
//
// A handler's C++ parameters are its block's format: std::string a text that must be there,
// const char* one that may be NULL, long a number. What it returns is packed into a new block that
// the library releases; no text is a NULL result.
#pragma once

#include <cstring>
#include <optional>
#include <string>

#include "hub.h"
#include "python_plugin.h"

namespace hub::callbacks {

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

inline std::string OrElse(const char* text, const std::string& otherwise) {
  return text ? text : otherwise;
}

inline char* Copy(const std::string& text) { return strdup(text.c_str()); }

// callbacks_sending.cpp
bool SendToOpChat(Caller& caller, std::string data, const char* nick);
bool SendToActive(Caller& caller, std::string data, long delay);
bool SendToPassive(Caller& caller, std::string data, long delay);
bool SendToActiveClass(Caller& caller, std::string data, long min_class, long max_class,
                       long delay);
bool SendToPassiveClass(Caller& caller, std::string data, long min_class, long max_class,
                        long delay);
bool SendDataToUser(Caller& caller, std::string data, std::string nick, long delay);
bool SendDataToAll(Caller& caller, std::string data, long min_class, long max_class, long delay);
bool SendPMToAll(Caller& caller, std::string data, std::string from, long min_class,
                 long max_class);
bool MainChat(Caller& caller, std::string message, const char* bot);
bool UserMainChat(Caller& caller, std::string message, std::string nick, const char* bot);
bool ClassMainChat(Caller& caller, std::string message, long min_class, long max_class,
                   const char* bot);
bool PrivateMessageTo(Caller& caller, std::string message, std::string nick, const char* from,
                      const char* bot);

// callbacks_users.cpp
bool CloseConnection(Caller& caller, std::string nick, long nice, long reason);
w_Targs* GetMyINFO(Caller& caller, std::string nick);
bool SetMyINFO(Caller& caller, std::string nick, const char* description, const char* tag,
               const char* speed, const char* mail, const char* share);
long GetUserClass(Caller& caller, std::string nick);
MaybeText GetUserHost(Caller& caller, std::string nick);
MaybeText GetUserIP(Caller& caller, std::string nick);
bool SetUserIP(Caller& caller, std::string nick, std::string ip);
bool SetMyINFOFlag(Caller& caller, std::string nick, long flag);
bool UnsetMyINFOFlag(Caller& caller, std::string nick, long flag);
MaybeText GetUserHubURL(Caller& caller, std::string nick);
MaybeText GetUserExtJSON(Caller& caller, std::string nick);
MaybeText GetUserCC(Caller& caller, std::string nick);
MaybeText GetIPCC(Caller& caller, std::string ip);
MaybeText GetIPCN(Caller& caller, std::string ip);
MaybeText GetIPCity(Caller& caller, std::string ip, const char* /*database*/);
MaybeText GetIPASN(Caller& caller, std::string ip, const char* /*database*/);
w_Targs* GetGeoIP(Caller& caller, std::string ip, const char* /*database*/);
w_Targs* GetNickList(Caller& caller);
w_Targs* GetOpList(Caller& caller);
w_Targs* GetBotList(Caller& caller);
long GetUsersCount(Caller& caller);
MaybeText GetTotalShareSize(Caller& caller);
long UserRestrictions(Caller& caller, std::string nick, const char* chat, const char* pm,
                      const char* search, const char* ctm);

// callbacks_hub.cpp
bool AddRegUser(Caller& caller, std::string nick, long user_class, const char* password,
                const char* op);
bool DelRegUser(Caller& caller, std::string nick);
bool SetRegClass(Caller& caller, std::string nick, long user_class);
bool AddBan(Caller& caller, std::string op, std::string who, std::string reason, long seconds,
            long kinds);
bool KickUser(Caller& caller, std::string op, std::string nick, std::string reason,
              const char* address, const char* note_op, const char* note_user);
bool DelNickTempBan(Caller& caller, std::string nick);
bool DelIPTempBan(Caller& caller, std::string ip);
bool ParseCommand(Caller& caller, std::string nick, std::string command, long in_pm);
bool ScriptCommand(Caller& caller, std::string command, std::string data, long instant);
w_Targs* SetConfig(Caller& caller, std::string file, std::string variable, std::string value);
MaybeText GetConfig(Caller& caller, std::string file, std::string variable, const char* otherwise);
long IsRobotNickBad(Caller& caller, std::string nick);
bool AddRobot(Caller& caller, std::string nick, long user_class, std::string description,
              std::string speed, std::string mail, std::string share);
bool DelRobot(Caller& caller, std::string nick);
w_Targs* Sql(Caller& caller, std::string query, long limit);
double GetServFreq(Caller& caller);
MaybeText Topic(Caller& caller, const char* text);
w_Targs* NameAndVersion(Caller& caller, const char* name, const char* version);
bool StopHub(Caller& caller, long code, long delay);

}  // namespace hub::callbacks
