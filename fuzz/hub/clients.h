// The clients that the fuzzer plays, and what they must never receive.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "hub.h"

namespace fuzz {

// Client 0 is "admin", the others are "user1" and so on; each has an address of its own. A
// connection is made when it is first used.
class Clients {
 public:
  static constexpr size_t kCount = 8;
  static constexpr const char* kPassword = "secret";

  explicit Clients(hub::Hub* hub) : hub_(*hub) {}

  static std::string Nick(size_t client);

  // One step of an input: its first letter says what is done, and which client does it.
  //   L3  client 3 logs in        3...  client 3 sends the rest, as it stands
  //   C3  client 3 is cut off     T     a second passes
  void Do(std::string_view step);

  // Everybody leaves. Ends the process when somebody stays.
  void Leave();

 private:
  hub::Session* Connected(size_t client);
  void Send(size_t client, std::string_view bytes);
  void LogIn(size_t client);
  void Cut(size_t client);
  // Looks at what all clients got by now.
  void CheckOutputs();

  hub::Hub& hub_;
  std::array<std::shared_ptr<hub::Session>, kCount> sessions_;
  double now_ = hub::Hub::Now();
};

}  // namespace fuzz
