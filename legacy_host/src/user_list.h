// Who is on the hub: people and robots by nick, and the lists made of them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "user.h"

namespace hub {

class UserList {
 public:
  // Nicks that differ only in ASCII case are the same.
  User* Find(const std::string& nick) const;

  void Add(User* user);
  void Remove(const User& user);

  User* AddRobot(User robot);
  bool RemoveRobot(const std::string& nick);

  // Every user in order of the folded nick. `visit` must not change the list.
  void ForEach(const std::function<void(User&)>& visit) const;

  std::vector<std::string> Nicks() const;
  std::vector<std::string> Operators() const;
  std::vector<std::string> Robots() const;
  std::vector<std::string> RobotsOf(int owner) const;

  // People and what they share; robots do not count.
  long PeopleCount() const { return static_cast<long>(by_nick_.size() - robots_.size()); }
  unsigned long long TotalShare() const;

 private:
  std::vector<std::string> Select(const std::function<bool(const User&)>& wanted) const;

  std::map<std::string, User*> by_nick_;
  std::map<std::string, std::unique_ptr<User>> robots_;
};

}  // namespace hub
