// Treatment of what clients send: the login, and every NMDC message after it.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "user.h"

namespace hub {

class Hub;

class Messages {
 public:
  explicit Messages(Hub* hub) : hub_(*hub) {}

  // Treats one message, without its closing '|'.
  void Treat(Session& session, const std::string& message, double now);

 private:
  using Handler = void (Messages::*)(Session&, const std::string& message);
  struct Entry {
    const char* prefix;
    Handler handler;
  };
  static const Entry kLogin[];
  static const Entry kAlways[];
  static const Entry kInList[];

  bool Run(const Entry* table, Session& session, const std::string& message);
  // Whether the message can be treated at all; the sender hears why not.
  bool IsSound(Session& session, const std::string& message);
  bool IsFlood(Session& session, double now) const;
  void Failed(Session& session, const std::exception& error);
  void Unknown(Session& session, const std::string& message);

  // Login.
  void Key(Session& session, const std::string& message);
  void ValidateNick(Session& session, const std::string& message);
  void MyPass(Session& session, const std::string& message);
  bool MustWait(Session& session);
  void Accept(Session& session);
  void FirstMyInfo(Session& session, MyInfo info);
  void OtherClient(Session& session, const std::string& message);
  void OtherClientLock(Session& session, const std::string& message);
  bool TurnAwayBanned(Session& session);

  // From $Supports to $MyINFO clients send these before and after they are in the list.
  void Supports(Session& session, const std::string& message);
  void Version(Session& session, const std::string& message);
  void GetNickList(Session& session, const std::string& message);
  void MyInfoMessage(Session& session, const std::string& message);
  void MyHubUrl(Session& session, const std::string& message);
  void ExtJson(Session& session, const std::string& message);
  void BotInfo(Session& session, const std::string& message);
  void Quit(Session& session, const std::string& message);

  // In the list.
  void Chat(Session& session, const std::string& message);
  void Private(Session& session, const std::string& message);
  void PrivateToRobot(Session& session, const std::string& to, const std::string& text);
  void MainChatTo(Session& session, const std::string& message);
  void Search(Session& session, const std::string& message);
  void SearchResult(Session& session, const std::string& message);
  void ConnectToMe(Session& session, const std::string& message);
  void RevConnectToMe(Session& session, const std::string& message);
  void GetInfo(Session& session, const std::string& message);
  void UserIp(Session& session, const std::string& message);
  void Kick(Session& session, const std::string& message);
  void OpForceMove(Session& session, const std::string& message);
  // Refuses what somebody says in another's name, or with another's address.
  void Misleading(Session& session, const std::string& message, const std::string& why);
  bool IsRestricted(Session& session, long until, const char* what);

  Hub& hub_;
};

}  // namespace hub
