// Treatment of what clients send: the login, and every NMDC message after it.
//
// A script may change the user list while it treats an event: pointers to other users are looked
// up after the event, never carried across it.
#include "messages.h"

#include <exception>
#include <optional>

#include "hub.h"
#include "log.h"
#include "text.h"

namespace hub {

namespace {

constexpr const char* kHubSupports =
    "OpPlus NoGetINFO NoHello UserIP2 BotList MCTo HubTopic BotINFO HubINFO ExtJSON2 HubURL";

// What follows the message's name and a space.
std::string Rest(const std::string& message) {
  const size_t space = message.find(' ');
  return space == std::string::npos ? "" : message.substr(space + 1);
}

}  // namespace

const Messages::Entry Messages::kLogin[] = {
    {"$Key ", &Messages::Key},
    {"$ValidateNick ", &Messages::ValidateNick},
    {"$MyPass ", &Messages::MyPass},
    {"$MyNick ", &Messages::OtherClient},
    {"$Lock ", &Messages::OtherClientLock},
    {nullptr, nullptr},
};

const Messages::Entry Messages::kAlways[] = {
    {"$Supports ", &Messages::Supports},
    {"$Version ", &Messages::Version},
    {"$GetNickList", &Messages::GetNickList},
    {"$MyINFO ", &Messages::MyInfoMessage},
    {"$MyHubURL ", &Messages::MyHubUrl},
    {"$ExtJSON ", &Messages::ExtJson},
    {"$BotINFO ", &Messages::BotInfo},
    {"$Quit", &Messages::Quit},
    {nullptr, nullptr},
};

const Messages::Entry Messages::kInList[] = {
    {"<", &Messages::Chat},
    {"$To: ", &Messages::Private},
    {"$MCTo: ", &Messages::MainChatTo},
    {"$Search ", &Messages::Search},
    {"$SR ", &Messages::SearchResult},
    {"$ConnectToMe ", &Messages::ConnectToMe},
    {"$RevConnectToMe ", &Messages::RevConnectToMe},
    {"$GetINFO ", &Messages::GetInfo},
    {"$UserIP ", &Messages::UserIp},
    {"$Kick ", &Messages::Kick},
    {"$OpForceMove ", &Messages::OpForceMove},
    {nullptr, nullptr},
};

void Messages::Treat(Session& session, const std::string& message, double now) {
  if (message.empty()) return;  // a lone '|' keeps the connection alive
  if (IsFlood(session, now)) {
    Log(0, "dropped " + session.ip + ' ' + session.user.nick + ": too many messages a second");
    session.Close(kCloseHubLoad);
    return;
  }
  Log(4, session.ip + ' ' + session.user.nick + ": " + message);
  bool pass = true;
  if (session.InList()) {
    pass = hub_.Fire(&session, W_OnParsedMsgAny, session.user.nick, message).pass;
  } else if (!hub_.habits().any_ex) {
    pass = hub_.Fire(&session, W_OnParsedMsgAnyEx, session.ip, message).pass;
  }
  if (!pass || session.closing()) return;
  const Entry* table = session.InList() ? kInList : kLogin;
  try {
    if (!Run(table, session, message) && !Run(kAlways, session, message)) Unknown(session, message);
  } catch (const std::exception& error) {
    Failed(session, error);
  }
}

// One message fails, never the hub. Who is not in yet stays out: bans and registrations could not
// be looked up.
void Messages::Failed(Session& session, const std::exception& error) {
  LogError("a message of " + session.ip + ' ' + session.user.nick + " failed: " + error.what());
  session.Send(FormatChat(hub_.security_nick(), WhatFailed(error)));
  if (!session.InList()) session.Close(kCloseLoginError);
}

bool Messages::Run(const Entry* table, Session& session, const std::string& message) {
  for (const Entry* entry = table; entry->prefix; ++entry) {
    if (!StartsWith(message, entry->prefix)) continue;
    (this->*entry->handler)(session, message);
    return true;
  }
  return false;
}

bool Messages::IsFlood(Session& session, double now) const {
  const long limit = hub_.config().Number("flood_messages");
  if (limit <= 0) return false;
  const long second = static_cast<long>(now);
  if (session.flood_second != second) {
    session.flood_second = second;
    session.flood_count = 0;
  }
  return ++session.flood_count > limit;
}

void Messages::Unknown(Session& session, const std::string& message) {
  const bool pass = hub_.Fire(&session, W_OnUnknownMsg, session.user.nick, message).pass;
  if (pass) Log(2, "unknown message of " + session.ip + ' ' + session.user.nick + ": " + message);
}

// --- Login ---

void Messages::Key(Session& session, const std::string& message) {
  if (session.state != Session::State::kKey) return;
  if (Rest(message) != LockToKey(kLock)) {
    session.Close(kCloseInvalidKey);
    return;
  }
  session.state = Session::State::kNick;
}

bool Messages::TurnAwayBanned(Session& session) {
  const auto ban = hub_.FindBan(session);
  if (!ban) return false;
  std::string text = "You are banned from this hub";
  if (ban->until > 0) text += " for " + FormatPeriod(ban->until - static_cast<long>(Hub::Now()));
  session.Send(FormatChat(hub_.security_nick(), text + ": " + EscapePipes(ban->reason)));
  session.Close(kCloseKicked);
  return true;
}

void Messages::ValidateNick(Session& session, const std::string& message) {
  if (session.state != Session::State::kNick) return;
  const std::string nick = Rest(message);
  if (!hub_.Fire(&session, W_OnParsedMsgValidateNick, message).pass) {
    session.Close(kClosePlugin);
    return;
  }
  const long size = static_cast<long>(nick.size());
  if (IsNickBad(nick) || size < hub_.config().Number("min_nick") ||
      size > hub_.config().Number("max_nick")) {
    session.Send(FormatChat(hub_.security_nick(), "Please choose another nick."));
    session.Send("$ValidateDenide " + nick + '|');
    session.Close(kCloseBadNick);
    return;
  }
  session.user.nick = nick;
  if (TurnAwayBanned(session)) return;
  const auto registration = hub_.registrations().Find(nick);
  const User* holder = hub_.users().Find(nick);
  if (holder && (holder->IsRobot() || !registration || registration->password.empty())) {
    session.Send("$ValidateDenide " + nick + '|');
    session.Close(kCloseInvalidUser);
    return;
  }
  if (registration && !registration->password.empty()) {
    session.state = Session::State::kPassword;
    session.Send("$GetPass|");
    return;
  }
  if (registration) {
    session.user.user_class = registration->user_class;
    session.Send(FormatChat(hub_.security_nick(),
                            "You are registered without a password: set one with +passwd."));
  }
  Accept(session);
}

void Messages::MyPass(Session& session, const std::string& message) {
  if (session.state != Session::State::kPassword) return;
  if (!hub_.Fire(&session, W_OnParsedMsgMyPass, session.user.nick, message).pass) {
    session.Close(kClosePlugin);
    return;
  }
  // Looked up now: the registration may have changed while the client waited.
  const auto registration = hub_.registrations().Find(session.user.nick);
  if (!registration || registration->password != Rest(message)) {
    session.Send("$BadPass|");
    session.Close(kClosePassword);
    return;
  }
  session.user.user_class = registration->user_class;
  // Who knows the password is the nick's owner; an older connection of his is a dead one.
  User* older = hub_.users().Find(session.user.nick);
  if (older && !older->IsRobot()) older->session->Close(kCloseSelf);
  if (session.user.IsOperator()) session.Send("$LogedIn " + session.user.nick + '|');
  Accept(session);
}

void Messages::Accept(Session& session) {
  session.state = Session::State::kMyInfo;
  session.Send("$Hello " + session.user.nick + '|');
}

void Messages::FirstMyInfo(Session& session, MyInfo info) {
  User& user = session.user;
  const Verdict verdict = hub_.Fire(&session, W_OnFirstMyINFO, user.nick, info.description,
                                    info.tag, info.speed, info.mail, info.share);
  if (!verdict.pass) session.Close(kClosePlugin);
  if (session.closing()) return;
  verdict.Apply(1, {&info.description, &info.tag, &info.speed, &info.mail, &info.share});
  user.info = info;
  if (TurnAwayBanned(session)) return;
  const User* holder = hub_.users().Find(user.nick);
  if (holder) {
    session.Send("$ValidateDenide " + user.nick + '|');
    session.Close(kCloseInvalidUser);
    return;
  }
  hub_.EnterList(session);
  if (!hub_.Fire(&session, W_OnUserInList, user.nick).pass ||
      !hub_.Fire(&session, W_OnUserLogin, user.nick).pass) {
    session.Close(kClosePlugin);
  }
}

// A client that was told to connect to another client at this hub's address starts with $MyNick.
void Messages::OtherClient(Session& session, const std::string& message) {
  session.ctm_nick = Rest(message);
}

void Messages::OtherClientLock(Session& session, const std::string& message) {
  const size_t at = message.find("Ref=");
  const std::string referer = at == std::string::npos ? "" : message.substr(at + 4);
  hub_.Fire(&session, W_OnCtmToHub, session.ctm_nick, session.ip, static_cast<long>(session.port),
            static_cast<long>(hub_.listen_port), referer);
  session.Close(kCloseLoginError);
}

void Messages::Supports(Session& session, const std::string& message) {
  const std::string ours = ' ' + std::string(kHubSupports) + ' ';
  std::string filtered;
  for (const std::string& feature : Split(Rest(message), ' ')) {
    if (feature.empty() || ours.find(' ' + feature + ' ') == std::string::npos) continue;
    filtered += (filtered.empty() ? "" : " ") + feature;
  }
  if (!hub_.Fire(&session, W_OnParsedMsgSupports, session.ip, message, filtered).pass) {
    session.Close(kClosePlugin);
    return;
  }
  session.supports = Rest(message);
  session.Send(std::string("$Supports ") + kHubSupports + '|');
}

void Messages::Version(Session& session, const std::string& message) {
  if (!hub_.Fire(&session, W_OnParsedMsgVersion, session.ip, message).pass) {
    session.Close(kClosePlugin);
  }
}

void Messages::GetNickList(Session& session, const std::string&) {
  session.wants_nick_list = true;
  if (session.InList()) hub_.SendNickLists(session);
}

void Messages::MyInfoMessage(Session& session, const std::string& message) {
  User& user = session.user;
  if (session.state != Session::State::kMyInfo && !session.InList()) return;
  std::string nick;
  MyInfo info;
  if (!ParseMyInfo(message, &nick, &info) || nick != user.nick) {
    session.Close(kCloseSyntax);
    return;
  }
  const bool tag_is_new = !session.InList() || info.tag != user.info.tag;
  if (tag_is_new && !info.tag.empty() &&
      !hub_.Fire(&session, W_OnValidateTag, user.nick, info.tag).pass) {
    session.Close(kCloseTagInvalid);
    return;
  }
  if (!session.InList()) {
    FirstMyInfo(session, info);
    return;
  }
  const Verdict verdict = hub_.Fire(&session, W_OnParsedMsgMyINFO, user.nick, info.description,
                                    info.tag, info.speed, info.mail, info.share);
  if (!verdict.pass || session.closing()) return;
  verdict.Apply(1, {&info.description, &info.tag, &info.speed, &info.mail, &info.share});
  user.info = info;
  hub_.ShowMyInfo(user);
}

void Messages::MyHubUrl(Session& session, const std::string& message) {
  if (hub_.Fire(&session, W_OnParsedMsgMyHubURL, session.user.nick, message).pass) {
    session.hub_url = Rest(message);
  }
}

void Messages::ExtJson(Session& session, const std::string& message) {
  std::string_view rest = message;
  TakeWord(rest);
  const std::string nick = TakeWord(rest);
  if (nick != session.user.nick) {
    Unknown(session, message);
    return;
  }
  if (!hub_.Fire(&session, W_OnParsedMsgExtJSON, nick, message).pass) return;
  session.ext_json = rest;
  if (session.InList()) {
    hub_.SendToAll(message, [](const User& user) { return user.session->Supports("ExtJSON2"); });
  }
}

void Messages::BotInfo(Session& session, const std::string& message) {
  if (!hub_.Fire(&session, W_OnParsedMsgBotINFO, session.user.nick, message).pass) return;
  const Config& config = hub_.config();
  const auto text = [&](const char* variable) { return EscapeText(config.Text(variable)); };
  session.Send("$HubINFO " + text("hub_name") + '$' + text("hub_host") + '$' + text("hub_desc") +
               '$' + text("max_users") + "$0$0$0$vh_hub$" + text("hub_owner") + '$' +
               text("hub_category") + '$' + text("hub_encoding") + '|');
}

void Messages::Quit(Session& session, const std::string&) { session.Close(kCloseQuit); }

// --- In the list ---

bool Messages::IsRestricted(Session& session, long until, const char* what) {
  const long left = until - static_cast<long>(Hub::Now());
  if (left <= 0) return false;
  session.Send(FormatChat(hub_.security_nick(),
                          std::string("You may not ") + what + " for " + FormatPeriod(left) + '.'));
  return true;
}

void Messages::Chat(Session& session, const std::string& message) {
  const std::string nick = session.user.nick;
  if (!StartsWith(message, '<' + nick + "> ")) {
    Unknown(session, message);
    return;
  }
  std::string text = message.substr(nick.size() + 3);
  if (hub_.commands().Run(session.user, text, false)) return;
  if (IsRestricted(session, hub_.RestrictionsOf(nick).chat, "write in the main chat")) return;
  const Verdict verdict = hub_.Fire(&session, W_OnParsedMsgChat, nick, text);
  if (!verdict.pass) return;
  std::string shown = nick;
  verdict.Apply(0, {&shown, &text});
  hub_.SendToAll(FormatChat(EscapePipes(shown), EscapePipes(text)));
}

void Messages::Private(Session& session, const std::string& message) {
  const std::string& nick = session.user.nick;
  const auto pm = ParsePrivate(message);
  if (!pm || pm->from != nick || pm->shown != nick) {
    Unknown(session, message);
    return;
  }
  const bool to_security = Fold(pm->to) == Fold(hub_.security_nick());
  if (to_security && hub_.commands().Run(session.user, pm->text, true)) return;
  if (IsRestricted(session, hub_.RestrictionsOf(nick).pm, "send private messages")) return;
  if (!hub_.Fire(&session, W_OnParsedMsgPM, nick, pm->text, pm->to).pass) return;
  User* to = hub_.users().Find(pm->to);
  if (!to) return;
  if (to->IsRobot()) {
    PrivateToRobot(session, to->nick, pm->text);
  } else {
    to->session->Send(message + '|');
  }
}

void Messages::PrivateToRobot(Session& session, const std::string& to, const std::string& text) {
  const User& user = session.user;
  if (Fold(to) == Fold(hub_.op_chat_nick())) {
    if (!user.IsOperator() || !hub_.Fire(&session, W_OnOpChatMessage, user.nick, text).pass) return;
    hub_.SendToOpChat(user.nick, text, &user);
    return;
  }
  hub_.Fire(&session, W_OnPublicBotMessage, user.nick, text, static_cast<long>(kNormal),
            static_cast<long>(kMaster));
}

void Messages::MainChatTo(Session& session, const std::string& message) {
  // $MCTo: other $nick text: a line in the main chat that only one user sees.
  const std::string& nick = session.user.nick;
  std::string_view rest = message;
  TakeWord(rest);
  const std::string to = TakeWord(rest);
  if (!StartsWith(rest, '$' + nick + ' ')) {
    Unknown(session, message);
    return;
  }
  const std::string text(rest.substr(nick.size() + 2));
  if (IsRestricted(session, hub_.RestrictionsOf(nick).pm, "send private messages")) return;
  if (!hub_.Fire(&session, W_OnParsedMsgMCTo, nick, text, to).pass) return;
  const User* target = hub_.users().Find(to);
  if (!target || target->IsRobot()) return;
  target->session->Send(target->session->Supports("MCTo") ? message + '|' : FormatChat(nick, text));
}

void Messages::Search(Session& session, const std::string& message) {
  const User& user = session.user;
  if (IsRestricted(session, hub_.RestrictionsOf(user.nick).search, "search")) return;
  const double now = Hub::Now();
  if (now - session.last_search < static_cast<double>(hub_.config().Number("min_search_interval")))
    return;
  session.last_search = now;
  if (!hub_.Fire(&session, W_OnParsedMsgSearch, user.nick, message).pass) return;
  // Two passive users cannot connect: a passive search is for active users only.
  const bool passive = StartsWith(message, "$Search Hub:");
  hub_.SendToAll(message, [&](const User& other) {
    return &other != &user && !(passive && IsPassive(other.info.tag));
  });
}

void Messages::SearchResult(Session& session, const std::string& message) {
  // $SR nick result<5>hub name (address)<5>receiver: the hub takes the receiver off.
  const size_t last = message.rfind('\x05');
  if (!StartsWith(message, "$SR " + session.user.nick + ' ') || last == std::string::npos) {
    Unknown(session, message);
    return;
  }
  if (!hub_.Fire(&session, W_OnParsedMsgSR, session.user.nick, message).pass) return;
  const User* receiver = hub_.users().Find(message.substr(last + 1));
  if (receiver && !receiver->IsRobot()) receiver->session->Send(message.substr(0, last) + '|');
}

void Messages::ConnectToMe(Session& session, const std::string& message) {
  const std::string& nick = session.user.nick;
  std::string_view rest = message;
  TakeWord(rest);
  const std::string other = TakeWord(rest);
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) {
    Unknown(session, message);
    return;
  }
  const std::string ip(rest.substr(0, colon)), port(rest.substr(colon + 1));
  if (IsRestricted(session, hub_.RestrictionsOf(nick).ctm, "start downloads")) return;
  if (!hub_.Fire(&session, W_OnParsedMsgConnectToMe, nick, other, ip, port).pass) return;
  const User* target = hub_.users().Find(other);
  if (target && !target->IsRobot()) target->session->Send(message + '|');
}

void Messages::RevConnectToMe(Session& session, const std::string& message) {
  const std::string& nick = session.user.nick;
  std::string_view rest = message;
  TakeWord(rest);
  const std::string own = TakeWord(rest), other = TakeWord(rest);
  if (own != nick) {
    Unknown(session, message);
    return;
  }
  if (IsRestricted(session, hub_.RestrictionsOf(nick).ctm, "start downloads")) return;
  if (!hub_.Fire(&session, W_OnParsedMsgRevConnectToMe, nick, other).pass) return;
  const User* target = hub_.users().Find(other);
  if (target && !target->IsRobot()) target->session->Send(message + '|');
}

void Messages::GetInfo(Session& session, const std::string& message) {
  std::string_view rest = message;
  TakeWord(rest);
  const User* other = hub_.users().Find(TakeWord(rest));
  if (other) session.Send(FormatMyInfo(other->nick, other->info));
}

void Messages::UserIp(Session& session, const std::string& message) {
  if (!session.user.IsOperator()) return;
  std::string reply = "$UserIP ";
  for (const std::string& nick : Split(ReplaceAll(Rest(message), "$$", "$"), '$')) {
    const User* other = hub_.users().Find(nick);
    if (other && !other->IsRobot()) reply += other->nick + ' ' + other->session->ip + "$$";
  }
  session.Send(reply + '|');
}

void Messages::Kick(Session& session, const std::string& message) {
  const User* victim = hub_.users().Find(Rest(message));
  const User& op = session.user;
  if (!op.IsOperator() || !victim || victim->user_class >= op.user_class) return;
  hub_.Kick(op.nick, victim->nick, "no reason given");
}

void Messages::OpForceMove(Session& session, const std::string& message) {
  // $OpForceMove $Who:nick$Where:address$Msg:text
  const size_t who = message.find("$Who:"), where = message.find("$Where:"),
               text = message.find("$Msg:");
  if (who == std::string::npos || where == std::string::npos || text == std::string::npos ||
      who > where || where > text) {
    Unknown(session, message);
    return;
  }
  const User& op = session.user;
  User* victim = hub_.users().Find(message.substr(who + 5, where - who - 5));
  if (!op.IsOperator() || !victim || victim->user_class >= op.user_class) return;
  hub_.ForceMove(op.nick, *victim, message.substr(where + 7, text - where - 7),
                 message.substr(text + 5));
}

}  // namespace hub
