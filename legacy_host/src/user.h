// A user of the hub (a person or a robot) and the connection a person comes through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol.h"

namespace hub {

enum UserClass : int {
  kNobody = -2,
  kPinger = -1,
  kNormal = 0,
  kRegistered = 1,
  kVip = 2,
  kOperator = 3,
  kCheef = 4,
  kAdmin = 5,
  kMaster = 10,
};

// Classes 6 to 9 do not exist.
inline bool IsUserClass(long number) {
  return (number >= kPinger && number <= kAdmin) || number == kMaster;
}

// A class written as a number, or nothing when there is no such class.
std::optional<int> ParseUserClass(std::string_view text);

// Why a connection ends: the eCR_ numbers scripts know.
enum CloseReason : long {
  kCloseDefault = 0,
  kCloseInvalidUser,
  kCloseKicked,
  kCloseForceMove,
  kCloseQuit,
  kCloseHubLoad,
  kCloseTimeout,
  kCloseToAnyAction,
  kCloseUserLimit,
  kCloseShareLimit,
  kCloseTagNone,
  kCloseTagInvalid,
  kClosePassword,
  kCloseLoginError,
  kCloseSyntax,
  kCloseInvalidKey,
  kCloseReconnect,
  kCloseClone,
  kCloseSelf,
  kCloseBadNick,
  kCloseNoRedirect,
  kClosePlugin,
};

class Session;

constexpr int kHubItself = -1;  // owner of the hub's own robots

struct User {
  std::string nick;
  int user_class = kNormal;
  MyInfo info;
  Session* session = nullptr;  // null for robots
  int owner = kHubItself;      // id of the script a robot belongs to

  bool IsRobot() const { return session == nullptr; }
  bool IsOperator() const { return user_class >= kOperator; }
};

// One connection as the hub sees it: what came in and is not treated yet, what is to go out. It
// knows no socket, so that tests can play the network.
class Session {
 public:
  enum class State { kKey, kNick, kPassword, kMyInfo, kInList };

  // `ending` is the hub's list of the sessions to be ended, which this one joins when it closes.
  Session(std::string ip, int port, size_t output_limit, std::vector<Session*>* ending)
      : ip(std::move(ip)), port(port), output_limit_(output_limit), ending_(ending) {
    user.session = this;
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Puts bytes into the output. A client that lags too far behind is closed instead.
  void Send(std::string_view bytes);

  // Asks the hub to end the connection as soon as the message at hand is treated; the first
  // reason counts. What is in the output before that still goes out.
  void Close(CloseReason reason);

  // What is to be written to the network; `TakeOutput` empties it.
  const std::string& output() const { return output_; }
  std::string TakeOutput();
  void DropOutput(size_t bytes) { output_.erase(0, bytes); }

  bool closing() const { return closing_; }
  CloseReason close_reason() const { return close_reason_; }

  // Whether the client announced a protocol extension.
  bool Supports(std::string_view feature) const;

  bool InList() const { return state == State::kInList; }

  std::string ip;
  int port;
  User user;
  State state = State::kKey;
  bool gone = false;  // the hub has let go of it; only its output is left
  std::string input;
  std::string supports;
  std::string hub_url, ext_json;
  std::string ctm_nick;  // set when a client takes this hub for another client
  bool wants_nick_list = false;
  double connected_at = 0, last_received = 0, last_sent = 0, last_search = 0;
  long flood_second = 0, flood_count = 0;

 private:
  size_t output_limit_;
  std::vector<Session*>* ending_;
  std::string output_;
  bool closing_ = false;
  CloseReason close_reason_ = kCloseDefault;
};

}  // namespace hub
