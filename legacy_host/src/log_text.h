// What a line of the log may hold: no passwords, nothing that steers a terminal.
#pragma once

#include <string>
#include <string_view>

namespace hub {

// Control characters, those that turn the direction of text, and what is no UTF-8 are written as
// \xNN; more than a few KiB are cut, with the length said.
std::string Printable(std::string_view text);

// A client's message for the log, with what may be a password masked.
std::string WithoutSecrets(std::string_view message);

}  // namespace hub
