// Clients of a hub in this process: what they send goes straight into the hub's treatment of
// messages, as if it came from sockets.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hub.h"
#include "traffic.h"

namespace traffic {

// Makes the hub accept the traffic: the operator's registration, no limit of messages, no kick that
// keeps a guest out. To be called before scripts load; `Traffic`'s robot is added.
void Prepare(hub::Hub* hub);

class Crowd {
 public:
  Crowd(hub::Hub* hub, size_t clients) : hub_(*hub), sessions_(clients) {}

  // All clients log in, or leave. A `Traffic` begins with clients that just logged in. Throws
  // std::runtime_error when the hub does not let one in or go.
  void Enter();
  void Leave();

  // Throws std::runtime_error when the hub did something else than the step's kind says.
  void Do(const Step& step);

  // All hooks that were to be reached so far.
  const HookCounts& expected() const { return expected_; }
  unsigned long messages() const { return messages_; }

 private:
  std::shared_ptr<hub::Session> LogIn(const std::string& nick, const std::string& bytes);
  void MustEnd(const hub::Session& session, const std::string& bytes) const;
  // Reads what the hub has for the clients, as sockets would.
  void Read();

  hub::Hub& hub_;
  std::vector<std::shared_ptr<hub::Session>> sessions_;
  HookCounts expected_{};
  unsigned long messages_ = 0;
  size_t since_read_ = 0;
};

}  // namespace traffic
