// The hub's settings: named variables in named files, kept in the database, with defaults.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "database.h"

namespace hub {

class Config {
 public:
  explicit Config(Database* database);

  // The value set, else the default, else nothing.
  std::optional<std::string> Find(const std::string& file, const std::string& variable) const;

  // Values of the hub's own file, "config".
  std::string Text(const std::string& variable) const;
  long Number(const std::string& variable) const;

  // Keeps a value. Variables of "config" must exist, and numbers lie within bounds; other files
  // belong to scripts, which may put into them what they like.
  bool Set(const std::string& file, const std::string& variable, const std::string& value);

  // 1 for a variable of "config" whose default is a number, 0 for text.
  static long TypeOf(const std::string& file, const std::string& variable);

 private:
  Database* database_;
  std::map<std::pair<std::string, std::string>, std::string> values_;
};

}  // namespace hub
