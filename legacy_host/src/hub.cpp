// The hub's life: connections come, send bytes, fall silent and go; users enter the list.
#include "hub.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "log.h"
#include "message_limits.h"
#include "text.h"

namespace hub {

double Hub::Now() {
  using std::chrono::duration;
  using std::chrono::system_clock;
  return duration<double>(system_clock::now().time_since_epoch()).count();
}

Hub::Hub(std::string config_dir, const std::string& database)
    : config_dir_(std::move(config_dir)),
      database_(database),
      config_(&database_),
      registrations_(&database_),
      bans_(&database_),
      geo_(&database_),
      commands_(this),
      messages_(this),
      start_time_(static_cast<long>(Now())) {
  AddHubRobots();
}

Hub::~Hub() = default;

std::shared_ptr<Session> Hub::Connect(const std::string& ip, int port) {
  const auto limit = static_cast<size_t>(config_.Number("max_output_buffer"));
  auto session = std::make_shared<Session>(ip, port, limit, &ending_);
  sessions_[session.get()] = session;
  session->connected_at = session->last_received = session->last_sent = Now();
  if (static_cast<long>(sessions_.size()) > config_.Number("max_users")) {
    session->Send(FormatChat(security_nick(), "The hub is full, please try again later."));
    session->Close(kCloseUserLimit);
  } else if (!Fire(session.get(), W_OnNewConn, session->ip).pass) {
    session->Close(kClosePlugin);
  } else {
    session->Send(std::string("$Lock ") + kLock + " Pk=vh_hub|");
    session->Send("$HubName " + EscapeText(config_.Text("hub_name")) + '|');
  }
  Settle();
  return session;
}

void Hub::Receive(Session& session, std::string_view bytes) {
  const double now = Now();
  session.last_received = now;
  session.input += bytes;
  size_t start = 0;
  for (;;) {
    const size_t end = session.input.find('|', start);
    if (end == std::string::npos || session.closing() || session.gone) break;
    messages_.Treat(session, session.input.substr(start, end - start), now);
    start = end + 1;
    Settle();
  }
  session.input.erase(0, start);
  const auto longest = static_cast<size_t>(config_.Number("max_message_size"));
  if (session.input.size() >
      (session.InList() ? longest : std::min(longest, kMaxLineBeforeLogin))) {
    Log(0, "dropped " + session.ip + ' ' + session.user.nick + ": a message does not end");
    session.Close(kCloseSyntax);
  }
  Settle();
}

void Hub::Disconnect(Session& session, CloseReason reason) {
  session.Close(reason);
  Settle();
}

void Hub::Settle() {
  // Closing tells scripts, which may close others: go on until nothing is left, never nested.
  if (settling_ || (scripts_ && scripts_->InsideCall())) return;
  settling_ = true;
  bool again = true;
  while (again) {
    again = scripts_ && scripts_->RunPostponed();
    const auto ending = std::exchange(ending_, {});
    for (Session* session : ending) EndSession(session);
    again = again || !ending.empty();
  }
  settling_ = false;
}

void Hub::EndSession(Session* ending) {
  const auto found = sessions_.find(ending);
  const std::shared_ptr<Session> session = std::move(found->second);
  sessions_.erase(found);
  const std::string nick = session->user.nick;
  if (session->InList()) {
    users_.Remove(session->user);
    SendToAll("$Quit " + nick + '|');
    Fire(nullptr, W_OnUserLogout, nick);
  }
  const long reason = session->close_reason();
  Fire(nullptr, W_OnCloseConn, session->ip);
  Fire(nullptr, W_OnCloseConnEx, session->ip, reason, nick);
  Log(2, "closed " + session->ip + ' ' + nick + ", reason " + std::to_string(reason));
  session->gone = true;
}

void Hub::Tick(double now) {
  SettleLog();
  delayed_.RunDue(now);
  CheckTimeouts(now);
  if (scripts_) scripts_->OnTimer(now);
  Settle();
}

void Hub::CheckTimeouts(double now) {
  const auto login_timeout = static_cast<double>(config_.Number("login_timeout"));
  const auto keepalive = static_cast<double>(config_.Number("keepalive_interval"));
  for (const auto& [key, session] : sessions_) {
    if (!session->InList()) {
      if (now - session->connected_at > login_timeout) session->Close(kCloseTimeout);
      continue;
    }
    const bool silent = now - std::max(session->last_received, session->last_sent) > keepalive;
    if (silent && session->output().empty()) {
      session->Send("|");
      session->last_sent = now;
    }
  }
}

void Hub::After(double seconds, std::function<void()> work) {
  if (seconds <= 0) {
    work();
  } else {
    delayed_.Add(Now() + seconds, std::move(work));
  }
}

void Hub::EnterList(Session& session) {
  User& user = session.user;
  session.state = Session::State::kInList;
  users_.Add(&user);
  ShowMyInfo(user);
  if (user.IsOperator()) SendToAll(FormatNickList("$OpList", {user.nick}) + '|');
  if (session.wants_nick_list) SendNickLists(session);
  session.Send("$HubTopic " + EscapeText(config_.Text("hub_topic")) + '|');
  if (session.Supports("UserIP2")) {
    session.Send("$UserIP " + user.nick + ' ' + session.ip + "$$|");
  }
  SendToAll("$UserIP " + user.nick + ' ' + session.ip + "$$|", [&](const User& other) {
    return &other != &user && other.IsOperator() && other.session->Supports("UserIP2");
  });
}

void Hub::SendNickLists(Session& session) {
  if (!session.Supports("NoGetINFO")) {
    session.Send(FormatNickList("$NickList", users_.Nicks()) + '|');
  }
  users_.ForEach([&](User& user) { session.Send(FormatMyInfo(user.nick, user.info)); });
  session.Send(FormatNickList("$OpList", users_.Operators()) + '|');
  if (session.Supports("BotList")) {
    session.Send(FormatNickList("$BotList", users_.Robots()) + '|');
  }
}

void Hub::ShowMyInfo(const User& user) {
  const std::string info = FormatMyInfo(user.nick, user.info);
  const std::string hello = "$Hello " + user.nick + '|';
  users_.ForEach([&](User& other) {
    if (other.IsRobot()) return;
    if (&other != &user && !other.session->Supports("NoHello")) other.session->Send(hello);
    other.session->Send(info);
  });
}

std::optional<Ban> Hub::FindBan(const Session& session) {
  return bans_.Find({session.user.nick, session.ip, session.user.info.share},
                    static_cast<long>(Now()));
}

void Hub::SendToAll(const std::string& data, const Filter& wanted) {
  const std::string message = Terminated(data);
  users_.ForEach([&](User& user) {
    if (!user.IsRobot() && (!wanted || wanted(user))) user.session->Send(message);
  });
}

void Hub::SendToClasses(const std::string& data, long min_class, long max_class) {
  SendToAll(data, [=](const User& user) {
    return user.user_class >= min_class && user.user_class <= max_class;
  });
}

void Hub::SendPrivate(User& to, const std::string& from, const std::string& text) {
  if (!to.IsRobot()) to.session->Send(FormatPrivate(to.nick, from, from, EscapePipes(text)));
}

void Hub::SendToOpChat(const std::string& nick, const std::string& text, const User* except) {
  const std::string chat = op_chat_nick();
  users_.ForEach([&](User& user) {
    if (user.IsRobot() || !user.IsOperator() || &user == except) return;
    user.session->Send(FormatPrivate(user.nick, chat, nick, text));
  });
}

void Hub::Stop(int code) {
  stopping_ = true;
  stop_code_ = code;
}

}  // namespace hub
