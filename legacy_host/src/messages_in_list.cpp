// Treatment of what users who are in the list send.
//
// A script may change the user list while it treats an event: pointers to other users are looked
// up after the event, never carried across it.
#include "hub.h"
#include "messages.h"
#include "text.h"

namespace hub {

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

void Messages::Misleading(Session& session, const std::string& message, const std::string& why) {
  session.Send(FormatChat(hub_.security_nick(), why));
  Unknown(session, message);
}

void Messages::Search(Session& session, const std::string& message) {
  const User& user = session.user;
  const auto source = ParseSearch(message);
  if (!source) {
    Unknown(session, message);
    return;
  }
  if (source->nick != user.nick && source->ip != session.ip) {
    Misleading(
        session, message,
        "A search says who looks for something: " +
            (source->ip.empty() ? "your nick is " + user.nick : "your address is " + session.ip) +
            '.');
    return;
  }
  if (IsRestricted(session, hub_.RestrictionsOf(user.nick).search, "search")) return;
  const double now = Hub::Now();
  if (now - session.last_search < static_cast<double>(hub_.config().Number("min_search_interval")))
    return;
  session.last_search = now;
  if (!hub_.Fire(&session, W_OnParsedMsgSearch, user.nick, message).pass) return;
  // Two passive users cannot connect: a passive search is for active users only.
  const bool passive = source->ip.empty();
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
  const std::string to = message.substr(last + 1);
  if (!hub_.users().Find(to)) return;
  if (!hub_.Fire(&session, W_OnParsedMsgSR, session.user.nick, message).pass) return;
  const User* receiver = hub_.users().Find(to);
  if (receiver && !receiver->IsRobot()) receiver->session->Send(message.substr(0, last) + '|');
}

void Messages::ConnectToMe(Session& session, const std::string& message) {
  const std::string& nick = session.user.nick;
  const auto request = ParseConnectToMe(message);
  if (!request || (!request->from.empty() && request->from != nick)) {
    Unknown(session, message);
    return;
  }
  if (request->ip != session.ip) {
    Misleading(session, message,
               "Downloads go to your own address, which is " + session.ip + " here, not to " +
                   EscapePipes(request->ip) + ": look at your client's settings.");
    return;
  }
  if (!hub_.users().Find(request->to)) return;
  if (IsRestricted(session, hub_.RestrictionsOf(nick).ctm, "start downloads")) return;
  if (!hub_.Fire(&session, W_OnParsedMsgConnectToMe, nick, request->to, request->ip, request->port)
           .pass) {
    return;
  }
  const User* target = hub_.users().Find(request->to);
  if (target && !target->IsRobot()) target->session->Send(message + '|');
}

void Messages::RevConnectToMe(Session& session, const std::string& message) {
  const std::string& nick = session.user.nick;
  std::string_view rest = message;
  TakeWord(rest);
  const std::string own = TakeWord(rest), other = TakeWord(rest);
  if (own != nick || !rest.empty()) {
    Unknown(session, message);
    return;
  }
  if (!hub_.users().Find(other)) return;
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
  for (const std::string& nick : Split(ReplaceAll(RestOf(message), "$$", "$"), '$')) {
    const User* other = hub_.users().Find(nick);
    if (other && !other->IsRobot()) reply += other->nick + ' ' + other->session->ip + "$$";
  }
  session.Send(reply + '|');
}

void Messages::Kick(Session& session, const std::string& message) {
  const User* victim = hub_.users().Find(RestOf(message));
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
