// Bans: who is kept out, by what, and until when.
#pragma once

#include <optional>
#include <string>

#include "database.h"

namespace hub {

// What a ban looks at. The numbers are the eBF_ flags scripts use; those by host name are missing,
// because this hub asks no name server.
enum BanKind : long {
  kBanNickAndIp = 1,  // both must match
  kBanIp = 2,
  kBanNick = 4,
  kBanRange = 8,  // ip is "10.0.0.0/8" or "10.0.0.1-10.0.0.9"
  kBanShare = 128,
  kBanPrefix = 256,  // the nick's beginning
};

struct Ban {
  long kind = 0;
  std::string nick, ip, share, reason, op;
  long until = 0;  // unix seconds; 0: for ever
};

// Who asks to come in; empty texts are not known yet and match no ban.
struct Visitor {
  std::string nick, ip, share;
};

class BanList {
 public:
  explicit BanList(Database* database) : database_(database) {}

  void Add(const Ban& ban, long now);
  std::optional<Ban> Find(const Visitor& visitor, long now);

  // Lifts every ban whose nick or address is `who`.
  bool Remove(const std::string& who);

  // Lifts the timed bans by nick (or by address) only.
  bool RemoveTimedByNick(const std::string& nick);
  bool RemoveTimedByIp(const std::string& ip);

 private:
  Database* database_;
};

// Whether a range as in kBanRange is written well, and whether an IPv4 address lies in it.
bool IsIpRange(const std::string& range);
bool IsIpInRange(const std::string& ip, const std::string& range);

// Whether the text is an IPv4 or IPv6 address.
bool IsIpAddress(const std::string& text);

}  // namespace hub
