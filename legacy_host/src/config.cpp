// The hub's settings: named variables in named files, kept in the database, with defaults.
#include "config.h"

#include <algorithm>
#include <iterator>

#include "text.h"

namespace hub {

namespace {

struct Default {
  const char* variable;
  const char* value;
  // Of a number. A value from elsewhere, such as the database, counts as the nearest of these.
  long least = 0;
  long most = 0;
};

constexpr Default kDefaults[] = {
    {"hub_name", "VH Hub"},
    {"hub_desc", "A small hub that runs Python scripts"},
    {"hub_topic", ""},
    {"hub_host", "127.0.0.1"},
    {"hub_encoding", "UTF-8"},
    {"hub_owner", ""},
    {"hub_category", ""},
    {"hub_security", "HubSecurity"},
    {"hub_security_desc", "Hub security"},
    {"opchat_name", "OpChat"},
    {"opchat_desc", "Operators' chat"},
    {"max_users", "5000", 0, 1000000},
    {"max_nick", "64", 1, 255},
    {"min_nick", "1", 1, 255},
    {"cmd_start_op", "!+"},
    {"cmd_start_user", "+!"},
    {"login_timeout", "60", 1, 86400},       // seconds until a connection must be logged in
    {"keepalive_interval", "60", 1, 86400},  // seconds of silence after which a '|' is sent
    {"max_message_size", "131072", 1024, 16777216},
    {"max_chat", "16384", 256, 16777216},  // bytes of a line of chat or a private message
    {"max_output_buffer", "16777216", 65536, 1073741824},  // bytes a slow client may lag behind
    {"flood_messages", "500", 0, 1000000},   // messages per second that drop a client, 0: no limit
    {"min_search_interval", "0", 0, 86400},  // seconds between searches of one user
    {"tban_kick", "300", 0, 31536000},       // seconds a kicked nick stays out, 0: not at all
    {"plugin_mod_class", "5", 3, 10},        // class needed for the !py... commands
};

const Default* FindDefault(const std::string& variable) {
  const auto found =
      std::find_if(std::begin(kDefaults), std::end(kDefaults),
                   [&](const Default& candidate) { return variable == candidate.variable; });
  return found == std::end(kDefaults) ? nullptr : found;
}

}  // namespace

Config::Config(Database* database) : database_(database) {
  for (const auto& row : database_->Run("SELECT file, variable, value FROM config").rows) {
    values_[{row[0].value_or(""), row[1].value_or("")}] = row[2].value_or("");
  }
}

std::optional<std::string> Config::Find(const std::string& file,
                                        const std::string& variable) const {
  const auto found = values_.find({file, variable});
  if (found != values_.end()) return found->second;
  const Default* fallback = file == "config" ? FindDefault(variable) : nullptr;
  if (fallback) return fallback->value;
  return std::nullopt;
}

std::string Config::Text(const std::string& variable) const {
  return Find("config", variable).value_or("");
}

long Config::Number(const std::string& variable) const {
  const Default* known = FindDefault(variable);
  const long number = ParseNumber(Text(variable)).value_or(0);
  return known ? std::clamp(number, known->least, known->most) : number;
}

bool Config::Set(const std::string& file, const std::string& variable, const std::string& value) {
  if (file.empty() || variable.empty() || (file == "config" && !FindDefault(variable))) {
    return false;
  }
  if (TypeOf(file, variable) == 1) {
    const Default* known = FindDefault(variable);
    const auto number = ParseNumber(value);
    if (!number || *number < known->least || *number > known->most) return false;
  }
  database_->Run("INSERT OR REPLACE INTO config(file, variable, value) VALUES(?1, ?2, ?3)",
                 {file, variable, value});
  values_[{file, variable}] = value;
  return true;
}

long Config::TypeOf(const std::string& file, const std::string& variable) {
  const Default* known = file == "config" ? FindDefault(variable) : nullptr;
  return known && ParseNumber(known->value) ? 1 : 0;
}

}  // namespace hub
