// Registered nicks: their class and password.
#pragma once

#include <optional>
#include <string>

#include "database.h"

namespace hub {

struct Registration {
  std::string nick;
  int user_class = 1;
  std::string password;  // empty: not set yet, the nick's first user sets it with +passwd
};

class Registrations {
 public:
  explicit Registrations(Database* database) : database_(database) {}

  std::optional<Registration> Find(const std::string& nick);
  void Add(const Registration& registration, const std::string& op);
  bool Remove(const std::string& nick);
  bool SetClass(const std::string& nick, int user_class);
  bool SetPassword(const std::string& nick, const std::string& password);

 private:
  Database* database_;
};

}  // namespace hub
