// Commands that users and operators type in the main chat or to the hub's robot.
#pragma once

#include <exception>
#include <string>

#include "user.h"

namespace hub {

class Hub;

// Who typed a command, and where the answer goes.
struct Request {
  std::string nick;
  int user_class;
  bool in_pm;
  std::string arguments;  // what follows the command's name
};

struct CommandEntry {
  const char* name;
  int min_class;
  void (*run)(Hub& hub, const Request& request);
  const char* help;
};

// Sends the answer to the one who typed the command, if he is still there.
void Answer(Hub& hub, const Request& request, const std::string& text);

// What users hear of work that failed: no word of how the hub works inside.
std::string WhatFailed(const std::exception& error);

// The commands that load and unload scripts; ends with a nameless entry.
extern const CommandEntry kPythonCommands[];

class Commands {
 public:
  explicit Commands(Hub* hub) : hub_(*hub) {}

  // Treats the line when it is a command; false when it is ordinary chat.
  bool Run(User& who, const std::string& line, bool in_pm);

 private:
  bool RunBuiltIn(const User& who, const std::string& line, bool in_pm);

  Hub& hub_;
};

}  // namespace hub
