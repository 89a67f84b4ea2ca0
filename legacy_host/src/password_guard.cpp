// Slows down who guesses passwords.
#include "password_guard.h"

#include <algorithm>
#include <cmath>

#include "text.h"

namespace hub {

namespace {

// Wrong passwords that cost no time: by people who mistype, of which an address may have several.
constexpr double kFreeOfNick = 3;
constexpr double kFreeOfAddress = 10;
constexpr double kLongestWait = 300;
// A wrong one is forgotten after so long.
constexpr double kForgotten = 60;
constexpr size_t kMostKept = 4096;

double Remaining(double count, double last, double now) {
  return std::max(0.0, count - std::floor(std::max(0.0, now - last) / kForgotten));
}

}  // namespace

double PasswordGuard::Wait(const std::string& ip, const std::string& nick, double now) const {
  double longest = 0;
  for (const auto& [key, free] : {std::pair{Key{ip, Fold(nick)}, kFreeOfNick},
                                  std::pair{Key{ip, std::string()}, kFreeOfAddress}}) {
    const auto found = guesses_.find(key);
    if (found == guesses_.end() || found->second.count < free) continue;
    const double wait = std::min(kLongestWait, std::exp2(found->second.count - free + 1));
    // A clock that was put back keeps nobody waiting longer.
    longest = std::max(longest, std::min(wait, found->second.last + wait - now));
  }
  return longest;
}

long PasswordGuard::Wrong(const std::string& ip, const std::string& nick, double now) {
  Note({ip, ""}, now);
  return std::lround(Note({ip, Fold(nick)}, now));
}

void PasswordGuard::Right(const std::string& ip, const std::string& nick) {
  guesses_.erase({ip, Fold(nick)});
}

double PasswordGuard::Note(const Key& key, double now) {
  Guesses& guesses = guesses_[key];
  guesses.count = Remaining(guesses.count, guesses.last, now) + 1;
  guesses.last = now;
  const double count = guesses.count;
  if (guesses_.size() > kMostKept) MakeRoom();
  return count;
}

// The oldest goes: whoever fills the table with addresses loses nothing but his own past.
void PasswordGuard::MakeRoom() {
  guesses_.erase(std::min_element(
      guesses_.begin(), guesses_.end(),
      [](const auto& one, const auto& other) { return one.second.last < other.second.last; }));
}

}  // namespace hub
