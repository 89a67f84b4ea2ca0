// Who is on the hub: people and robots by nick, and the lists made of them.
#include "user_list.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "text.h"

namespace hub {

User* UserList::Find(const std::string& nick) const {
  const auto found = by_nick_.find(Fold(nick));
  return found == by_nick_.end() ? nullptr : found->second;
}

void UserList::Add(User* user) { by_nick_[Fold(user->nick)] = user; }

void UserList::Remove(const User& user) {
  const auto found = by_nick_.find(Fold(user.nick));
  if (found != by_nick_.end() && found->second == &user) by_nick_.erase(found);
}

User* UserList::AddRobot(User robot) {
  auto& kept = robots_[Fold(robot.nick)];
  kept = std::make_unique<User>(std::move(robot));
  Add(kept.get());
  return kept.get();
}

bool UserList::RemoveRobot(const std::string& nick) {
  const auto found = robots_.find(Fold(nick));
  if (found == robots_.end()) return false;
  by_nick_.erase(found->first);
  robots_.erase(found);
  return true;
}

void UserList::ForEach(const std::function<void(User&)>& visit) const {
  for (const auto& [nick, user] : by_nick_) visit(*user);
}

std::vector<std::string> UserList::Select(const std::function<bool(const User&)>& wanted) const {
  std::vector<std::string> nicks;
  for (const auto& [folded, user] : by_nick_) {
    if (wanted(*user)) nicks.push_back(user->nick);
  }
  return nicks;
}

std::vector<std::string> UserList::Nicks() const {
  return Select([](const User&) { return true; });
}

std::vector<std::string> UserList::Operators() const {
  return Select([](const User& user) { return user.IsOperator(); });
}

std::vector<std::string> UserList::Robots() const {
  return Select([](const User& user) { return user.IsRobot(); });
}

std::vector<std::string> UserList::RobotsOf(int owner) const {
  return Select([owner](const User& user) { return user.IsRobot() && user.owner == owner; });
}

unsigned long long UserList::TotalShare() const {
  constexpr auto kMost = static_cast<unsigned long long>(std::numeric_limits<long long>::max());
  unsigned long long total = 0;
  for (const auto& [folded, user] : by_nick_) {
    const auto share = user->IsRobot() ? std::nullopt : ParseNumber(user->info.share);
    // What users claim may be anything: the sum stays at its greatest.
    const auto more = static_cast<unsigned long long>(std::max(share.value_or(0), 0L));
    total = more > kMost - total ? kMost : total + more;
  }
  return total;
}

}  // namespace hub
