// Registered nicks: their class and password.
#include "registrations.h"

#include "user.h"

namespace hub {

std::optional<Registration> Registrations::Find(const std::string& nick) {
  const Rows found =
      database_->Run("SELECT nick, class, password FROM registrations WHERE nick = ?1", {nick});
  if (found.rows.empty()) return std::nullopt;
  const auto& row = found.rows.front();
  return Registration{row[0].value_or(nick),
                      ParseUserClass(row[1].value_or("")).value_or(kRegistered),
                      row[2].value_or("")};
}

void Registrations::Add(const Registration& registration, const std::string& op) {
  database_->Run(
      "INSERT OR REPLACE INTO registrations(nick, class, password, registered_by, registered_at)"
      " VALUES(?1, ?2, ?3, ?4, strftime('%s','now'))",
      {registration.nick, std::to_string(registration.user_class), registration.password, op});
}

bool Registrations::Remove(const std::string& nick) {
  database_->Run("DELETE FROM registrations WHERE nick = ?1", {nick});
  return database_->Changes() > 0;
}

bool Registrations::SetClass(const std::string& nick, int user_class) {
  database_->Run("UPDATE registrations SET class = ?2 WHERE nick = ?1",
                 {nick, std::to_string(user_class)});
  return database_->Changes() > 0;
}

bool Registrations::SetPassword(const std::string& nick, const std::string& password) {
  database_->Run("UPDATE registrations SET password = ?2 WHERE nick = ?1", {nick, password});
  return database_->Changes() > 0;
}

}  // namespace hub
