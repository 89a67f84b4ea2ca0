// Accounts to register at the start: a file, or standard input, with one account a line.
#include "accounts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string_view>

#include "options.h"
#include "protocol.h"
#include "text.h"
#include "user.h"

namespace hub {

namespace {

constexpr size_t kMaxSize = 1024 * 1024;

// Closes a file when it goes out of sight.
struct Descriptor {
  int number;
  bool owned;
  ~Descriptor() {
    if (owned) close(number);
  }
};

[[noreturn]] void Refuse(const std::string& name, const std::string& why) {
  throw OptionsError("--register: " + name + ": " + why);
}

// Who still writes NICK:PASSWORD:CLASS must not find the password in a log as well.
int Open(const std::string& file) {
  const int number = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (number >= 0) return number;
  const std::string reason = std::strerror(errno);
  if (file.find(':') != std::string::npos) {
    throw OptionsError(
        "--register takes a file of lines NICK CLASS PASSWORD, or - for standard input: on the "
        "command line everybody could see the password");
  }
  Refuse(file, reason);
}

void CheckPrivate(int number, const std::string& file) {
  struct stat status {};
  if (fstat(number, &status) != 0) Refuse(file, std::strerror(errno));
  if (S_ISDIR(status.st_mode)) Refuse(file, "is a folder, not a file of accounts");
  if (status.st_mode & (S_IRWXG | S_IRWXO)) {
    Refuse(file, "other users of this machine may open it; do: chmod 600 " + file);
  }
  if (status.st_uid != geteuid() && status.st_uid != 0) {
    Refuse(file, "belongs to another user, who could change who is an operator here");
  }
}

std::string ReadAll(int number, const std::string& name) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t size = read(number, buffer, sizeof buffer);
    if (size == 0) return text;
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) Refuse(name, std::strerror(errno));
    text.append(buffer, static_cast<size_t>(size));
    if (text.size() > kMaxSize) Refuse(name, "is longer than a MiB, no file of accounts");
  }
}

// What is wrong with a line is told without the line: it holds a password.
Registration ParseAccount(std::string_view line, const std::string& place) {
  const std::string nick = TakeWord(line);
  const std::string class_text = TakeWord(line);
  const auto user_class = ParseUserClass(class_text);
  const std::string password(line);
  if (nick.empty() || class_text.empty() || password.empty()) {
    Refuse(place, "a line is NICK CLASS PASSWORD, and none of them may be missing");
  }
  if (const char* why = WhyNickIsBad(nick)) Refuse(place, std::string("the nick ") + why);
  if (!user_class) Refuse(place, "the class is a number: -1 to 5, or 10");
  if (const char* why = WhyPasswordIsBad(password)) {
    Refuse(place, std::string("the password ") + why);
  }
  return {nick, *user_class, password};
}

}  // namespace

std::vector<Registration> ParseAccounts(const std::string& text, const std::string& name) {
  std::vector<Registration> accounts;
  std::set<std::string> nicks;
  long number = 0;
  for (std::string line : Split(text, '\n')) {
    const std::string place = name + ", line " + std::to_string(++number);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (Trim(line).empty()) continue;
    accounts.push_back(ParseAccount(line, place));
    if (!nicks.insert(Fold(accounts.back().nick)).second) {
      Refuse(place, "the nick stands on an earlier line too");
    }
  }
  if (accounts.empty()) Refuse(name, "holds no account; a line is NICK CLASS PASSWORD");
  return accounts;
}

std::vector<Registration> ReadAccounts(const std::string& file) {
  const bool is_input = file == "-";
  const Descriptor descriptor{is_input ? STDIN_FILENO : Open(file), !is_input};
  if (!is_input) CheckPrivate(descriptor.number, file);
  const std::string name = is_input ? "standard input" : file;
  return ParseAccounts(ReadAll(descriptor.number, name), name);
}

}  // namespace hub
