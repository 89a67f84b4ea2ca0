// The NMDC protocol's text forms: building and taking apart messages, no state.
#include "protocol.h"

#include <cstdio>

#include "text.h"

namespace hub {

namespace {

// Reads up to `stop` and removes that and the separator from `rest`; false when there is none.
bool TakeUntil(std::string_view& rest, std::string_view stop, std::string* part) {
  const size_t end = rest.find(stop);
  if (end == std::string_view::npos) return false;
  *part = rest.substr(0, end);
  rest.remove_prefix(end + stop.size());
  return true;
}

bool IsPort(const std::string& text) {
  const auto number = text.size() <= 5 ? ParseNumber(text) : std::nullopt;
  return number && *number >= 1 && *number <= 65535;
}

bool TakePrefix(std::string_view& rest, std::string_view prefix) {
  if (!StartsWith(rest, prefix)) return false;
  rest.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::string LockToKey(std::string_view lock) {
  std::string key;
  const size_t size = lock.size();
  if (size < 3) return key;
  for (size_t i = 0; i < size; ++i) {
    const auto byte = [&](size_t at) { return static_cast<unsigned char>(lock[at]); };
    unsigned mixed =
        i == 0 ? byte(0) ^ byte(size - 1) ^ byte(size - 2) ^ 5u : byte(i) ^ byte(i - 1);
    mixed = ((mixed << 4) | (mixed >> 4)) & 0xffu;
    // Bytes that would break the framing are written as a decimal name.
    if (mixed == 0 || mixed == 5 || mixed == 36 || mixed == 96 || mixed == 124 || mixed == 126) {
      char name[16];
      std::snprintf(name, sizeof name, "/%%DCN%03u%%/", mixed);
      key += name;
    } else {
      key += static_cast<char>(mixed);
    }
  }
  return key;
}

std::string EscapeText(std::string_view text) {
  return ReplaceAll(ReplaceAll(std::string(text), "$", "&#36;"), "|", "&#124;");
}

std::string EscapePipes(std::string_view text) {
  return ReplaceAll(std::string(text), "|", "&#124;");
}

std::string Terminated(std::string_view data) {
  std::string message(data);
  if (message.empty() || message.back() != '|') message += '|';
  return message;
}

std::string RestOf(const std::string& message) {
  const size_t space = message.find(' ');
  return space == std::string::npos ? "" : message.substr(space + 1);
}

bool ParseMyInfo(std::string_view message, std::string* nick, MyInfo* info) {
  std::string text, mode;
  if (!TakePrefix(message, "$MyINFO $ALL ") || !TakeUntil(message, " ", nick) ||
      !TakeUntil(message, "$", &text) || !TakeUntil(message, "$", &mode) ||
      !TakeUntil(message, "$", &info->speed) || !TakeUntil(message, "$", &info->mail) ||
      !TakeUntil(message, "$", &info->share)) {
    return false;
  }
  info->status = 1;
  if (!info->speed.empty()) {
    info->status = info->speed.back();
    info->speed.pop_back();
  }
  const size_t tag = text.rfind('<');
  const bool tagged = tag != std::string::npos && text.back() == '>';
  info->tag = tagged ? text.substr(tag) : "";
  info->description = tagged ? text.substr(0, tag) : text;
  if (ParseNumber(info->share).value_or(-1) < 0) info->share = "0";
  return true;
}

std::string FormatMyInfo(const std::string& nick, const MyInfo& info) {
  // Scripts may have put anything into the parts: nothing in them may end a field or the message.
  return "$MyINFO $ALL " + nick + ' ' + EscapeText(info.description) + EscapeText(info.tag) +
         "$ $" + EscapeText(info.speed) + info.status + '$' + EscapeText(info.mail) + '$' +
         EscapeText(info.share) + "$|";
}

bool IsPassive(const std::string& tag) {
  const size_t mode = tag.find("M:");
  return mode != std::string::npos && mode + 2 < tag.size() &&
         (tag[mode + 2] == 'P' || tag[mode + 2] == '5');
}

std::string FormatNickList(const std::string& name, const std::vector<std::string>& nicks) {
  std::string list = name + ' ';
  for (const std::string& nick : nicks) list += nick + "$$";
  return list;
}

std::string FormatChat(const std::string& nick, const std::string& text) {
  return '<' + nick + "> " + text + '|';
}

std::string FormatPrivate(const std::string& to, const std::string& from, const std::string& shown,
                          const std::string& text) {
  return "$To: " + to + " From: " + from + " $<" + shown + "> " + text + '|';
}

std::optional<PrivateMessage> ParsePrivate(std::string_view message) {
  PrivateMessage parsed;
  if (!TakePrefix(message, "$To: ") || !TakeUntil(message, " From: ", &parsed.to) ||
      !TakeUntil(message, " $<", &parsed.from) || !TakeUntil(message, "> ", &parsed.shown)) {
    return std::nullopt;
  }
  parsed.text = message;
  return parsed;
}

std::optional<SearchSource> ParseSearch(std::string_view message) {
  if (!TakePrefix(message, "$Search ")) return std::nullopt;
  const std::string source = TakeWord(message);
  if (message.empty()) return std::nullopt;
  std::string_view nick = source;
  if (TakePrefix(nick, "Hub:")) return SearchSource{std::string(nick), ""};
  const size_t colon = source.rfind(':');
  if (colon == std::string::npos || !IsPort(source.substr(colon + 1))) return std::nullopt;
  return SearchSource{"", source.substr(0, colon)};
}

std::optional<ConnectRequest> ParseConnectToMe(std::string_view message) {
  if (!TakePrefix(message, "$ConnectToMe ")) return std::nullopt;
  ConnectRequest request;
  request.to = TakeWord(message);
  const std::string address = TakeWord(message);
  request.from = TakeWord(message);
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || !message.empty()) return std::nullopt;
  request.ip = address.substr(0, colon);
  request.port = address.substr(colon + 1);
  // N and R: through NAT, and its answer; S: with TLS.
  const size_t digits = request.port.find_first_not_of("0123456789");
  const std::string marks = digits == std::string::npos ? "" : request.port.substr(digits);
  const bool known = marks.size() <= 2 && marks.find_first_not_of("NRS") == std::string::npos;
  if (!known || !IsPort(request.port.substr(0, digits))) return std::nullopt;
  return request;
}

const char* WhyNickIsBad(std::string_view nick) {
  if (nick.empty()) return "is empty";
  if (nick.size() > kMaxNick) return "is longer than 255 bytes";
  if (nick.find_first_of("$| <>") != std::string_view::npos) {
    return "has a space or one of $ | < > in it";
  }
  if (HasControls(nick)) return "has control characters in it";
  return nullptr;
}

const char* WhyPasswordIsBad(std::string_view password) {
  if (password.empty()) return "is empty";
  if (password.size() > kMaxPassword) return "is longer than 128 bytes";
  if (password.find('|') != std::string_view::npos) return "has a | in it, which ends a message";
  if (HasControls(password)) return "has control characters in it";
  return nullptr;
}

}  // namespace hub
