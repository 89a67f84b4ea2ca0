// Bans: who is kept out, by what, and until when.
#include "ban_list.h"

#include <arpa/inet.h>

#include <cstdint>
#include <utility>

#include "text.h"

namespace hub {

namespace {

std::optional<uint32_t> ParseIpv4(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

// First and last address of a range.
std::optional<std::pair<uint32_t, uint32_t>> ParseRange(const std::string& range) {
  const size_t dash = range.find('-');
  if (dash != std::string::npos) {
    const auto first = ParseIpv4(range.substr(0, dash)), last = ParseIpv4(range.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    return std::make_pair(*first, *last);
  }
  const size_t slash = range.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto address = ParseIpv4(range.substr(0, slash));
  const auto bits = ParseNumber(range.substr(slash + 1));
  if (!address || !bits || *bits < 0 || *bits > 32) return std::nullopt;
  const uint32_t hosts = *bits == 32 ? 0 : 0xffffffffu >> *bits;
  return std::make_pair(*address & ~hosts, *address | hosts);
}

bool Matches(const Ban& ban, const Visitor& visitor) {
  const auto same = [](const std::string& banned, const std::string& actual) {
    return !actual.empty() && Fold(banned) == Fold(actual);
  };
  switch (ban.kind) {
    case kBanNickAndIp:
      return same(ban.nick, visitor.nick) && same(ban.ip, visitor.ip);
    case kBanIp:
      return same(ban.ip, visitor.ip);
    case kBanNick:
      return same(ban.nick, visitor.nick);
    case kBanRange:
      return IsIpInRange(visitor.ip, ban.ip);
    case kBanShare:
      return same(ban.share, visitor.share);
    case kBanPrefix:
      return StartsWith(Fold(visitor.nick), Fold(ban.nick));
    default:
      return false;
  }
}

}  // namespace

void BanList::Add(const Ban& ban, long now) {
  database_->Run(
      "INSERT INTO bans(kind, nick, ip, share, reason, op, since, until)"
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      {std::to_string(ban.kind), ban.nick, ban.ip, ban.share, ban.reason, ban.op,
       std::to_string(now), std::to_string(ban.until)});
}

std::optional<Ban> BanList::Find(const Visitor& visitor, long now) {
  const Rows all = database_->Run(
      "SELECT kind, nick, ip, share, reason, op, until FROM bans WHERE until = 0 OR until + 0 > "
      "CAST(?1 AS INTEGER)",
      {std::to_string(now)});
  for (const auto& row : all.rows) {
    Ban ban;
    ban.kind = ParseNumber(row[0].value_or("")).value_or(0);
    ban.nick = row[1].value_or("");
    ban.ip = row[2].value_or("");
    ban.share = row[3].value_or("");
    ban.reason = row[4].value_or("");
    ban.op = row[5].value_or("");
    ban.until = ParseNumber(row[6].value_or("")).value_or(0);
    if (Matches(ban, visitor)) return ban;
  }
  return std::nullopt;
}

bool BanList::Remove(const std::string& who) {
  database_->Run("DELETE FROM bans WHERE nick = ?1 COLLATE NOCASE OR ip = ?1", {who});
  return database_->Changes() > 0;
}

bool BanList::RemoveTimedByNick(const std::string& nick) {
  database_->Run("DELETE FROM bans WHERE until > 0 AND kind IN (1, 4) AND nick = ?1 COLLATE NOCASE",
                 {nick});
  return database_->Changes() > 0;
}

bool BanList::RemoveTimedByIp(const std::string& ip) {
  database_->Run("DELETE FROM bans WHERE until > 0 AND kind IN (1, 2) AND ip = ?1", {ip});
  return database_->Changes() > 0;
}

bool IsIpRange(const std::string& range) { return ParseRange(range).has_value(); }

bool IsIpInRange(const std::string& ip, const std::string& range) {
  const auto address = ParseIpv4(ip);
  const auto bounds = ParseRange(range);
  return address && bounds && *address >= bounds->first && *address <= bounds->second;
}

bool IsIpAddress(const std::string& text) {
  in6_addr address{};
  return ParseIpv4(text).has_value() || inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

}  // namespace hub
