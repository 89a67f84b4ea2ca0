// What operators and scripts do to users: kicks, bans, registrations, robots, settings.
#include <algorithm>
#include <exception>
#include <optional>

#include "hub.h"
#include "log.h"
#include "text.h"

namespace hub {

namespace {

// The eBOT_ numbers scripts know.
enum RobotNick { kRobotOk, kRobotExists, kRobotWithoutNick, kRobotBadBytes, kRobotReserved };

constexpr long kWeek = 7 * 86400;

// "_ban_3h" in a kick's reason makes the kick a ban of that time; "_ban_" alone for ever.
std::optional<long> BanPeriodIn(const std::string& reason) {
  const size_t at = reason.find("_ban_");
  if (at == std::string::npos) return std::nullopt;
  std::string_view rest(reason);
  rest.remove_prefix(at + 5);
  return ParsePeriod(TakeWord(rest)).value_or(0);
}

}  // namespace

bool Hub::Kick(const std::string& op, const std::string& nick, const std::string& reason) {
  if (!users_.Find(nick) || !Fire(nullptr, W_OnOperatorKicks, op, nick, reason).pass) return false;
  User* victim = users_.Find(nick);
  if (!victim || victim->IsRobot()) return false;
  SendToAll(FormatChat(security_nick(),
                       EscapePipes(victim->nick + " was kicked by " + op + ": " + reason)));
  SendPrivate(*victim, security_nick(), "You were kicked by " + op + ": " + reason);
  // Whoever is kicked goes, also when the database does not take the ban.
  std::exception_ptr failed;
  try {
    BanKicked(op, *victim, reason);
  } catch (const DatabaseError&) {
    failed = std::current_exception();
  }
  victim = users_.Find(nick);
  if (victim && !victim->IsRobot()) victim->session->Close(kCloseKicked);
  if (failed) std::rethrow_exception(failed);
  return true;
}

void Hub::BanKicked(const std::string& op, const User& victim, const std::string& reason) {
  const auto asked = BanPeriodIn(reason);
  const long usual = config_.Number("tban_kick");
  if (asked) {
    AddBan({kBanNickAndIp, victim.nick, victim.session->ip, "", reason, op, 0}, *asked);
  } else if (usual > 0) {
    // A kick's own short ban is no OnNewBan event: scripts were asked by OnOperatorKicks.
    const long now = static_cast<long>(Now());
    bans_.Add({kBanNick, victim.nick, "", "", reason, op, now + usual}, now);
  }
}

bool Hub::Drop(const std::string& op, const std::string& nick, const std::string& reason) {
  if (!users_.Find(nick) || !Fire(nullptr, W_OnOperatorDrops, op, nick).pass ||
      !Fire(nullptr, W_OnOperatorDropsWithReason, op, nick, reason).pass) {
    return false;
  }
  User* victim = users_.Find(nick);
  if (!victim || victim->IsRobot()) return false;
  victim->session->Close(kCloseKicked);
  return true;
}

bool Hub::AddBan(Ban ban, long seconds) {
  const bool complete = (ban.kind == kBanNickAndIp && !ban.nick.empty() && !ban.ip.empty()) ||
                        (ban.kind == kBanIp && IsIpAddress(ban.ip)) ||
                        (ban.kind == kBanRange && IsIpRange(ban.ip)) ||
                        ((ban.kind == kBanNick || ban.kind == kBanPrefix) && !ban.nick.empty()) ||
                        (ban.kind == kBanShare && !ban.share.empty());
  if (!complete) {
    Log(0, "no ban of kind " + std::to_string(ban.kind) + " for nick '" + ban.nick + "', ip '" +
               ban.ip + "': this hub cannot check that kind, or what it looks at is missing");
    return false;
  }
  if (!Fire(nullptr, W_OnNewBan, ban.op, ban.ip, ban.nick, ban.reason).pass) return false;
  const long now = static_cast<long>(Now());
  ban.until = seconds > 0 ? now + std::min(seconds, kMaxPeriod) : 0;
  bans_.Add(ban, now);
  for (const auto& [key, session] : sessions_) {
    if (!session->InList()) continue;
    const auto found = FindBan(*session);
    if (found && !session->user.IsOperator()) {
      SendPrivate(session->user, security_nick(), "You are banned: " + found->reason);
      session->Close(kCloseKicked);
    }
  }
  return true;
}

bool Hub::AddRegistration(const std::string& op, const std::string& nick, long user_class,
                          const std::string& password) {
  if (IsNickBad(nick) || (!password.empty() && WhyPasswordIsBad(password)) ||
      !IsUserClass(user_class) || registrations_.Find(nick)) {
    return false;
  }
  if (!Fire(nullptr, W_OnNewReg, op, nick, user_class).pass) return false;
  registrations_.Add({nick, static_cast<int>(user_class), password}, op);
  return true;
}

bool Hub::RemoveRegistration(const std::string& nick) {
  if (!registrations_.Remove(nick)) return false;
  User* user = users_.Find(nick);
  if (user && !user->IsRobot()) SetClass(*user, kNormal);
  return true;
}

bool Hub::SetRegistrationClass(const std::string& nick, long user_class) {
  const int number = static_cast<int>(user_class);
  if (!IsUserClass(user_class) || !registrations_.SetClass(nick, number)) return false;
  User* user = users_.Find(nick);
  if (user && !user->IsRobot()) SetClass(*user, number);
  return true;
}

void Hub::SetClass(User& user, int user_class) {
  const bool was_operator = user.IsOperator();
  user.user_class = user_class;
  if (user.IsOperator() == was_operator) return;
  // NMDC cannot take one nick off the list of operators: clients get the whole list again.
  SendToAll(FormatNickList("$OpList", users_.Operators()) + '|');
}

bool Hub::SetConfig(const std::string& who, const std::string& file, const std::string& variable,
                    const std::string& value) {
  const std::string old = config_.Find(file, variable).value_or("");
  const bool names_robot =
      file == "config" && (variable == "hub_security" || variable == "opchat_name");
  if (names_robot && Fold(old) != Fold(value) && CheckRobotNick(value) != kRobotOk) return false;
  const long type = Config::TypeOf(file, variable);
  if (!Fire(nullptr, W_OnSetConfig, who, file, variable, value, old, type).pass ||
      !config_.Set(file, variable, value)) {
    return false;
  }
  if (file != "config") return true;
  if (variable == "hub_topic") {
    SendToAll("$HubTopic " + EscapeText(value) + '|');
  } else if (variable == "hub_name") {
    SendToAll("$HubName " + EscapeText(value) + '|');
  } else if (names_robot && old != value) {
    RenameRobot(old, value);
    const std::string command =
        variable == "hub_security" ? "_hub_security_change" : "_opchat_name_change";
    Fire(nullptr, W_OnScriptCommand, command, value, std::string(), std::string());
  }
  return true;
}

void Hub::AddHubRobots() {
  MyInfo info;
  info.description = config_.Text("hub_security_desc");
  users_.AddRobot({security_nick(), kMaster, info, nullptr, kHubItself});
  info.description = config_.Text("opchat_desc");
  users_.AddRobot({op_chat_nick(), kMaster, info, nullptr, kHubItself});
}

void Hub::RenameRobot(const std::string& from, const std::string& to) {
  const User* old = users_.Find(from);
  if (!old) return;
  const User robot = *old;
  RemoveRobot(from);
  AddRobot(to, robot.user_class, robot.info, robot.owner);
}

int Hub::CheckRobotNick(const std::string& nick) const {
  if (nick.empty()) return kRobotWithoutNick;
  if (IsNickBad(nick)) return kRobotBadBytes;
  if (Fold(nick) == Fold(security_nick()) || Fold(nick) == Fold(op_chat_nick())) {
    return users_.Find(nick) ? kRobotReserved : kRobotOk;
  }
  return users_.Find(nick) ? kRobotExists : kRobotOk;
}

int Hub::AddRobot(const std::string& nick, long user_class, const MyInfo& info, int owner) {
  const int problem = CheckRobotNick(nick);
  if (problem != kRobotOk) return problem;
  // Scripts give robots any class, which nobody looks up in a table.
  const auto kept = static_cast<int>(std::clamp<long>(user_class, kPinger, kMaster));
  const User* robot = users_.AddRobot({nick, kept, info, nullptr, owner});
  ShowMyInfo(*robot);
  if (robot->IsOperator()) SendToAll(FormatNickList("$OpList", {nick}) + '|');
  SendToAll(FormatNickList("$BotList", {nick}) + '|',
            [](const User& user) { return user.session->Supports("BotList"); });
  return kRobotOk;
}

bool Hub::RemoveRobot(const std::string& nick) {
  const User* robot = users_.Find(nick);
  if (!robot || !robot->IsRobot()) return false;
  const std::string shown = robot->nick;
  users_.RemoveRobot(shown);
  SendToAll("$Quit " + shown + '|');
  return true;
}

void Hub::RemoveRobotsOf(int owner) {
  for (const std::string& nick : users_.RobotsOf(owner)) RemoveRobot(nick);
}

void Hub::ForceMove(const std::string& op, User& victim, const std::string& address,
                    const std::string& reason) {
  if (victim.IsRobot()) return;
  SendPrivate(victim, op, "You are being moved to " + address + ": " + reason);
  victim.session->Send("$ForceMove " + address + '|');
  victim.session->Close(kCloseForceMove);
}

Restrictions Hub::RestrictionsOf(const std::string& nick) const {
  const auto found = restrictions_.find(Fold(nick));
  return found == restrictions_.end() ? Restrictions{} : found->second;
}

long Hub::Restrict(const std::string& nick, const std::string (&periods)[4]) {
  if (!users_.Find(nick)) return -1;
  const long now = static_cast<long>(Now());
  Restrictions changed = RestrictionsOf(nick);
  long* const untils[4] = {&changed.chat, &changed.pm, &changed.search, &changed.ctm};
  for (int i = 0; i < 4; ++i) {
    if (periods[i].empty()) continue;
    const auto period = periods[i] == "1" ? kWeek : ParsePeriod(periods[i]);
    if (!period) return -1;
    *untils[i] = *period > 0 ? now + *period : 0;  // ParsePeriod keeps to kMaxPeriod
  }
  restrictions_[Fold(nick)] = changed;
  long bits = 0;
  for (int i = 0; i < 4; ++i) {
    if (*untils[i] > now) bits |= 1L << i;
  }
  return bits;
}

}  // namespace hub
