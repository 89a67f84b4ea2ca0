// Accounts to register at the start: a file, or standard input, with one account a line.
#pragma once

#include <string>
#include <vector>

#include "registrations.h"

namespace hub {

// Reads lines "NICK CLASS PASSWORD" from a file, or from standard input for "-". Passwords do not
// come by the command line, which every user of the machine can see; so a file that others may
// read is refused too. Throws OptionsError that names the file and the line, never a password.
std::vector<Registration> ReadAccounts(const std::string& file);

// Reads the text of such a file; `name` is for errors.
std::vector<Registration> ParseAccounts(const std::string& text, const std::string& name);

}  // namespace hub
