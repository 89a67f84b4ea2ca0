// The events of a step of the traffic, sent to the plugin as the hub sends them after it has parsed
// the messages.
#include "events.h"

#include <stdexcept>
#include <string>

namespace load {

namespace {

const std::string kAddress = "192.0.2.1";

void FireOne(hub::PythonPlugin* plugin, hub::Session* session, int hook,
             const traffic::Step& step) {
  const auto fire = [&](const auto&... arguments) { plugin->Fire(session, hook, arguments...); };
  const std::string &nick = step.nick, &text = step.text, &other = step.other;
  const std::string& message = step.bytes;
  switch (hook) {
    case W_OnNewConn:
    case W_OnCloseConn:
      return fire(kAddress);
    case W_OnCloseConnEx:
      return fire(kAddress, static_cast<long>(hub::kCloseQuit), nick);
    case W_OnUserInList:
    case W_OnUserLogin:
    case W_OnUserLogout:
      return fire(nick);
    case W_OnParsedMsgValidateNick:
      return fire(message);
    case W_OnParsedMsgAnyEx:
    case W_OnParsedMsgVersion:
      return fire(kAddress, message);
    case W_OnParsedMsgSupports:
      return fire(kAddress, message, text);
    case W_OnParsedMsgChat:
    case W_OnOpChatMessage:
    case W_OnOperatorCommand:
    case W_OnUserCommand:
      return fire(nick, text);
    case W_OnOperatorDrops:
    case W_OnParsedMsgRevConnectToMe:
      return fire(nick, other);
    case W_OnValidateTag:
      return fire(nick, step.tag);
    case W_OnParsedMsgAny:
    case W_OnParsedMsgSearch:
    case W_OnParsedMsgSR:
    case W_OnParsedMsgMyHubURL:
    case W_OnParsedMsgExtJSON:
    case W_OnParsedMsgBotINFO:
    case W_OnParsedMsgMyPass:
    case W_OnUnknownMsg:
      return fire(nick, message);
    case W_OnParsedMsgPM:
    case W_OnParsedMsgMCTo:
      return fire(nick, text, other);
    case W_OnOperatorKicks:
    case W_OnOperatorDropsWithReason:
      return fire(nick, other, text);
    case W_OnPublicBotMessage:
      return fire(nick, text, 0L, 10L);
    case W_OnParsedMsgConnectToMe:
      return fire(nick, other, kAddress, std::string("412"));
    case W_OnCtmToHub:
      return fire(nick, kAddress, 50000L, 4111L, kAddress);
    case W_OnHubCommand:
      return fire(nick, text, 0L, 0L, std::string("+"));
    case W_OnScriptCommand:
      return fire(text, other, std::string(), std::string());
    case W_OnNewReg:
      return fire(nick, other, 1L);
    case W_OnNewBan:
      return fire(nick, kAddress, other, text);
    case W_OnSetConfig:
      return fire(nick, std::string("config"), std::string("hub_topic"), text, text, 0L);
    case W_OnParsedMsgMyINFO:
    case W_OnFirstMyINFO:
      return fire(nick, text, step.tag, std::string("100"), std::string("mail@example.org"),
                  std::string("123456789012"));
    default:
      throw std::logic_error("the traffic has a hook without arguments here: " +
                             std::to_string(hook));
  }
}

}  // namespace

void Fire(hub::PythonPlugin* plugin, hub::Session* session, const traffic::Step& step) {
  for (const int hook : step.kind->hooks) FireOne(plugin, session, hook, step);
}

}  // namespace load
