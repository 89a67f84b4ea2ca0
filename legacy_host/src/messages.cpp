// Treatment of what clients send: the login, and every NMDC message after it.
//
// A script may change the user list while it treats an event: pointers to other users are looked
// up after the event, never carried across it.
#include "messages.h"

#include <exception>
#include <optional>

#include "hub.h"
#include "log.h"
#include "log_text.h"
#include "message_limits.h"
#include "text.h"

namespace hub {

namespace {

constexpr const char* kHubSupports =
    "OpPlus NoGetINFO NoHello UserIP2 BotList MCTo HubTopic BotINFO HubINFO ExtJSON2 HubURL";

// The end of a sentence, or nothing when the nick will do.
std::string WhyNickIsRefused(const Config& config, const std::string& nick) {
  const long size = static_cast<long>(nick.size());
  const long least = config.Number("min_nick"), most = config.Number("max_nick");
  if (const char* why = WhyNickIsBad(nick)) return why;
  if (size < least) return "has less than " + std::to_string(least) + " bytes";
  if (size > most) return "has more than " + std::to_string(most) + " bytes";
  return "";
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
  if (!IsSound(session, message)) return;
  Log(4, session.ip + ' ' + session.user.nick + ": " + WithoutSecrets(message));
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

bool Messages::IsSound(Session& session, const std::string& message) {
  // Scripts get C strings: a NUL byte would hide from a filter what other clients show.
  if (message.find('\0') != std::string::npos) {
    Log(0, "dropped " + session.ip + ' ' + session.user.nick + ": a NUL byte in a message");
    session.Send(FormatChat(hub_.security_nick(), "A message may hold no NUL byte."));
    session.Close(kCloseSyntax);
    return false;
  }
  const Config& config = hub_.config();
  const size_t most =
      MaxSizeOf(message, static_cast<size_t>(config.Number("max_chat")),
                session.InList() ? static_cast<size_t>(config.Number("max_message_size"))
                                 : kMaxLineBeforeLogin);
  if (message.size() <= most) return true;
  Log(1, "a message of " + session.ip + ' ' + session.user.nick + " has " +
             std::to_string(message.size()) + " bytes, and may have " + std::to_string(most));
  session.Send(FormatChat(hub_.security_nick(), "That message is too long: it may have " +
                                                    std::to_string(most) + " bytes."));
  if (!session.InList()) session.Close(kCloseSyntax);
  return false;
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
  if (pass)
    Log(2, "unknown message of " + session.ip + ' ' + session.user.nick + ": " +
               WithoutSecrets(message));
}

// --- Login ---

void Messages::Key(Session& session, const std::string& message) {
  if (session.state != Session::State::kKey) return;
  if (RestOf(message) != LockToKey(kLock)) {
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
  const std::string nick = RestOf(message);
  if (!hub_.Fire(&session, W_OnParsedMsgValidateNick, message).pass) {
    session.Close(kClosePlugin);
    return;
  }
  const std::string why = WhyNickIsRefused(hub_.config(), nick);
  if (!why.empty()) {
    session.Send(
        FormatChat(hub_.security_nick(), "Please choose another nick: this one " + why + '.'));
    session.Send("$ValidateDenide " + nick.substr(0, kMaxNick) + '|');
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
    if (MustWait(session)) return;
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

// Who guessed too often must wait before the next try, whatever it is.
bool Messages::MustWait(Session& session) {
  const double wait = hub_.passwords().Wait(session.ip, session.user.nick, Hub::Now());
  if (wait <= 0) return false;
  Log(1, "too many wrong passwords from " + session.ip + ", the next for " + session.user.nick +
             " must wait");
  session.Send(FormatChat(hub_.security_nick(),
                          "Too many wrong passwords came from your address: try again in " +
                              FormatPeriod(static_cast<long>(wait) + 1) + '.'));
  session.Send("$BadPass|");
  session.Close(kClosePassword);
  return true;
}

void Messages::MyPass(Session& session, const std::string& message) {
  if (session.state != Session::State::kPassword) return;
  if (!hub_.Fire(&session, W_OnParsedMsgMyPass, session.user.nick, message).pass) {
    session.Close(kClosePlugin);
    return;
  }
  if (MustWait(session)) return;
  // Looked up now: the registration may have changed while the client waited.
  const auto registration = hub_.registrations().Find(session.user.nick);
  if (!registration || registration->password != RestOf(message)) {
    const long count = hub_.passwords().Wrong(session.ip, session.user.nick, Hub::Now());
    Log(0, "wrong password for " + session.user.nick + " from " + session.ip + ", " +
               std::to_string(count) + " lately");
    session.Send("$BadPass|");
    session.Close(kClosePassword);
    return;
  }
  hub_.passwords().Right(session.ip, session.user.nick);
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
  session.ctm_nick = RestOf(message);
  if (IsNickBad(session.ctm_nick)) session.Close(kCloseSyntax);
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
  for (const std::string& feature : Split(RestOf(message), ' ')) {
    if (feature.empty() || ours.find(' ' + feature + ' ') == std::string::npos) continue;
    filtered += (filtered.empty() ? "" : " ") + feature;
  }
  if (!hub_.Fire(&session, W_OnParsedMsgSupports, session.ip, message, filtered).pass) {
    session.Close(kClosePlugin);
    return;
  }
  session.supports = RestOf(message);
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
    session.hub_url = RestOf(message);
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

}  // namespace hub
