// The hub: its users, what it knows about them, and what can be done to them. It sees the network
// as sessions and bytes; sockets are the server's matter.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ban_list.h"
#include "commands.h"
#include "config.h"
#include "database.h"
#include "delay_queue.h"
#include "geo_table.h"
#include "messages.h"
#include "password_guard.h"
#include "python_plugin.h"
#include "registrations.h"
#include "user.h"
#include "user_list.h"

namespace hub {

// What a user may not do, each until a time in unix seconds.
struct Restrictions {
  long chat = 0, pm = 0, search = 0, ctm = 0;
};

class Hub {
 public:
  // `config_dir` must exist; `database` is a file or ":memory:".
  Hub(std::string config_dir, const std::string& database);
  ~Hub();

  // --- The network's side ---
  std::shared_ptr<Session> Connect(const std::string& ip, int port);
  // Takes bytes of any size; messages end with '|'.
  void Receive(Session& session, std::string_view bytes);
  void Disconnect(Session& session, CloseReason reason);
  // Once a second: time-outs, delayed work, the scripts' timer.
  void Tick(double now);
  // Does what had to wait until no script runs: closing sessions, unloading scripts.
  void Settle();

  // --- Scripts ---
  // The plugin asks to be called; the hub works without one too.
  void AttachScripts(PythonPlugin* scripts) { scripts_ = scripts; }
  PythonPlugin* scripts() { return scripts_; }
  Habits habits() const { return scripts_ ? scripts_->habits() : Habits{}; }

  // Tells every script about an event. `about` gets what scripts answer to it, and may be null.
  template <typename... Arguments>
  Verdict Fire(Session* about, int hook, const Arguments&... arguments) {
    return scripts_ ? scripts_->Fire(about, hook, arguments...) : Verdict{};
  }

  // --- Parts ---
  Config& config() { return config_; }
  Database& database() { return database_; }
  UserList& users() { return users_; }
  BanList& bans() { return bans_; }
  GeoTable& geo() { return geo_; }
  Registrations& registrations() { return registrations_; }
  Commands& commands() { return commands_; }
  PasswordGuard& passwords() { return passwords_; }
  const std::string& config_dir() const { return config_dir_; }
  std::string security_nick() const { return config_.Text("hub_security"); }
  std::string op_chat_nick() const { return config_.Text("opchat_name"); }
  long start_time() const { return start_time_; }
  double loop_frequency = 0;  // rounds a second, kept by the server
  int listen_port = 0;

  // --- Sending ---
  using Filter = std::function<bool(const User&)>;
  void SendToAll(const std::string& data, const Filter& wanted = nullptr);
  void SendToClasses(const std::string& data, long min_class, long max_class);
  // A private message from `from` to one user; robots receive nothing.
  void SendPrivate(User& to, const std::string& from, const std::string& text);
  // A line in the operators' chat, shown as written by `nick`.
  void SendToOpChat(const std::string& nick, const std::string& text, const User* except = nullptr);
  // Does `work` after so many seconds, at once for 0.
  void After(double seconds, std::function<void()> work);

  // --- Users ---
  // Enters the list, shows the user to all and the lists to him.
  void EnterList(Session& session);
  void SendNickLists(Session& session);
  void ShowMyInfo(const User& user);
  std::optional<Ban> FindBan(const Session& session);
  void SetClass(User& user, int user_class);
  int AddRobot(const std::string& nick, long user_class, const MyInfo& info, int owner);
  // 0 (eBOT_OK) or the eBOT_ number that tells why a robot cannot have the nick.
  int CheckRobotNick(const std::string& nick) const;
  bool RemoveRobot(const std::string& nick);
  void RemoveRobotsOf(int owner);

  // --- What operators and scripts do; false when a script or a rule forbids it ---
  bool Kick(const std::string& op, const std::string& nick, const std::string& reason);
  bool Drop(const std::string& op, const std::string& nick, const std::string& reason);
  bool AddBan(Ban ban, long seconds);
  bool AddRegistration(const std::string& op, const std::string& nick, long user_class,
                       const std::string& password);
  bool RemoveRegistration(const std::string& nick);
  bool SetRegistrationClass(const std::string& nick, long user_class);
  bool SetConfig(const std::string& who, const std::string& file, const std::string& variable,
                 const std::string& value);
  void ForceMove(const std::string& op, User& victim, const std::string& address,
                 const std::string& reason);
  // Changes with a period each ("" leave, "0" lift, "1" a week); bits of what is restricted now,
  // -1 for an unknown nick or a malformed period.
  long Restrict(const std::string& nick, const std::string (&periods)[4]);
  Restrictions RestrictionsOf(const std::string& nick) const;
  // Asks the main loop to end with this exit code.
  void Stop(int code);
  bool stopping() const { return stopping_; }
  int stop_code() const { return stop_code_; }

  static double Now();

 private:
  void CheckTimeouts(double now);
  void EndSession(Session* session);
  void BanKicked(const std::string& op, const User& victim, const std::string& reason);
  void RenameRobot(const std::string& from, const std::string& to);
  void AddHubRobots();

  std::string config_dir_;
  Database database_;
  Config config_;
  Registrations registrations_;
  BanList bans_;
  GeoTable geo_;
  UserList users_;
  std::map<Session*, std::shared_ptr<Session>> sessions_;
  std::vector<Session*> ending_;
  std::map<std::string, Restrictions> restrictions_;
  DelayQueue delayed_;
  Commands commands_;
  PasswordGuard passwords_;
  Messages messages_;
  PythonPlugin* scripts_ = nullptr;
  long start_time_;
  bool settling_ = false;
  bool stopping_ = false;
  int stop_code_ = 0;
};

}  // namespace hub
