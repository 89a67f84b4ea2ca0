// The network: one thread, one epoll set, every client's bytes to the hub and back.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "user.h"

namespace hub {

class Hub;

class Server {
 public:
  // Listens at once. Throws std::runtime_error when the address cannot be used.
  Server(Hub* hub, const std::string& address, int port);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const { return port_; }

  // Serves until the hub or RequestStop asks it to end.
  void Run();

  // Ends Run; may be called from a signal handler.
  void RequestStop();

  // Writes to every client what the hub has for him, as far as he takes it.
  void FlushAll();

 private:
  void Accept();
  void SetAccepting(bool accepting);
  void Read(int socket);
  // Writes what the session has; closes the socket once the hub let go of it.
  void Flush(int socket);
  void Watch(int socket, bool for_writing);
  void Forget(int socket);

  struct Client {
    std::shared_ptr<Session> session;
    bool watched_for_writing = false;
    double gone_since = 0;
  };

  Hub& hub_;
  int listener_ = -1;
  int epoll_ = -1;
  int wake_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_requested_{false};
  bool accepting_ = true;
  std::map<int, Client> clients_;
};

}  // namespace hub
