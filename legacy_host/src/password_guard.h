// Slows down who guesses passwords.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

namespace hub {

// Counts wrong passwords by address and nick, and by address alone; never by nick alone: then
// anybody could keep a nick's owner out. After some wrong ones the next must wait, longer each
// time, and a right one meanwhile is not looked at. Times are seconds.
class PasswordGuard {
 public:
  // How long a password for the nick from this address must wait still; 0: it may come.
  double Wait(const std::string& ip, const std::string& nick, double now) const;
  // Notes a wrong one; how many came for this nick from this address lately.
  long Wrong(const std::string& ip, const std::string& nick, double now);
  void Right(const std::string& ip, const std::string& nick);

 private:
  struct Guesses {
    double count = 0;  // goes down with time
    double last = 0;
  };
  using Key = std::pair<std::string, std::string>;  // address; nick, or nothing for all of them

  double Note(const Key& key, double now);
  void MakeRoom();

  std::map<Key, Guesses> guesses_;
};

}  // namespace hub
