// What clients send to a hub: a stream of every kind of message, in the proportions of a busy hub,
// the same for the same seed. For each message it is known which hooks it must reach.
#pragma once

#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "vh_python_wrapper.h"

namespace traffic {

// How often each hook is called, by its number.
using HookCounts = std::array<unsigned long, W_MAX_HOOKS>;
using Hooks = std::vector<int>;

inline constexpr size_t kOperator = 0;  // the client that is one; all others are normal users
inline constexpr const char* kOperatorNick = "operator";
inline constexpr const char* kOperatorPassword = "secret";
inline constexpr int kOperatorClass = 10;
inline constexpr const char* kClientAddress = "127.0.0.1";  // where all clients come from
inline constexpr const char* kRobot = "Counter";  // a robot of the hub that users write to
inline constexpr const char* kGuest = "guest";

// How the connection that sends fares.
enum class Course {
  kStays,      // stays open
  kComesBack,  // closes, then the client logs in anew
  kStranger,   // is one of its own: another client that takes the hub for a client
  kGuest,      // a guest logs in, and the message makes the hub close his connection
};

struct Step;

struct Kind {
  const char* name;
  int weight;  // how often it comes, of the sum of all weights
  bool by_operator;
  Course course;
  Hooks hooks;  // each as often as it is called, logins and closed connections included
  std::string (*write)(const Step&);
};

const std::vector<Kind>& Kinds();

bool Reaches(const Kind& kind, int hook);

// One thing that a client does.
struct Step {
  const Kind* kind;
  size_t client;
  // What its messages are made of.
  std::string nick, other, text, tag;
  unsigned long number;  // differs from step to step
  // What is sent; the login is the one after a client comes back, or the guest's.
  std::string bytes, login;

  unsigned long messages = 0;  // in `bytes` and `login`
};

std::string NickOf(size_t client);
// All that a client sends to get into the list, and the hooks that reaches.
std::string Login(const std::string& nick);
Hooks LoginHooks(const std::string& nick);
// What a client says to leave, and the hooks that reaches.
inline constexpr const char* kQuit = "$Quit|";
Hooks QuitHooks();

size_t CountMessages(const std::string& bytes);
void Add(const Hooks& hooks, HookCounts* counts);

class Traffic {
 public:
  // `wanted` leaves kinds out.
  Traffic(unsigned long seed, size_t clients, bool (*wanted)(const Kind&) = nullptr);

  Step Next();
  // As many steps as it takes to send that many messages.
  std::vector<Step> Take(size_t messages);

 private:
  size_t Below(size_t limit) { return static_cast<size_t>(random_() % limit); }
  const Kind& Choose();
  std::string Text();

  std::mt19937_64 random_;
  std::vector<const Kind*> wheel_;  // each kind as often as it weighs
  std::vector<std::string> tags_;   // what each client last said of itself
  unsigned long number_ = 0;
};

}  // namespace traffic
