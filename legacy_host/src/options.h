// The program's command line.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "habits.h"
#include "wrapper_library.h"

namespace hub {

struct Options {
  bool help = false;
  std::string config_dir;
  std::string library;
  std::string listen = "127.0.0.1";
  int port = 4111;
  // Settings given here are kept in the hub's database; empty ones stay as they are.
  std::string name, topic, encoding;
  Generation generation = Generation::kPython3;
  std::string transcript;
  int log_level = 1;
  Habits habits;
  std::vector<std::string> account_files;  // "-" is standard input
};

struct OptionsError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws OptionsError that tells what is wrong with which option.
Options ParseOptions(const std::vector<std::string>& arguments);

std::string HelpText();

}  // namespace hub
