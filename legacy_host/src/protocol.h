// The NMDC protocol's text forms: building and taking apart messages, no state.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hub {

// What $Lock asks a client to compute a key from. Lock and key only tell that the other side speaks
// the protocol, they protect nothing: one lock for all keeps transcripts of two runs alike.
constexpr const char* kLock = "EXTENDEDPROTOCOL_vh_hub_ABCDEFGHIJKLMNOP";

// The key that answers a lock.
std::string LockToKey(std::string_view lock);

// '$' and '|' frame messages; inside a text they travel as character references.
std::string EscapeText(std::string_view text);

// For chat lines, where only '|' would end the message and '$' may stay.
std::string EscapePipes(std::string_view text);

// `data` with the '|' that ends a message, added when it is missing.
std::string Terminated(std::string_view data);

// What follows a message's name and a space.
std::string RestOf(const std::string& message);

// What a user tells about himself. The status byte after the speed is kept apart from it.
struct MyInfo {
  std::string description;
  std::string tag;  // "<client V:1,M:A,...>" or empty
  std::string speed;
  char status = 1;
  std::string mail;
  std::string share = "0";
};

// Reads "$MyINFO $ALL nick desc<tag>$ $speed.$mail$share$".
bool ParseMyInfo(std::string_view message, std::string* nick, MyInfo* info);
std::string FormatMyInfo(const std::string& nick, const MyInfo& info);

// Whether the tag's mode says others cannot connect to this user.
bool IsPassive(const std::string& tag);

// "$NickList a$$b$$" for any list name, without the closing '|'.
std::string FormatNickList(const std::string& name, const std::vector<std::string>& nicks);

std::string FormatChat(const std::string& nick, const std::string& text);

// A private message as it is sent to `to`: from `from`, shown as written by `shown`.
std::string FormatPrivate(const std::string& to, const std::string& from, const std::string& shown,
                          const std::string& text);

struct PrivateMessage {
  std::string to, from, shown, text;
};
// Reads "$To: nick From: nick $<nick> text".
std::optional<PrivateMessage> ParsePrivate(std::string_view message);

// Who asks for search results: by nick through the hub, or at an address.
struct SearchSource {
  std::string nick, ip;  // one of them is empty
};
// Reads "$Search Hub:nick ..." or "$Search ip:port ...".
std::optional<SearchSource> ParseSearch(std::string_view message);

struct ConnectRequest {
  std::string to, ip, port;  // the port with what may stand behind it, such as S for TLS
  std::string from;          // told by clients that go through NAT only
};
// Reads "$ConnectToMe nick ip:port".
std::optional<ConnectRequest> ParseConnectToMe(std::string_view message);

// The longest nick and password, in bytes, whatever the settings say.
constexpr size_t kMaxNick = 255;
constexpr size_t kMaxPassword = 128;

// Why a nick cannot be used, as the end of a sentence, or null: it is empty or very long, or has
// bytes that frame messages, end words, or steer a terminal.
const char* WhyNickIsBad(std::string_view nick);
inline bool IsNickBad(std::string_view nick) { return WhyNickIsBad(nick) != nullptr; }

// The same for a password, which a client must be able to send: empty, long, or with such bytes.
const char* WhyPasswordIsBad(std::string_view password);

}  // namespace hub
